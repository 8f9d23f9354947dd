// Begin: unpack the data, make the page and its views, and say who hears of what.

/**
 * @typedef {Object} Page what views are given; data goes one way, from the first of these to the last, then to views
 * @property {Object} data from unpackData
 * @property {Object} index rows of architectures, from indexRows
 * @property {Object} columns from readColumns
 * @property {State} state
 * @property {Selection} selection
 * @property {Object} theme from readTheme, filled anew when the colours change
 * @property {Dispatcher} dispatcher
 */

/** @returns {Page} of a state as at first */
function createPage(data) {
  const index = indexRows(data), columns = readColumns(data), state = defaultState(columns, data.archs.length);
  const selection = createSelection({data, columns, state});
  return {data, index, columns, state, selection, theme: {}, dispatcher: createDispatcher(state)};
}

/** Make the views, draw them, and follow the address, the colours and the width of the window. */
function begin(data) {
  const page = createPage(data), {dispatcher, selection} = page, address = createAddress(page);
  const comparison = createComparison(page);
  showHeader(data);
  dispatcher.add({draw: selection.update}); // before all that shows it
  dispatcher.add({draw: address.write, drawPinned: address.write});
  dispatcher.add(createControls(page));
  dispatcher.add(createScatterPlot(page));
  dispatcher.add(createParallelCoordinates(page));
  dispatcher.add(createTable(page));
  dispatcher.add(createDetail(page));
  saveSelectionAsCsv(page);

  function drawInTheme() {
    Object.assign(page.theme, readTheme());
    dispatcher.draw();
    comparison.draw();
  }

  address.read();
  drawInTheme();
  drawCalibration(data);
  drawSearches(data, page.columns);
  showTransfer(data);

  window.addEventListener("hashchange", () => { address.read(); dispatcher.draw(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawInTheme);
  onWidthChange(byId("scatter"), dispatcher.change);
}

/** Title, number of architectures and notes. */
function showHeader(data) {
  const {archs, total, published_total: published, notation} = data, shown = archs.length;
  const outside = total > published ? `, ${countText(total - published)} of them only in the table` : "";
  const leftOut = `${countText(shown)} of ${countText(total)} architectures shown: `
    + "the best 100 of each quantity, and others at equal distances.";
  const notes = total > shown ? [leftOut, ...data.notes] : data.notes;
  byId("title").textContent = data.space;
  byId("about").textContent = `${countText(total)} architectures${outside}. ${notation ? `Strings: ${notation}.` : ""}`;
  byId("notes").replaceChildren(...notes.filter(note => note).map(note => element("li", {}, note)));
  byId("message").textContent = "";
  byId("main").hidden = false; // from here on its parts have a size
}

function onWidthChange(node, listener) {
  let width = node.clientWidth;
  new ResizeObserver(() => {
    if (node.clientWidth === width) return;
    width = node.clientWidth;
    listener();
  }).observe(node);
}

function showFailure(error) {
  byId("message").textContent = `This page cannot be shown: ${error.message}`;
  console.error(error);
}

unpackData().then(begin).catch(showFailure);
