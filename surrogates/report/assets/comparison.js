// Predicted against measured values, a square panel for each task.

const PANEL_WIDTH = 256, PANEL_HEIGHT = 232;
const PANEL_LEFT = 36, PANEL_TOP = 6, PANEL_SIDE = 190; // of the square in it
const PANEL_OVERLAP = 0.3; // pixels by which squares of a density overlap, so that no line is seen between them

/**
 * Draws two groups of panels: held-out values of a bundled model, as densities, and the rows of the table, as points.
 *
 * @param {Page} page
 * @returns {View} to be drawn once, and again when the colours of the page change
 */
function createComparison({data, columns, theme}) {
  function draw() {
    const heldOut = data.agreement.map(heldOutFigure), ofTable = data.comparisons.map(tableFigure);
    const heldOutNote = "Each architecture predicted by members that were not fitted to it; "
      + `the ${theme.isDark ? "lighter" : "darker"} a square, the more architectures.`;
    const tableNote = "Rows that the model was fitted to agree better than new ones; where the model knows, they are "
      + "counted apart. Points beyond 99.5 % of the values are not drawn.";
    const nothing = "Nothing to compare: this takes measured values (--table) and a model that predicts them.";
    byId("compare").replaceChildren(
      ...figureGroup("Held out, of the bundled model and the published values", heldOutNote, heldOut),
      ...figureGroup("The table", tableNote, ofTable),
      ...(heldOut.length || ofTable.length ? [] : [noteParagraph(nothing)]));
  }

  function heldOutFigure({task, tau, low, high, bins, counts}) {
    const canvas = panelCanvas(`${task}, held out: Kendall's tau ${tau.toFixed(3)}`);
    const column = columns.all.find(one => one.name === task), most = Math.log(1 + Math.max(...counts));
    drawPanel(canvas, [low, high], column, theme, (context, toX) => {
      const side = Math.abs(toX(high) - toX(low)) / bins, bottom = PANEL_TOP + PANEL_SIDE;
      counts.forEach((count, cell) => { // for each bin of measured values those of predicted ones
        if (!count) return;
        const share = Math.log(1 + count) / most, measured = Math.floor(cell / bins), predicted = cell % bins;
        context.fillStyle = rampColour(theme.isDark ? share : 1 - share, theme.isDark);
        const left = PANEL_LEFT + measured * side, top = bottom - (predicted + 1) * side;
        context.fillRect(left, top, side + PANEL_OVERLAP, side + PANEL_OVERLAP);
      });
    });
    return element("figure", {}, element("figcaption", {}, `${task}: tau ${tau.toFixed(3)}`), canvas);
  }

  function tableFigure({task, n, tau, groups, x, y}) {
    const canvas = panelCanvas(`${task}: Kendall's tau ${tauText(tau)} on ${n} rows of the table`);
    const measured = columns.all.find(column => column.number === x);
    const predicted = columns.all.find(column => column.number === y);
    if (measured && predicted) drawTablePanel(canvas, measured, predicted);
    const lines = groups.map(group => `${group.name}: ${tauText(group.tau)} (${countText(group.n)})`);
    const caption = element("figcaption", {}, `${task}: tau ${tauText(tau)} on ${countText(n)} rows`);
    return element("figure", {}, caption, canvas, ...lines.map(line => element("div", {class: "note"}, line)));
  }

  function drawTablePanel(canvas, measured, predicted) {
    const points = Array.from(measured.values, (value, row) => [value, predicted.values[row]])
      .filter(point => !point.some(Number.isNaN));
    if (!points.length) return; // none of the rows is on this page
    const limits = centralLimits(points.flat());
    drawPanel(canvas, limits, measured, theme, (context, toX, toY) => {
      const size = points.length > 3000 ? 1.6 : points.length > 300 ? 2.6 : 4.5;
      context.fillStyle = theme.accent;
      context.globalAlpha = points.length > 300 ? 0.5 : 0.8;
      for (const [x, y] of points) {
        if (!isWithin(x, limits) || !isWithin(y, limits)) continue;
        context.fillRect(toX(x) - size / 2, toY(y) - size / 2, size, size);
      }
      context.globalAlpha = 1;
    });
  }

  return {draw};
}

function figureGroup(title, note, figures) {
  if (!figures.length) return [];
  return [element("h3", {}, title), noteParagraph(note), element("div", {class: "panels"}, ...figures)];
}

const panelCanvas = label => element("canvas", {role: "img", "aria-label": label});

const tauText = tau => tau === null ? "–" : tau.toFixed(3);

/** Limits without the outermost 0.25 % of the values on each side. */
function centralLimits(values) {
  const sorted = Float64Array.from(values).sort();
  return [0.0025, 0.9975].map(share => sorted[Math.round(share * (sorted.length - 1))]);
}

/**
 * A panel with the same limits on both axes, and the diagonal, on which predictions are right, above its content.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {number[]} limits lowest and highest value
 * @param {?Column} column whose unit the values have
 * @param {Object} theme
 * @param {(context: CanvasRenderingContext2D, toX: Function, toY: Function) => void} drawContent
 */
function drawPanel(canvas, [low, high], column, theme, drawContent) {
  const context = openCanvas(canvas, PANEL_WIDTH, PANEL_HEIGHT), margin = low === high ? 1 : 0;
  const right = PANEL_LEFT + PANEL_SIDE, bottom = PANEL_TOP + PANEL_SIDE;
  const share = value => (value - low + margin) / (high - low + 2 * margin);
  context.strokeStyle = theme.line;
  context.strokeRect(PANEL_LEFT, PANEL_TOP, PANEL_SIDE, PANEL_SIDE);
  drawContent(context, value => PANEL_LEFT + share(value) * PANEL_SIDE, value => bottom - share(value) * PANEL_SIDE);
  context.strokeStyle = theme.soft;
  context.setLineDash([4, 3]);
  strokeLine(context, PANEL_LEFT, bottom, right, PANEL_TOP);
  context.setLineDash([]);
  context.fillStyle = theme.soft;
  context.textAlign = "left";
  context.fillText(roughNumber(low), PANEL_LEFT, bottom + 14);
  context.textAlign = "right";
  context.fillText(roughNumber(high), right, bottom + 14);
  const unit = column ? unitInBrackets(column) : "";
  context.textAlign = "center";
  context.fillText(`measured${unit} →`, PANEL_LEFT + PANEL_SIDE / 2, bottom + 30);
  context.save();
  context.translate(12, PANEL_TOP + PANEL_SIDE / 2);
  context.rotate(-Math.PI / 2);
  context.fillText(`predicted${unit} →`, 0, 0);
  context.restore();
}
