// Parallel coordinates: an axis for each shown column, a line for each architecture.

const MOST_LINES = 2500;
const AXIS_TOP = 42; // pixels above the axes, for three lines of text
const AXIS_BOTTOM = 16; // and below them
const AXIS_ROOM = 92; // least pixels from axis to axis: more axes than fit can be scrolled to

/**
 * Draws three canvases, one above the other: lines of all architectures, of the selected ones, and axes with their
 * brushes and the lines of the architectures pointed at and chosen. Dragging along an axis selects.
 *
 * @param {Page} page
 * @returns {View}
 */
function createParallelCoordinates({data, columns, state, selection, theme, dispatcher}) {
  const plot = byId("parallel"), [allCanvas, selectedCanvas, axesCanvas] = plot.querySelectorAll("canvas");
  const mixedRows = mixRows(data.archs.length), everyLine = mixedRows.slice(0, MOST_LINES);
  let width, height, axes = [];
  let drag = null; // along an axis from y0 to y1; `moved` tells it from a click

  function draw() {
    const shown = state.shownColumns.map(key => columns.byKey.get(key));
    width = Math.max(plot.parentElement.clientWidth, shown.length * AXIS_ROOM);
    height = plot.clientHeight;
    plot.style.width = width + "px";
    axes = placeAxes(shown);
    const {rows} = selection, allContext = openCanvas(allCanvas, width, height);
    if (!state.fitAxes) // with fitted axes most of these would be outside
      drawLines(allContext, axes, everyLine, theme.faint, rows.length === data.archs.length ? 0.35 : 0.45, 1);
    const isMany = rows.length > MOST_LINES;
    const drawn = isMany ? mixedRows.filter(row => selection.selected[row]).slice(0, MOST_LINES) : rows;
    const opacity = Math.max(0.08, Math.min(0.8, 60 / Math.max(drawn.length, 1)));
    drawLines(openCanvas(selectedCanvas, width, height), axes, drawn, theme.accent, opacity, 1);
    byId("parallel-note").textContent =
      "Better is up on every axis that has a better end. Drag along an axis to select, click it to undo."
      + (isMany ? ` Lines of ${countText(drawn.length)} of the ${countText(rows.length)} selected are drawn.` : "");
    drawAxes();
  }

  function placeAxes(shown) {
    const gap = shown.length > 1 ? (width - 100) / (shown.length - 1) : 0;
    return shown.map((column, i) => {
      const ends = [height - AXIS_BOTTOM, AXIS_TOP];
      if (column.better < 0) ends.reverse();
      const x = shown.length > 1 ? 50 + i * gap : width / 2;
      return {column, x, scale: axisScale(column, selection.limits(column), ...ends)};
    });
  }

  function drawAxes() {
    const context = openCanvas(axesCanvas, width, height);
    context.textAlign = "center";
    for (const axis of axes) {
      context.strokeStyle = theme.soft;
      context.lineWidth = 1;
      strokeLine(context, axis.x, AXIS_TOP, axis.x, height - AXIS_BOTTOM);
      drawAxisTexts(context, axis);
      drawBrush(context, axis);
    }
    if (state.pinned >= 0) drawLines(context, axes, [state.pinned], theme.mark, 1, 2.5);
    if (dispatcher.hovered >= 0) drawLines(context, axes, [dispatcher.hovered], theme.front, 1, 2);
  }

  function drawAxisTexts(context, {column, x}) {
    const isTask = isOfTask(column), unit = unitOf(column);
    const about = isTask ? column.kind + (unit && `, ${unit}`) : column.log ? "log scale" : "";
    const [bottom, top] = column.better < 0 ? selection.limits(column).reverse() : selection.limits(column);
    context.fillStyle = theme.ink;
    context.fillText(fitText(context, isTask ? column.name : column.label, AXIS_ROOM - 2), x, 12);
    context.fillStyle = theme.soft;
    context.fillText(fitText(context, about, AXIS_ROOM - 2), x, 24);
    context.fillText(shortNumber(top), x, AXIS_TOP - 5);
    context.fillText(shortNumber(bottom), x, height - 3);
  }

  function drawBrush(context, axis) {
    const ends = drag && drag.moved && drag.axis.column === axis.column ? [drag.y0, drag.y1] : rangePixels(axis);
    if (!ends) return;
    const inside = ends.map(y => Math.min(Math.max(y, AXIS_TOP - 4), height - AXIS_BOTTOM + 4));
    const rectangle = [axis.x - 7, Math.min(...inside), 14, Math.abs(inside[1] - inside[0])];
    context.fillStyle = theme.accent;
    context.globalAlpha = 0.25;
    context.fillRect(...rectangle);
    context.globalAlpha = 1;
    context.strokeStyle = theme.ink;
    context.strokeRect(...rectangle);
  }

  /** Both ends of the selected range of an axis; an open end is that of all values. */
  function rangePixels({column, scale}) {
    const range = state.ranges[column.key], extremes = [column.low, column.high];
    return range && range.map((value, end) => scale.toPixel(Number.isNaN(value) ? extremes[end] : value));
  }

  plot.addEventListener("pointerdown", event => {
    const [x, y] = pointerPosition(event, plot), axis = axes.find(one => Math.abs(one.x - x) < 24);
    if (!axis || event.button) return;
    drag = {axis, y0: y, y1: y, moved: false};
    capturePointer(plot, event);
  });
  plot.addEventListener("pointermove", event => {
    if (!drag) return;
    drag.y1 = pointerPosition(event, plot)[1];
    drag.moved = drag.moved || Math.abs(drag.y1 - drag.y0) > 4;
    drawAxes();
  });
  plot.addEventListener("pointerup", () => {
    if (!drag) return;
    const {axis, y0, y1, moved} = drag;
    drag = null;
    if (moved) state.ranges[axis.column.key] = brushedInterval(axis.scale.toValue(y0), axis.scale.toValue(y1));
    else delete state.ranges[axis.column.key];
    state.tablePage = 0;
    dispatcher.change();
  });
  plot.addEventListener("pointercancel", () => { drag = null; drawAxes(); });

  return {draw, drawHovered: drawAxes, drawPinned: drawAxes};
}

/** The lines of some rows; a line has a gap where a value is missing. */
function drawLines(context, axes, rows, colour, opacity, lineWidth) {
  context.strokeStyle = colour;
  context.globalAlpha = opacity;
  context.lineWidth = lineWidth;
  context.beginPath();
  for (const row of rows) {
    let isGap = true;
    for (const {column, x, scale} of axes) {
      const value = column.values[row];
      if (Number.isNaN(value)) { isGap = true; continue; }
      if (isGap) context.moveTo(x, scale.toPixel(value));
      else context.lineTo(x, scale.toPixel(value));
      isGap = false;
    }
  }
  context.stroke();
  context.globalAlpha = 1;
}

/** All rows in an order without pattern, always the same one, so that the same lines are drawn each time. */
function mixRows(count) {
  const rows = Array.from({length: count}, (_, row) => row);
  for (let last = count - 1, random = 12345; last > 0; last--) { // Fisher and Yates, with a congruential generator
    random = (Math.imul(random, 1103515245) + 12345) >>> 0;
    const other = random % (last + 1);
    [rows[last], rows[other]] = [rows[other], rows[last]];
  }
  return rows;
}
