// Table of the selected architectures, page by page.

const ROWS_PER_PAGE = 25;

/**
 * Fills the table; its heads sort, its rows point at architectures, and their names choose them.
 *
 * @param {Page} page
 * @returns {View}
 */
function createTable({data, columns, state, selection, dispatcher}) {
  const table = byId("table"), previous = byId("before"), next = byId("after");

  function draw() {
    const {sortedRows} = selection, pages = Math.max(1, Math.ceil(sortedRows.length / ROWS_PER_PAGE));
    state.tablePage = Math.min(state.tablePage, pages - 1);
    const shown = state.shownColumns.map(key => columns.byKey.get(key));
    const first = state.tablePage * ROWS_PER_PAGE, rows = sortedRows.slice(first, first + ROWS_PER_PAGE);
    table.tHead.replaceChildren(element("tr", {}, headCell("architecture"), ...shown.map(sortingHead)));
    table.tBodies[0].replaceChildren(...rows.map(row => tableRow(row, shown)));
    byId("pages").textContent =
      sortedRows.length ? `Page ${state.tablePage + 1} of ${countText(pages)}` : "Nothing is selected.";
    previous.disabled = state.tablePage === 0;
    next.disabled = state.tablePage >= pages - 1;
  }

  function sortingHead(column) {
    const isSorted = state.sortBy === column.key;
    const arrow = isSorted ? (state.ascending ? " ↑" : " ↓") : "";
    const button = element("button", {type: "button", onclick: () => sortBy(column)}, labelWithUnit(column) + arrow);
    return headCell(button, {"aria-sort": isSorted ? (state.ascending ? "ascending" : "descending") : null});
  }

  function sortBy(column) { // the best first, then turned round
    if (state.sortBy === column.key) state.ascending = !state.ascending;
    else Object.assign(state, {sortBy: column.key, ascending: column.better < 0});
    state.tablePage = 0;
    dispatcher.change();
  }

  function tableRow(row, shown) {
    const isPinned = row === state.pinned;
    const choose = () => { dispatcher.pin(row); focusOn(row); };
    const name = element("button",
      {type: "button", class: "arch", "aria-pressed": String(isPinned), onclick: choose}, data.archs[row]);
    const cellText = column => column.kind === "cost" ? countText(column.values[row]) : valueText(column, row);
    return element("tr", {
      class: isPinned ? "chosen" : null,
      onpointerenter: () => dispatcher.hover(row, "table"),
      onpointerleave: () => dispatcher.hover(-1, "table"),
    }, element("td", {}, name), ...shown.map(column => element("td", {}, cellText(column))));
  }

  function focusOn(row) { // the button that was pressed is another one by now
    for (const button of table.querySelectorAll("td button"))
      if (button.textContent === data.archs[row]) button.focus();
  }

  function turnPage(pages) {
    state.tablePage += pages;
    dispatcher.change();
  }
  previous.addEventListener("click", () => turnPage(-1));
  next.addEventListener("click", () => turnPage(1));

  return {draw, drawPinned: draw};
}
