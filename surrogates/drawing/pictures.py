"""`draw`: an architecture as a picture that explains its string."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.costs import graph_costs
from benchmarks.errors import SpaceError, shown
from benchmarks.files import write_beside
from benchmarks.spaces.cell import CellSpace, CellSpec, live_edges
from benchmarks.spaces.dag import Dag, DagSpace
from benchmarks.spaces.registry import infer_space
from benchmarks.spaces.skeleton import BlockShape, Skeleton
from benchmarks.spaces.space import Space
from benchmarks.spaces.transnas_macro import TransNASMacro
from surrogates.drawing.cells import CELL_HEIGHT, CELL_WIDTH, cell_elements
from surrogates.drawing.graphs import graph_elements, graph_size
from surrogates.drawing.skeletons import SKELETON_HEIGHT, skeleton_elements, skeleton_width
from surrogates.drawing.svg import document, text, text_width

__all__ = ["Drawing", "draw"]

_MARGIN, _LINE = 24.0, 18.0
_MOST_NODES = 60
_LONG = 100  # letters of a string that are shown


class Drawing:
    """A picture of an architecture; a notebook shows it.

    Attributes:
        arch: The architecture.
        svg: The picture, a self-contained SVG file as text.
    """

    def __init__(self, arch: str, svg: str) -> None:
        self.arch, self.svg = arch, svg

    def save(self, path: str | Path) -> Path:
        """Write the picture, and return its path; an interrupted call leaves no half file.

        Raises:
            OSError: If it cannot be written.
        """
        with write_beside(Path(path)) as beside:
            beside.write_text(self.svg, encoding="utf-8")
        return Path(path)

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"<drawing of {self.arch[:_LONG]}>"


def draw(arch: str) -> Drawing:
    """Draw an architecture: its cell with the operations in colour, its skeleton with the shapes, how it is written.

    Edges that have no effect, since no path from the cell's input to its output uses them, are pale and dashed. Beside
    a cell stands its simplest form, if that is another one: the smallest cell known to compute the same function.

    Args:
        arch: An architecture of any space.

    Returns:
        The picture.

    Raises:
        ArchitectureError: If the string is no architecture.
        SpaceError: If there are no drawings of its space, or a graph of your own has more than 60 nodes.

    Example:
        >>> drawing = draw("64-41414-3_01_003")
        >>> drawing.svg[:4], "conv 3×3" in drawing.svg
        ('<svg', True)
    """
    space = infer_space(arch)
    arch = space.validate(arch)
    if isinstance(space, CellSpace):
        return Drawing(arch, _cell(space, arch))
    if isinstance(space, TransNASMacro):
        return Drawing(arch, _skeleton(space, arch))
    if isinstance(space, DagSpace):
        return Drawing(arch, _graph(space, arch))
    raise SpaceError(
        f"expected an architecture of cells, of transnas101-macro, or a graph of your own (DagSpace) to draw, got one "
        f"of {space.name}"
    )


def _cell(space: CellSpace, arch: str) -> str:
    spec, (simplest,) = space.parse(arch), space.simplify([arch])
    simple = space.parse(simplest)
    live = live_edges(np.array([spec.code]))[0].tolist()
    elements = list(_heading(space, arch))
    top = _MARGIN + 3.4 * _LINE
    width = max(CELL_WIDTH, text_width(_about(space, arch)), *map(text_width, _explained(space, spec)))
    if simple.code == spec.code:
        heading = "The cell, which is its own simplest form" if any(spec.code) else "The cell, without operations"
        elements += cell_elements(space, spec.code, live, _MARGIN, top, heading)
    else:
        width = max(width, 2 * CELL_WIDTH + _MARGIN)
        elements += cell_elements(space, spec.code, live, _MARGIN, top, "As written")
        alive = live_edges(np.array([simple.code]))[0].tolist()
        heading = f"Simplest form: {simplest}" if len(simplest) < 40 else "Simplest form"
        elements += cell_elements(space, simple.code, alive, _MARGIN * 2 + CELL_WIDTH, top, heading)
        if not any(simple.code):
            place = _MARGIN * 2.75 + CELL_WIDTH
            elements.append(text(place, top + 44, "no path from input to output: the output is 0", kind="note"))
    top += CELL_HEIGHT
    for line in _explained(space, spec):
        elements.append(text(_MARGIN, top, line, kind="note"))
        top += _LINE
    if spec.skeleton:
        base, code = spec.skeleton.split("-")
        blocks = Skeleton(int(base), code).blocks(space.input_size)
        top += 8
        elements.append(text(_MARGIN, top + 8, "The skeleton: two cells a module", weight="bold", size=13))
        elements += skeleton_elements(code, blocks, "cells", space.input_size, _MARGIN, top + 6)
        top += SKELETON_HEIGHT
        width = max(width, skeleton_width(len(code)))
    else:
        stages = _stages(space.cell_shapes(spec.skeleton, space.input_size))
        elements.append(text(_MARGIN, top, stages, kind="note"))
        width = max(width, text_width(stages))
        top += _LINE
    return document(width + 2 * _MARGIN, top + _MARGIN - 10, f"architecture {arch}", elements)


def _skeleton(space: TransNASMacro, arch: str) -> str:
    skeleton = space.parse(arch)
    top = _MARGIN + 3.2 * _LINE
    elements = list(_heading(space, arch))
    blocks = skeleton.blocks(space.input_size)
    elements += skeleton_elements(skeleton.code, blocks, "residual blocks", space.input_size, _MARGIN, top)
    top += SKELETON_HEIGHT + 6
    lines = (
        f"{skeleton.base_channels}: channels after the stem, which reads {space.input_size}×{space.input_size} pixels",
        f"{skeleton.code}: a digit a module of two residual blocks",
        "1 same shape · 2 doubles the channels · 3 halves the resolution · 4 does both",
        "Height: resolution. Colour: channels. Numbers: channels and pixels of a module's output.",
    )
    for line in lines:
        elements.append(text(_MARGIN, top, line, kind="note"))
        top += _LINE
    width = max(skeleton_width(len(skeleton.code)), 560.0)
    return document(width + 2 * _MARGIN, top + _MARGIN - 10, f"architecture {arch}", elements)


def _graph(space: DagSpace, arch: str) -> str:
    dag: Dag = space.parse(arch)
    if len(dag.nodes) > _MOST_NODES:
        raise SpaceError(f"{shown(arch)}: expected at most {_MOST_NODES} nodes to draw, got {len(dag.nodes)}")
    depth = [0] * len(dag.nodes)
    for source, target in sorted(dag.edges):  # nodes are in topological order
        depth[target] = max(depth[target], depth[source] + 1)
    columns = [[node for node, at in enumerate(depth) if at == column] for column in range(max(depth) + 1)]
    top = _MARGIN + 2.4 * _LINE
    width, height = graph_size(columns)
    title = arch if len(arch) <= _LONG else f"{arch[:_LONG]}…"
    elements = [text(_MARGIN, _MARGIN + 10, title, size=15, weight="bold", kind="mono")]
    elements.append(text(_MARGIN, _MARGIN + 10 + _LINE, f"{space.name}: {len(dag.nodes)} nodes", kind="note"))
    elements += graph_elements(dag.nodes, dag.edges, columns, _MARGIN, top)
    return document(max(width, 8.6 * len(title)) + 2 * _MARGIN, top + height + _MARGIN, f"graph {title}", elements)


def _heading(space: Space, arch: str) -> Iterator[str]:
    size = 15 if len(arch) < 60 else 11
    yield text(_MARGIN, _MARGIN + 10, arch, size=size, weight="bold", kind="mono")
    yield text(_MARGIN, _MARGIN + 10 + _LINE, _about(space, arch), kind="note")


def _about(space: Space, arch: str) -> str:
    """Space and costs of an architecture, in words."""
    params, multiply_adds, _ = graph_costs(space.network_graph(arch))
    published = "" if arch in space else ", not among the published ones"
    costs = f"{params / 1e6:.2f} M parameters, {multiply_adds / 1e9:.2f} G multiply-adds"
    return f"{space.name}{published}: {costs} without decoder"


def _explained(space: CellSpace, spec: CellSpec) -> list[str]:
    """How the string is read."""
    names = [operation.name for operation in space.operations]
    if not spec.skeleton:
        return [
            "|op~0|+|op~0|op~1|+|op~0|op~1|op~2|: what leads to nodes 1, 2 and 3 · ~i: from node i · a node sums its "
            "inputs"
        ]
    base, code = spec.skeleton.split("-")
    a, b, c, d, e, f = spec.code
    numbers = " · ".join(f"{index} {name}" for index, name in enumerate(names))
    return [
        f"{base}: channels after the stem · {code}: a digit a module, drawn below · operations: {numbers}",
        f"{a}: operation on 0→1 · {b}{c}: on 0→2, 1→2 · {d}{e}{f}: on 0→3, 1→3, 2→3. A node sums its inputs.",
    ]


def _stages(shapes: Sequence[BlockShape]) -> str:
    """Cells of a network by their shape, in words."""
    counts: dict[tuple[int, int], int] = {}
    for shape in shapes:
        key = shape.channels_out, -(-shape.resolution // shape.stride)
        counts[key] = counts.get(key, 0) + 1
    told = ", then ".join(
        f"{n} cells of {channels} channels at {side}×{side}" for (channels, side), n in counts.items()
    )
    return f"Network: a stem, {told}, with residual blocks between."
