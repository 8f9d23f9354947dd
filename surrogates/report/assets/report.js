"use strict";
(() => {
const $ = id => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#8C6BB1", "#7F7F7F"];
const DASHES = ["", "6 3", "2 3", "8 3 2 3"];
const RAMP = [[0, 34, 78], [66, 78, 108], [125, 124, 120], [170, 157, 105], [208, 172, 40]]; // cividis, its end darker
const RAMP_ON_DARK = [[70, 100, 170], [110, 125, 150], [150, 150, 140], [200, 187, 115], [254, 232, 56]];
const PER_PAGE = 25, MOST_LINES = 2500, Z90 = 1.6448536;
const COSTS = {params: "parameters", multiply_adds: "multiply-adds", novelty: "novelty"};

/* ---- elements: whatever comes from names is a text node, never markup ---- */
function made(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter(child => child != null));
  return node;
}
function drawn(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/* ---- data ---- */
async function unpacked() {
  if (typeof DecompressionStream === "undefined")
    throw new Error("This browser is too old for this page: it needs Chrome or Edge 80, Firefox 113 or Safari 16.4.");
  const text = atob($("data").textContent.trim());
  const bytes = Uint8Array.from(text, letter => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(stream).arrayBuffer();
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const kinds = {float32: Float32Array, float64: Float64Array, int32: Int32Array, uint16: Uint16Array, uint8: Uint8Array};
  for (const [name, [kind, offset, size]] of Object.entries(head.arrays))
    head.arrays[name] = new kinds[kind](buffer, 8 + length + offset, size);
  return head;
}

/* ---- numbers ---- */
function short(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1e9) return trimmed(value / 1e9) + " G";
  if (size >= 1e6) return trimmed(value / 1e6) + " M";
  if (size >= 1e4) return trimmed(value / 1e3) + " k";
  return String(+value.toPrecision(5));
}
const trimmed = value => String(+value.toPrecision(3));
const exact = value => Number.isFinite(value) ? String(+value.toPrecision(value === Math.round(value) ? 15 : 7)) : "";
const counted = value => value.toLocaleString("en-US");
function nice(low, high, most) {
  const step = (high - low) / most, power = 10 ** Math.floor(Math.log10(step));
  const unit = [1, 2, 5, 10].find(factor => factor * power >= step * 0.999) * power;
  const ticks = [];
  for (let k = Math.ceil(low / unit - 1e-9); k * unit <= high + unit * 1e-9; k++) ticks.push(k * unit);
  return ticks;
}
function logTicks(low, high) {
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
    for (const factor of [1, 2, 5]) {
      const tick = factor * 10 ** power;
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  if (ticks.length < 3) return nice(low, high, 4);
  return ticks.length > 7 ? ticks.filter(tick => Number.isInteger(Math.round(Math.log10(tick) * 1e6) / 1e6)) : ticks;
}

/* ---- the page ---- */
function start(data) {
  const n = data.archs.length, arrays = data.arrays;
  const columns = data.columns.map((column, number) => {
    const values = arrays["values" + number];
    let low = Infinity, high = -Infinity, known = 0;
    for (const value of values) if (value === value) { known++; if (value < low) low = value; if (value > high) high = value; }
    const both = data.columns.some(other => other.name === column.name && other.kind !== column.kind);
    const of = column.kind === "measured" || column.kind === "predicted";
    const label = of ? (both ? `${column.name}, ${column.kind}` : column.name) : COSTS[column.name];
    return {...column, number, values, std: arrays["std" + number], rank: arrays["rank" + number], known, low, high, label,
      log: column.kind === "cost" && low > 0 && high / low > 20};
  }).filter(column => column.known > 0);
  const byKey = new Map(columns.map(column => [column.key, column]));
  const place = new Map(data.archs.map((arch, row) => [arch, row]));
  const twinsOf = new Map();
  arrays.form.forEach((form, row) => twinsOf.has(form) ? twinsOf.get(form).push(row) : twinsOf.set(form, [row]));
  const kinds = data.operations.length;
  const selected = new Uint8Array(n).fill(1);
  let rows = [], frontRows = [], hovered = -1, tones = {};

  function axisLabel(column) {
    const unit = column.unit !== "-" ? ` (${column.unit})` : "";
    const metric = column.metric && column.metric !== column.name ? ` ${column.metric}` : "";
    const direction = column.better > 0 ? ", higher is better" : column.better < 0 ? ", lower is better" : "";
    const what = column.kind === "novelty" ? " (0: trained on, above 1: unlike the trained ones)" : "";
    return `${column.label}${metric}${unit}${column.log ? ", log scale" : ""}${direction}${what}`;
  }

  /* ---- state, kept in the address ---- */
  const varied = columns.filter(column => column.low < column.high), able = varied.length ? varied : columns;
  const tasks = able.filter(column => column.rank), costs = able.filter(column => column.kind === "cost");
  const first = (tasks[0] || able[0]).key;
  const shown = 2 * byKey.get(first).known < n && tasks.find(column => column.name === byKey.get(first).name && 2 * column.known > n); // few are measured
  const second = (costs[0] || tasks.find(column => column.name !== byKey.get(first).name) || able[able.length - 1]).key;
  const seenFirst = columns.filter(column => (column.low < column.high || columns.length === 1) && (column.kind !== "predicted" ||
    !columns.some(other => other.name === column.name && other.kind === "measured"))).map(column => column.key);
  if (!seenFirst.length) seenFirst.push(columns[0].key);
  const fresh = () => ({x: second, y: shown ? shown.key : first, colour: "", front: true, only: false, zoom: false, pin: "", text: "", sort: first, up: false, page: 0,
    ranges: {}, ops: {}, seen: [...seenFirst]});
  let state = fresh();
  const interval = text => {
    const parts = text.split(",").map(part => part === "" ? NaN : Number(part));
    return parts.length === 2 && parts.some(part => part === part) ? parts : null;
  };
  const bounds = ([low, high]) => (low === low ? exact(low) : "") + "," + (high === high ? exact(high) : "");
  function read() {
    state = fresh();
    let given;
    try { given = new URLSearchParams(location.hash.slice(1)); } catch { return; }
    const seen = columns.map(column => column.key).filter(key => given.getAll("seen").includes(key));
    if (seen.length) state.seen = seen;
    for (const [name, value] of given) {
      if (["x", "y", "sort"].includes(name) && byKey.has(value)) state[name] = value;
      else if (name === "colour" && byKey.has(value)) state.colour = value;
      else if (name === "front") state.front = value !== "0";
      else if (name === "zoom") state.zoom = value === "1";
      else if (name === "only") state.only = value === "1";
      else if (name === "up") state.up = value === "1";
      else if (name === "page") state.page = Math.max(0, Math.floor(Number(value)) || 0);
      else if (name === "text") state.text = value;
      else if (name === "arch" && place.has(value)) state.pin = value;
      else if (name.startsWith("in.") && byKey.has(name.slice(3)) && interval(value)) state.ranges[name.slice(3)] = interval(value);
      else if (/^op\.\d+$/.test(name) && +name.slice(3) < kinds && interval(value)) state.ops[+name.slice(3)] = interval(value);
    }
  }
  function write() {
    const usual = fresh(), said = new URLSearchParams();
    for (const name of ["x", "y", "colour", "text", "sort"]) if (state[name] !== usual[name]) said.set(name, state[name]);
    if (!state.front) said.set("front", "0");
    if (state.only) said.set("only", "1");
    if (state.zoom) said.set("zoom", "1");
    if (state.up) said.set("up", "1");
    if (state.page) said.set("page", state.page);
    if (state.pin) said.set("arch", state.pin);
    if (JSON.stringify(state.seen) !== JSON.stringify(usual.seen)) for (const key of state.seen) said.append("seen", key);
    for (const [key, range] of Object.entries(state.ranges)) said.set("in." + key, bounds(range));
    for (const [op, range] of Object.entries(state.ops)) said.set("op." + op, bounds(range));
    const hash = said.toString();
    if (hash === location.hash.slice(1)) return;
    try { history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search); }
    catch { location.hash = hash; }
  }

  /* ---- selection ---- */
  const within = (value, [low, high]) => !(value < low) && !(value > high);
  function select() {
    const ranges = Object.entries(state.ranges).map(([key, range]) => [byKey.get(key).values, range]);
    const ops = Object.entries(state.ops), text = state.text.toLowerCase();
    rows = [];
    for (let row = 0; row < n; row++) {
      let ok = !text || data.archs[row].toLowerCase().includes(text);
      for (let i = 0; ok && i < ranges.length; i++) {
        const value = ranges[i][0][row];
        ok = value === value && within(value, ranges[i][1]);
      }
      for (let i = 0; ok && i < ops.length; i++) ok = within(arrays.counts[row * kinds + +ops[i][0]], ops[i][1]);
      selected[row] = ok ? 1 : 0;
      if (ok) rows.push(row);
    }
    frontRows = front();
    if (state.only) {
      selected.fill(0);
      for (const row of frontRows) selected[row] = 1;
      rows = rows.filter(row => selected[row]);
    }
    const sort = byKey.get(state.sort), sign = state.up ? 1 : -1;
    order = rows.slice().sort((a, b) => {
      const left = sort.values[a], right = sort.values[b];
      if (left !== left || right !== right) return (left !== left) - (right !== right) || a - b;
      return sign * (left - right) || a - b;
    });
  }
  let order = [];
  function front() {
    const x = byKey.get(state.x), y = byKey.get(state.y);
    if (!x.better || !y.better || x === y) return [];
    const sorted = rows.filter(row => x.values[row] === x.values[row] && y.values[row] === y.values[row]);
    sorted.sort((a, b) => x.better * (x.values[b] - x.values[a]) || y.better * (y.values[b] - y.values[a]));
    const found = [];
    let best = -Infinity;
    for (let i = 0; i < sorted.length;) {
      let j = i;
      const at = x.values[sorted[i]], top = y.better * y.values[sorted[i]];
      while (j < sorted.length && x.values[sorted[j]] === at) {
        if (top > best && y.better * y.values[sorted[j]] === top) found.push(sorted[j]);
        j++;
      }
      best = Math.max(best, top);
      i = j;
    }
    return found;
  }

  /* ---- canvases ---- */
  function scaled(canvas, width, height) {
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = width + "px";
    canvas.style.height = height + "px";
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = '11px system-ui, "DejaVu Sans", Helvetica, Arial, sans-serif';
    return pen;
  }
  function readTones() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["paper", "ink", "soft", "line", "faint", "accent", "front", "mark"])
      tones[name] = style.getPropertyValue("--" + name).trim();
    tones.dark = matchMedia("(prefers-color-scheme: dark)").matches;
  }
  function scale(column, from, to) {
    let [low, high] = limits(column);
    if (low === high) { low -= Math.abs(low) * 0.05 || 1; high += Math.abs(high) * 0.05 || 1; }
    const by = column.log && low > 0 ? Math.log10 : value => value;
    const back = column.log && low > 0 ? value => 10 ** value : value => value;
    const start = by(low), pad = 0.03 * (by(high) - start), a = start - pad, b = by(high) + pad;
    const to_ = value => from + (by(value) - a) / (b - a) * (to - from);
    to_.invert = pixel => back(a + (pixel - from) / (to - from) * (b - a));
    to_.ticks = most => column.log && low > 0 ? logTicks(low, high) : nice(low, high, most);
    return to_;
  }
  function limits(column) {
    if (!state.zoom) return [column.low, column.high];
    let low = Infinity, high = -Infinity;
    for (const row of rows) {
      const value = column.values[row];
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return low <= high ? [low, high] : [column.low, column.high];
  }
  const tone = share => {
    const ramp = tones.dark ? RAMP_ON_DARK : RAMP, at = Math.min(Math.max(share, 0), 1) * (ramp.length - 1);
    const i = Math.min(Math.floor(at), ramp.length - 2);
    return "rgb(" + ramp[i].map((part, k) => Math.round(part + (ramp[i + 1][k] - part) * (at - i))).join(",") + ")";
  };
  const shareOf = (column, [low, high], value) => low === high ? 0.5
    : column.log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  function fitted(pen, text, room) {
    if (pen.measureText(text).width <= room) return text;
    let cut = text;
    while (cut.length > 1 && pen.measureText(cut + "…").width > room) cut = cut.slice(0, -1);
    return cut + "…";
  }

  /* ---- scatter ---- */
  const plot = $("scatter"), [points, over] = plot.querySelectorAll("canvas");
  let sx, sy, xs = new Float32Array(n), ys = new Float32Array(n), box = {}, drag = null;
  function drawScatter() {
    const width = plot.clientWidth, height = plot.clientHeight, x = byKey.get(state.x), y = byKey.get(state.y);
    const colour = byKey.get(state.colour);
    box = {left: 56, right: width - 12, top: colour ? 40 : 24, bottom: height - 44};
    const pen = scaled(points, width, height);
    sx = scale(x, box.left, box.right);
    sy = scale(y, box.bottom, box.top);
    pen.strokeStyle = tones.line;
    pen.fillStyle = tones.soft;
    pen.lineWidth = 1;
    pen.textAlign = "center";
    let end = -Infinity;
    for (const tick of sx.ticks(Math.max(3, width / 110))) {
      const at = sx(tick), label = short(tick), half = pen.measureText(label).width / 2;
      pen.beginPath(); pen.moveTo(at, box.top); pen.lineTo(at, box.bottom); pen.stroke();
      if (at - half > end + 6 && at + half < width) { pen.fillText(label, at, box.bottom + 16); end = at + half; }
    }
    pen.textAlign = "right";
    for (const tick of sy.ticks(7)) {
      const at = sy(tick);
      pen.beginPath(); pen.moveTo(box.left, at); pen.lineTo(box.right, at); pen.stroke();
      pen.fillText(short(tick), box.left - 6, at + 4);
    }
    pen.fillStyle = tones.ink;
    pen.textAlign = "left";
    pen.fillText(fitted(pen, "↑ " + axisLabel(y), width - 8), 4, 13);
    pen.textAlign = "right";
    pen.fillText(fitted(pen, axisLabel(x) + " →", width - 8), box.right, height - 8);
    let missing = 0;
    const size = n > 6000 ? 2.2 : n > 1500 ? 3 : 4.5, half = size / 2;
    for (let row = 0; row < n; row++) {
      const a = x.values[row], b = y.values[row];
      if (a !== a || b !== b) { xs[row] = ys[row] = NaN; missing += selected[row]; continue; }
      xs[row] = sx(a);
      ys[row] = sy(b);
    }
    pen.save();
    pen.beginPath(); pen.rect(box.left - 6, box.top - 6, box.right - box.left + 12, box.bottom - box.top + 12); pen.clip();
    pen.fillStyle = tones.faint;
    for (let row = 0; row < n; row++) if (!selected[row]) pen.fillRect(xs[row] - half, ys[row] - half, size, size);
    pen.fillStyle = tones.accent;
    pen.globalAlpha = rows.length > 3000 ? 0.55 : 0.85;
    if (colour) {
      const ends = limits(colour), bins = Array.from({length: 24}, () => []);
      for (const row of rows) {
        const value = colour.values[row];
        if (value === value) bins[Math.min(23, Math.floor(shareOf(colour, ends, value) * 24))].push(row);
      }
      pen.globalAlpha = 0.9;
      bins.forEach((bin, number) => {
        pen.fillStyle = tone((number + 0.5) / 24);
        for (const row of bin) pen.fillRect(xs[row] - half, ys[row] - half, size, size);
      });
      pen.restore();
      const last = short(ends[1]), wide = Math.min(120, width / 4), from = box.right - wide - pen.measureText(last).width - 5;
      for (let i = 0; i < 48; i++) { pen.fillStyle = tone(i / 47); pen.fillRect(from + i * wide / 48, 21, wide / 48 + 1, 8); }
      pen.fillStyle = tones.soft;
      pen.textAlign = "right";
      pen.fillText(fitted(pen, `${colour.label}: ${short(ends[0])}`, from - 10), from - 5, 29);
      pen.fillText(last, box.right, 29);
    } else {
      for (const row of rows) pen.fillRect(xs[row] - half, ys[row] - half, size, size);
      pen.restore();
    }
    pen.globalAlpha = 1;
    if (state.front && frontRows.length) {
      const sorted = frontRows.slice().sort((a, b) => xs[a] - xs[b] || ys[a] - ys[b]);
      pen.strokeStyle = tones.front;
      pen.lineWidth = 1.5;
      pen.beginPath();
      // between two points, the corner that both dominate
      sorted.forEach((row, i) => {
        if (i === 0) pen.moveTo(xs[row], ys[row]);
        else {
          const last = sorted[i - 1];
          if (x.better < 0) pen.lineTo(xs[row], ys[last]); else pen.lineTo(xs[last], ys[row]);
          pen.lineTo(xs[row], ys[row]);
        }
      });
      pen.stroke();
      for (const row of sorted) { pen.beginPath(); pen.arc(xs[row], ys[row], 4, 0, 7); pen.stroke(); }
    }
    const without = missing ? ` ${counted(missing)} selected ${missing === 1 ? "has" : "have"} no value on these axes.` : "";
    const same = x === y ? "Both axes are the same quantity." : !x.better || !y.better
      ? "No Pareto front: novelty is neither better higher nor lower."
      : `Pareto front of the selection: ${counted(frontRows.length)} ${frontRows.length === 1 ? "architecture" : "architectures"}.`;
    $("scatter-note").textContent = same + without;
    drawOver();
  }
  function drawOver() {
    const pen = scaled(over, plot.clientWidth, plot.clientHeight);
    const x = state.ranges[state.x], y = state.ranges[state.y];
    pen.strokeStyle = tones.ink;
    pen.setLineDash([4, 3]);
    if (drag && drag.moved) pen.strokeRect(...rectangle(drag));
    else if (x || y) {
      const at = (range, side, of, fallback) => range && range[side] === range[side] ? of(range[side]) : fallback;
      const left = at(x, 0, sx, box.left), right = at(x, 1, sx, box.right), low = at(y, 0, sy, box.bottom), high = at(y, 1, sy, box.top);
      const inside = [Math.max(left, box.left), Math.max(high, box.top), Math.min(right, box.right), Math.min(low, box.bottom)];
      if (inside[2] > inside[0] && inside[3] > inside[1]) pen.strokeRect(inside[0], inside[1], inside[2] - inside[0], inside[3] - inside[1]);
    }
    pen.setLineDash([]);
    const ring = (row, radius, width) => {
      if (row < 0 || !inBox(row)) return;
      pen.strokeStyle = tones.mark;
      pen.lineWidth = width;
      pen.beginPath(); pen.arc(xs[row], ys[row], radius, 0, 7); pen.stroke();
    };
    if (state.pin) {
      for (const twin of twinsOf.get(arrays.form[place.get(state.pin)])) ring(twin, 4, 1);
      ring(place.get(state.pin), 8, 2.5);
    }
    ring(hovered, 6, 2);
  }
  const rectangle = ({x0, y0, x1, y1}) => [Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0)];
  const inBox = row => xs[row] >= box.left - 6 && xs[row] <= box.right + 6 && ys[row] >= box.top - 6 && ys[row] <= box.bottom + 6;
  function nearest(x, y) {
    let best = -1, least = 14 * 14, faint = false;
    for (let row = 0; row < n; row++) {
      const a = xs[row] - x, b = ys[row] - y, far = a * a + b * b;
      if (far < least || (far < 14 * 14 && faint && selected[row])) {
        if (!selected[row] && best >= 0 && !faint) continue;
        best = row; least = far; faint = !selected[row];
      }
    }
    return best;
  }
  const spot = (event, node) => { const at = node.getBoundingClientRect(); return [event.clientX - at.left, event.clientY - at.top]; };
  plot.addEventListener("pointerdown", event => {
    if (event.button) return;
    const [x, y] = spot(event, plot);
    drag = {x0: x, y0: y, x1: x, y1: y, moved: false, touch: event.pointerType === "touch"};
    if (!drag.touch) { try { plot.setPointerCapture(event.pointerId); } catch { /* a pointer that is gone */ } }
  });
  plot.addEventListener("pointermove", event => {
    const [x, y] = spot(event, plot);
    if (drag) {
      Object.assign(drag, {x1: x, y1: y});
      drag.moved = drag.moved || Math.hypot(x - drag.x0, y - drag.y0) > 5;
      if (drag.moved) { hover(-1); drawOver(); return; }
    }
    hover(nearest(x, y));
  });
  plot.addEventListener("pointerup", event => {
    if (!drag) return;
    const now = drag;
    drag = null;
    if (!now.moved) {
      const [x, y] = spot(event, plot), row = nearest(x, y);
      pin(row < 0 ? "" : data.archs[row]);
      return;
    }
    const [left, top, wide, high] = rectangle(now);
    state.ranges[state.x] = rounded(sx.invert(left), sx.invert(left + wide));
    state.ranges[state.y] = rounded(sy.invert(top + high), sy.invert(top));
    state.page = 0;
    changed();
  });
  plot.addEventListener("pointercancel", () => { drag = null; drawOver(); });
  plot.addEventListener("pointerleave", () => { if (!drag) hover(-1); });
  const rounded = (a, b) => [Math.min(a, b), Math.max(a, b)].map(value => +value.toPrecision(5));
  plot.addEventListener("keydown", event => {
    const step = {ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowUp: [1, -1], ArrowDown: [1, 1]}[event.key];
    if (event.key === "Enter" && hovered >= 0) pin(data.archs[hovered]);
    else if (event.key === "Escape") { pin(""); hover(-1); }
    else if (step) {
      const by = step[0] ? ys : xs, line = rows.filter(row => xs[row] === xs[row]).sort((a, b) => by[a] - by[b] || a - b);
      if (!line.length) return;
      const from = hovered >= 0 ? hovered : state.pin ? place.get(state.pin) : -1, at = line.indexOf(from);
      hover(line[at < 0 ? 0 : Math.min(Math.max(at + step[1], 0), line.length - 1)]);
      $("spoken").textContent = saidOf(hovered);
    } else return;
    event.preventDefault();
  });
  function saidOf(row) {
    const [x, y] = [byKey.get(state.x), byKey.get(state.y)];
    return `${data.archs[row]}: ${y.label} ${valued(y, row)}, ${x.label} ${valued(x, row)}`;
  }
  function valued(column, row) {
    const value = column.values[row];
    if (value !== value) return "–";
    const text = column.kind === "cost" ? short(value) : String(+value.toPrecision(5));
    return text + (column.unit !== "-" ? " " + column.unit : "");
  }
  const narrow = matchMedia("(max-width: 900px)"); // there the table would move away below the pointer
  function hover(row, ofTable) {
    if (row === hovered) return;
    hovered = row;
    const tip = $("tip");
    tip.hidden = row < 0;
    if (row >= 0 && inBox(row)) {
      tip.replaceChildren(made("div", {class: "arch"}, data.archs[row]), ...[state.y, state.x].map(key =>
        made("div", {}, `${byKey.get(key).label} ${valued(byKey.get(key), row)}`)));
      const room = plot.clientWidth, left = xs[row] > room / 2;
      tip.style.left = left ? "" : xs[row] + 14 + "px";
      tip.style.right = left ? room - xs[row] + 14 + "px" : "";
      tip.style.maxWidth = Math.max(120, (left ? xs[row] : room - xs[row]) - 18) + "px";
      tip.style.top = Math.max(0, ys[row] - 24) + "px";
    } else tip.hidden = true;
    drawOver();
    drawLines(true);
    if (!ofTable || !narrow.matches) showDetail(row >= 0 ? row : state.pin ? place.get(state.pin) : -1);
  }
  function pin(arch) {
    state.pin = state.pin === arch ? "" : arch;
    write();
    drawOver();
    drawLines(true);
    fillTable();
    showDetail(hovered >= 0 ? hovered : state.pin ? place.get(state.pin) : -1);
  }

  /* ---- parallel coordinates ---- */
  const coordinates = $("parallel"), layers = coordinates.querySelectorAll("canvas");
  let axes = [], lane = null;
  const mixed = Array.from({length: n}, (_, row) => row); // one order of rows, so that the same lines are drawn each time
  for (let i = n - 1, seed = 12345; i > 0; i--) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    const j = seed % (i + 1);
    [mixed[i], mixed[j]] = [mixed[j], mixed[i]];
  }
  function lines(pen, list, colour, alpha, width) {
    pen.strokeStyle = colour;
    pen.globalAlpha = alpha;
    pen.lineWidth = width;
    pen.beginPath();
    for (const row of list) {
      let up = true;
      for (const axis of axes) {
        const value = axis.column.values[row];
        if (value !== value) { up = true; continue; }
        const y = axis.scale(value);
        if (up) pen.moveTo(axis.at, y); else pen.lineTo(axis.at, y);
        up = false;
      }
    }
    pen.stroke();
    pen.globalAlpha = 1;
  }
  function drawLines(onlyOver) {
    const room = coordinates.parentElement.clientWidth, height = coordinates.clientHeight;
    const seen = state.seen.map(key => byKey.get(key)), width = Math.max(room, seen.length * 92);
    if (!onlyOver) {
      coordinates.style.width = width + "px";
      const gap = seen.length > 1 ? (width - 100) / (seen.length - 1) : 0;
      axes = seen.map((column, i) => ({column, at: seen.length > 1 ? 50 + i * gap : width / 2,
        scale: column.better < 0 ? scale(column, 42, height - 16) : scale(column, height - 16, 42)}));
      const every = mixed.slice(0, MOST_LINES), behind = scaled(layers[0], width, height);
      if (!state.zoom) lines(behind, every, tones.faint, rows.length === n ? 0.35 : 0.45, 1);
      const chosen = rows.length > MOST_LINES ? mixed.filter(row => selected[row]).slice(0, MOST_LINES) : rows;
      const pen = scaled(layers[1], width, height);
      lines(pen, chosen, tones.accent, Math.max(0.08, Math.min(0.8, 60 / Math.max(chosen.length, 1))), 1);
      const most = Math.max(chosen.length, Math.min(n, MOST_LINES));
      $("parallel-note").textContent = "Better is up on every axis that has a better end. Drag along an axis to select, click it to undo."
        + (rows.length > MOST_LINES ? ` Lines of ${counted(most)} of the ${counted(rows.length)} selected are drawn.` : "");
    }
    const pen = scaled(layers[2], width, height);
    pen.textAlign = "center";
    for (const axis of axes) {
      pen.strokeStyle = tones.soft;
      pen.lineWidth = 1;
      pen.beginPath(); pen.moveTo(axis.at, 42); pen.lineTo(axis.at, height - 16); pen.stroke();
      const {column} = axis, of = column.kind === "measured" || column.kind === "predicted";
      pen.fillStyle = tones.ink;
      pen.fillText(fitted(pen, of ? column.name : column.label, 90), axis.at, 12);
      pen.fillStyle = tones.soft;
      const [bottom, top] = column.better < 0 ? limits(column).reverse() : limits(column);
      pen.fillText(of ? fitted(pen, column.kind + (column.unit !== "-" ? `, ${column.unit}` : ""), 90) : column.log ? "log scale" : "", axis.at, 24);
      pen.fillText(short(top), axis.at, 37);
      pen.fillText(short(bottom), axis.at, height - 3);
      const range = state.ranges[column.key];
      const live = lane && lane.axis.column === column && lane.moved ? [lane.y0, lane.y1] : range && range.map((value, side) =>
        value === value ? axis.scale(value) : axis.scale(side ? column.high : column.low));
      if (live) {
        const [a, b] = live.map(value => Math.min(Math.max(value, 38), height - 12)).sort((p, q) => p - q);
        pen.fillStyle = tones.accent; pen.globalAlpha = 0.25; pen.fillRect(axis.at - 7, a, 14, b - a); pen.globalAlpha = 1;
        pen.strokeStyle = tones.ink; pen.strokeRect(axis.at - 7, a, 14, b - a);
      }
    }
    if (state.pin) lines(pen, [place.get(state.pin)], tones.mark, 1, 2.5);
    if (hovered >= 0) lines(pen, [hovered], tones.front, 1, 2);
  }
  coordinates.addEventListener("pointerdown", event => {
    const [x, y] = spot(event, coordinates), axis = axes.find(axis => Math.abs(axis.at - x) < 24);
    if (!axis || event.button) return;
    lane = {axis, y0: y, y1: y, moved: false};
    try { coordinates.setPointerCapture(event.pointerId); } catch { /* a pointer that is gone */ }
  });
  coordinates.addEventListener("pointermove", event => {
    if (!lane) return;
    lane.y1 = spot(event, coordinates)[1];
    lane.moved = lane.moved || Math.abs(lane.y1 - lane.y0) > 4;
    drawLines(true);
  });
  coordinates.addEventListener("pointerup", () => {
    if (!lane) return;
    const {axis, y0, y1, moved} = lane;
    lane = null;
    if (moved) state.ranges[axis.column.key] = rounded(axis.scale.invert(y0), axis.scale.invert(y1));
    else delete state.ranges[axis.column.key];
    state.page = 0;
    changed();
  });
  coordinates.addEventListener("pointercancel", () => { lane = null; drawLines(true); });

  /* ---- table and csv ---- */
  function fillTable() {
    const seen = state.seen.map(key => byKey.get(key)), pages = Math.max(1, Math.ceil(order.length / PER_PAGE));
    state.page = Math.min(state.page, pages - 1);
    const heads = seen.map(column => made("th", {scope: "col", "aria-sort": state.sort === column.key ? (state.up ? "ascending" : "descending") : null},
      made("button", {type: "button", onclick: () => {
        if (state.sort === column.key) state.up = !state.up;
        else Object.assign(state, {sort: column.key, up: column.better < 0});
        state.page = 0;
        changed();
      }}, column.label + (column.unit !== "-" ? ` (${column.unit})` : "") + (state.sort === column.key ? (state.up ? " ↑" : " ↓") : ""))));
    $("table").tHead.replaceChildren(made("tr", {}, made("th", {scope: "col"}, "architecture"), ...heads));
    const shown = order.slice(state.page * PER_PAGE, (state.page + 1) * PER_PAGE);
    $("table").tBodies[0].replaceChildren(...shown.map(row => made("tr", {
      class: data.archs[row] === state.pin ? "chosen" : null, onpointerenter: () => hover(row, true), onpointerleave: () => hover(-1, true)},
      made("td", {}, made("button", {type: "button", class: "arch", "aria-pressed": String(data.archs[row] === state.pin),
        onclick: () => { pin(data.archs[row]); refocus(data.archs[row]); }}, data.archs[row])),
      ...seen.map(column => made("td", {}, column.kind === "cost" ? counted(column.values[row]) : valued(column, row).replace(` ${column.unit}`, ""))))));
    $("pages").textContent = order.length ? `Page ${state.page + 1} of ${counted(pages)}` : "Nothing is selected.";
    $("before").disabled = state.page === 0;
    $("after").disabled = state.page >= pages - 1;
  }
  const refocus = arch => { for (const button of $("table").querySelectorAll("td button")) if (button.textContent === arch) button.focus(); };
  const quoted = text => /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  function csv() {
    const names = ["arch", "published", "twins"];
    for (const column of columns) names.push(column.key, ...(column.std ? [column.name + "_std"] : []), ...(column.rank ? [column.key + "_rank"] : []));
    const out = [names.map(quoted).join(",")];
    for (const row of order) {
      const cells = [quoted(data.archs[row]), arrays.published[row] ? "True" : "False", arrays.twins[row]];
      for (const column of columns) {
        cells.push(exact(column.values[row]));
        if (column.std) cells.push(exact(column.std[row]));
        if (column.rank) cells.push(column.rank[row] || "");
      }
      out.push(cells.join(","));
    }
    return out.join("\n") + "\n";
  }
  $("csv").addEventListener("click", () => {
    const url = URL.createObjectURL(new Blob([csv()], {type: "text/csv"}));
    made("a", {href: url, download: `${data.space}.csv`}).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  });

  /* ---- one architecture ---- */
  let detailed = -2;
  function showDetail(row) {
    if (row === detailed) return;
    detailed = row;
    const panel = $("detail");
    if (row < 0) {
      panel.replaceChildren(made("p", {class: "note"}, "Point at an architecture, or choose one, to see it here."),
        ...(data.drawing ? [] : [made("p", {class: "note"}, `There are no drawings of architectures of ${data.space}.`)]));
      return;
    }
    const names = [...new Set(columns.filter(column => column.rank || column.metric).map(column => column.name))];
    const of = (name, kind) => columns.find(column => column.name === name && column.kind === kind);
    const anyMeasured = columns.some(column => column.kind === "measured"), anyPredicted = columns.some(column => column.kind === "predicted");
    const cell = (text, ...below) => made("td", {}, text, ...below.filter(line => line).map(line => made("div", {class: "small"}, line)));
    const among = new Set(tasks.map(column => column.of)), alone = !anyMeasured && among.size === 1 && arrays.published[row];
    const ranked = column => column && column.rank && column.rank[row] ? `${anyMeasured ? "rank " : ""}${counted(column.rank[row])}` + (alone ? "" : ` of ${counted(column.of + (arrays.published[row] ? 0 : 1))}`) : "";
    const body = names.map(name => {
      const measured = of(name, "measured"), predicted = of(name, "predicted"), unit = (measured || predicted).unit, cells = [made("td", {}, unit === "-" ? name : `${name} (${unit})`)];
      if (anyMeasured) cells.push(cell(measured ? valued(measured, row).replace(` ${measured.unit}`, "") : "–", ranked(measured)));
      if (anyPredicted) {
        const mean = predicted ? predicted.values[row] : NaN, std = predicted && predicted.std ? predicted.std[row] : NaN;
        const digits = std > 0 ? Math.min(Math.max(1 - Math.floor(Math.log10(std)), 0), 6) : 4;
        const interval = std === std && mean === mean ? `${(mean - Z90 * std).toFixed(digits)} to ${(mean + Z90 * std).toFixed(digits)}` : "";
        const parts = [mean === mean ? mean.toFixed(digits) : "–", interval, ranked(predicted)];
        cells.push(...(anyMeasured ? [cell(...parts)] : [
          made("td", {}, parts[0], made("div", {class: "small folded"}, interval)), made("td", {class: "unfolded"}, interval || "–"), cell(parts[2] || "–")]));
      }
      return made("tr", {}, ...cells);
    });
    const INTERVAL = "90 % interval"; // below the prediction where there is no room beside it
    const heads = ["task", ...(anyMeasured ? ["measured"] : []), ...(!anyPredicted ? [] : anyMeasured ? ["predicted"] : ["predicted", INTERVAL, alone ? `rank of ${counted([...among][0])}` : "rank"])];
    const facts = columns.filter(column => !names.includes(column.name)).map(column => {
      const value = column.values[row];
      return `${column.label}: ${column.kind === "cost" ? counted(value) : value === value ? value.toPrecision(2) : "not known"}`;
    });
    const twins = twinsOf.get(arrays.form[row]).filter(twin => twin !== row), left = arrays.twins[row] - twins.length;
    const picture = drawing(row);
    panel.replaceChildren(
      made("p", {class: "arch"}, data.archs[row]),
      made("p", {class: "note"}, arrays.published[row] ? "One of the architectures of the space." : "Not a published architecture: out of domain."),
      ...(picture ? [picture] : [made("p", {class: "note"}, data.drawing === "graph" ? `No drawing: more than ${data.structure.most} nodes.` : `There are no drawings of architectures of ${data.space}.`)]),
      made("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": "Values"}, made("table", {}, made("thead", {}, made("tr", {}, ...heads.map(head => made("th", {scope: "col", class: head === INTERVAL ? "unfolded" : null}, head)))), made("tbody", {}, ...body))),
      ...(anyPredicted && !anyMeasured ? [made("p", {class: "note folded"}, `Below a prediction: its ${INTERVAL}.`)] : []),
      ...(anyPredicted && anyMeasured ? [made("p", {class: "note"}, "Below a prediction: its 90 % interval. Below both: the rank, 1 is best.")] : []),
      ...(facts.length ? [made("p", {class: "note"}, facts.join(" · "))] : []),
      made("h3", {}, arrays.twins[row] ? `${counted(arrays.twins[row])} ${arrays.twins[row] === 1 ? "twin" : "twins"}: the same function` : "No twins"),
      made("div", {class: "twins"}, ...twins.slice(0, 60).map(twin => made("button", {type: "button", class: "plain arch", onclick: () => pin(data.archs[twin])}, data.archs[twin])),
        ...(twins.length > 60 || left > 0 ? [made("span", {class: "note"}, `and ${counted(Math.max(twins.length - 60, 0) + left)} more`)] : [])),
      ...skeletonOf(row));
  }

  /* ---- drawings, as those of surrogates.draw ---- */
  function drawing(row) {
    if (data.drawing === "cell") {
      const code = arrays.code.subarray(row * 6, row * 6 + 6), simple = arrays.simplest.subarray(row * 6, row * 6 + 6);
      const differs = code.some((operation, edge) => operation !== simple[edge]);
      const parts = [...cell(code, 0, differs ? "As written" : "The cell, which is its own simplest form")];
      let height = 168;
      if (differs) {
        const form = data.forms[arrays.form[row]];
        parts.push(...cell(simple, height, form.length < 40 ? `Simplest form: ${form}` : "Simplest form"));
        if (!simple.some(operation => operation)) parts.push(words(20, height + 36, "no path from input to output: the output is 0", "pale"));
        height += 168;
      }
      return picture(430, height, `architecture ${data.archs[row]}`, parts);
    }
    if (data.drawing === "skeleton") return skeleton(row, `architecture ${data.archs[row]}`);
    return data.drawing === "graph" ? graph(row) : null;
  }
  function skeletonOf(row) { // that which repeats a cell
    const number = data.drawing === "cell" ? arrays.skeleton[row] : -1, name = number < 0 ? "" : data.structure.skeletons[number];
    return name ? [made("h3", {}, "Skeleton: two cells a module"), skeleton(number, `skeleton ${name}`)] : [];
  }
  let begins = null;
  function skeleton(number, about) { // put together from pieces of surrogates.drawing.skeletons
    if (!begins) {
      begins = new Int32Array(arrays.skeleton_sizes.length + 1);
      arrays.skeleton_sizes.forEach((size, i) => { begins[i + 1] = begins[i] + size; });
    }
    const {pieces, skeleton_widths, skeleton_height} = data.structure, steps = arrays.steps.subarray(begins[number], begins[number + 1]);
    const text = `<svg xmlns="${SVG}">${Array.from(steps, step => pieces[step]).join("")}</svg>`;
    const parts = new DOMParser().parseFromString(text, "image/svg+xml").documentElement.childNodes;
    return picture(skeleton_widths[steps.length], skeleton_height, about, [...parts].map(part => document.importNode(part, true)));
  }
  function picture(width, height, about, parts) {
    const title = drawn("title", {}, about);
    return drawn("svg", {class: "drawing", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": about}, title, ...parts);
  }
  const words = (x, y, text, kind = "", anchor = "start", fill = "") => {
    const node = drawn("text", {x, y, "text-anchor": anchor, class: kind}, text);
    if (fill) node.style.fill = fill;
    return node;
  };
  const about = text => drawn("title", {}, text);
  function cell(code, top, heading) { // the shapes are those of surrogates.drawing.cells
    const {edges, nodes, paths, radius, names, colours} = data.structure, axis = 108;
    const live = edges.map((_, edge) => paths.some(path => path.includes(edge) && path.every(step => code[step])));
    const parts = [];
    edges.forEach(({source, target, line, head, x, y}, edge) => {
      if (!code[edge]) return;
      const name = names[code[edge]], colour = colours[code[edge]], pale = live[edge] ? {} : {opacity: 0.35};
      const how = live[edge] ? {} : {...pale, "stroke-dasharray": "5 4"};
      parts.push(drawn("g", {}, about(`${name}, from node ${source} to node ${target}${live[edge] ? "" : ", without effect: no path from input to output uses it"}`),
        drawn("path", {d: line, fill: "none", stroke: colour, "stroke-width": 2.5, ...how}), drawn("path", {d: head, fill: colour, ...pale})));
      parts.push(words(x, y, name, live[edge] ? "" : "pale", "middle"));
    });
    nodes.forEach(({x, role}, node) => parts.push(drawn("g", {}, about(role),
      drawn("circle", {class: "node", cx: x, cy: 0, r: radius, "stroke-width": 1.5}), words(x, 4, String(node), "", "middle"))));
    return [words(4, top + 14, heading), drawn("g", {transform: `translate(0 ${top + axis})`}, ...parts)];
  }
  function readable(colour) { // the letters with more contrast
    const linear = [1, 3, 5].map(at => (parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2), light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    return (light + 0.05) / 0.06 > 1.05 / (light + 0.05) ? "#1a1a1a" : "#ffffff";
  }
  let starts = null;
  function graph(row) {
    if (!starts) {
      starts = new Int32Array(2 * n + 2);
      for (let i = 0; i < n; i++) {
        starts[2 * i + 2] = starts[2 * i] + arrays.sizes[2 * i];
        starts[2 * i + 3] = starts[2 * i + 1] + 2 * arrays.sizes[2 * i + 1];
      }
    }
    const nodes = [...arrays.nodes.subarray(starts[2 * row], starts[2 * row + 2])], flat = arrays.edges.subarray(starts[2 * row + 1], starts[2 * row + 3]);
    if (!nodes.length) return null;
    const edges = [];
    for (let i = 0; i < flat.length; i += 2) edges.push([flat[i], flat[i + 1]]);
    const depth = nodes.map(() => 0);
    edges.sort((a, b) => a[0] - b[0] || a[1] - b[1]).forEach(([a, b]) => { depth[b] = Math.max(depth[b], depth[a] + 1); });
    const lanes = Array.from({length: Math.max(...depth) + 1}, () => []);
    nodes.forEach((_, node) => lanes[depth[node]].push(node));
    const wide = 116, high = 24, down = 14, across = 26; // from top to bottom: the panel is narrow
    const most = Math.max(...lanes.map(lane => lane.length)), width = Math.max(most * (wide + down) - down, 200) + 8;
    const at = [];
    lanes.forEach((lane, level) => lane.forEach((node, i) => { at[node] = [(width - lane.length * (wide + down) + down) / 2 + i * (wide + down), 4 + level * (high + across)]; }));
    const parts = edges.map(([a, b]) => {
      const [x0, y0, x1, y1] = [at[a][0] + wide / 2, at[a][1] + high, at[b][0] + wide / 2, at[b][1] - 6], bend = Math.max((y1 - y0) / 2, 12);
      return drawn("g", {}, about(`from ${data.structure.names[nodes[a]]} to ${data.structure.names[nodes[b]]}`),
        drawn("path", {d: `M${x0} ${y0} C${x0} ${y0 + bend} ${x1} ${y1 - bend} ${x1} ${y1}`, fill: "none", stroke: "#7F7F7F", "stroke-width": 1.5}),
        drawn("path", {d: `M${x1} ${y1 + 6} L${x1 - 4} ${y1 - 1} L${x1 + 4} ${y1 - 1} Z`, fill: "#7F7F7F"}));
    });
    nodes.forEach((label, node) => {
      const name = data.structure.names[label], plain = name === "input" || name === "output", [x, y] = at[node];
      parts.push(drawn("g", {}, about(`node ${node}: ${name}`), drawn("rect", {x, y, width: wide, height: high, rx: 4, fill: plain ? "#e8e8e8" : data.structure.colours[label], stroke: "#1a1a1a"}),
        words(x + wide / 2, y + 16, name.length <= 17 ? name : name.slice(0, 16) + "…", "", "middle", plain ? "#1a1a1a" : readable(data.structure.colours[label]))));
    });
    return picture(width, lanes.length * (high + across) - across + 8, `architecture ${data.archs[row]}`, parts);
  }

  /* ---- predicted against measured ---- */
  function drawComparison() {
    const panels = [], held = [];
    for (const found of data.agreement) {
      const canvas = made("canvas", {role: "img", "aria-label": `${found.task}, held out: Kendall's tau ${found.tau.toFixed(3)}`}), column = columns.find(column => column.name === found.task);
      held.push(made("figure", {}, made("figcaption", {}, `${found.task}: tau ${found.tau.toFixed(3)}`), canvas));
      paintPanel(canvas, found.low, found.high, column, (pen, to) => {
        const side = Math.abs(to(found.high) - to(found.low)) / found.bins, most = Math.log(1 + Math.max(...found.counts));
        found.counts.forEach((count, i) => {
          if (!count) return;
          pen.fillStyle = tone(tones.dark ? Math.log(1 + count) / most : 1 - Math.log(1 + count) / most);
          pen.fillRect(36 + Math.floor(i / found.bins) * side, 196 - (i % found.bins + 1) * side, side + 0.3, side + 0.3);
        });
      });
    }
    for (const found of data.comparisons) {
      const measured = columns.find(column => column.number === found.x), predicted = columns.find(column => column.number === found.y);
      const parts = found.groups.map(group => `${group.name}: ${group.tau === null ? "–" : group.tau.toFixed(3)} (${counted(group.n)})`);
      const tau = found.tau === null ? "–" : found.tau.toFixed(3);
      const canvas = made("canvas", {role: "img", "aria-label": `${found.task}: Kendall's tau ${tau} on ${found.n} rows of the table`});
      panels.push(made("figure", {}, made("figcaption", {}, `${found.task}: tau ${tau} on ${counted(found.n)} rows`), canvas, ...parts.map(part => made("div", {class: "note"}, part))));
      if (!measured || !predicted) continue;
      const both = Array.from(measured.values.keys()).filter(row => measured.values[row] === measured.values[row] && predicted.values[row] === predicted.values[row]);
      const [low, high] = middle(both.flatMap(row => [measured.values[row], predicted.values[row]]));
      paintPanel(canvas, low, high, measured, (pen, to, up) => {
        pen.fillStyle = tones.accent;
        pen.globalAlpha = both.length > 300 ? 0.5 : 0.8;
        const size = both.length > 3000 ? 1.6 : both.length > 300 ? 2.6 : 4.5;
        for (const row of both) {
          const a = measured.values[row], b = predicted.values[row];
          if (a >= low && a <= high && b >= low && b <= high) pen.fillRect(to(a) - size / 2, up(b) - size / 2, size, size);
        }
        pen.globalAlpha = 1;
      });
    }
    const part = (title, note, figures) => figures.length ? [made("h3", {}, title), made("p", {class: "note"}, note), made("div", {class: "panels"}, ...figures)] : [];
    $("compare").replaceChildren(
      ...part("Held out, of the bundled model and the published values", `Each architecture predicted by members that were not fitted to it; the ${tones.dark ? "lighter" : "darker"} a square, the more architectures.`, held),
      ...part("The table", "Rows that the model was fitted to agree better than new ones; where the model knows, they are counted apart. Points beyond 99.5 % of the values are not drawn.", panels));
    if (!held.length && !panels.length) $("compare").replaceChildren(made("p", {class: "note"}, "Nothing to compare: this takes measured values (--table) and a model that predicts them."));
  }
  function middle(values) { // without the outermost 0.25 % on each side
    const sorted = Float64Array.from(values.filter(value => value === value)).sort();
    const at = share => sorted[Math.round(share * (sorted.length - 1))];
    return [at(0.0025), at(0.9975)];
  }
  function paintPanel(canvas, low, high, column, paint) {
    const pen = scaled(canvas, 256, 232), pad = low === high ? 1 : 0;
    const to = value => 36 + (value - low + pad) / (high - low + 2 * pad) * 190, up = value => 196 - (value - low + pad) / (high - low + 2 * pad) * 190;
    pen.strokeStyle = tones.line;
    pen.strokeRect(36, 6, 190, 190);
    paint(pen, to, up);
    pen.strokeStyle = tones.soft;
    pen.setLineDash([4, 3]);
    pen.beginPath(); pen.moveTo(36, 196); pen.lineTo(226, 6); pen.stroke();
    pen.setLineDash([]);
    pen.fillStyle = tones.soft;
    pen.textAlign = "left"; pen.fillText(trimmed(low), 36, 210);
    pen.textAlign = "right"; pen.fillText(trimmed(high), 226, 210);
    const unit = column && column.unit !== "-" ? ` (${column.unit})` : "";
    pen.textAlign = "center"; pen.fillText(`measured${unit} →`, 131, 226);
    pen.save(); pen.translate(12, 101); pen.rotate(-Math.PI / 2); pen.fillText(`predicted${unit} →`, 0, 0); pen.restore();
  }

  /* ---- line charts in svg ---- */
  function chart({width, height, x, y, series, xLabel, yLabel, title}) {
    const box = {left: 46, right: width - 16, top: 8, bottom: height - 36};
    const sx = value => box.left + (value - x[0]) / (x[1] - x[0] || 1) * (box.right - box.left), sy = value => box.bottom - (value - y[0]) / (y[1] - y[0] || 1) * (box.bottom - box.top);
    const parts = [];
    for (const tick of nice(x[0], x[1], 5)) parts.push(drawn("text", {x: sx(tick), y: box.bottom + 14, "text-anchor": "middle"}, short(tick)));
    for (const tick of nice(y[0], y[1], 5)) parts.push(drawn("path", {d: `M${box.left} ${sy(tick)}H${box.right}`, stroke: "var(--line)"}), drawn("text", {x: box.left - 5, y: sy(tick) + 4, "text-anchor": "end"}, short(tick)));
    for (const {points: line, colour, dash} of series)
      parts.push(drawn("path", {d: "M" + line.map(([a, b]) => `${sx(a).toFixed(1)} ${sy(b).toFixed(1)}`).join("L"), fill: "none", stroke: colour, "stroke-width": 1.8, "stroke-dasharray": dash || "none"}));
    parts.push(drawn("text", {x: box.right, y: height - 6, "text-anchor": "end"}, xLabel), drawn("text", {x: 0, y: box.top + 2, class: "unseen"}, ""));
    return drawn("svg", {viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `${title}: ${yLabel} against ${xLabel}`}, ...parts);
  }
  const key = (colour, dash) => drawn("svg", {width: 26, height: 8, "aria-hidden": "true"}, drawn("path", {d: "M0 4H26", stroke: colour, "stroke-width": 2.5, "stroke-dasharray": dash || "none"}));
  function drawCalibration() {
    const names = [...new Set(data.comparisons.flatMap(found => found.groups.filter(group => group.coverage).map(group => group.name)))];
    if (!names.length) {
      const why = data.comparisons.length ? "Intervals cannot be checked: the table's trainings are others, or there are no standard deviations." : "";
      $("calibration").replaceChildren(...(why ? [made("p", {class: "note"}, why)] : []));
      return;
    }
    const mean = (name, level) => {
      const groups = data.comparisons.flatMap(found => found.groups.filter(group => group.name === name && group.coverage));
      return groups.reduce((sum, group) => sum + group.coverage[level], 0) / groups.length;
    };
    const series = names.map((name, i) => ({colour: PALETTE[i % PALETTE.length], dash: DASHES[i % DASHES.length], points: data.levels.map((level, at) => [100 * level, 100 * mean(name, at)])}));
    series.push({colour: "var(--edge)", dash: "1 3", points: [[0, 0], [100, 100]]});
    const nominal = data.levels.indexOf(0.9);
    const rowsOf = data.comparisons.map(found => made("tr", {}, made("td", {}, found.task), ...names.map(name => {
      const group = found.groups.find(group => group.name === name && group.coverage);
      return made("td", {}, group ? `${(100 * group.coverage[nominal]).toFixed(1)} % of ${counted(group.n)}` : "–");
    })));
    $("calibration").replaceChildren(made("h3", {}, "Calibration: how many measured values are inside the intervals"),
      made("p", {class: "legend"}, ...names.map((name, i) => made("span", {}, key(PALETTE[i % PALETTE.length], DASHES[i % DASHES.length]), name)), made("span", {}, key("var(--edge)", "1 3"), "as stated")),
      made("div", {class: "panels"}, made("figure", {}, made("figcaption", {}, "Inside (%), mean of the tasks, against the level (%)"),
        chart({width: 300, height: 260, x: [0, 100], y: [0, 100], series, xLabel: "stated level (%) →", yLabel: "inside (%)", title: "Calibration"}))),
      made("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": "Coverage of 90 % intervals"}, made("table", {},
        made("thead", {}, made("tr", {}, made("th", {scope: "col"}, "inside 90 % intervals"), ...names.map(name => made("th", {scope: "col"}, name)))), made("tbody", {}, ...rowsOf))));
  }
  function drawSearches() {
    if (!data.searches.length) return;
    $("searches").hidden = false;
    const names = [...new Set(data.searches.map(search => search.searcher))], style = name => [PALETTE[names.indexOf(name) % PALETTE.length], DASHES[Math.floor(names.indexOf(name) / PALETTE.length) % DASHES.length]];
    $("search-legend").replaceChildren(...names.map(name => made("span", {}, key(...style(name)), `${name} (${data.searches.filter(search => search.searcher === name).length})`)));
    const tasks = [...new Set(data.searches.flatMap(search => search.curves.map(curve => curve.task)))];
    $("search-panels").replaceChildren(...tasks.map(task => {
      const series = [], column = columns.find(column => column.name === task);
      let low = Infinity, high = -Infinity, most = 1;
      for (const search of data.searches) for (const curve of search.curves) {
        if (curve.task !== task || !curve.step.length) continue;
        const line = [];
        curve.step.forEach((step, i) => { if (i) line.push([step, curve.best[i - 1]]); line.push([step, curve.best[i]]); });
        line.push([search.queries, curve.best[curve.best.length - 1]]);
        const [colour, dash] = style(search.searcher);
        series.push({colour, dash, points: line});
        for (const [, value] of line) { low = Math.min(low, value); high = Math.max(high, value); }
        most = Math.max(most, search.queries);
      }
      if (low === high) { low -= Math.abs(low) * 0.01 || 1; high += Math.abs(high) * 0.01 || 1; }
      const label = `${task}${column && column.unit !== "-" ? ` (${column.unit})` : ""}${column && column.better < 0 ? ", lower is better" : ", higher is better"}`;
      return made("figure", {}, made("figcaption", {}, label), chart({width: 300, height: 230, x: [0, most], y: [low, high], series, xLabel: "queries →", yLabel: "best so far", title: task}));
    }));
  }
  function drawTransfer() {
    if (!data.transfer) return;
    $("transfer").hidden = false;
    $("matrix").replaceChildren(...data.transfer.matrices.map((matrix, i) => made("option", {value: i}, matrix.name)));
    const fill = () => {
      const {targets, sources, rows: values} = data.transfer.matrices[+$("matrix").value];
      const most = Math.max(1e-9, ...values.flat().filter(value => value !== null).map(Math.abs));
      $("transfer-table").replaceChildren(made("caption", {class: "unseen"}, "Transfer matrix"),
        made("thead", {}, made("tr", {}, made("th", {scope: "col"}, "source"), ...targets.map(target => made("th", {scope: "col"}, target)))),
        made("tbody", {}, ...sources.map((source, i) => made("tr", {}, made("th", {scope: "row"}, source), ...values[i].map(value => {
          const node = made("td", {}, value === null ? "–" : (value > 0 ? "+" : value < 0 ? "−" : "") + Math.abs(value).toFixed(3));
          if (value !== null) node.style.background = `color-mix(in srgb, ${value >= 0 ? "#0072b2" : "#d55e00"} ${Math.round(40 * Math.abs(value) / most)}%, transparent)`;
          return node;
        })))));
    };
    $("matrix").addEventListener("change", fill);
    fill();
  }

  /* ---- controls ---- */
  function pair(label, range, set) {
    const inputs = [0, 1].map(side => made("input", {type: "text", inputmode: "decimal", "aria-label": `${label}, ${side ? "at most" : "at least"}`, placeholder: side ? "max" : "min"}));
    const show = () => inputs.forEach((input, side) => {
      const value = (range() || [NaN, NaN])[side];
      if (document.activeElement !== input) input.value = value === value ? exact(value) : "";
    });
    for (const input of inputs) input.addEventListener("change", () => {
      const values = inputs.map(other => parsed(other.value));
      set(values.some(value => value === value) ? values : null);
      state.page = 0;
      changed();
    });
    return {node: made("div", {class: "field"}, made("span", {}, label), made("div", {}, ...inputs)), show};
  }
  function parsed(text) {
    const found = /^\s*([-+]?[\d.]+(?:e[-+]?\d+)?)\s*([kMG]?)\s*$/.exec(text);
    return found ? Number(found[1]) * {"": 1, k: 1e3, M: 1e6, G: 1e9}[found[2]] : NaN;
  }
  const fields = [
    ...columns.map(column => ["range-fields", pair(column.label + (column.unit !== "-" ? ` (${column.unit})` : ""), () => state.ranges[column.key],
      range => { if (range) state.ranges[column.key] = range; else delete state.ranges[column.key]; })]),
    ...data.operations.map((name, op) => ["operation-fields", pair(name, () => state.ops[op],
      range => { if (range) state.ops[op] = range; else delete state.ops[op]; })])];
  for (const [where, {node}] of fields) $(where).append(node);
  $("operations-title").hidden = !data.operations.length;
  if (data.drawing === "skeleton") $("operations-title").textContent = "Modules, by their digit";
  for (const column of columns) $("column-fields").append(made("label", {}, made("input", {type: "checkbox", value: column.key, onchange: () => {
    const wanted = [...$("column-fields").querySelectorAll("input:checked")].map(input => input.value);
    if (wanted.length) state.seen = wanted;
    changed();
  }}), column.label));
  for (const name of ["x", "y", "colour"]) {
    $(name).append(...(name === "colour" ? [made("option", {value: ""}, "selection")] : []), ...columns.map(column => made("option", {value: column.key}, column.label)));
    $(name).addEventListener("change", () => { state[name] = $(name).value; changed(); });
  }
  $("front").addEventListener("change", () => { state.front = $("front").checked; changed(); });
  $("text").addEventListener("input", () => { state.text = $("text").value; state.page = 0; changed(); });
  $("clear").addEventListener("click", () => { Object.assign(state, {ranges: {}, ops: {}, text: "", only: false, page: 0}); changed(); });
  $("before").addEventListener("click", () => { state.page--; changed(); });
  $("after").addEventListener("click", () => { state.page++; changed(); });
  $("zoom").addEventListener("change", () => { state.zoom = $("zoom").checked; changed(); });
  $("only").addEventListener("change", () => { state.only = $("only").checked; state.page = 0; changed(); });

  let due = false;
  function changed() {
    if (due) return;
    due = true;
    requestAnimationFrame(() => { due = false; show(); });
  }
  function show() {
    select();
    write();
    for (const name of ["x", "y", "colour"]) $(name).value = state[name];
    $("front").checked = state.front;
    $("only").checked = state.only;
    $("zoom").checked = state.zoom;
    if (document.activeElement !== $("text")) $("text").value = state.text;
    for (const [, {show: refresh}] of fields) refresh();
    for (const input of $("column-fields").querySelectorAll("input")) input.checked = state.seen.includes(input.value);
    $("count").textContent = `${counted(rows.length)} of ${counted(n)} selected`;
    $("clear").disabled = rows.length === n && !Object.keys(state.ranges).length && !Object.keys(state.ops).length && !state.text && !state.only;
    drawScatter();
    drawLines(false);
    fillTable();
    showDetail(hovered >= 0 ? hovered : state.pin ? place.get(state.pin) : -1);
  }

  /* ---- begin ---- */
  const more = data.total > n ? `${counted(n)} of ${counted(data.total)} architectures shown: the best 100 of each quantity, and others at equal distances. ` : "";
  const outside = data.total - data.published_total;
  $("title").textContent = data.space;
  $("about").textContent = `${counted(data.total)} architectures${outside > 0 ? `, ${counted(outside)} of them only in the table` : ""}. ${data.notation ? `Strings: ${data.notation}.` : ""}`;
  $("notes").replaceChildren(...[more.trim(), ...data.notes].filter(note => note).map(note => made("li", {}, note)));
  $("message").textContent = "";
  $("main").hidden = false;
  const everything = () => { readTones(); show(); drawComparison(); drawCalibration(); };
  read();
  everything();
  drawSearches();
  drawTransfer();
  window.addEventListener("hashchange", () => { read(); detailed = -2; show(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", everything);
  let width = plot.clientWidth;
  new ResizeObserver(() => { if (plot.clientWidth !== width) { width = plot.clientWidth; changed(); } }).observe(plot);
}

unpacked().then(start).catch(error => { $("message").textContent = `This page cannot be shown: ${error.message}`; console.error(error); });
})();
