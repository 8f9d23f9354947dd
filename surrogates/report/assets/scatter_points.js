// Scatter plot, its lower canvas: axes, points, front. Each function draws one of them on a context.

const COLOUR_BINS = 24; // points are drawn colour by colour, not one by one: changes of colour are slow
const RAMP_STEPS = 48;

/** Grid, ticks and labels; a tick has no number where there is no room for it. */
function drawScatterAxes(context, layout, theme) {
  const {width, height, box, x, y, xScale, yScale} = layout;
  context.strokeStyle = theme.line;
  context.fillStyle = theme.soft;
  context.lineWidth = 1;
  context.textAlign = "center";
  let lastEnd = -Infinity;
  for (const tick of xScale.ticks(Math.max(3, width / 110))) {
    const center = xScale.toPixel(tick), text = shortNumber(tick), half = context.measureText(text).width / 2;
    strokeLine(context, center, box.top, center, box.bottom);
    if (center - half > lastEnd + 6 && center + half < width) {
      context.fillText(text, center, box.bottom + 16);
      lastEnd = center + half;
    }
  }
  context.textAlign = "right";
  for (const tick of yScale.ticks(7)) {
    const middle = yScale.toPixel(tick);
    strokeLine(context, box.left, middle, box.right, middle);
    context.fillText(shortNumber(tick), box.left - 6, middle + 4);
  }
  context.fillStyle = theme.ink;
  context.textAlign = "left";
  context.fillText(fitText(context, "↑ " + axisLabel(y), width - 8), 4, 13);
  context.textAlign = "right";
  context.fillText(fitText(context, axisLabel(x) + " →", width - 8), box.right, height - 8);
}

/** All points, the selected ones above the others, in the colours of their values if a column gives colours. */
function drawScatterPoints(context, layout, {columns, state, selection, theme}) {
  const {box, xs, ys} = layout, {selected, rows} = selection, count = xs.length;
  const size = count > 6000 ? 2.2 : count > 1500 ? 3 : 4.5;
  const drawPoint = row => context.fillRect(xs[row] - size / 2, ys[row] - size / 2, size, size);
  context.save();
  context.beginPath();
  context.rect(box.left - SCATTER_MARGIN, box.top - SCATTER_MARGIN,
    box.right - box.left + 2 * SCATTER_MARGIN, box.bottom - box.top + 2 * SCATTER_MARGIN);
  context.clip();
  context.fillStyle = theme.faint;
  for (let row = 0; row < count; row++) if (!selected[row]) drawPoint(row);
  if (state.colour) {
    const colour = columns.byKey.get(state.colour);
    context.globalAlpha = 0.9;
    rowsByColour(rows, colour, selection.limits(colour)).forEach((binRows, bin) => {
      context.fillStyle = rampColour((bin + 0.5) / COLOUR_BINS, theme.isDark);
      binRows.forEach(drawPoint);
    });
  } else {
    context.fillStyle = theme.accent;
    context.globalAlpha = rows.length > 3000 ? 0.55 : 0.85;
    rows.forEach(drawPoint);
  }
  context.restore();
}

function rowsByColour(rows, column, limits) {
  const bins = Array.from({length: COLOUR_BINS}, () => []);
  for (const row of rows) {
    const value = column.values[row];
    if (Number.isNaN(value)) continue;
    bins[Math.min(COLOUR_BINS - 1, Math.floor(shareOfRange(column, limits, value) * COLOUR_BINS))].push(row);
  }
  return bins;
}

/** What the colours mean: the ramp between the lowest and the highest value, above the box. */
function drawColourRamp(context, layout, column, [low, high], theme) {
  const {width, box} = layout, highText = shortNumber(high);
  const rampWidth = Math.min(120, width / 4), stepWidth = rampWidth / RAMP_STEPS;
  const left = box.right - rampWidth - context.measureText(highText).width - 5;
  for (let step = 0; step < RAMP_STEPS; step++) {
    context.fillStyle = rampColour(step / (RAMP_STEPS - 1), theme.isDark);
    context.fillRect(left + step * rampWidth / RAMP_STEPS, 21, stepWidth + 1, 8);
  }
  context.fillStyle = theme.soft;
  context.textAlign = "right";
  context.fillText(fitText(context, `${column.label}: ${shortNumber(low)}`, left - 10), left - 5, 29);
  context.fillText(highText, box.right, 29);
}

/** The Pareto front as stairs: between two of its points is the corner that both dominate. */
function drawScatterFront(context, layout, front, theme) {
  const {x, xs, ys} = layout, sorted = front.slice().sort((a, b) => xs[a] - xs[b] || ys[a] - ys[b]);
  context.strokeStyle = theme.front;
  context.lineWidth = 1.5;
  context.beginPath();
  sorted.forEach((row, i) => {
    if (i > 0) {
      const before = sorted[i - 1];
      if (x.better < 0) context.lineTo(xs[row], ys[before]);
      else context.lineTo(xs[before], ys[row]);
    }
    context.lineTo(xs[row], ys[row]); // the first of a path only moves there
  });
  context.stroke();
  for (const row of sorted) strokeCircle(context, xs[row], ys[row], 4);
}
