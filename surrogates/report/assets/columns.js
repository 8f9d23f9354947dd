// Columns: the quantities that can be axes, each with a value of every architecture, NaN where it has none.

const COST_LABELS = {params: "parameters", multiply_adds: "multiply-adds", novelty: "novelty"};

/**
 * @typedef {Object} Column what surrogates.report.columns.ReportColumn says of it, and what follows from that
 * @property {string} key its own among the columns
 * @property {string} name the task, or the cost
 * @property {string} kind "measured", "predicted", "cost" or "novelty"
 * @property {string} metric of a task, else empty
 * @property {string} unit "-" for none
 * @property {number} better 1 if higher is better, -1 if lower, 0 if neither
 * @property {number} of number of published architectures with a value
 * @property {number} number its position in the data
 * @property {Float32Array|Float64Array} values of all rows, NaN where there is none
 * @property {Float32Array} [std] standard deviations of predictions
 * @property {Int32Array} [rank] ranks among published architectures, 1 is best, 0 where there is none
 * @property {number} known number of values
 * @property {number} low lowest value
 * @property {number} high highest value
 * @property {string} label its name on the page
 * @property {boolean} log whether its axis is logarithmic
 */

/**
 * The columns of the data that have values.
 *
 * @returns {{all: Column[], byKey: Map<string, Column>, varied: Column[]}} `varied` are those of more than one value,
 *   or all if there is none
 */
function readColumns(data) {
  const all = data.columns.map((column, number) => {
    const values = data.arrays["values" + number];
    const {known, low, high} = summarize(values);
    return {
      ...column, number, values, known, low, high,
      std: data.arrays["std" + number],
      rank: data.arrays["rank" + number],
      label: columnLabel(column, data.columns),
      log: column.kind === "cost" && low > 0 && high / low > 20,
    };
  }).filter(column => column.known > 0);
  const varied = all.filter(column => column.low < column.high);
  return {all, byKey: new Map(all.map(column => [column.key, column])), varied: varied.length ? varied : all};
}

function summarize(values) {
  let known = 0, low = Infinity, high = -Infinity;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    known++;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return {known, low, high};
}

/** The name of a task, with the kind if it is measured and predicted. */
function columnLabel(column, columns) {
  if (!isOfTask(column)) return COST_LABELS[column.name];
  const hasOtherKind = columns.some(other => other.name === column.name && other.kind !== column.kind);
  return hasOtherKind ? `${column.name}, ${column.kind}` : column.name;
}

const isOfTask = column => column.kind === "measured" || column.kind === "predicted";

const unitOf = column => column.unit === "-" ? "" : column.unit;

const unitInBrackets = column => unitOf(column) && ` (${column.unit})`;

const labelWithUnit = column => column.label + unitInBrackets(column);

/** All that an axis says of its column. */
function axisLabel(column) {
  const metric = column.metric && column.metric !== column.name ? ` ${column.metric}` : "";
  const log = column.log ? ", log scale" : "";
  const direction = column.better > 0 ? ", higher is better" : column.better < 0 ? ", lower is better" : "";
  const meaning = column.kind === "novelty" ? " (0: trained on, above 1: unlike the trained ones)" : "";
  return column.label + metric + unitInBrackets(column) + log + direction + meaning;
}

/** The value of one architecture in few digits, a dash if it has none. */
function valueText(column, row) {
  const value = column.values[row];
  if (Number.isNaN(value)) return "–";
  return column.kind === "cost" ? shortNumber(value) : String(+value.toPrecision(5));
}

function valueWithUnit(column, row) {
  const known = !Number.isNaN(column.values[row]);
  return valueText(column, row) + (known && unitOf(column) ? " " + column.unit : "");
}
