// Numbers as text and back, ticks of axes.

const NUMBER_SUFFIXES = {"": 1, k: 1e3, M: 1e6, G: 1e9};

/** Three significant digits. */
const roughNumber = value => String(+value.toPrecision(3));

/** With commas between thousands. */
const countText = value => value.toLocaleString("en-US");

/** All digits that a value has: those of an integer, 7 of another (values are of 32 bits); empty if there is none. */
const exactNumber = value =>
  Number.isFinite(value) ? String(+value.toPrecision(value === Math.round(value) ? 15 : 7)) : "";

/** Few letters, such as 1.23 M; a dash if there is none. */
function shortNumber(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1e9) return roughNumber(value / 1e9) + " G";
  if (size >= 1e6) return roughNumber(value / 1e6) + " M";
  if (size >= 1e4) return roughNumber(value / 1e3) + " k";
  return String(+value.toPrecision(5));
}

/** What shortNumber writes, read back; NaN if it is no number. */
function parseNumber(text) {
  const found = /^\s*([-+]?[\d.]+(?:e[-+]?\d+)?)\s*([kMG]?)\s*$/.exec(text);
  return found ? Number(found[1]) * NUMBER_SUFFIXES[found[2]] : NaN;
}

/** Whether a value is in a closed interval, whose ends are NaN where it is open. */
const isWithin = (value, [low, high]) => !(value < low) && !(value > high);

/** The interval of two brushed values, in either order, with digits that can be read in the address. */
const brushedInterval = (a, b) => [Math.min(a, b), Math.max(a, b)].map(value => +value.toPrecision(5));

/** About `most` round numbers from low to high. */
function niceTicks(low, high, most) {
  const step = (high - low) / most, power = 10 ** Math.floor(Math.log10(step));
  const unit = [1, 2, 5, 10].find(factor => factor * power >= step * 0.999) * power;
  const ticks = [];
  for (let k = Math.ceil(low / unit - 1e-9); k * unit <= high + unit * 1e-9; k++) ticks.push(k * unit);
  return ticks;
}

/** Ticks of a logarithmic axis: 1, 2 and 5 times powers of ten, or the powers alone where those are many. */
function logTicks(low, high) {
  const ticks = [];
  for (let exponent = Math.floor(Math.log10(low)); exponent <= Math.ceil(Math.log10(high)); exponent++) {
    for (const factor of [1, 2, 5]) {
      const tick = factor * 10 ** exponent;
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  }
  if (ticks.length < 3) return niceTicks(low, high, 4);
  const isPower = tick => Number.isInteger(Math.round(Math.log10(tick) * 1e6) / 1e6);
  return ticks.length > 7 ? ticks.filter(isPower) : ticks;
}

/** Where each of `count` parts of a flat array starts, and, last, where it ends. */
function partStarts(count, sizeOf) {
  const starts = new Int32Array(count + 1);
  for (let part = 0; part < count; part++) starts[part + 1] = starts[part] + sizeOf(part);
  return starts;
}
