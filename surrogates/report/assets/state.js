// State: what the reader has chosen, and nothing that follows from it.

/**
 * @typedef {Object} State
 * @property {string} x key of the column on the horizontal axis
 * @property {string} y key of the column on the vertical axis
 * @property {string} colour key of the column that colours the points, empty for none
 * @property {boolean} showFront whether the Pareto front is drawn
 * @property {boolean} frontOnly whether only the front is selected
 * @property {boolean} fitAxes whether axes end where the selection does
 * @property {number} pinned row of the chosen architecture, -1 for none
 * @property {string} nameFilter part of the names of what is selected
 * @property {string} sortBy key of the column that sorts the table
 * @property {boolean} ascending direction of that
 * @property {number} tablePage number of the page of the table, from 0
 * @property {Object<string, number[]>} ranges interval of selected values by the key of a column
 * @property {Object<number, number[]>} operationRanges interval of selected counts by the number of an operation
 * @property {string[]} shownColumns keys of the columns in the table and among the parallel coordinates
 */

/**
 * The state of a page that was just opened.
 *
 * @param {Object} columns from readColumns
 * @param {number} count number of architectures
 * @returns {State} a new one, to be changed
 */
function defaultState(columns, count) {
  const {varied} = columns, ranked = varied.filter(column => column.rank);
  const task = ranked[0] || varied[0];
  const fewKnown = 2 * task.known < count; // such as a few measured ones of a space that is predicted
  const fuller = fewKnown && ranked.find(column => column.name === task.name && 2 * column.known > count);
  const cost = varied.find(column => column.kind === "cost");
  const x = cost || ranked.find(column => column.name !== task.name) || varied[varied.length - 1];
  return {
    x: x.key, y: (fuller || task).key, colour: "", showFront: true, frontOnly: false, fitAxes: false, pinned: -1,
    nameFilter: "", sortBy: task.key, ascending: false, tablePage: 0, ranges: {}, operationRanges: {},
    shownColumns: defaultShownColumns(columns.all),
  };
}

/** Columns of more than one value, without predictions of what is measured. */
function defaultShownColumns(columns) {
  const isMeasured = name => columns.some(column => column.name === name && column.kind === "measured");
  const keys = columns
    .filter(column => column.low < column.high || columns.length === 1)
    .filter(column => column.kind !== "predicted" || !isMeasured(column.name))
    .map(column => column.key);
  return keys.length ? keys : [columns[0].key];
}
