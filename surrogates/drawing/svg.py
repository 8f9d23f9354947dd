"""Elements of an SVG picture, as text; whatever comes from names is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

__all__ = ["arrow", "box", "circle", "document", "text", "text_width"]

_STYLE = """
text { font-family: system-ui, "DejaVu Sans", Helvetica, Arial, sans-serif; fill: #1a1a1a; }
.mono { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, monospace; }
.note { fill: #595959; }
.paper { fill: #ffffff; }
.node { fill: #ffffff; stroke: #1a1a1a; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f0f0; } .note { fill: #b8b8b8; } .paper { fill: #161616; }
  .node { fill: #161616; stroke: #f0f0f0; }
}
"""


def document(width: float, height: float, title: str, elements: Iterable[str]) -> str:
    """A picture on white (on black where the reader prefers dark).

    Args:
        width: Width in pixels.
        height: Height in pixels.
        title: What it shows, for readers that do not see it.
        elements: Elements in the order in which they are drawn.
    """
    size = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
    body = "\n".join(elements)
    paper = f'<rect class="paper" width="{width:g}" height="{height:g}"/>'
    return f"{head}\n<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n{paper}\n{body}\n</svg>\n"


def text(
    x: float,
    y: float,
    words: str,
    *,
    size: float = 12,
    anchor: str = "start",
    weight: str = "normal",
    kind: str = "",
    fill: str = "",
) -> str:
    """A line of text whose baseline is at y.

    Args:
        x: Position, in pixels, of its `anchor`: its start, middle or end.
        y: Position of its baseline, in pixels.
        words: The text.
        size: Size of the letters, in pixels.
        anchor: ``"start"``, ``"middle"`` or ``"end"``.
        weight: ``"normal"`` or ``"bold"``.
        kind: Class of the style: ``"mono"`` or ``"note"``.
        fill: Colour, instead of that of the style.

    Example:
        >>> text(0, 12, "<script>")
        '<text x="0" y="12" font-size="12" text-anchor="start">&lt;script&gt;</text>'
    """
    more = f" class={quoteattr(kind)}" if kind else ""
    more += f' font-weight="{weight}"' if weight != "normal" else ""
    more += f' style="fill:{fill}"' if fill else ""
    return f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" text-anchor="{anchor}"{more}>{escape(words)}</text>'


def text_width(words: str, size: float = 12) -> float:
    """An upper estimate of the width of a line of text, in pixels, whatever sans-serif font shows it.

    Example:
        >>> text_width("2 doubles the channels")
        163.68
    """
    return round(0.62 * size * len(words), 2)


def circle(x: float, y: float, radius: float, words: str, about: str) -> str:
    """A node with words in it, and what it is about for those who point at it."""
    shape = f'<circle class="node" cx="{x:g}" cy="{y:g}" r="{radius:g}" stroke-width="1.5"/>'
    inside = text(x, y + 4.5, words, anchor="middle", weight="bold")
    return f"<g><title>{escape(about)}</title>{shape}{inside}</g>"


def box(x: float, y: float, width: float, height: float, *, fill: str, about: str) -> str:
    """A box with rounded corners, and what it is about."""
    shape = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4"'
    return f'<g><title>{escape(about)}</title><rect {shape} fill="{fill}" stroke="#1a1a1a" stroke-width="1"/></g>'


def arrow(path: str, colour: str, *, width: float = 2.5, faint: bool = False, about: str = "", head: str = "") -> str:
    """A line with a head.

    Args:
        path: The line, as the attribute ``d`` of an SVG path.
        colour: Its colour.
        width: Its width, in pixels.
        faint: Whether it is drawn dashed and pale, as what has no effect.
        about: What it is about.
        head: The head, as the attribute ``d``; without it, there is none.
    """
    pale = ' opacity="0.35"' if faint else ""
    dashes = ' stroke-dasharray="5 4"' if faint else ""
    line = f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dashes}{pale}/>'
    tip = f'<path d="{head}" fill="{colour}"{pale}/>' if head else ""
    return f"<g><title>{escape(about)}</title>{line}{tip}</g>"
