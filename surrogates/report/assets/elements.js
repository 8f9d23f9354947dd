// Elements of the page. Names of architectures and tasks only ever become text nodes, never markup.

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

const byId = id => document.getElementById(id);

/**
 * An HTML element.
 *
 * @param {string} tag
 * @param {Object} [attributes] onclick and the like listen to events; true is an attribute without a value; null,
 *   undefined and false leave it out
 * @param {...(Node|string|null)} children a string becomes a text node, null is left out
 */
function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter(child => child != null));
  return node;
}

/** An SVG element; attributes are set as they are. */
function svgElement(tag, attributes, ...children) {
  const node = document.createElementNS(SVG_NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const noteParagraph = text => element("p", {class: "note"}, text);

const headCell = (text, attributes) => element("th", {scope: "col", ...attributes}, text);

/** A table that scrolls sideways where the window is narrow, by keys as well. */
function scrollingTable(label, heads, rows) {
  const table = element("table", {}, tableHead(heads), element("tbody", {}, ...rows));
  return element("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": label}, table);
}

const tableHead = cells => element("thead", {}, element("tr", {}, ...cells));

/** Where a pointer is, in pixels from the upper left corner of a node. */
function pointerPosition(event, node) {
  const bounds = node.getBoundingClientRect();
  return [event.clientX - bounds.left, event.clientY - bounds.top];
}

/** Send the pointer's later events to a node, also when it leaves the node. */
function capturePointer(node, event) {
  try { node.setPointerCapture(event.pointerId); } catch { /* the pointer is gone already */ }
}
