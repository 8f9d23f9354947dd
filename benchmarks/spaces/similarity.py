"""Which graphs of a set are most alike: the neighbours of a search among graphs that no edit connects.

Graphs are compared by how often they have each small neighbourhood: counts of the labels, and of the colours after one
and two rounds of refinement (the subtree kernel of Shervashidze et al., JMLR 2011), into a fixed number of buckets.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.spaces.dag_graphs import Dags
from benchmarks.spaces.isomorphism import spread

__all__ = ["nearest", "signatures", "similar_pairs"]

Ints = NDArray[np.int64]

_BUCKETS = 64
_ROUNDS = 2
_SKETCH, _CANDIDATES = 8, 24
_CHUNK = 2048


def signatures(dags: Dags, labels: NDArray[np.uint64]) -> NDArray[np.int16]:
    """Counts of labels and of neighbourhoods of each of n graphs, of shape (n, d).

    Example:
        >>> from benchmarks.spaces.isomorphism import label_hashes
        >>> dags = Dags.from_lists([[0, 1], [0, 1], [1, 1]], [[(0, 1)], [(0, 1)], [(0, 1)]])
        >>> found = signatures(dags, label_hashes(["a", "b"]))
        >>> abs(found[0] - found).sum(axis=1).astype(bool).tolist()
        [False, False, True]
    """
    n, home = len(dags), np.repeat(np.arange(len(dags)), dags.sizes)
    parts = [_counts(home, dags.labels, n, len(labels))]
    source, target = dags.flat_edges().T
    colours = labels[dags.labels]
    for _ in range(_ROUNDS):
        before, after = np.zeros((2, len(colours)), dtype=np.uint64)
        np.add.at(before, target, spread(colours[source]))
        np.add.at(after, source, spread(colours[target] + np.uint64(1)))
        colours = spread(colours + spread(before) + spread(after + np.uint64(2)))
        parts.append(_counts(home, (colours % np.uint64(_BUCKETS)).astype(np.int64), n, _BUCKETS))
    return np.concatenate(parts, axis=1)


def similar_pairs(found: NDArray[np.int16], k: int) -> Ints:
    """Pairs of graphs of which one is among the `k` nearest of the other, as rows, in both orders, of shape (P, 2).

    Args:
        found: The graphs' signatures, of shape (n, d); a sketch of each finds 24 candidates, of which the nearest in L1
            distance are taken, of equally near ones the first.
        k: Number of neighbours that each graph has at least, if there are so many.

    Example:
        >>> similar_pairs(np.array([[0], [1], [9]], dtype=np.int16), 1).tolist()
        [[0, 1], [1, 0], [1, 2], [2, 1]]
    """
    from scipy.spatial import KDTree

    n = len(found)
    k, asked = min(k, n - 1), min(_CANDIDATES + 1, n)
    if k < 1:
        return np.zeros((0, 2), dtype=np.int64)
    sketch = found @ np.random.default_rng(0).choice(np.array([-1, 1]), size=(found.shape[1], _SKETCH))
    _, near = KDTree(sketch).query(sketch, k=asked)
    pairs = []
    for start in range(0, n, _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, n))
        others = np.sort(near[rows], axis=1)
        distance = np.abs(found[others].astype(np.int32) - found[rows][:, None]).sum(axis=2)
        distance[others == rows[:, None]] = np.iinfo(np.int32).max  # not its own neighbour
        chosen = np.argsort(distance, axis=1, kind="stable")[:, :k]
        pairs.append(np.stack([np.repeat(rows, k), np.take_along_axis(others, chosen, axis=1).ravel()], axis=1))
    one_way = np.concatenate(pairs)
    one_way = one_way[one_way[:, 0] != one_way[:, 1]]
    return np.asarray(np.unique(np.concatenate([one_way, one_way[:, ::-1]]), axis=0), dtype=np.int64)


def nearest(found: NDArray[np.int16], one: NDArray[np.int16], k: int) -> Ints:
    """The rows of the `k` signatures, of n of shape (n, d), nearest to another one of shape (d,), nearest first.

    Example:
        >>> nearest(np.array([[0], [5], [9]], dtype=np.int16), np.array([6], dtype=np.int16), 2).tolist()
        [1, 2]
    """
    distance = np.abs(found.astype(np.int32) - one).sum(axis=1)
    return np.asarray(np.argsort(distance, kind="stable")[:k], dtype=np.int64)


def _counts(home: Ints, values: NDArray[np.integer], n: int, width: int) -> NDArray[np.int16]:
    """How often each of `width` values occurs in each of n graphs, of shape (n, width)."""
    flat = np.bincount(home * width + values, minlength=n * width)
    return flat.reshape(n, width).astype(np.int16)
