// Dispatcher: the one way in which what happens in a view reaches the others.

/**
 * @typedef {Object} View each function is there if the view has something to do then
 * @property {() => void} [draw] after a change of the state
 * @property {(where: string) => void} [drawHovered] another row, or none, is pointed at, in "plot" or in "table"
 * @property {() => void} [drawPinned] another row, or none, is chosen
 */

/**
 * @typedef {Object} Dispatcher
 * @property {number} hovered the row pointed at, -1 for none
 * @property {() => number} focused the row to tell about: the one pointed at, else the chosen one, -1 for neither
 * @property {(view: View) => void} add views hear of everything in the order in which they are added
 * @property {() => void} draw let all views draw now
 * @property {() => void} change the same with the next frame; to be called after each change of the state
 * @property {(row: number, where: string) => void} hover point at a row, in "plot" or in "table"
 * @property {(row: number) => void} pin choose a row; the chosen one again, or -1, to let go of it
 */

/** @returns {Dispatcher} without views */
function createDispatcher(state) {
  const views = [];
  let isWaiting = false;
  const dispatcher = {
    hovered: -1,
    focused: () => dispatcher.hovered >= 0 ? dispatcher.hovered : state.pinned,
    add: view => { views.push(view); },

    draw() { for (const view of views) view.draw?.(); },

    change() {
      if (isWaiting) return;
      isWaiting = true;
      requestAnimationFrame(() => { isWaiting = false; dispatcher.draw(); });
    },

    hover(row, where) {
      if (row === dispatcher.hovered) return;
      dispatcher.hovered = row;
      for (const view of views) view.drawHovered?.(where);
    },

    pin(row) {
      state.pinned = state.pinned === row ? -1 : row;
      for (const view of views) view.drawPinned?.();
    },
  };
  return dispatcher;
}
