// Cells, as surrogates.drawing.cells draws them.

const CELL_EDGES = 6;
const CELL_WIDTH = 430;
const CELL_HEIGHT = 168; // of one cell with its heading
const CELL_NODES_TOP = 108; // pixels above the row of nodes

/** The cell of an architecture as it is written, and below it its simplest form if that is another one. */
function drawCells(data, row) {
  const written = data.arrays.code.subarray(row * CELL_EDGES, (row + 1) * CELL_EDGES);
  const simplest = data.arrays.simplest.subarray(row * CELL_EDGES, (row + 1) * CELL_EDGES);
  const label = drawingLabel(data, row);
  if (written.every((operation, edge) => operation === simplest[edge])) {
    const cell = cellParts(data.structure, written, 0, "The cell, which is its own simplest form");
    return drawingOf(CELL_WIDTH, CELL_HEIGHT, label, cell);
  }
  const form = data.forms[data.arrays.form[row]];
  const heading = form.length < 40 ? `Simplest form: ${form}` : "Simplest form";
  const parts = [
    ...cellParts(data.structure, written, 0, "As written"),
    ...cellParts(data.structure, simplest, CELL_HEIGHT, heading),
  ];
  if (simplest.every(operation => !operation)) {
    const empty = "no path from input to output: the output is 0";
    parts.push(drawingText(20, CELL_HEIGHT + 36, empty, {pale: true}));
  }
  return drawingOf(CELL_WIDTH, 2 * CELL_HEIGHT, label, parts);
}

/** Heading, edges and nodes of a cell; operation 0 is none, and edges that no path to the output uses are pale. */
function cellParts({edges, nodes, paths, radius, names, colours}, code, top, heading) {
  const isPath = path => path.every(edge => code[edge]);
  const isUsed = edge => paths.some(path => path.includes(edge) && isPath(path));
  const parts = [];
  edges.forEach((shape, edge) => {
    if (!code[edge]) return;
    const name = names[code[edge]];
    parts.push(edgeArrow(shape, name, colours[code[edge]], isUsed(edge)));
    parts.push(drawingText(shape.x, shape.y, name, {pale: !isUsed(edge), anchor: "middle"}));
  });
  nodes.forEach(({x, role}, node) => parts.push(svgElement("g", {}, hoverText(role),
    svgElement("circle", {class: "node", cx: x, cy: 0, r: radius, "stroke-width": 1.5}),
    drawingText(x, 4, String(node), {anchor: "middle"}))));
  const cell = svgElement("g", {transform: `translate(0 ${top + CELL_NODES_TOP})`}, ...parts);
  return [drawingText(4, top + 14, heading), cell];
}

function edgeArrow({source, target, line, head}, name, colour, isUsed) {
  const unused = isUsed ? "" : ", without effect: no path from input to output uses it";
  const opacity = isUsed ? {} : {opacity: 0.35}, dashes = isUsed ? {} : {"stroke-dasharray": "5 4"};
  return svgElement("g", {}, hoverText(`${name}, from node ${source} to node ${target}${unused}`),
    svgElement("path", {d: line, fill: "none", stroke: colour, "stroke-width": 2.5, ...opacity, ...dashes}),
    svgElement("path", {d: head, fill: colour, ...opacity}));
}
