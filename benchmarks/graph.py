"""Graphs of architectures: the common representation for encoders, cost models and backbones.

Operations are nodes and data flow is edges, all as numpy arrays. An `ArchGraph` is one architecture; a `GraphBatch`
holds the graphs of many, padded to the same number of nodes, so that whole spaces are encoded without a Python loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from benchmarks.short_repr import ShortRepr

__all__ = ["KINDS", "ArchGraph", "GraphBatch", "GraphBuilder", "kind_id"]

KINDS = (
    "input",
    "output",
    "none",
    "skip",
    "conv",
    "avg_pool",
    "block",
    "relu",
    "batch_norm",
    "sum",
    "shift",
    "concat",
    "leaky_relu",
    "tanh",
    "conv_transpose",
    "global_pool",
    "linear",
)
_KIND_IDS = {name: index for index, name in enumerate(KINDS)}


def kind_id(name: str) -> int:
    """Index of a node kind in `KINDS`."""
    return _KIND_IDS[name]


@dataclass(frozen=True, eq=False, repr=False)
class ArchGraph(ShortRepr):
    """A directed acyclic graph of operations, nodes in topological order.

    Attributes:
        kind: Indices into `KINDS`, of shape (V,).
        kernel: Kernel sizes, of shape (V,); 0 where there is none.
        stride: Strides, of shape (V,).
        channels_in: Channels of each input, of shape (V,).
        channels_out: Channels of the output, of shape (V,).
        resolution_in: Side of the (square) input in pixels, of shape (V,).
        resolution_out: Side of the output in pixels, of shape (V,).
        bias: Whether the operation has a bias vector, of shape (V,).
        eps: Constant that batch norm adds to the variance, of shape (V,); 0 for other operations.
        momentum: Weight of a batch in batch norm's running statistics, of shape (V,); 0 for other operations.
        edges: Pairs (source, target) with source < target, of shape (E, 2).
    """

    kind: NDArray[np.int64]
    kernel: NDArray[np.int64]
    stride: NDArray[np.int64]
    channels_in: NDArray[np.int64]
    channels_out: NDArray[np.int64]
    resolution_in: NDArray[np.int64]
    resolution_out: NDArray[np.int64]
    bias: NDArray[np.int64]
    eps: NDArray[np.float64]
    momentum: NDArray[np.float64]
    edges: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def names(self) -> tuple[str, ...]:
        """Kind of every node, by name."""
        return tuple(KINDS[index] for index in self.kind)

    def where(self, kind: str) -> NDArray[np.bool_]:
        """Mask of the nodes of one kind, of shape (V,)."""
        return np.asarray(self.kind == kind_id(kind))

    def adjacency(self) -> NDArray[np.bool_]:
        """Adjacency matrix, of shape (V, V): row = source, column = target."""
        matrix = np.zeros((len(self), len(self)), dtype=bool)
        matrix[self.edges[:, 0], self.edges[:, 1]] = True
        return matrix

    def longest_path(self, weight: NDArray[np.int64]) -> int:
        """Largest sum of `weight`, of shape (V,), over the paths from the first node to the last; 0 if none."""
        unreached = np.iinfo(np.int64).min // 2
        best = np.full(len(self), unreached, dtype=np.int64)
        best[0] = weight[0]
        for source, target in self.edges[np.argsort(self.edges[:, 1], kind="stable")]:
            best[target] = max(best[target], best[source] + weight[target])
        return int(max(best[-1], 0))


@dataclass(frozen=True, eq=False, repr=False)
class GraphBatch(ShortRepr):
    """The cell graphs of n architectures over a common list of V nodes in topological order.

    Nodes that an architecture lacks are False in `live`; an edge exists only if both its ends are live. Node 0 is the
    input and node V - 1 the output.

    Attributes:
        kind: Indices into `KINDS`, of shape (n, V); the remaining node attributes as in `ArchGraph`.
        live: Whether the architecture has the node, of shape (n, V).
        adjacency: Edges between live nodes, of shape (n, V, V): row = source, column = target.
    """

    kind: NDArray[np.int64]
    kernel: NDArray[np.int64]
    stride: NDArray[np.int64]
    channels_in: NDArray[np.int64]
    channels_out: NDArray[np.int64]
    resolution_in: NDArray[np.int64]
    resolution_out: NDArray[np.int64]
    live: NDArray[np.bool_]
    adjacency: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.kind)

    def __getitem__(self, index: int) -> ArchGraph:
        """Graph of one architecture, live nodes only."""
        keep = np.flatnonzero(self.live[index])
        source, target = np.nonzero(self.adjacency[index][np.ix_(keep, keep)])
        attributes = {
            field.name: getattr(self, field.name)[index][keep]
            for field in fields(self)
            if field.name not in ("live", "adjacency")
        }
        bias, nothing = np.zeros(len(keep), dtype=np.int64), np.zeros(len(keep))  # cell graphs have no batch norm
        edges = np.stack([source, target], axis=1).astype(np.int64)
        return ArchGraph(**attributes, bias=bias, eps=nothing, momentum=nothing, edges=edges)


class GraphBuilder:
    """Builds an `ArchGraph` node by node and tracks channels and resolution.

    Args:
        channels: Channels of the input.
        resolution: Side of the input in pixels.

    Example:
        >>> builder = GraphBuilder(channels=3, resolution=256)
        >>> stem = builder.add("conv", [builder.input], kernel=3, stride=2, channels=32)
        >>> graph = builder.build()
        >>> graph.names, graph.channels_out.tolist(), graph.resolution_out.tolist()
        (('input', 'conv'), [3, 32], [256, 128])
    """

    def __init__(self, channels: int, resolution: int) -> None:
        self._rows: list[tuple[int, ...]] = []
        self._norms: list[tuple[float, float]] = []
        self._edges: list[tuple[int, int]] = []
        self._rows.append((kind_id("input"), 0, 1, channels, channels, resolution, resolution, 0))
        self._norms.append((0.0, 0.0))
        self.input = 0

    def add(
        self,
        kind: str,
        inputs: Sequence[int],
        *,
        kernel: int = 0,
        stride: int = 1,
        channels: int | None = None,
        bias: bool = False,
        eps: float = 1e-5,
        momentum: float = 0.1,
    ) -> int:
        """Append an operation that reads the nodes `inputs` and return its index.

        `channels` is the number of output channels (default: the number of input channels). "concat" joins the
        channels of its inputs; "conv_transpose" multiplies the resolution by the stride, all other operations divide
        it, rounding up. `eps` and `momentum` apply to "batch_norm".
        """
        channels_in = self.channels(inputs[0])
        if kind == "concat":
            channels_in = sum(self.channels(node) for node in inputs)
        resolution_in = self.resolution(inputs[0])
        if kind == "conv_transpose":
            resolution_out = resolution_in * stride
        elif kind in ("global_pool", "linear"):
            resolution_out = 1
        else:
            resolution_out = -(-resolution_in // stride)
        channels_out = channels_in if channels is None else channels
        row = (kind_id(kind), kernel, stride, channels_in, channels_out, resolution_in, resolution_out, int(bias))
        self._rows.append(row)
        self._norms.append((eps, momentum) if kind == "batch_norm" else (0.0, 0.0))
        index = len(self._rows) - 1
        self._edges.extend((node, index) for node in inputs)
        return index

    def relu_conv_bn(self, node: int, kernel: int, stride: int, channels: int) -> int:
        """ReLU, convolution without bias, batch norm; return the last node."""
        node = self.add("relu", [node])
        node = self.add("conv", [node], kernel=kernel, stride=stride, channels=channels)
        return self.add("batch_norm", [node])

    def channels(self, node: int) -> int:
        """Output channels of a node."""
        return self._rows[node][4]

    def resolution(self, node: int) -> int:
        """Output resolution of a node in pixels."""
        return self._rows[node][6]

    def build(self) -> ArchGraph:
        """Return the graph of everything added so far."""
        names = [field.name for field in fields(ArchGraph)]
        edges = np.array(self._edges, dtype=np.int64).reshape(-1, 2)
        columns = [*np.array(self._rows, dtype=np.int64).T, *np.array(self._norms, dtype=np.float64).T, edges]
        return ArchGraph(**dict(zip(names, columns, strict=True)))
