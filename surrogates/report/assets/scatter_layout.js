// Scatter plot, where its points are.

const SCATTER_REACH = 14; // pixels from the pointer to a point that it still points at
const SCATTER_MARGIN = 6; // pixels around the axes in which points are still drawn

/**
 * @typedef {Object} ScatterLayout
 * @property {number} width of the canvas
 * @property {number} height of the canvas
 * @property {{left: number, right: number, top: number, bottom: number}} box between the axes
 * @property {Column} x
 * @property {Column} y
 * @property {Scale} xScale
 * @property {Scale} yScale
 * @property {Float32Array} xs pixels of each row, NaN where one of both values is missing
 * @property {Float32Array} ys
 * @property {(row: number) => boolean} isInside whether the point of a row is drawn
 * @property {(x: number, y: number) => number} nearest the row that a pointer there means, selected ones first; -1 for
 *   none
 */

/** @returns {ScatterLayout} of the state on a canvas of that size */
function scatterLayout({data, columns, state, selection}, width, height) {
  const count = data.archs.length, x = columns.byKey.get(state.x), y = columns.byKey.get(state.y);
  const top = state.colour ? 40 : 24; // below the label of the vertical axis, and the ramp of colours
  const box = {left: 56, right: width - 12, top, bottom: height - 44};
  const xScale = axisScale(x, selection.limits(x), box.left, box.right);
  const yScale = axisScale(y, selection.limits(y), box.bottom, box.top);
  const xs = new Float32Array(count).fill(NaN), ys = new Float32Array(count).fill(NaN);
  for (let row = 0; row < count; row++) {
    if (Number.isNaN(x.values[row]) || Number.isNaN(y.values[row])) continue;
    xs[row] = xScale.toPixel(x.values[row]);
    ys[row] = yScale.toPixel(y.values[row]);
  }

  function isInside(row) {
    return xs[row] >= box.left - SCATTER_MARGIN && xs[row] <= box.right + SCATTER_MARGIN
      && ys[row] >= box.top - SCATTER_MARGIN && ys[row] <= box.bottom + SCATTER_MARGIN;
  }

  function nearest(pointerX, pointerY) {
    const reach = SCATTER_REACH ** 2;
    let nearestSelected = -1, nearestOther = -1, toSelected = reach, toOther = reach;
    for (let row = 0; row < count; row++) {
      const dx = xs[row] - pointerX, dy = ys[row] - pointerY, distance = dx * dx + dy * dy;
      if (selection.selected[row]) {
        if (distance < toSelected) { nearestSelected = row; toSelected = distance; }
      } else if (distance < toOther) { nearestOther = row; toOther = distance; }
    }
    return nearestSelected >= 0 ? nearestSelected : nearestOther;
  }

  return {width, height, box, x, y, xScale, yScale, xs, ys, isInside, nearest};
}
