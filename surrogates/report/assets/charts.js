// Line charts, in SVG: their colours follow the style sheet by themselves.

const PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#8C6BB1", "#7F7F7F"];
const DASHES = ["", "6 3", "2 3", "8 3 2 3"]; // as stroke-dasharray has them: colours alone do not tell lines apart

/**
 * A line chart.
 *
 * @param {Object} chart
 * @param {number} chart.width in pixels
 * @param {number} chart.height in pixels
 * @param {number[]} chart.xLimits lowest and highest value
 * @param {number[]} chart.yLimits lowest and highest value
 * @param {{points: number[][], colour: string, dash: string}[]} chart.series the lines
 * @param {string} chart.xLabel written below
 * @param {string} chart.yLabel said aloud alone: captions say it to the eye
 * @param {string} chart.title said aloud
 */
function lineChart({width, height, xLimits, yLimits, series, xLabel, yLabel, title}) {
  const box = {left: 46, right: width - 16, top: 8, bottom: height - 36};
  const share = (value, [low, high]) => (value - low) / (high - low || 1);
  const toX = value => box.left + share(value, xLimits) * (box.right - box.left);
  const toY = value => box.bottom - share(value, yLimits) * (box.bottom - box.top);
  const parts = [];
  for (const tick of niceTicks(...xLimits, 5))
    parts.push(svgElement("text", {x: toX(tick), y: box.bottom + 14, "text-anchor": "middle"}, shortNumber(tick)));
  for (const tick of niceTicks(...yLimits, 5)) {
    parts.push(svgElement("path", {d: `M${box.left} ${toY(tick)}H${box.right}`, stroke: "var(--line)"}));
    parts.push(svgElement("text", {x: box.left - 5, y: toY(tick) + 4, "text-anchor": "end"}, shortNumber(tick)));
  }
  for (const {points, colour, dash} of series) {
    const line = "M" + points.map(([x, y]) => `${toX(x).toFixed(1)} ${toY(y).toFixed(1)}`).join("L");
    parts.push(svgElement("path", {d: line, fill: "none", ...strokeStyle(colour, 1.8, dash)}));
  }
  parts.push(svgElement("text", {x: box.right, y: height - 6, "text-anchor": "end"}, xLabel));
  const label = `${title}: ${yLabel} against ${xLabel}`;
  const size = {viewBox: `0 0 ${width} ${height}`, width, height};
  return svgElement("svg", {...size, role: "img", "aria-label": label}, ...parts);
}

/** An entry of a legend: a piece of the line, and its name. */
function legendEntry({colour, dash}, name) {
  const line = svgElement("path", {d: "M0 4H26", ...strokeStyle(colour, 2.5, dash)});
  return element("span", {}, svgElement("svg", {width: 26, height: 8, "aria-hidden": "true"}, line), name);
}

const strokeStyle = (colour, width, dash) =>
  ({stroke: colour, "stroke-width": width, "stroke-dasharray": dash || "none"});
