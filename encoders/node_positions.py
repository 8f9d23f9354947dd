"""The operations of a graph by position: the node's place among those of its architecture, as the space orders them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from benchmarks.spaces.space import Space

__all__ = ["NodePositions", "chunks", "node_positions"]

_CELLS = 1 << 23  # pairs of nodes in memory at once


class NodePositions(NamedTuple):
    """The operations of n architectures at P positions.

    Attributes:
        operation: Place of each node's operation in `Space.operations_in_graphs`, -1 for none, of shape (n, P).
        edges: Whether an edge leads from the row's node to the column's node, of shape (n, P, P).
    """

    operation: NDArray[np.int64]
    edges: NDArray[np.bool_]


def node_positions(space: Space, archs: Sequence[str]) -> NodePositions:
    """The nodes of n architectures without input and output, at the P positions that the published ones have at most.

    Nodes of other architectures after the last position are ignored.

    Example:
        >>> from benchmarks import DagSpace
        >>> space = DagSpace("mine", {"a": (["conv", "pool"], [(0, 1)]), "b": (["pool"], [])})
        >>> node_positions(space, ["a", "b"]).operation.tolist()
        [[0, 1], [1, -1]]
    """
    graphs, operation = space.labelled_graphs(archs)
    inner = graphs.live.copy()
    inner[:, [0, -1]] = False
    width = min(space.most_nodes, inner.shape[1])
    node = np.argsort(~inner, axis=1, kind="stable")[:, :width]  # (n, width)
    there = np.take_along_axis(inner, node, axis=1)
    rows = np.arange(len(archs))[:, None]
    edges = graphs.adjacency[rows[:, :, None], node[:, :, None], node[:, None, :]] & there[:, :, None] & there[:, None]
    missing = space.most_nodes - width
    return NodePositions(
        np.pad(np.where(there, operation[rows, node], -1), ((0, 0), (0, missing)), constant_values=-1),
        np.pad(edges, ((0, 0), (0, missing), (0, missing))),
    )


def chunks(space: Space, archs: Sequence[str]) -> Iterator[Sequence[str]]:
    """The architectures in parts whose graphs, of which each has about `most_nodes`, are small enough to be in memory.

    Example:
        >>> from benchmarks import get_space
        >>> space = get_space("nasbench201")
        >>> [len(part) for part in chunks(space, space.archs[:10])]
        [10]
    """
    step = max(_CELLS // (space.most_nodes + 2) ** 2, 1)
    for start in range(0, len(archs), step):
        yield archs[start : start + step]
