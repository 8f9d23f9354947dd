// Values of one architecture: a table of its tasks, and its costs and novelty below.

const INTERVAL = "90 % interval";
const INTERVAL_WIDTH = 1.6448536; // standard deviations from the mean of a normal distribution to the end of that

/**
 * Values as they are shown below the drawing. Where nothing is measured, intervals have a column of their own, which on
 * narrow windows folds into lines below the predictions (class "folded"; the column is "unfolded").
 *
 * @returns {(row: number) => Node[]} the nodes of a row
 */
function createTaskValues(data, columns) {
  const {published} = data.arrays;
  const names = [...new Set(columns.all.filter(column => column.rank || column.metric).map(column => column.name))];
  const others = columns.all.filter(column => !names.includes(column.name));
  const hasMeasured = columns.all.some(column => column.kind === "measured");
  const hasPredicted = columns.all.some(column => column.kind === "predicted");
  const rankTotals = [...new Set(columns.varied.filter(column => column.rank).map(column => column.of))];
  const find = (name, kind) => columns.all.find(column => column.name === name && column.kind === kind);

  /** Whether the head of the column of ranks can say of how many, as that is the same in all lines. */
  const hasSharedTotal = row => !hasMeasured && rankTotals.length === 1 && published[row];

  /** Such as "rank 3 of 4,096"; one that is not published is ranked among the published ones and itself. */
  function rankText(column, row) {
    if (!column || !column.rank || !column.rank[row]) return "";
    const total = column.of + (published[row] ? 0 : 1);
    return (hasMeasured ? "rank " : "") + countText(column.rank[row])
      + (hasSharedTotal(row) ? "" : ` of ${countText(total)}`);
  }

  function taskRow(name, row) {
    const measured = find(name, "measured"), predicted = find(name, "predicted");
    const cells = [element("td", {}, name + unitInBrackets(measured || predicted))];
    if (hasMeasured) cells.push(cellWithLines(measured ? valueText(measured, row) : "–", rankText(measured, row)));
    if (hasPredicted) cells.push(...predictedCells(predicted, row));
    return element("tr", {}, ...cells);
  }

  function predictedCells(column, row) {
    const [mean, interval] = predictionTexts(column, row), rank = rankText(column, row);
    if (hasMeasured) return [cellWithLines(mean, interval, rank)];
    return [
      element("td", {}, mean, element("div", {class: "small folded"}, interval)),
      element("td", {class: "unfolded"}, interval || "–"),
      cellWithLines(rank || "–"),
    ];
  }

  function heads(row) {
    const found = [headCell("task")];
    if (hasMeasured) found.push(headCell("measured"));
    if (hasPredicted) found.push(headCell("predicted"));
    if (hasPredicted && !hasMeasured) {
      const rank = hasSharedTotal(row) ? `rank of ${countText(rankTotals[0])}` : "rank";
      found.push(headCell(INTERVAL, {class: "unfolded"}), headCell(rank));
    }
    return found;
  }

  function legend() {
    if (!hasPredicted) return null;
    if (hasMeasured) return noteParagraph(`Below a prediction: its ${INTERVAL}. Below both: the rank, 1 is best.`);
    return element("p", {class: "note folded"}, `Below a prediction: its ${INTERVAL}.`);
  }

  function otherText(column, row) {
    const value = column.values[row];
    if (column.kind === "cost") return `${column.label}: ${countText(value)}`;
    return `${column.label}: ${Number.isNaN(value) ? "not known" : value.toPrecision(2)}`;
  }

  return row => [
    scrollingTable("Values", heads(row), names.map(name => taskRow(name, row))),
    legend(),
    others.length ? noteParagraph(others.map(column => otherText(column, row)).join(" · ")) : null,
  ].filter(node => node);
}

/** Mean and interval, to the second digit of the standard deviation; without one, the interval is empty. */
function predictionTexts(column, row) {
  const mean = column ? column.values[row] : NaN, std = column && column.std ? column.std[row] : NaN;
  const digits = std > 0 ? Math.min(Math.max(1 - Math.floor(Math.log10(std)), 0), 6) : 4;
  if (Number.isNaN(mean)) return ["–", ""];
  const [low, high] = [mean - INTERVAL_WIDTH * std, mean + INTERVAL_WIDTH * std];
  return [mean.toFixed(digits), Number.isNaN(std) ? "" : `${low.toFixed(digits)} to ${high.toFixed(digits)}`];
}

/** A cell with small lines below its text; empty lines are left out. */
function cellWithLines(text, ...lines) {
  return element("td", {}, text, ...lines.filter(line => line).map(line => element("div", {class: "small"}, line)));
}
