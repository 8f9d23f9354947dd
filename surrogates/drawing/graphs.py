"""Drawing of a graph of the user's own: operations in columns by their distance from the input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from surrogates.drawing.colours import colour_of, shown_name
from surrogates.drawing.svg import arrow, box, text

__all__ = ["graph_elements", "graph_size"]

_WIDTH, _HEIGHT, _ACROSS, _DOWN = 118.0, 30.0, 42.0, 26.0


def graph_size(columns: Sequence[Sequence[int]]) -> tuple[float, float]:
    """Width and height of a drawing with nodes in columns, in pixels."""
    most = max(len(column) for column in columns)
    return len(columns) * (_WIDTH + _ACROSS) - _ACROSS, most * (_HEIGHT + _DOWN) - _DOWN


def graph_elements(
    names: Sequence[str], edges: Sequence[tuple[int, int]], columns: Sequence[Sequence[int]], x: float, y: float
) -> Iterator[str]:
    """Elements of a graph whose upper left corner is at (x, y).

    Args:
        names: Operation of each node.
        edges: Pairs of nodes.
        columns: The nodes of each column, from left to right.
        x: Left edge, in pixels.
        y: Upper edge, in pixels.
    """
    _, height = graph_size(columns)
    place: dict[int, tuple[float, float]] = {}
    for index, column in enumerate(columns):
        top = y + (height - len(column) * (_HEIGHT + _DOWN) + _DOWN) / 2
        place |= {
            node: (x + index * (_WIDTH + _ACROSS), top + row * (_HEIGHT + _DOWN)) for row, node in enumerate(column)
        }
    for source, target in edges:
        (left, upper), (right, lower) = place[source], place[target]
        start, end = (left + _WIDTH, upper + _HEIGHT / 2), (right - 8, lower + _HEIGHT / 2)
        bend = max((end[0] - start[0]) / 2, 16.0)
        controls = f"{start[0] + bend:.1f} {start[1]:.1f} {end[0] - bend:.1f} {end[1]:.1f}"
        path = f"M{start[0]:.1f} {start[1]:.1f} C{controls} {end[0]:.1f} {end[1]:.1f}"
        tip = f"M{end[0] + 7:.1f} {end[1]:.1f} L{end[0] - 1:.1f} {end[1] - 4:.1f} L{end[0] - 1:.1f} {end[1] + 4:.1f} Z"
        yield arrow(path, "#7F7F7F", width=1.5, head=tip, about=f"from {names[source]} to {names[target]}")
    for node, name in enumerate(names):
        left, upper = place[node]
        plain = name in ("input", "output")
        yield box(
            left, upper, _WIDTH, _HEIGHT, fill="#e8e8e8" if plain else colour_of(name), about=f"node {node}: {name}"
        )
        shown = shown_name(name)
        shown = shown if len(shown) <= 17 else shown[:16] + "…"
        colour = "#1a1a1a" if plain else "#ffffff"
        yield text(left + _WIDTH / 2, upper + _HEIGHT / 2 + 4, shown, anchor="middle", size=11, fill=colour)
