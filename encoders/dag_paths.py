"""Sums over the paths of many graphs at once, by dynamic programming in topological order.

All functions take the adjacency of n graphs over V common nodes, bool of shape (n, V, V) with sources before targets,
node 0 the input and node V - 1 the output, and weights or masks of shape (..., n, V), each processed independently.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["longest_paths", "mean_paths", "path_counts", "shortest_paths", "steps"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]


def path_counts(adjacency: Bool, allowed: Bool) -> Float:
    """Number of paths from input to output over allowed nodes, of shape (..., n).

    Example:
        >>> chain = np.eye(3, k=1, dtype=bool)[None]
        >>> path_counts(chain, np.array([[True, True, True]])).tolist()
        [1.0]
    """
    counts, _ = _counts_and_sums(adjacency, allowed, np.zeros(allowed.shape))
    return counts[..., -1]


def mean_paths(adjacency: Bool, allowed: Bool, weight: Float) -> Float:
    """Mean over the paths of the sum of `weight` along each, of shape (..., n); 0 if there is no path."""
    counts, sums = _counts_and_sums(adjacency, allowed, weight)
    return np.asarray(sums[..., -1] / np.maximum(counts[..., -1], 1.0))


def longest_paths(adjacency: Bool, allowed: Bool, weight: Float) -> Float:
    """Largest sum of `weight` along a path over allowed nodes, of shape (..., n); -inf if there is no path."""
    shape = np.broadcast_shapes(allowed.shape, weight.shape)
    allowed, weight = np.broadcast_to(allowed, shape), np.broadcast_to(weight, shape)
    best = np.full(shape, -np.inf)
    best[..., 0] = np.where(allowed[..., 0], weight[..., 0], -np.inf)
    for node, sources in steps(adjacency):
        arriving = np.where(adjacency[:, sources, node], best[..., sources], -np.inf).max(axis=-1, initial=-np.inf)
        best[..., node] = np.where(allowed[..., node], arriving + weight[..., node], -np.inf)
    return best[..., -1]


def shortest_paths(adjacency: Bool, allowed: Bool, weight: Float) -> Float:
    """Smallest sum of `weight` along a path over allowed nodes, of shape (..., n); inf if there is no path."""
    return -longest_paths(adjacency, allowed, -weight)


def steps(adjacency: Bool) -> list[tuple[int, NDArray[np.int64]]]:
    """Nodes after the first, each with its predecessors in any of the graphs."""
    ever = np.asarray(adjacency.any(axis=0))
    return [(node, np.flatnonzero(ever[:, node])) for node in range(1, len(ever))]


def _counts_and_sums(adjacency: Bool, allowed: Bool, weight: Float) -> tuple[Float, Float]:
    """Number of paths to each node and their total weight, each of shape (..., n, V)."""
    shape = np.broadcast_shapes(allowed.shape, weight.shape)
    allowed, weight = np.broadcast_to(allowed, shape), np.broadcast_to(weight, shape)
    counts, sums = np.zeros(shape), np.zeros(shape)
    counts[..., 0] = allowed[..., 0]
    sums[..., 0] = allowed[..., 0] * weight[..., 0]
    for node, sources in steps(adjacency):
        edges = adjacency[:, sources, node]
        reached = (counts[..., sources] * edges).sum(axis=-1)
        carried = (sums[..., sources] * edges).sum(axis=-1)
        counts[..., node] = allowed[..., node] * reached
        sums[..., node] = allowed[..., node] * (carried + reached * weight[..., node])
    return counts, sums
