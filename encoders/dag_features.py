"""Graph features of any space: paths, depths, degrees and pairs of operations, by operation.

After the neural graph features of Kadlecova et al. (ICML 2024, section 3), as `encoders.cell_features`, but for graphs
of any size with any operations: path counts are logarithms, and sets of operations are all of them if there are at most
four, else each alone and all but each.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.graph import GraphBatch
from benchmarks.spaces.space import Space
from encoders.costs import network_costs
from encoders.dag_paths import longest_paths, mean_paths, path_counts, shortest_paths
from encoders.node_positions import chunks

__all__ = ["dag_features"]

Features = dict[str, NDArray[Any]]

_ALL_SETS, _ALL_PAIRS = 4, 16
_ENDS = ("input", "output", "in", "out")
"""Names of operations that are on every path, and so in every set."""


def dag_features(space: Space, archs: list[str]) -> Features:
    """Features by name, each of shape (n,), of n simplified architectures (`Space.simplify`).

    Example:
        >>> from benchmarks import DagSpace
        >>> space = DagSpace("mine", {"a": (["conv", "pool"], [(0, 1)]), "b": (["pool"], [])})
        >>> found = dag_features(space, ["a", "b"])
        >>> found["edges[conv>pool]"].tolist(), found["most[conv]"].tolist()
        ([1, 0], [1.0, 0.0])
    """
    parts = [_features(space, *space.labelled_graphs(part)) for part in chunks(space, archs)]
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    if space.has_networks:
        costs = network_costs(space, archs).astype(np.float64)
        names = ("log_params", "log_multiply_adds", "log_activations")
        found |= {name: np.log1p(column) for name, column in zip(names, costs.T, strict=True)}
    return found


def _features(space: Space, graphs: GraphBatch, operation: NDArray[np.int64]) -> Features:
    names = space.operations_in_graphs
    has = operation == np.arange(len(names))[:, None, None]  # (L, n, V)
    inner = graphs.live.copy()
    inner[:, [0, -1]] = False
    within = graphs.adjacency & inner[:, :, None] & inner[:, None, :]
    return {
        **_sizes(graphs, inner, within),
        **_counts(names, has, graphs, within),
        **_pairs(names, has, within),
        **_along_paths(names, has, inner, graphs),
        **_sets(names, has, graphs),
        **_kernels(graphs, inner),
    }


def _sizes(graphs: GraphBatch, inner: NDArray[np.bool_], within: NDArray[np.bool_]) -> Features:
    return {
        "nodes": inner.sum(axis=1),
        "edges": within.sum(axis=(1, 2)),
        "inputs": graphs.adjacency[:, 0, :-1].sum(axis=1),
        "outputs": graphs.adjacency[:, 1:, -1].sum(axis=1),
        "branches": np.maximum(within.sum(axis=2) - 1, 0).sum(axis=1),
        "widest_branch": within.sum(axis=2).max(axis=1, initial=0),
        "widest_join": within.sum(axis=1).max(axis=1, initial=0),
    }


def _counts(names: Sequence[str], has: NDArray[np.bool_], graphs: GraphBatch, within: NDArray[np.bool_]) -> Features:
    """How often each operation occurs, at the ends of the graph, and on how many edges."""
    into, out_of = within.sum(axis=1), within.sum(axis=2)
    features: Features = {}
    for name, own in zip(names, has, strict=True):
        features[f"count[{name}]"] = own.sum(axis=1)
        features[f"input_degree[{name}]"] = (own & graphs.adjacency[:, 0, :]).sum(axis=1)
        features[f"output_degree[{name}]"] = (own & graphs.adjacency[:, :, -1]).sum(axis=1)
        features[f"reads[{name}]"] = (own * into).sum(axis=1)
        features[f"feeds[{name}]"] = (own * out_of).sum(axis=1)
    return features


def _pairs(names: Sequence[str], has: NDArray[np.bool_], within: NDArray[np.bool_]) -> Features:
    """Number of edges from each operation to each other one, if there are not too many operations."""
    if len(names) > _ALL_PAIRS:
        return {}
    features: Features = {}
    for name, own in zip(names, has, strict=True):
        reached = (own[:, :, None] & within).sum(axis=1)  # (n, V): edges from these nodes to each node
        for other, its in zip(names, has, strict=True):
            features[f"edges[{name}>{other}]"] = (reached * its).sum(axis=1)
    return features


def _along_paths(
    names: Sequence[str], has: NDArray[np.bool_], inner: NDArray[np.bool_], graphs: GraphBatch
) -> Features:
    """Most, fewest and mean number of each operation on a path, and where in the graph it is."""
    adjacency, live = graphs.adjacency, graphs.live
    depth = _longest_to(adjacency)
    height = _longest_to(adjacency[:, ::-1, ::-1].transpose(0, 2, 1))[:, ::-1]
    features: Features = {"log_paths": np.log1p(path_counts(adjacency, live))}
    for name, own in (("any", inner), *zip(names, has, strict=True)):
        weight = own.astype(float)
        count = np.maximum(own.sum(axis=1), 1)
        features[f"most[{name}]"] = longest_paths(adjacency, live, weight)
        features[f"fewest[{name}]"] = shortest_paths(adjacency, live, weight)
        features[f"mean[{name}]"] = mean_paths(adjacency, live, weight)
        features[f"depth[{name}]"] = (own * depth).sum(axis=1) / count
        features[f"height[{name}]"] = (own * height).sum(axis=1) / count
    return features


def _longest_to(adjacency: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Edges on the longest path to each node, of shape (n, V)."""
    depth = np.zeros(adjacency.shape[:2], dtype=np.int64)
    for node in range(1, adjacency.shape[1]):
        depth[:, node] = np.where(adjacency[:, :node, node], depth[:, :node] + 1, 0).max(axis=1)
    return depth


