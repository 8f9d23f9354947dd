// The data of the page, as surrogates.report.page packs it.

const ARRAY_TYPES = {
  float32: Float32Array, float64: Float64Array, int32: Int32Array, uint16: Uint16Array, uint8: Uint8Array,
};

/**
 * Unpack the data: base64 of gzip of a length (8 bytes), a JSON text of that length, and the arrays.
 *
 * @returns {Promise<Object>} the JSON, with typed arrays in place of their type, offset and size
 */
async function unpackData() {
  if (typeof DecompressionStream === "undefined")
    throw new Error("This browser is too old for this page: it needs Chrome or Edge 80, Firefox 113 or Safari 16.4.");
  const packed = atob(byId("data").textContent.trim());
  const bytes = Uint8Array.from(packed, letter => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(stream).arrayBuffer();
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  const data = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  for (const [name, [type, offset, size]] of Object.entries(data.arrays))
    data.arrays[name] = new ARRAY_TYPES[type](buffer, 8 + length + offset, size);
  return data;
}

/**
 * Finds the rows of architectures; a row is the position of an architecture in `data.archs` and in each array.
 *
 * @returns {{rowOf: Map<string, number>, sameFunction: (row: number) => number[]}} rows by name, and the rows on this
 *   page of the function that a row computes, its own among them
 */
function indexRows(data) {
  const rowOf = new Map(data.archs.map((arch, row) => [arch, row]));
  const rowsOfForm = new Map();
  data.arrays.form.forEach((form, row) => {
    if (rowsOfForm.has(form)) rowsOfForm.get(form).push(row);
    else rowsOfForm.set(form, [row]);
  });
  return {rowOf, sameFunction: row => rowsOfForm.get(data.arrays.form[row])};
}
