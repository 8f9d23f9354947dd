// Calibration: how many measured values are inside the intervals of their predictions.

const AS_STATED = {colour: "var(--edge)", dash: "1 3", points: [[0, 0], [100, 100]]};
const SHOWN_LEVEL = 0.9; // of the intervals in the table below the chart

/** Draw coverage against the stated level, a line for each group of rows, and the coverage of one level by task. */
function drawCalibration({comparisons, levels}) {
  const covered = comparisons.flatMap(comparison => comparison.groups).filter(group => group.coverage);
  const names = [...new Set(covered.map(group => group.name))];
  if (!names.length) {
    const why = "Intervals cannot be checked: the table's trainings are others, or there are no standard deviations.";
    if (comparisons.length) byId("calibration").replaceChildren(noteParagraph(why));
    return;
  }
  const lines = names.map((name, i) => ({
    colour: PALETTE[i % PALETTE.length],
    dash: DASHES[i % DASHES.length],
    points: coverageLine(levels, covered.filter(group => group.name === name)),
  }));
  const legend = names.map((name, i) => legendEntry(lines[i], name));
  const chart = lineChart({
    width: 300, height: 260, xLimits: [0, 100], yLimits: [0, 100], series: [...lines, AS_STATED],
    xLabel: "stated level (%) →", yLabel: "inside (%)", title: "Calibration",
  });
  const intervals = `${100 * SHOWN_LEVEL} % intervals`;
  const caption = element("figcaption", {}, "Inside (%), mean of the tasks, against the level (%)");
  byId("calibration").replaceChildren(
    element("h3", {}, "Calibration: how many measured values are inside the intervals"),
    element("p", {class: "legend"}, ...legend, legendEntry(AS_STATED, "as stated")),
    element("div", {class: "panels"}, element("figure", {}, caption, chart)),
    scrollingTable(`Coverage of ${intervals}`,
      [headCell(`inside ${intervals}`), ...names.map(name => headCell(name))],
      comparisons.map(comparison => coverageRow(comparison, names, levels.indexOf(SHOWN_LEVEL)))));
}

/** For each level, in percent, the mean share of values inside. */
function coverageLine(levels, groups) {
  const meanAt = k => groups.reduce((sum, group) => sum + group.coverage[k], 0) / groups.length;
  return levels.map((level, k) => [100 * level, 100 * meanAt(k)]);
}

function coverageRow({task, groups}, names, level) {
  const cells = names.map(name => {
    const group = groups.find(one => one.name === name && one.coverage);
    return group ? `${(100 * group.coverage[level]).toFixed(1)} % of ${countText(group.n)}` : "–";
  });
  return element("tr", {}, ...[task, ...cells].map(text => element("td", {}, text)));
}
