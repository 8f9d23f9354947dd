"""Many directed acyclic graphs with labelled nodes, flat in a few arrays: 100,000 graphs of 20 nodes take 50 MB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from benchmarks.short_repr import ShortRepr

__all__ = ["Dags"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class Dags(ShortRepr):
    """n directed acyclic graphs with M nodes and E edges in all, nodes of each in topological order.

    Attributes:
        labels: Number of the operation of every node, graph by graph, of shape (M,).
        starts: Place of the first node of each graph, and M, of shape (n + 1,).
        edges: Source and target of every edge as positions within its graph, source < target, sorted by both, of shape
            (E, 2).
        edge_starts: Place of the first edge of each graph, and E, of shape (n + 1,).

    Example:
        >>> dags = Dags.from_lists([[7, 8, 9]], [[(2, 0), (0, 1)]])  # node 2 is the first one
        >>> dags.nodes_of(0), dags.edges_of(0)
        ([9, 7, 8], [(0, 1), (1, 2)])
    """

    labels: NDArray[np.int32]
    starts: Ints
    edges: NDArray[np.int32]
    edge_starts: Ints

    @classmethod
    def from_lists(cls, nodes: Sequence[Sequence[int]], edges: Sequence[Sequence[Sequence[int]]]) -> Dags:
        """The graphs of n lists of operations and n lists of edges, whose ends are positions in the list of operations.

        Nodes whose order is topological keep it; others are sorted by their longest path from a source, then as given.

        Raises:
            ValueError: If a graph has a cycle; the second argument of the exception is the number of the graph.
        """
        sizes = np.array([len(own) for own in nodes], dtype=np.int64)
        counts = np.array([len(own) for own in edges], dtype=np.int64)
        labels = np.fromiter(chain.from_iterable(nodes), dtype=np.int32, count=int(sizes.sum()))
        ends = chain.from_iterable(chain.from_iterable(edges))
        pairs = np.fromiter(ends, dtype=np.int64, count=2 * int(counts.sum())).reshape(-1, 2)
        starts, edge_starts = _starts(sizes), _starts(counts)
        graph = np.repeat(np.arange(len(sizes)), counts)
        depth = _depths(pairs + starts[graph][:, None], len(labels), int(sizes.max(initial=0)))
        home = np.repeat(np.arange(len(sizes)), sizes)
        cyclic = home[depth >= sizes[home]]
        if len(cyclic):
            raise ValueError("a cycle", int(cyclic[0]))
        own = np.arange(len(labels)) - starts[home]
        unsorted = np.zeros(len(sizes), dtype=bool)
        unsorted[graph[pairs[:, 0] >= pairs[:, 1]]] = True
        order = np.lexsort((own, np.where(unsorted[home], depth, 0), home))
        place = np.empty(len(labels), dtype=np.int64)
        place[order] = np.arange(len(labels)) - starts[home]  # `home` of the sorted nodes is the same
        moved = place[pairs + starts[graph][:, None]]
        sorting = np.lexsort((moved[:, 1], moved[:, 0], graph))
        return cls(labels[order], starts, moved[sorting].astype(np.int32), edge_starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def sizes(self) -> Ints:
        """Number of nodes of each graph, of shape (n,)."""
        return np.diff(self.starts)

    def nodes_of(self, graph: int) -> list[int]:
        """Operations of the nodes of one graph."""
        found: list[int] = self.labels[self.starts[graph] : self.starts[graph + 1]].tolist()
        return found

    def edges_of(self, graph: int) -> list[tuple[int, int]]:
        """Edges of one graph."""
        own = self.edges[self.edge_starts[graph] : self.edge_starts[graph + 1]]
        return [(source, target) for source, target in own.tolist()]

    def take(self, rows: Ints) -> Dags:
        """Some of the graphs, in the order of `rows`, of shape (m,)."""
        nodes, starts = _segments(self.starts, rows)
        edges, edge_starts = _segments(self.edge_starts, rows)
        return Dags(self.labels[nodes], starts, self.edges[edges], edge_starts)

    def join(self, other: Dags) -> Dags:
        """These graphs, then others."""
        return Dags(
            np.concatenate([self.labels, other.labels]),
            np.concatenate([self.starts, self.starts[-1] + other.starts[1:]]),
            np.concatenate([self.edges, other.edges]),
            np.concatenate([self.edge_starts, self.edge_starts[-1] + other.edge_starts[1:]]),
        )

    def by_size(self) -> Iterator[tuple[Ints, Dags]]:
        """Rows of the graphs with the same number of nodes, and these graphs, smaller ones first."""
        sizes = self.sizes
        for size in np.unique(sizes).tolist():
            rows = np.flatnonzero(sizes == size)
            yield rows, self.take(rows)

    def flat_edges(self) -> Ints:
        """Source and target of every edge as places in `labels`, of shape (E, 2)."""
        graph = np.repeat(np.arange(len(self)), np.diff(self.edge_starts))
        return self.edges + self.starts[graph][:, None]

    def depths(self) -> Ints:
        """Number of edges of the longest path to every node from a node without predecessors, of shape (M,)."""
        return _depths(self.flat_edges(), len(self.labels), int(self.sizes.max(initial=0)))


def _starts(sizes: Ints) -> Ints:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _segments(starts: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Places of the segments of some rows, one after the other, and where each starts there."""
    sizes = np.diff(starts)[rows]
    new = _starts(sizes)
    return np.arange(new[-1]) + np.repeat(starts[rows] - new[:-1], sizes), new


def _depths(edges: Ints, n_nodes: int, longest: int) -> Ints:
    """Longest path to every node, of shape (M,); at least `longest`, the most nodes of a graph, behind a cycle."""
    depth = np.zeros(n_nodes, dtype=np.int64)
    if not len(edges):
        return depth
    source, target = edges[np.argsort(edges[:, 1], kind="stable")].T
    first = np.flatnonzero(np.r_[True, target[1:] != target[:-1]])
    for _ in range(longest + 1):
        reached = np.maximum.reduceat(depth[source] + 1, first)
        if (depth[target[first]] == reached).all():
            break
        depth[target[first]] = reached
    return depth
