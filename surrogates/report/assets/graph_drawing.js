// Graphs of any nodes and edges, from top to bottom, as the panel is narrow.

const NODE_WIDTH = 116, NODE_HEIGHT = 24;
const NODE_GAP = 14; // pixels between nodes side by side
const LEVEL_GAP = 26; // pixels between levels, for the edges
const NODE_LETTERS = 17; // that have room in a node
const GRAPH_MARGIN = 4;
const EDGE_COLOUR = "#7F7F7F", PLAIN_NODE = "#e8e8e8", DARK_LETTERS = "#1a1a1a", LIGHT_LETTERS = "#ffffff";

/**
 * Graphs of a DagSpace.
 *
 * @returns {(row: number, label: string) => ?Node} the drawing of a row, with a label; null of a graph that is too
 *   large, of which the data has no nodes
 */
function createGraphDrawings({archs, arrays, structure}) {
  // Of each architecture, `sizes` has the number of nodes and the number of edges, and `edges` both ends of each edge.
  const nodeStarts = partStarts(archs.length, row => arrays.sizes[2 * row]);
  const edgeStarts = partStarts(archs.length, row => 2 * arrays.sizes[2 * row + 1]);
  return (row, label) => {
    const nodes = Array.from(arrays.nodes.subarray(nodeStarts[row], nodeStarts[row + 1]));
    if (!nodes.length) return null;
    const edges = sortedEdges(arrays.edges.subarray(edgeStarts[row], edgeStarts[row + 1]));
    const {width, height, corners} = placeNodes(nodes.length, edges);
    const names = nodes.map(node => structure.names[node]), colours = nodes.map(node => structure.colours[node]);
    return drawingOf(width, height, label, [
      ...edges.map(([from, to]) => graphEdge(corners[from], corners[to], `from ${names[from]} to ${names[to]}`)),
      ...nodes.map((_, node) => graphNode(corners[node], node, names[node], colours[node])),
    ]);
  };
}

/** Pairs of nodes, sorted: nodes are numbered so that edges go to higher numbers. */
function sortedEdges(ends) {
  const edges = Array.from({length: ends.length / 2}, (_, edge) => [ends[2 * edge], ends[2 * edge + 1]]);
  return edges.sort((one, other) => one[0] - other[0] || one[1] - other[1]);
}

/** Size of the drawing, and the upper left corner of each node: its level is the longest path to it. */
function placeNodes(count, edges) {
  const depths = new Array(count).fill(0);
  for (const [from, to] of edges) depths[to] = Math.max(depths[to], depths[from] + 1);
  const levels = Array.from({length: Math.max(...depths) + 1}, () => []);
  depths.forEach((depth, node) => levels[depth].push(node));
  const levelWidth = level => level.length * (NODE_WIDTH + NODE_GAP) - NODE_GAP;
  const width = Math.max(...levels.map(levelWidth), 200) + 2 * GRAPH_MARGIN;
  const corners = [];
  levels.forEach((level, depth) => level.forEach((node, i) => {
    const left = (width - levelWidth(level)) / 2 + i * (NODE_WIDTH + NODE_GAP);
    corners[node] = [left, GRAPH_MARGIN + depth * (NODE_HEIGHT + LEVEL_GAP)];
  }));
  return {width, height: levels.length * (NODE_HEIGHT + LEVEL_GAP) - LEVEL_GAP + 2 * GRAPH_MARGIN, corners};
}

function graphEdge(from, to, about) {
  const x0 = from[0] + NODE_WIDTH / 2, y0 = from[1] + NODE_HEIGHT, x1 = to[0] + NODE_WIDTH / 2, y1 = to[1] - 6;
  const bend = Math.max((y1 - y0) / 2, 12);
  const line = `M${x0} ${y0} C${x0} ${y0 + bend} ${x1} ${y1 - bend} ${x1} ${y1}`;
  const head = `M${x1} ${y1 + 6} L${x1 - 4} ${y1 - 1} L${x1 + 4} ${y1 - 1} Z`;
  return svgElement("g", {}, hoverText(about),
    svgElement("path", {d: line, fill: "none", stroke: EDGE_COLOUR, "stroke-width": 1.5}),
    svgElement("path", {d: head, fill: EDGE_COLOUR}));
}

function graphNode([x, y], node, name, colour) {
  const isEnd = name === "input" || name === "output";
  const shown = name.length <= NODE_LETTERS ? name : name.slice(0, NODE_LETTERS - 1) + "…";
  const text = drawingText(x + NODE_WIDTH / 2, y + 16, shown, {anchor: "middle"});
  text.style.fill = isEnd ? DARK_LETTERS : readableOn(colour);
  const fill = isEnd ? PLAIN_NODE : colour;
  const box = {x, y, width: NODE_WIDTH, height: NODE_HEIGHT, rx: 4, fill, stroke: DARK_LETTERS};
  return svgElement("g", {}, hoverText(`node ${node}: ${name}`), svgElement("rect", box), text);
}

/** The letters with more contrast on a colour such as "#0072B2", by the relative luminance of WCAG 2. */
function readableOn(colour) {
  const [red, green, blue] = [1, 3, 5].map(at => (parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2);
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return (luminance + 0.05) / 0.06 > 1.05 / (luminance + 0.05) ? DARK_LETTERS : LIGHT_LETTERS;
}
