// One architecture: the one pointed at, else the chosen one.

const MOST_TWINS = 60; // shown by name

/**
 * Fills the panel beside the scatter plot: name, drawing, values, twins, and the skeleton of what repeats a cell.
 *
 * @param {Page} page
 * @returns {View}
 */
function createDetail({data, index, columns, dispatcher}) {
  const panel = byId("detail");
  const narrowWindow = matchMedia("(max-width: 900px)"); // as in the style sheet, which puts the panel above the table
  const drawings = createDrawings(data), taskValues = createTaskValues(data, columns);
  const noDrawings = `There are no drawings of architectures of ${data.space}.`;
  let drawnRow = null;

  function draw() {
    const row = dispatcher.focused();
    if (row === drawnRow) return;
    drawnRow = row;
    panel.replaceChildren(...(row < 0 ? invitation() : content(row)));
  }

  function drawHovered(where) { // on a narrow window a panel of another height would move the table below the pointer
    if (where !== "table" || !narrowWindow.matches) draw();
  }

  function invitation() {
    const hint = noteParagraph("Point at an architecture, or choose one, to see it here.");
    return data.drawing ? [hint] : [hint, noteParagraph(noDrawings)];
  }

  function content(row) {
    const domain = data.arrays.published[row]
      ? "One of the architectures of the space." : "Not a published architecture: out of domain.";
    const noDrawing = data.drawing === "graph" ? `No drawing: more than ${data.structure.most} nodes.` : noDrawings;
    return [
      element("p", {class: "arch"}, data.archs[row]),
      noteParagraph(domain),
      drawings.architecture(row) || noteParagraph(noDrawing),
      ...taskValues(row),
      ...twins(row),
      ...skeleton(row),
    ];
  }

  function twins(row) {
    const total = data.arrays.twins[row], rows = index.sameFunction(row).filter(twin => twin !== row);
    const named = rows.slice(0, MOST_TWINS), left = total - named.length; // some may not be on this page
    const title = total ? `${countText(total)} ${total === 1 ? "twin" : "twins"}: the same function` : "No twins";
    const buttons = named.map(twin => element("button",
      {type: "button", class: "plain arch", onclick: () => dispatcher.pin(twin)}, data.archs[twin]));
    const rest = left > 0 ? element("span", {class: "note"}, `and ${countText(left)} more`) : null;
    return [element("h3", {}, title), element("div", {class: "twins"}, ...buttons, rest)];
  }

  function skeleton(row) {
    const drawing = drawings.skeletonOfCell(row);
    return drawing ? [element("h3", {}, "Skeleton: two cells a module"), drawing] : [];
  }

  return {draw, drawHovered, drawPinned: draw};
}
