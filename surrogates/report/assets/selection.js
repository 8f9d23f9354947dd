// Selection: the architectures that pass all filters, their order in the table, and their Pareto front.

/**
 * @typedef {Object} Selection
 * @property {Uint8Array} selected for each row 1 if it is selected, else 0
 * @property {number[]} rows the selected rows, from the first to the last
 * @property {number[]} sortedRows the same as the table sorts them
 * @property {number[]} front those on the Pareto front of both axes
 * @property {(column: Column) => number[]} limits lowest and highest value of a column that axes show
 * @property {() => void} update follow a change of the state
 */

/** @returns {Selection} empty before its first update */
function createSelection({data, columns, state}) {
  const count = data.archs.length;
  const selection = {selected: new Uint8Array(count), rows: [], sortedRows: [], front: [], limits, update};

  function update() {
    const passes = createFilter(data, columns, state);
    selection.rows = [];
    for (let row = 0; row < count; row++) if (passes(row)) selection.rows.push(row);
    selection.front = paretoFront(selection.rows, columns.byKey.get(state.x), columns.byKey.get(state.y));
    if (state.frontOnly) selection.rows = selection.front.slice().sort((a, b) => a - b);
    selection.selected.fill(0);
    for (const row of selection.rows) selection.selected[row] = 1;
    selection.sortedRows = sortRows(selection.rows, columns.byKey.get(state.sortBy).values, state.ascending);
  }

  function limits(column) {
    if (!state.fitAxes) return [column.low, column.high];
    let low = Infinity, high = -Infinity;
    for (const row of selection.rows) {
      const value = column.values[row];
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return low <= high ? [low, high] : [column.low, column.high]; // all where nothing with a value is selected
  }

  return selection;
}

/** Whether a row passes the filters of the state; a row without a value is in no range. */
function createFilter(data, columns, state) {
  const ranges = Object.entries(state.ranges).map(([key, range]) => [columns.byKey.get(key).values, range]);
  const operationRanges = Object.entries(state.operationRanges).map(([number, range]) => [Number(number), range]);
  const part = state.nameFilter.toLowerCase(), {counts} = data.arrays, kinds = data.operations.length;
  return row => (!part || data.archs[row].toLowerCase().includes(part))
    && ranges.every(([values, range]) => !Number.isNaN(values[row]) && isWithin(values[row], range))
    && operationRanges.every(([operation, range]) => isWithin(counts[row * kinds + operation], range));
}

/** Rows without a value come last in both directions; equal ones stay in the order of rows. */
function sortRows(rows, values, ascending) {
  const sign = ascending ? 1 : -1;
  return rows.slice().sort((a, b) => {
    const left = values[a], right = values[b];
    if (Number.isNaN(left) !== Number.isNaN(right)) return Number.isNaN(left) ? 1 : -1;
    return sign * (left - right) || a - b; // the difference of two missing values, NaN, tells nothing apart either
  });
}

/**
 * The rows that no other one dominates, which is as good in both columns and better in one. Equal rows are all on the
 * front; there is no front where a column has no better end, or both are the same.
 */
function paretoFront(rows, x, y) {
  if (!x.better || !y.better || x === y) return [];
  const gainX = row => x.better * x.values[row], gainY = row => y.better * y.values[row];
  const sorted = rows.filter(row => !Number.isNaN(x.values[row]) && !Number.isNaN(y.values[row]));
  sorted.sort((a, b) => gainX(b) - gainX(a) || gainY(b) - gainY(a));
  const front = [];
  let best = -Infinity; // of y, among the rows that are better in x
  for (let start = 0, end = 0; start < sorted.length; start = end) {
    const sharedX = gainX(sorted[start]), top = gainY(sorted[start]); // the first of equal x has the best y
    for (; end < sorted.length && gainX(sorted[end]) === sharedX; end++)
      if (top > best && gainY(sorted[end]) === top) front.push(sorted[end]);
    best = Math.max(best, top);
  }
  return front;
}
