// Controls: choices, switches, filters, and how many architectures are selected.

const COLUMN_CHOICES = ["x", "y", "colour"]; // named alike on the page and in the state
const PAGE_SWITCHES = Object.entries({front: "showFront", only: "frontOnly", zoom: "fitAxes"}); // the same in the state

/**
 * Fills the controls, which change the state, and keeps showing the state in them.
 *
 * @param {Page} page
 * @returns {View}
 */
function createControls({data, columns, state, selection, dispatcher}) {
  const nameFilter = byId("text"), clear = byId("clear");
  const columnSwitches = columns.all.map(column =>
    element("input", {type: "checkbox", value: column.key, onchange: chooseShownColumns}));
  const rangeFields = columns.all.map(column => createIntervalField(labelWithUnit(column), "ranges", column.key));
  const operationFields = data.operations.map((name, number) => createIntervalField(name, "operationRanges", number));

  byId("range-fields").append(...rangeFields.map(field => field.node));
  byId("operation-fields").append(...operationFields.map(field => field.node));
  byId("operations-title").hidden = !data.operations.length;
  if (data.drawing === "skeleton") byId("operations-title").textContent = "Modules, by their digit";
  byId("column-fields").append(
    ...columns.all.map((column, i) => element("label", {}, columnSwitches[i], column.label)));
  byId("colour").append(element("option", {value: ""}, "selection"));
  for (const id of COLUMN_CHOICES) {
    byId(id).append(...columns.all.map(column => element("option", {value: column.key}, column.label)));
    byId(id).addEventListener("change", () => {
      state[id] = byId(id).value;
      dispatcher.change();
    });
  }
  for (const [id, field] of PAGE_SWITCHES) {
    byId(id).addEventListener("change", () => {
      state[field] = byId(id).checked;
      if (field === "frontOnly") state.tablePage = 0;
      dispatcher.change();
    });
  }
  nameFilter.addEventListener("input", () => {
    state.nameFilter = nameFilter.value;
    state.tablePage = 0;
    dispatcher.change();
  });
  clear.addEventListener("click", () => {
    Object.assign(state, {ranges: {}, operationRanges: {}, nameFilter: "", frontOnly: false, tablePage: 0});
    dispatcher.change();
  });

  function chooseShownColumns() { // the last one stays
    const chosen = columnSwitches.filter(input => input.checked).map(input => input.value);
    if (chosen.length) state.shownColumns = chosen;
    dispatcher.change();
  }

  /** Two inputs for the ends of an interval in the state, `state[group][key]`; both empty: there is none. */
  function createIntervalField(label, group, key) {
    const inputs = [["at least", "min"], ["at most", "max"]].map(([end, placeholder]) => element("input",
      {type: "text", inputmode: "decimal", "aria-label": `${label}, ${end}`, placeholder, onchange: change}));

    function change() {
      const ends = inputs.map(input => parseNumber(input.value));
      if (ends.every(Number.isNaN)) delete state[group][key];
      else state[group][key] = ends;
      state.tablePage = 0;
      dispatcher.change();
    }

    function drawField() {
      const ends = state[group][key] || [NaN, NaN];
      inputs.forEach((input, end) => { if (!hasFocus(input)) input.value = exactNumber(ends[end]); });
    }

    const node = element("div", {class: "field"}, element("span", {}, label), element("div", {}, ...inputs));
    return {node, drawField};
  }

  function draw() {
    for (const id of COLUMN_CHOICES) byId(id).value = state[id];
    for (const [id, field] of PAGE_SWITCHES) byId(id).checked = state[field];
    if (!hasFocus(nameFilter)) nameFilter.value = state.nameFilter;
    for (const field of [...rangeFields, ...operationFields]) field.drawField();
    for (const input of columnSwitches) input.checked = state.shownColumns.includes(input.value);
    const selected = selection.rows.length, total = data.archs.length;
    byId("count").textContent = `${countText(selected)} of ${countText(total)} selected`;
    const hasRanges = Object.keys(state.ranges).length || Object.keys(state.operationRanges).length;
    clear.disabled = selected === total && !hasRanges && !state.nameFilter && !state.frontOnly;
  }

  return {draw};
}

/** What is typed in must not be changed meanwhile. */
const hasFocus = input => document.activeElement === input;
