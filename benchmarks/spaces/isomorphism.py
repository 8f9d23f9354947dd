"""Equality of labelled directed acyclic graphs: the order of their nodes makes no difference.

Nodes get colours by refinement (Weisfeiler and Leman, 1968): a colour is a hash of the label, the depth, and the
colours of predecessors and successors. Graphs whose colours differ are different. The others are compared exactly,
in an order of their nodes that the colours give; where nodes share a colour, one of them is told apart and the colours
are refined again, as in McKay's canonical labelling ("Practical graph isomorphism", 1981). All graphs of one size are
refined at once, so 100,000 graphs take seconds; the search over all ways to tell nodes apart is left to the few pairs
of graphs that have equal colours and are not found to be equal at the first try.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.spaces.dag_graphs import Dags

__all__ = ["canonical_order", "colour_hashes", "first_equals", "label_hashes", "shared_cell", "spread"]

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

_CHUNK = 1 << 16
_FROM, _TO, _SELF, _APART = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xD6E8FEB86659FD93, 3))


def label_hashes(operations: Sequence[str]) -> Hashes:
    """A hash of each of L labels that is the same in every process, of shape (L,)."""
    digests = [hashlib.blake2b(name.encode(), digest_size=8).digest() for name in operations]
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def spread(values: Hashes) -> Hashes:
    """Hashes of hashes: splitmix64 (Steele, Lea and Flood, OOPSLA 2014)."""
    mixed = values + _FROM
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def colour_hashes(dags: Dags, labels: Hashes) -> Hashes:
    """A hash of each of n graphs, of shape (n,), equal for equal graphs.

    Args:
        dags: The graphs.
        labels: Hash of each operation (`label_hashes`).

    Example:
        >>> dags = Dags.from_lists([[0, 1, 2], [2, 1, 0], [0, 2, 1]], [[(0, 1), (1, 2)], [(2, 1), (1, 0)], [(0, 1)]])
        >>> found = colour_hashes(dags, label_hashes(["a", "b", "c"]))
        >>> bool(found[0] == found[1]), bool(found[0] == found[2])
        (True, False)
    """
    found = np.zeros(len(dags), dtype=np.uint64)
    for rows, part in _batches(dags):
        found[rows] = _hashes(part, _Refinement(part, labels).stable())
    return found


def first_equals(dags: Dags, labels: Hashes) -> tuple[Hashes, Ints]:
    """The hash of each of n graphs, and the first graph that equals it, each of shape (n,).

    Example:
        >>> dags = Dags.from_lists([[0, 1, 1], [1, 0, 1]], [[(0, 1), (0, 2)], [(1, 0), (1, 2)]])
        >>> first_equals(dags, label_hashes(["a", "b"]))[1].tolist()
        [0, 0]
    """
    hashes = np.zeros(len(dags), dtype=np.uint64)
    orders = np.zeros(len(dags.labels), dtype=np.int32)  # position of every node in an order that the colours give
    for rows, part in _batches(dags):
        refinement = _Refinement(part, labels)
        colours = refinement.stable()
        hashes[rows] = _hashes(part, colours)
        places = dags.starts[rows][:, None] + np.arange(part.sizes[0])
        orders[places] = refinement.ranks(colours)
        unclear = np.flatnonzero(shared_cell(colours)[0])
        if len(unclear):
            refinement = _Refinement(part.take(unclear), labels)
            orders[places[unclear]] = refinement.ranks(refinement.discrete(colours[unclear]))
    first = np.arange(len(dags))
    _, group, count = np.unique(hashes, return_inverse=True, return_counts=True)
    known: dict[int, list[tuple[bytes, int]]] = defaultdict(list)  # group -> forms of its different graphs, with a row
    for row in np.flatnonzero(count[group] > 1).tolist():
        found = known[int(group[row])]
        form = _form(dags, row, orders[dags.starts[row] : dags.starts[row + 1]])
        equal = next((other for known_form, other in found if known_form == form), None)
        if equal is None:
            equal = _equal_among(dags, row, [other for _, other in found], labels)
            found.append((form, row if equal is None else equal))
        first[row] = row if equal is None else equal
    return hashes, first


def canonical_order(dags: Dags, graph: int, labels: Hashes) -> Ints:
    """Position of each node of one graph in the order that all equal graphs have, topological, of shape (V,).

    Example:
        >>> dags = Dags.from_lists([[0, 1, 2, 3], [0, 2, 1, 3]], [[(0, 1), (0, 2), (1, 3), (2, 3)]] * 2)
        >>> hashes = label_hashes(["a", "b", "c", "d"])
        >>> first, second = (canonical_order(dags, graph, hashes) for graph in (0, 1))
        >>> first[[0, 2, 1, 3]].tolist() == second.tolist()  # nodes 1 and 2 have changed places
        True
    """
    alone = dags.take(np.array([graph]))
    refinement = _Refinement(alone, labels)
    return _search(alone, refinement, refinement.stable(_twins_apart(alone, refinement.stable()))).order


def _batches(dags: Dags) -> list[tuple[Ints, Dags]]:
    """Graphs of equal size, not too many at once, with their rows."""
    found = []
    for rows, part in dags.by_size():
        step = max(_CHUNK // max(int(part.sizes[0]), 1), 1) * 4
        for start in range(0, len(rows), step):
            chosen = np.arange(start, min(start + step, len(rows)))
            found.append((rows[chosen], part.take(chosen)))
    return found


class _Refinement:
    """Colours of the nodes of n graphs of V nodes, each of shape (n, V)."""

    def __init__(self, dags: Dags, labels: Hashes) -> None:
        self.shape = len(dags), int(dags.sizes[0])
        self._depth = dags.depths().reshape(self.shape)
        own = labels[dags.labels].reshape(self.shape)
        self._initial = spread(own + spread(self._depth.astype(np.uint64)))
        source, target = dags.flat_edges().T
        order = np.argsort(target, kind="stable")
        self._into = source[order], _bounds(target, len(dags.labels))
        self._out_of = target, _bounds(source, len(dags.labels))  # edges are sorted by their source

    def stable(self, colours: Hashes | None = None) -> Hashes:
        """Refine until no graph has more colours than before; a graph's colours depend on it alone."""
        colours = self._initial if colours is None else colours
        active = np.ones(self.shape[0], dtype=bool)
        count = _distinct(colours)
        while active.any():
            colours = np.where(active[:, None], self._step(colours), colours)
            new = _distinct(colours)
            active &= (new > count) & (new < self.shape[1])
            count = new
        return colours

    def discrete(self, colours: Hashes) -> Hashes:
        """Tell the first of several nodes of one colour apart, until all nodes differ."""
        rows = np.arange(self.shape[0])
        while True:
            shared, cell = shared_cell(colours)
            if not shared.any():
                return colours
            node = cell.argmax(axis=1)
            apart = colours.copy()
            apart[rows, node] = np.where(shared, spread(colours[rows, node] + _APART), colours[rows, node])
            refined = self.stable(apart)
            colours = np.where(shared[:, None], refined, colours)

    def ranks(self, colours: Hashes) -> Ints:
        """Position of every node by depth, then by colour, of shape (n, V)."""
        order = np.lexsort((colours, self._depth), axis=-1)
        ranks = np.empty(self.shape, dtype=np.int64)
        np.put_along_axis(ranks, order, np.arange(self.shape[1])[None], axis=1)
        return ranks

    def _step(self, colours: Hashes) -> Hashes:
        flat = colours.ravel()
        into = _sums(spread(flat ^ _FROM), *self._into)
        out_of = _sums(spread(flat ^ _TO), *self._out_of)
        return spread(flat * _SELF + spread(into + _FROM) + spread(out_of + _TO)).reshape(self.shape)


