// Canvases: their size, colours, text and lines.

const FONT = '11px system-ui, "DejaVu Sans", Helvetica, Arial, sans-serif';
const RAMP = [[0, 34, 78], [66, 78, 108], [125, 124, 120], [170, 157, 105], [208, 172, 40]]; // cividis, its end darker
const RAMP_ON_DARK = [[70, 100, 170], [110, 125, 150], [150, 150, 140], [200, 187, 115], [254, 232, 56]];

/** The colours of the style sheet, for canvases, which know no variables of it. */
function readTheme() {
  const style = getComputedStyle(document.documentElement);
  const theme = {isDark: matchMedia("(prefers-color-scheme: dark)").matches};
  for (const name of ["ink", "soft", "line", "faint", "accent", "front", "mark"])
    theme[name] = style.getPropertyValue("--" + name).trim();
  return theme;
}

/** Clear a canvas, give it a size in pixels of the page, and return what draws on it in these. */
function openCanvas(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = width + "px";
  canvas.style.height = height + "px";
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = FONT;
  return context;
}

/** The text, with its end left out where it is wider than the room. */
function fitText(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let start = text;
  while (start.length > 1 && context.measureText(start + "…").width > room) start = start.slice(0, -1);
  return start + "…";
}

function strokeLine(context, x0, y0, x1, y1) {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}

function strokeCircle(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
}

/** The colour of a share from 0 to 1. */
function rampColour(share, isDark) {
  const ramp = isDark ? RAMP_ON_DARK : RAMP, position = Math.min(Math.max(share, 0), 1) * (ramp.length - 1);
  const below = Math.min(Math.floor(position), ramp.length - 2);
  const mixed = ramp[below].map((part, k) => Math.round(part + (ramp[below + 1][k] - part) * (position - below)));
  return `rgb(${mixed.join(",")})`;
}
