"""What a page needs to draw architectures and to filter them: operations of edges, modules or nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.short_repr import ShortRepr
from benchmarks.spaces.cell import PATHS, CellSpace
from benchmarks.spaces.dag import DagSpace
from benchmarks.spaces.skeleton import Skeleton
from benchmarks.spaces.space import Space
from benchmarks.spaces.transnas_macro import TransNASMacro
from surrogates.drawing.cells import CELL_RADIUS, CELL_ROLES, edge_shapes, node_places
from surrogates.drawing.colours import colour_of, shown_name
from surrogates.drawing.skeletons import SKELETON_HEIGHT, skeleton_elements, skeleton_width

__all__ = ["Structure", "structure_of"]

_LEFT, _RISE = 24.0, 2 / 3
"""First node of a cell, in pixels, and how far edges bend: the panel is low."""
_MARGIN, _GAP, _ABOVE = 3.0, 10.0, 12.0
"""Pixels beside a skeleton and between its boxes, as the panel is narrow, and those left out above it."""
_MOST_NODES = 60
_MOST_OPERATIONS = 24
_DIGITS = {
    "1": "same shape",
    "2": "doubles the channels",
    "3": "halves the resolution",
    "4": "doubles channels, halves resolution",
}


@dataclass(frozen=True, eq=False, repr=False)
class Structure(ShortRepr):
    """Operations of n architectures.

    Attributes:
        drawing: What is drawn: a cell, a skeleton, a graph, or nothing.
        operations: Names of the K operations that are counted.
        counts: How many of each an architecture has, as its string writes it, of shape (n, K).
        about: What all drawings share, as JSON has it.
        arrays: What the drawings are made from, in one dimension each.

    Example:
        >>> from benchmarks import get_space
        >>> found = structure_of(get_space("transnas101-macro"), ["64-2311-basic"])
        >>> found.drawing, found.counts.tolist()
        ('skeleton', [[4, 2, 1, 1, 0]])
    """

    drawing: Literal["cell", "skeleton", "graph", ""]
    operations: list[str]
    counts: NDArray[np.uint16]
    about: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)


def structure_of(space: Space, archs: Sequence[str]) -> Structure:
    """Operations of n architectures, and what their drawings are made from."""
    if isinstance(space, CellSpace):
        return _cells(space, archs)
    if isinstance(space, TransNASMacro):
        return _macro(space, archs)
    if isinstance(space, DagSpace):
        return _graphs(space, archs)
    _, operation = space.labelled_graphs(archs)
    labels = space.operations_in_graphs
    counts = np.stack([(operation == number).sum(axis=1) for number in range(len(labels))], axis=1).astype(np.uint16)
    return Structure("", list(labels[:_MOST_OPERATIONS]), counts[:, :_MOST_OPERATIONS])


def _cells(space: CellSpace, archs: Sequence[str]) -> Structure:
    names = [operation.name for operation in space.operations]
    codes, simplest = space.cell_codes(archs), space.cell_codes(space.simplify(archs))
    counts = np.stack([(codes == number).sum(axis=1) for number in range(len(names))], axis=1).astype(np.uint16)
    written = [space.parse(arch).skeleton for arch in archs]
    skeletons = list(dict.fromkeys(written))
    place = {name: number for number, name in enumerate(skeletons)}
    around, steps = _skeletons([_skeleton(name) for name in skeletons], "cells", space.input_size)
    about = {**_colours(names), **_shapes(), **around, "skeletons": skeletons}
    arrays: dict[str, NDArray[Any]] = {
        **steps,
        "code": codes.astype(np.uint8).ravel(),
        "simplest": simplest.astype(np.uint8).ravel(),
        "skeleton": np.array([place[name] for name in written], dtype=np.uint16),
    }
    return Structure("cell", [shown_name(name) for name in names], counts, about, arrays)


def _macro(space: TransNASMacro, archs: Sequence[str]) -> Structure:
    skeletons = [space.parse(arch) for arch in archs]
    counts = [[len(one.code), *(one.code.count(digit) for digit in _DIGITS)] for one in skeletons]
    names = ["modules", *(f"{digit}: {said}" for digit, said in _DIGITS.items())]
    about, arrays = _skeletons(skeletons, "residual blocks", space.input_size)
    return Structure("skeleton", names, np.array(counts, dtype=np.uint16), about, arrays)


def _skeleton(written: str) -> Skeleton | None:
    """The skeleton of cells, such as 64-41414; None of a space with one skeleton, which strings leave out."""
    base, _, code = written.partition("-")
    return Skeleton(int(base), code) if written else None


def _skeletons(
    skeletons: Sequence[Skeleton | None], what: str, image: int
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Drawings of k skeletons, each made of a few pieces, which many of them share.

    Args:
        skeletons: The skeletons; None where nothing is drawn.
        what: What a module holds two of.
        image: Side of the input in pixels.

    Returns:
        For JSON: the distinct pieces as SVG, and the size of a drawing by its number of pieces. As arrays: the number
        of pieces of each skeleton, and the pieces of all, one after the other.
    """
    pieces: dict[str, int] = {}
    sizes, steps = [], []
    for skeleton in skeletons:
        drawn: Iterable[str] = ()
        if skeleton is not None:
            blocks = skeleton.blocks(image)
            drawn = skeleton_elements(skeleton.code, blocks, what, image, _MARGIN, -_ABOVE, _GAP)
        found = [pieces.setdefault(piece, len(pieces)) for piece in drawn]
        sizes.append(len(found))
        steps += found
    widths = [2 * _MARGIN + skeleton_width(size - 1, _GAP) for size in range(max(sizes, default=0) + 1)]
    about = {"pieces": list(pieces), "skeleton_widths": widths, "skeleton_height": SKELETON_HEIGHT - 2 * _ABOVE}
    return about, {"skeleton_sizes": np.array(sizes, dtype=np.uint8), "steps": np.array(steps, dtype=np.int32)}


