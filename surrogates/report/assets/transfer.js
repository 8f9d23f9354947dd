// Transfer between tasks: a table of sources and targets for each matrix.

/** Show the chosen matrix; without any, the section stays hidden. */
function showTransfer({transfer}) {
  if (!transfer) return;
  const choice = byId("matrix");
  const showChosen = () => fillTransferTable(transfer.matrices[Number(choice.value)]);
  byId("transfer").hidden = false;
  choice.replaceChildren(...transfer.matrices.map((matrix, number) => element("option", {value: number}, matrix.name)));
  choice.addEventListener("change", showChosen);
  showChosen();
}

function fillTransferTable({targets, sources, rows}) {
  const most = Math.max(1e-9, ...rows.flat().filter(value => value !== null).map(Math.abs));
  byId("transfer-table").replaceChildren(
    element("caption", {class: "unseen"}, "Transfer matrix"),
    tableHead([headCell("source"), ...targets.map(target => headCell(target))]),
    element("tbody", {}, ...sources.map((source, i) => element("tr", {},
      element("th", {scope: "row"}, source), ...rows[i].map(value => transferCell(value, most))))));
}

/** A value with its sign, the deeper in colour the larger it is: blue where positive, orange where negative. */
function transferCell(value, most) {
  if (value === null) return element("td", {}, "–");
  const sign = value > 0 ? "+" : value < 0 ? "−" : "";
  const cell = element("td", {}, sign + Math.abs(value).toFixed(3));
  const colour = value >= 0 ? "#0072b2" : "#d55e00", share = Math.round(40 * Math.abs(value) / most);
  cell.style.background = `color-mix(in srgb, ${colour} ${share}%, transparent)`;
  return cell;
}
