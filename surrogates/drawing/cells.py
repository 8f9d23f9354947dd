"""Drawing of a cell: nodes 0 to 3 from left to right, an arrow for each edge."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from benchmarks.spaces.cell import EDGES, CellSpace
from surrogates.drawing.colours import colour_of, shown_name
from surrogates.drawing.svg import arrow, circle, text

__all__ = ["CELL_HEIGHT", "CELL_WIDTH", "cell_elements"]

CELL_WIDTH, CELL_HEIGHT = 440.0, 240.0
_GAP, _RADIUS, _AXIS = 124.0, 15.0, 124.0
_BEND = {(0, 1): 0.0, (1, 2): 0.0, (2, 3): 0.0, (0, 2): -66.0, (1, 3): 66.0, (0, 3): -132.0}
"""Height of the middle of an edge's control points over the nodes; negative is up."""
_HEAD = 9.0
_ROLES = ("input of the cell", "node 1", "node 2", "output of the cell")


def cell_elements(
    space: CellSpace, code: Sequence[int], live: Sequence[bool], x: float, y: float, heading: str
) -> Iterator[str]:
    """Elements of a cell whose upper left corner is at (x, y).

    Args:
        space: Its space, which names the operations.
        code: Operation index of each of the six edges.
        live: For each edge whether data flows through it from input to output; the others are drawn faint.
        x: Left edge, in pixels.
        y: Upper edge, in pixels.
        heading: Words above it.
    """
    yield text(x, y + 14, heading, weight="bold", size=13)
    x, axis = x + _RADIUS + 18, y + 22 + _AXIS
    for (source, target), operation, used in zip(EDGES, code, live, strict=True):
        if operation:
            name = space.operations[operation].name
            yield from _edge(x, axis, source, target, name, bool(used))
    for node, role in enumerate(_ROLES):
        yield circle(x + node * _GAP, axis, _RADIUS, str(node), role)


def _edge(x: float, axis: float, source: int, target: int, name: str, used: bool) -> Iterator[str]:
    start, end, bend = x + source * _GAP, x + target * _GAP, _BEND[source, target]
    middle, reach = (start + end) / 2, (end - start) / 4
    # a cubic whose ends leave and enter the circles in the direction of its control points
    first, second = (start + reach, axis + bend), (end - reach, axis + bend)
    sx, sy = _towards(start, axis, first, _RADIUS + 1)
    ex, ey = _towards(end, axis, second, _RADIUS + 3)
    tip = _towards(end, axis, second, _RADIUS + 3 + _HEAD)
    path = (
        f"M{sx:.1f} {sy:.1f} C{first[0]:.1f} {first[1]:.1f} {second[0]:.1f} {second[1]:.1f} {tip[0]:.1f} {tip[1]:.1f}"
    )
    colour = colour_of(name)
    state = "" if used else ", without effect: no path from input to output uses it"
    about = f"{shown_name(name)}, from node {source} to node {target}{state}"
    yield arrow(path, colour, faint=not used, about=about, head=_head((ex, ey), tip))
    top = axis + 0.75 * bend  # where a cubic with both control points at this height is in its middle
    above = 8.0 if bend <= 0 else -16.0
    yield text(middle, top - above, shown_name(name), size=11, anchor="middle", fill="" if used else "#8C8C8C")


def _towards(x: float, y: float, to: tuple[float, float], distance: float) -> tuple[float, float]:
    """The point at a distance from (x, y) on the way to another one."""
    length = math.hypot(to[0] - x, to[1] - y)
    return x + (to[0] - x) * distance / length, y + (to[1] - y) * distance / length


def _head(end: tuple[float, float], base: tuple[float, float]) -> str:
    """A triangle whose tip is at `end`."""
    across = (-(end[1] - base[1]) * 0.45, (end[0] - base[0]) * 0.45)
    left, right = ((base[0] + sign * across[0], base[1] + sign * across[1]) for sign in (1, -1))
    return f"M{end[0]:.1f} {end[1]:.1f} L{left[0]:.1f} {left[1]:.1f} L{right[0]:.1f} {right[1]:.1f} Z"