def _sets(names: Sequence[str], has: NDArray[np.bool_], graphs: GraphBatch) -> Features:
    """Paths that use only a set of the operations: how many, and how long."""
    ends = np.zeros(graphs.live.shape, dtype=bool)
    ends[:, [0, -1]] = True
    numbers = [number for number, name in enumerate(names) if name not in _ENDS]
    for number in set(range(len(names))) - set(numbers):
        ends |= has[number]
    size = len(numbers)
    lengths = range(1, size) if size <= _ALL_SETS else sorted({1, size - 1})
    features: Features = {}
    for chosen in itertools.chain.from_iterable(itertools.combinations(numbers, length) for length in lengths):
        own = has[list(chosen)].any(axis=0)
        label = "+".join(names[number] for number in chosen)
        if len(chosen) == size - 1 and size > _ALL_SETS:
            label = "all but " + next(names[number] for number in numbers if number not in chosen)
        paths = path_counts(graphs.adjacency, own | ends)
        dead, weight = paths == 0, own.astype(float)
        features[f"log_paths[{label}]"] = np.log1p(paths)
        features[f"no_path[{label}]"] = dead
        shortest = shortest_paths(graphs.adjacency, own | ends, weight)
        features[f"shortest[{label}]"] = np.where(dead, _far(graphs), shortest)
        features[f"longest[{label}]"] = np.where(dead, 0, longest_paths(graphs.adjacency, own | ends, weight))
    return features


def _far(graphs: GraphBatch) -> NDArray[np.int64]:
    """More nodes than a path has, of shape (n,)."""
    return np.asarray(graphs.live.sum(axis=1))


def _kernels(graphs: GraphBatch, inner: NDArray[np.bool_]) -> Features:
    """Growth of the receptive field, in units of the input's pixels of each node, where kernel sizes are known."""
    growth = np.where(inner, np.maximum(graphs.kernel - 1, 0), 0).astype(float)
    return {
        "kernels": growth.sum(axis=1),
        "longest_kernels": longest_paths(graphs.adjacency, graphs.live, growth),
    }
