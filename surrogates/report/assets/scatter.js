// Scatter plot: two columns against each other.

// The pixels of the layout along which a key moves, and in which direction.
const ARROW_MOVES = {ArrowRight: ["xs", 1], ArrowLeft: ["xs", -1], ArrowUp: ["ys", -1], ArrowDown: ["ys", 1]};

/**
 * Draws all points, and above them what follows the pointer: the brush, rings around the architectures pointed at and
 * chosen, a tip. Dragging selects what is in the rectangle.
 *
 * @param {Page} page
 * @returns {View}
 */
function createScatterPlot(page) {
  const {data, columns, index, state, selection, theme, dispatcher} = page;
  const plot = byId("scatter"), tip = byId("tip"), [pointsCanvas, overlayCanvas] = plot.querySelectorAll("canvas");
  let layout;
  let drag = null; // from {x0, y0} to {x1, y1}; `moved` tells it from a click

  function draw() {
    layout = scatterLayout(page, plot.clientWidth, plot.clientHeight);
    const context = openCanvas(pointsCanvas, layout.width, layout.height);
    drawScatterAxes(context, layout, theme);
    drawScatterPoints(context, layout, page);
    const colour = columns.byKey.get(state.colour);
    if (colour) drawColourRamp(context, layout, colour, selection.limits(colour), theme);
    if (state.showFront && selection.front.length) drawScatterFront(context, layout, selection.front, theme);
    byId("scatter-note").textContent = frontNote(layout, selection.front.length) + missingNote();
    drawOverlay();
  }

  function missingNote() {
    const missing = selection.rows.filter(row => Number.isNaN(layout.xs[row])).length;
    if (!missing) return "";
    return ` ${countText(missing)} selected ${missing === 1 ? "has" : "have"} no value on these axes.`;
  }

  function drawOverlay() {
    const context = openCanvas(overlayCanvas, plot.clientWidth, plot.clientHeight);
    context.strokeStyle = theme.ink;
    context.setLineDash([4, 3]);
    const rectangle = drag && drag.moved ? draggedRectangle(drag) : brushedRectangle();
    if (rectangle) context.strokeRect(...rectangle);
    context.setLineDash([]);
    const drawRing = (row, radius, lineWidth) => {
      if (row < 0 || !layout.isInside(row)) return;
      context.strokeStyle = theme.mark;
      context.lineWidth = lineWidth;
      strokeCircle(context, layout.xs[row], layout.ys[row], radius);
    };
    if (state.pinned >= 0) {
      for (const twin of index.sameFunction(state.pinned)) drawRing(twin, 4, 1);
      drawRing(state.pinned, 8, 2.5);
    }
    drawRing(dispatcher.hovered, 6, 2);
  }

  /** What the ranges of both columns leave of the box, as left, top, width and height; null if it is all or nothing. */
  function brushedRectangle() {
    const {box, xScale, yScale} = layout, xRange = state.ranges[state.x], yRange = state.ranges[state.y];
    if (!xRange && !yRange) return null;
    const pixel = (range, end, scale, otherwise) =>
      range && !Number.isNaN(range[end]) ? scale.toPixel(range[end]) : otherwise;
    const left = Math.max(pixel(xRange, 0, xScale, box.left), box.left);
    const right = Math.min(pixel(xRange, 1, xScale, box.right), box.right);
    const top = Math.max(pixel(yRange, 1, yScale, box.top), box.top);
    const bottom = Math.min(pixel(yRange, 0, yScale, box.bottom), box.bottom);
    return right > left && bottom > top ? [left, top, right - left, bottom - top] : null;
  }

  function drawHovered() {
    const row = dispatcher.hovered;
    tip.hidden = row < 0 || !layout.isInside(row);
    if (!tip.hidden) showTip(row);
    drawOverlay();
  }

  function showTip(row) { // on the side of the point that has more room
    const values = [layout.y, layout.x].map(column => `${column.label} ${valueWithUnit(column, row)}`);
    const name = element("div", {class: "arch"}, data.archs[row]);
    tip.replaceChildren(name, ...values.map(text => element("div", {}, text)));
    const x = layout.xs[row], width = plot.clientWidth, isLeft = x > width / 2;
    tip.style.left = isLeft ? "" : x + 14 + "px";
    tip.style.right = isLeft ? width - x + 14 + "px" : "";
    tip.style.maxWidth = Math.max(120, (isLeft ? x : width - x) - 18) + "px";
    tip.style.top = Math.max(0, layout.ys[row] - 24) + "px";
  }

  plot.addEventListener("pointerdown", event => {
    if (event.button) return;
    const [x, y] = pointerPosition(event, plot);
    drag = {x0: x, y0: y, x1: x, y1: y, moved: false};
    if (event.pointerType !== "touch") capturePointer(plot, event);
  });
  plot.addEventListener("pointermove", event => {
    const [x, y] = pointerPosition(event, plot);
    if (drag) {
      Object.assign(drag, {x1: x, y1: y, moved: drag.moved || Math.hypot(x - drag.x0, y - drag.y0) > 5});
      if (drag.moved) {
        dispatcher.hover(-1, "plot");
        drawOverlay();
        return;
      }
    }
    dispatcher.hover(layout.nearest(x, y), "plot");
  });
  plot.addEventListener("pointerup", event => {
    if (!drag) return;
    const ended = drag;
    drag = null;
    if (!ended.moved) {
      dispatcher.pin(layout.nearest(...pointerPosition(event, plot)));
      return;
    }
    const [left, top, width, height] = draggedRectangle(ended), {xScale, yScale} = layout;
    state.ranges[state.x] = brushedInterval(xScale.toValue(left), xScale.toValue(left + width));
    state.ranges[state.y] = brushedInterval(yScale.toValue(top + height), yScale.toValue(top));
    state.tablePage = 0;
    dispatcher.change();
  });
  plot.addEventListener("pointercancel", () => { drag = null; drawOverlay(); });
  plot.addEventListener("pointerleave", () => { if (!drag) dispatcher.hover(-1, "plot"); });

  plot.addEventListener("keydown", event => {
    if (event.key === "Enter" && dispatcher.hovered >= 0) {
      dispatcher.pin(dispatcher.hovered);
    } else if (event.key === "Escape") {
      dispatcher.pin(-1);
      dispatcher.hover(-1, "plot");
    } else {
      const move = ARROW_MOVES[event.key];
      if (!move || !moveHovered(...move)) return;
    }
    event.preventDefault();
  });

  /** Point at the next selected architecture along an axis, and say it aloud; false if nothing is selected. */
  function moveHovered(pixels, step) {
    const along = layout[pixels], rows = selection.rows.filter(row => !Number.isNaN(along[row]));
    if (!rows.length) return false;
    rows.sort((a, b) => along[a] - along[b] || a - b);
    const at = rows.indexOf(dispatcher.focused());
    dispatcher.hover(rows[at < 0 ? 0 : Math.min(Math.max(at + step, 0), rows.length - 1)], "plot");
    const [y, x] = [layout.y, layout.x].map(column => `${column.label} ${valueWithUnit(column, dispatcher.hovered)}`);
    byId("spoken").textContent = `${data.archs[dispatcher.hovered]}: ${y}, ${x}`;
    return true;
  }

  return {draw, drawHovered, drawPinned: drawOverlay};
}

/** How many architectures are on the front, or why there is none. */
function frontNote({x, y}, count) {
  if (x === y) return "Both axes are the same quantity.";
  if (!x.better || !y.better) return "No Pareto front: novelty is neither better higher nor lower.";
  return `Pareto front of the selection: ${countText(count)} ${count === 1 ? "architecture" : "architectures"}.`;
}

/** Left, top, width and height. */
const draggedRectangle = ({x0, y0, x1, y1}) =>
  [Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0)];
