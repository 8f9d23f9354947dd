// Scales: from values to pixels and back.

/**
 * @typedef {Object} Scale
 * @property {(value: number) => number} toPixel
 * @property {(pixel: number) => number} toValue
 * @property {(most: number) => number[]} ticks about that many round values
 */

/**
 * The scale of the axis of a column, with 3 % of its length left free at each end.
 *
 * @param {Column} column
 * @param {number[]} limits lowest and highest value
 * @param {number} from pixel of the start of the axis, where the lowest value is
 * @param {number} to pixel of its end
 * @returns {Scale}
 */
function axisScale(column, [low, high], from, to) {
  if (low === high) {
    low -= Math.abs(low) * 0.05 || 1;
    high += Math.abs(high) * 0.05 || 1;
  }
  const isLog = column.log && low > 0;
  const forward = isLog ? Math.log10 : value => value;
  const back = isLog ? exponent => 10 ** exponent : value => value;
  const margin = 0.03 * (forward(high) - forward(low));
  const start = forward(low) - margin, end = forward(high) + margin;
  return {
    toPixel: value => from + (forward(value) - start) / (end - start) * (to - from),
    toValue: pixel => back(start + (pixel - from) / (to - from) * (end - start)),
    ticks: most => isLog ? logTicks(low, high) : niceTicks(low, high, most),
  };
}

/** Where a value is between limits, from 0 to 1, for its colour. */
function shareOfRange(column, [low, high], value) {
  if (low === high) return 0.5;
  return column.log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
}