def _graphs(space: DagSpace, archs: Sequence[str]) -> Structure:
    labels = list(space.own_operations)
    number = {name: index for index, name in enumerate(labels)}
    nodes: list[int] = []
    edges: list[int] = []
    sizes = np.zeros((len(archs), 2), dtype=np.int32)
    tallies = []
    for row, arch in enumerate(archs):
        dag = space.parse(arch)
        tallies.append(Counter(dag.nodes))
        if len(dag.nodes) <= _MOST_NODES:
            nodes += [number[name] for name in dag.nodes]
            edges += [node for edge in dag.edges for node in edge]
            sizes[row] = len(dag.nodes), len(dag.edges)
    usual = [name for name, _ in sum(tallies, Counter()).most_common() if name not in ("input", "output")]
    shown = sorted(usual[:_MOST_OPERATIONS])
    counts = np.array([[tally[name] for name in shown] for tally in tallies], dtype=np.uint16).reshape(-1, len(shown))
    arrays: dict[str, NDArray[Any]] = {
        "nodes": np.array(nodes, dtype=np.uint16),
        "edges": np.array(edges, dtype=np.uint8),
        "sizes": sizes.ravel(),
    }
    about = {**_colours(labels), "most": _MOST_NODES}
    return Structure("graph", [shown_name(name) for name in shown], counts, about, arrays)


def _shapes() -> dict[str, Any]:
    """Where the nodes and edges of a cell are drawn, around the height of its nodes, and the paths through it."""
    return {
        "edges": [shape._asdict() for shape in edge_shapes(_LEFT, 0.0, _RISE)],
        "nodes": [{"x": x, "role": role} for x, role in zip(node_places(_LEFT), CELL_ROLES, strict=True)],
        "radius": CELL_RADIUS,
        "paths": [list(path) for path in PATHS],
    }


def _colours(names: Sequence[str]) -> dict[str, Any]:
    return {"names": [shown_name(name) for name in names], "colours": [colour_of(name) for name in names]}
