// The selection as a file of comma-separated values, in the order of the table.

/** Make the button save the selection. */
function saveSelectionAsCsv({data, columns, selection}) {
  byId("csv").addEventListener("click", () => {
    const blob = new Blob([selectionCsv(data, columns.all, selection.sortedRows)], {type: "text/csv"});
    const url = URL.createObjectURL(blob);
    element("a", {href: url, download: `${data.space}.csv`}).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000); // not before the browser has read it
  });
}

/** Names, whether published, number of twins, then of each column the values, standard deviations and ranks. */
function selectionCsv(data, columns, rows) {
  const {published, twins} = data.arrays;
  const heads = ["arch", "published", "twins"];
  for (const column of columns) {
    heads.push(column.key);
    if (column.std) heads.push(column.name + "_std");
    if (column.rank) heads.push(column.key + "_rank");
  }
  const lines = [heads.map(quoteCsv).join(",")];
  for (const row of rows) {
    const cells = [quoteCsv(data.archs[row]), published[row] ? "True" : "False", twins[row]];
    for (const column of columns) {
      cells.push(exactNumber(column.values[row]));
      if (column.std) cells.push(exactNumber(column.std[row]));
      if (column.rank) cells.push(column.rank[row] || "");
    }
    lines.push(cells.join(","));
  }
  return lines.join("\n") + "\n";
}

const quoteCsv = text => /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