def shared_cell(colours: Hashes) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether a graph has nodes of one colour, of shape (n,), and those of the smallest such colour, of shape (n, V).

    Example:
        >>> shared_cell(np.array([[3, 1, 3, 1]], dtype=np.uint64))[1].tolist()
        [[False, True, False, True]]
    """
    ordered = np.sort(colours, axis=1)
    twice = ordered[:, 1:] == ordered[:, :-1]
    shared = twice.any(axis=1)
    if not shared.any():
        return shared, np.zeros(colours.shape, dtype=bool)
    smallest = np.take_along_axis(ordered[:, :-1], twice.argmax(axis=1)[:, None], axis=1)
    return shared, (colours == smallest) & shared[:, None]


class _Found:
    """What a search has found below a node: the smallest form, the orders of all forms, and symmetries of the graph."""

    def __init__(self) -> None:
        self.orders: dict[bytes, Ints] = {}
        self.symmetries: list[list[int]] = []

    @property
    def order(self) -> Ints:
        """The order of the smallest form."""
        return self.orders[min(self.orders)]

    def add(self, other: _Found) -> None:
        """What was found below a child."""
        self.orders |= other.orders
        self.symmetries += other.symmetries

    def is_known(self, form: bytes, order: Ints) -> bool:
        """Whether the form of a leaf was seen; if so, the symmetry that maps the leaf onto the one seen is kept."""
        if form not in self.orders:
            return False
        node_at = np.argsort(self.orders[form])
        self.symmetries.append(node_at[order].tolist())
        return True

    def orbit(self, node: int) -> set[int]:
        """The nodes that symmetries map a node onto."""
        reached, waiting = {node}, [node]
        while waiting:
            new = {symmetry[waiting[-1]] for symmetry in self.symmetries} - reached
            waiting.pop()
            reached |= new
            waiting += new
        return reached


def _search(alone: Dags, refinement: _Refinement, colours: Hashes) -> _Found:
    """All forms of one graph that differ, over all ways to tell nodes of one colour apart.

    If the first leaf below a node has a form that was seen below a sibling, a symmetry of the graph maps one onto the
    other, and nothing below is new; nor is it below another node that known symmetries map onto a sibling.
    """
    found = _Found()
    shared, cell = shared_cell(colours)
    if not shared.any():
        order = refinement.ranks(colours)[0]
        found.orders[_form(alone, 0, order)] = order
        return found
    explored: set[int] = set()
    for node in np.flatnonzero(cell[0]).tolist():
        if explored & found.orbit(node):
            continue
        apart = colours.copy()
        apart[0, node] = spread(colours[0, node : node + 1] + _APART)[0]
        refined = refinement.stable(apart)
        if explored:
            order = refinement.ranks(refinement.discrete(refined))[0]
            if found.is_known(_form(alone, 0, order), order):
                continue
        found.add(_search(alone, refinement, refined))
        explored.add(node)
    return found


def _twins_apart(alone: Dags, colours: Hashes) -> Hashes:
    """Tell nodes with one label and the same predecessors and successors apart: any order of them gives one form."""
    around: list[tuple[set[int], set[int]]] = [(set(), set()) for _ in alone.labels]
    for source, target in alone.edges_of(0):
        around[source][1].add(target)
        around[target][0].add(source)
    met: dict[object, int] = defaultdict(int)
    number = np.zeros(colours.shape, dtype=np.uint64)
    for node, (label, (before, after)) in enumerate(zip(alone.nodes_of(0), around, strict=True)):
        key = label, frozenset(before), frozenset(after)
        number[0, node] = met[key]
        met[key] += 1
    return np.where(number > 0, spread(colours + number), colours)


def _equal_among(dags: Dags, row: int, others: list[int], labels: Hashes) -> int | None:
    """One of the other graphs that equals this one, by their canonical forms."""
    if not others:
        return None
    form = _form(dags, row, canonical_order(dags, row, labels))
    return next((other for other in others if _form(dags, other, canonical_order(dags, other, labels)) == form), None)


def _form(dags: Dags, graph: int, order: NDArray[np.integer]) -> bytes:
    """Labels and edges of one graph with its nodes at other positions, as bytes that are equal for nothing else."""
    nodes = dags.labels[dags.starts[graph] : dags.starts[graph + 1]]
    placed = np.empty(len(nodes), dtype=np.int32)
    placed[order] = nodes
    moved = order[dags.edges[dags.edge_starts[graph] : dags.edge_starts[graph + 1]]].astype(np.int64)
    codes = np.sort(moved[:, 0] * len(nodes) + moved[:, 1])
    return b"".join((len(nodes).to_bytes(4, "little"), placed.tobytes(), codes.tobytes()))


def _hashes(part: Dags, colours: Hashes) -> Hashes:
    """A hash of each graph: of its colours and the number of its edges."""
    total = spread(colours).sum(axis=1, dtype=np.uint64)
    return spread(total + spread(np.diff(part.edge_starts).astype(np.uint64)))


def _distinct(colours: Hashes) -> Ints:
    ordered = np.sort(colours, axis=1)
    return np.asarray((ordered[:, 1:] != ordered[:, :-1]).sum(axis=1) + 1)


def _bounds(ends: Ints, n_nodes: int) -> Ints:
    """Where the edges of each node start and end, if they are sorted by it, of shape (M + 1,)."""
    return np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=n_nodes))])


def _sums(values: Hashes, others: Ints, bounds: Ints) -> Hashes:
    """Sums, modulo 2^64, of the values of the other ends of each node's edges, of shape (M,)."""
    total = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(values[others], dtype=np.uint64)])
    return np.asarray(total[bounds[1:]] - total[bounds[:-1]], dtype=np.uint64)
