// Drawings of architectures, as those of surrogates.draw: the shapes come from Python.

/**
 * Drawings of the kind that the space has: cells, skeletons, graphs, or none.
 *
 * @returns {{architecture: (row: number) => ?Node, skeletonOfCell: (row: number) => ?Node}} `architecture` draws a
 *   row, null where there is no drawing; `skeletonOfCell` what repeats the cell of a row, null of a space where all
 *   cells are in the same one, which strings leave out
 */
function createDrawings(data) {
  if (data.drawing === "cell") {
    const drawSkeleton = createSkeletonDrawings(data), names = data.structure.skeletons;
    const skeletonOfCell = row => {
      const number = data.arrays.skeleton[row], name = names[number];
      return name ? drawSkeleton(number, `skeleton ${name}`) : null;
    };
    return {architecture: row => drawCells(data, row), skeletonOfCell};
  }
  const create = {skeleton: createSkeletonDrawings, graph: createGraphDrawings}[data.drawing];
  const draw = create ? create(data) : () => null;
  return {architecture: row => draw(row, drawingLabel(data, row)), skeletonOfCell: () => null};
}

const drawingLabel = (data, row) => `architecture ${data.archs[row]}`;

/** A whole drawing of that many pixels; the label is said aloud, and shown where the pointer rests. */
function drawingOf(width, height, label, parts) {
  const size = {width, height, viewBox: `0 0 ${width} ${height}`};
  return svgElement("svg", {class: "drawing", ...size, role: "img", "aria-label": label}, hoverText(label), ...parts);
}

const hoverText = text => svgElement("title", {}, text);

const drawingText = (x, y, text, {pale = false, anchor = "start"} = {}) =>
  svgElement("text", {x, y, "text-anchor": anchor, class: pale ? "pale" : ""}, text);

/**
 * Skeletons, each put together from pieces that many of them share (surrogates.drawing.skeletons made these).
 *
 * @returns {(number: number, label: string) => Node} the drawing of the skeleton of that number, with a label
 */
function createSkeletonDrawings({arrays, structure}) {
  const {pieces, skeleton_widths: widths, skeleton_height: height} = structure, sizes = arrays.skeleton_sizes;
  const starts = partStarts(sizes.length, number => sizes[number]);
  return (number, label) => {
    const own = arrays.steps.subarray(starts[number], starts[number + 1]);
    const markup = `<svg xmlns="${SVG_NAMESPACE}">${Array.from(own, piece => pieces[piece]).join("")}</svg>`;
    const parsed = new DOMParser().parseFromString(markup, "image/svg+xml").documentElement;
    const parts = Array.from(parsed.childNodes, part => document.importNode(part, true));
    return drawingOf(widths[own.length], height, label, parts);
  };
}
