// The state in the address of the page, after #: what is as it was at first is left out.

// From the name in the address to the one in the state.
const ADDRESS_TEXTS = new Map(Object.entries({x: "x", y: "y", colour: "colour", text: "nameFilter", sort: "sortBy"}));
const ADDRESS_SWITCHES = new Map(Object.entries(
  {front: "showFront", only: "frontOnly", zoom: "fitAxes", up: "ascending"}));

/**
 * Keeps the state in the address.
 *
 * @returns {{read: () => void, write: () => void}} `read` sets the state to what the address says, and leaves out what
 *   makes no sense; `write` changes the address, without a new entry in the history
 */
function createAddress({data, index, columns, state}) {
  const usual = defaultState(columns, data.archs.length);

  function read() {
    Object.assign(state, defaultState(columns, data.archs.length));
    let entries;
    try { entries = new URLSearchParams(location.hash.slice(1)); } catch { return; }
    const wanted = entries.getAll("seen");
    const shown = columns.all.map(column => column.key).filter(key => wanted.includes(key));
    if (shown.length) state.shownColumns = shown;
    for (const [name, value] of entries) readEntry(name, value);
  }

  function readEntry(name, value) {
    if (ADDRESS_TEXTS.has(name)) {
      if (name === "text" || columns.byKey.has(value)) state[ADDRESS_TEXTS.get(name)] = value;
    } else if (ADDRESS_SWITCHES.has(name)) {
      const field = ADDRESS_SWITCHES.get(name);
      state[field] = usual[field] ? value !== "0" : value === "1";
    } else if (name === "page") {
      state.tablePage = Math.max(0, Math.floor(Number(value)) || 0);
    } else if (name === "arch") {
      if (index.rowOf.has(value)) state.pinned = index.rowOf.get(value);
    } else if (name.startsWith("in.")) {
      const key = name.slice(3), range = parseInterval(value);
      if (columns.byKey.has(key) && range) state.ranges[key] = range;
    } else if (/^op\.\d+$/.test(name)) {
      const operation = Number(name.slice(3)), range = parseInterval(value);
      if (operation < data.operations.length && range) state.operationRanges[operation] = range;
    }
  }

  function write() {
    const entries = new URLSearchParams();
    for (const [name, field] of ADDRESS_TEXTS)
      if (state[field] !== usual[field]) entries.set(name, state[field]);
    for (const [name, field] of ADDRESS_SWITCHES)
      if (state[field] !== usual[field]) entries.set(name, state[field] ? "1" : "0");
    if (state.tablePage) entries.set("page", state.tablePage);
    if (state.pinned >= 0) entries.set("arch", data.archs[state.pinned]);
    if (JSON.stringify(state.shownColumns) !== JSON.stringify(usual.shownColumns))
      for (const key of state.shownColumns) entries.append("seen", key);
    for (const [key, range] of Object.entries(state.ranges)) entries.set("in." + key, intervalText(range));
    for (const [operation, range] of Object.entries(state.operationRanges))
      entries.set("op." + operation, intervalText(range));
    const hash = entries.toString();
    if (hash === location.hash.slice(1)) return;
    try { history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search); }
    catch { location.hash = hash; } // some viewers of files refuse to replace
  }

  return {read, write};
}

/** "low,high", either of which may be empty; null if there is no number. */
function parseInterval(text) {
  const ends = text.split(",").map(end => end === "" ? NaN : Number(end));
  return ends.length === 2 && ends.some(end => !Number.isNaN(end)) ? ends : null;
}

const intervalText = ([low, high]) => exactNumber(low) + "," + exactNumber(high);
