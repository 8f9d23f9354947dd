"""Node features of all spaces in one schema, for graph networks, in numpy.

The operation kind is one-hot; sizes are logarithms to base 2, so doubling the channels is always the same step; the
position counts operations from the input and from the output. Nothing depends on the space or on labels, so one
network can read the cells of two benchmarks and a macro skeleton.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.graph import KINDS, ArchGraph, GraphBatch
from benchmarks.short_repr import ShortRepr
from benchmarks.spaces.registry import get_space
from benchmarks.spaces.space import Space

__all__ = ["NODE_CENTRE", "NODE_FEATURES", "NODE_SCALE", "SCHEMA", "DenseGraphs", "cell_graphs", "graph_nodes"]

SCHEMA = 1
"""Version of the node schema; a stored network records the one it was trained on."""
_NUMBERS = {  # name: (centre, scale) that standardise it to about 0 +- 1
    "kernel": (0.0, 3.0),
    "kernel>1": (0.0, 1.0),
    "log2_stride": (0.0, 1.0),
    "log2_channels_in": (7.0, 2.0),
    "log2_channels_out": (7.0, 2.0),
    "log2_growth": (0.0, 1.0),
    "log2_resolution_in": (5.0, 2.0),
    "log2_resolution_out": (5.0, 2.0),
    "bias": (0.0, 1.0),
    "depth": (0.0, 4.0),
    "height": (0.0, 4.0),
    "position": (0.5, 0.5),
}
NODE_FEATURES: tuple[str, ...] = (*(f"kind={kind}" for kind in KINDS), *_NUMBERS)
"""Names of the F node features: depth and height count operations from the input and to the output on the longest
path, position is depth / (depth + height); growth is channels out / channels in."""
NODE_CENTRE = np.array([0.0] * len(KINDS) + [centre for centre, _ in _NUMBERS.values()], dtype=np.float32)
NODE_SCALE = np.array([1.0] * len(KINDS) + [scale for _, scale in _NUMBERS.values()], dtype=np.float32)


@dataclass(frozen=True, eq=False, repr=False)
class DenseGraphs(ShortRepr):
    """The graphs of n architectures padded to V nodes, as arrays.

    Attributes:
        nodes: Node features in the order of `NODE_FEATURES`, 0 for missing nodes, float32 of shape (n, V, F).
        adjacency: Edges, row = source, column = target, of shape (n, V, V).
        live: Whether there is a node, of shape (n, V).
        operation: Place of each node's operation in `Space.own_operations`, -1 for none, of shape (n, V).
    """

    nodes: NDArray[np.float32]
    adjacency: NDArray[np.bool_]
    live: NDArray[np.bool_]
    operation: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.nodes)


def cell_graphs(space: Space | str, archs: Sequence[str]) -> DenseGraphs:
    """Cell graphs of n architectures of one space, computed without a loop over them.

    Example:
        >>> graphs = cell_graphs("transnas101-micro", ["64-41414-3_00_300", "64-41414-0_00_100"])
        >>> graphs.nodes.shape == (2, 8, len(NODE_FEATURES)), graphs.live.sum(axis=1).tolist()
        (True, [3, 3])
    """
    there = get_space(space)
    if there.own_operations:
        batch, operation = there.labelled_graphs(archs)
    else:
        batch = there.cell_graphs(archs)
        operation = np.full(batch.kind.shape, -1, dtype=np.int64)
    zeros = np.zeros(batch.kind.shape, dtype=np.int64)
    nodes = _features(batch, zeros, batch.adjacency, batch.live)
    return DenseGraphs(nodes, batch.adjacency, batch.live, operation)


def graph_nodes(graph: ArchGraph) -> NDArray[np.float32]:
    """Node features of one graph, of shape (V, F).

    Example:
        >>> from benchmarks import get_space
        >>> graph = get_space("transnas101-macro").network_graph("64-2311-basic")
        >>> graph_nodes(graph).shape == (len(graph), len(NODE_FEATURES))
        True
    """
    live = np.ones((1, len(graph)), dtype=bool)
    return np.asarray(_features(graph, graph.bias[None], graph.adjacency()[None], live)[0])


def _features(
    graphs: ArchGraph | GraphBatch, bias: NDArray[np.int64], adjacency: NDArray[np.bool_], live: NDArray[np.bool_]
) -> NDArray[np.float32]:
    def log2(values: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.log2(np.maximum(values, 1)).reshape(live.shape)

    depth, height = _depths(adjacency)
    kinds = graphs.kind.reshape(live.shape)[..., None] == np.arange(len(KINDS))
    numbers = {
        "kernel": graphs.kernel.reshape(live.shape),
        "kernel>1": graphs.kernel.reshape(live.shape) > 1,
        "log2_stride": log2(graphs.stride),
        "log2_channels_in": log2(graphs.channels_in),
        "log2_channels_out": log2(graphs.channels_out),
        "log2_growth": log2(graphs.channels_out) - log2(graphs.channels_in),
        "log2_resolution_in": log2(graphs.resolution_in),
        "log2_resolution_out": log2(graphs.resolution_out),
        "bias": bias,
        "depth": depth,
        "height": height,
        "position": depth / np.maximum(depth + height, 1),
    }
    columns = np.stack([numbers[name] for name in _NUMBERS], axis=-1)
    return np.asarray(np.concatenate([kinds, columns], axis=-1) * live[..., None], dtype=np.float32)


def _depths(adjacency: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Longest path from a node without predecessors, and to one without successors, in edges, each of shape (n, V)."""
    n, width, _ = adjacency.shape
    depth, height = np.zeros((n, width), dtype=np.int64), np.zeros((n, width), dtype=np.int64)
    for node in range(1, width):
        depth[:, node] = np.where(adjacency[:, :node, node], depth[:, :node] + 1, 0).max(axis=1)
    for node in range(width - 2, -1, -1):
        height[:, node] = np.where(adjacency[:, node, node + 1 :], height[:, node + 1 :] + 1, 0).max(axis=1)
    return depth, height
