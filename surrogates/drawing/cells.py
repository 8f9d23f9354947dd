"""Drawing of a cell: nodes 0 to 3 from left to right, an arrow for each edge."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from benchmarks.spaces.cell import EDGES, CellSpace
from surrogates.drawing.colours import colour_of, shown_name
from surrogates.drawing.svg import arrow, circle, text

__all__ = [
    "CELL_HEIGHT",
    "CELL_RADIUS",
    "CELL_ROLES",
    "CELL_WIDTH",
    "EdgeShape",
    "cell_elements",
    "edge_shapes",
    "node_places",
]

CELL_WIDTH, CELL_HEIGHT = 440.0, 240.0
CELL_RADIUS = 15.0
_GAP, _AXIS = 124.0, 124.0
_BEND = {(0, 1): 0.0, (1, 2): 0.0, (2, 3): 0.0, (0, 2): -66.0, (1, 3): 66.0, (0, 3): -132.0}
"""Height of the middle of an edge's control points over the nodes; negative is up."""
_HEAD = 9.0
CELL_ROLES = ("input of the cell", "node 1", "node 2", "output of the cell")


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
    x, axis = x + CELL_RADIUS + 18, y + 22 + _AXIS
    for shape, operation, used in zip(edge_shapes(x, axis), code, live, strict=True):
        if operation:
            yield from _edge(shape, space.operations[operation].name, bool(used))
    for node, (place, role) in enumerate(zip(node_places(x), CELL_ROLES, strict=True)):
        yield circle(place, axis, CELL_RADIUS, str(node), role)


class EdgeShape(NamedTuple):
    """Where an edge of a cell is drawn, in pixels.

    Attributes:
        source: Node that it leaves.
        target: Node that it enters.
        line: The line, as the attribute ``d`` of an SVG path.
        head: Its head, likewise.
        x: Middle of its words.
        y: Their baseline.
    """

    source: int
    target: int
    line: str
    head: str
    x: float
    y: float


def node_places(x: float) -> list[float]:
    """Middles of the nodes 0 to 3 from left to right, given the first, in pixels."""
    return [x + node * _GAP for node in range(len(CELL_ROLES))]


def edge_shapes(x: float, axis: float, rise: float = 1.0) -> list[EdgeShape]:
    """Where the six edges are drawn.

    Args:
        x: Middle of node 0, in pixels.
        axis: Height of the middles of the nodes, in pixels.
        rise: How far edges bend away from the axis, as a factor.

    Example:
        >>> edge_shapes(0.0, 0.0)[0].line
        'M16.0 0.0 C31.0 0.0 93.0 0.0 97.0 0.0'
    """
    places = node_places(x)
    found = []
    for source, target in EDGES:
        start, end, bend = places[source], places[target], rise * _BEND[source, target]
        middle, reach = (start + end) / 2, (end - start) / 4
        # a cubic whose ends leave and enter the circles in the direction of its control points
        first, second = (start + reach, axis + bend), (end - reach, axis + bend)
        sx, sy = _towards(start, axis, first, CELL_RADIUS + 1)
        point = _towards(end, axis, second, CELL_RADIUS + 3)
        base = _towards(end, axis, second, CELL_RADIUS + 3 + _HEAD)
        controls = f"{first[0]:.1f} {first[1]:.1f} {second[0]:.1f} {second[1]:.1f}"
        line = f"M{sx:.1f} {sy:.1f} C{controls} {base[0]:.1f} {base[1]:.1f}"
        top = axis + 0.75 * bend  # where a cubic with both control points at this height is in its middle
        found.append(EdgeShape(source, target, line, _head(point, base), middle, top - (8.0 if bend <= 0 else -16.0)))
    return found


def _edge(shape: EdgeShape, name: str, used: bool) -> Iterator[str]:
    state = "" if used else ", without effect: no path from input to output uses it"
    about = f"{shown_name(name)}, from node {shape.source} to node {shape.target}{state}"
    yield arrow(shape.line, colour_of(name), faint=not used, about=about, head=shape.head)
    yield text(shape.x, shape.y, shown_name(name), size=11, anchor="middle", fill="" if used else "#8C8C8C")


def _towards(x: float, y: float, to: tuple[float, float], distance: float) -> tuple[float, float]:
    """The point at a distance from (x, y) on the way to another one."""
    length = math.hypot(to[0] - x, to[1] - y)
    return x + (to[0] - x) * distance / length, y + (to[1] - y) * distance / length


def _head(end: tuple[float, float], base: tuple[float, float]) -> str:
    """A triangle whose tip is at `end`."""
    across = (-(end[1] - base[1]) * 0.45, (end[0] - base[0]) * 0.45)
    left, right = ((base[0] + sign * across[0], base[1] + sign * across[1]) for sign in (1, -1))
    return f"M{end[0]:.1f} {end[1]:.1f} L{left[0]:.1f} {left[1]:.1f} L{right[0]:.1f} {right[1]:.1f} Z"
