"""Cells whose edges mix several operations, beside cells that run one architecture: the network of EnTranNAS.

Yang et al., "Towards Improving the Consistency, Efficiency, and Flexibility of Differentiable Neural Architecture
Search" (CVPR 2021, arXiv 2101.11342). An *Engine* cell sums operations by weights q, as DARTS does; a *Transit* cell
runs the operations of the derived architecture, unweighted. All cells share the weights q and the derived cell.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.errors import ArchitectureError, SpaceError, shown
from benchmarks.graph import ArchGraph
from benchmarks.spaces.cell import EDGES, CellSpace, CellSpec, live_edges
from benchmarks.spaces.skeleton import BlockShape
from benchmarks.training.networks.graph_network import GraphNetwork
from benchmarks.training.networks.operations import PARAMETRIC, added, keep_weights, make_operation
from benchmarks.training.networks.task_network import TaskNetwork, backbone_graph
from benchmarks.training.supernet.layouts import FRAME, PartKey
from benchmarks.training.supernet.supernet import Supernet

__all__ = ["MixtureNetwork", "engine_cells", "sparsify"]


def sparsify(p: Tensor, t: Tensor) -> Tensor:
    """Weights of the inputs of a node, exact zeros for weak ones, differentiable in both arguments.

    q = max(p / max p - t, 0), divided by its sum (EnTranNAS-DST). The largest input always stays, as 1 - t > 0; with
    t near 0 all stay with weights in proportion to p, with t near 1 only the largest.

    Args:
        p: Positive weights of all inputs of a node, of any shape.
        t: Threshold of the node, a scalar in (0, 1).

    Returns:
        Weights that sum to 1, of the shape of p.

    Example:
        >>> sparsify(torch.tensor([0.5, 0.3, 0.2]), torch.tensor(0.5))
        tensor([0.8333, 0.1667, 0.0000])
    """
    at_most = 1 - torch.finfo(t.dtype).eps  # a logistic function of large numbers rounds to 1
    above = torch.relu(p / p.amax() - t.clamp(max=at_most))
    return above / above.sum()


def engine_cells(space: CellSpace) -> tuple[int, ...]:
    """The Engine cells: in each stage (cells with features of one shape) the second one, which changes no shape.

    Example:
        >>> from benchmarks import get_space
        >>> engine_cells(get_space("transnas101-micro")), engine_cells(get_space("nasbench201"))
        ((1, 5, 9), (1, 6, 11))
    """
    stages: dict[tuple[int, int], list[int]] = {}
    for cell, shape in enumerate(space.cell_shapes(space.skeleton, space.input_size)):
        after = shape.channels_out, -(-shape.resolution // shape.stride)
        stages.setdefault(after, []).append(cell)
    return tuple(cells[min(1, len(cells) - 1)] for cells in stages.values())


class _Node(NamedTuple):
    """A node of the network between the cells' edges."""

    kind: str
    sources: tuple[int, ...]
    edge: int
    """Number of the edge, counted over all cells; -1 for a node of the frame or a sum."""


class MixtureNetwork:
    """A supernet's weights run as Engine and Transit cells.

    Operations run as written: a derived architecture is not simplified but for the edges that no data passes, so that
    the weights of an edge are the same in both kinds of cell. Operations of weight 0 are not called. It has no weights
    of its own, and its mode is the supernet's.

    Args:
        supernet: Supernet of a space of cells.
        engine: Numbers of the Engine cells, from 0; the others are Transit cells.
        share_features: Whether the same operation leaving a node is computed once and used by all later nodes, with
            one set of weights, that of the first edge. Fewer operations, but the networks are then not those of the
            space, which has weights for each edge.

    Attributes:
        supernet, engine, share_features: As above.

    Raises:
        SpaceError: If the space has no cells.
        ValueError: If there is no such cell.

    Example:
        >>> from dataclasses import replace
        >>> from benchmarks.training import get_recipe
        >>> recipe = replace(get_recipe("room_layout", "mini"), base_channels=2, input_size=16)
        >>> mixed = MixtureNetwork(Supernet("transnas101-micro", recipe), engine=[1, 5, 9])
        >>> weights = torch.full((6, 4), 0.25)
        >>> mixed(torch.zeros(2, 3, 16, 16), "64-41414-3_01_003", weights).shape
        torch.Size([2, 9])
    """

    def __init__(self, supernet: Supernet, engine: Collection[int], share_features: bool = False) -> None:
        space = supernet.space
        if not isinstance(space, CellSpace):
            raise SpaceError(f"expected a space of cells, such as 'transnas101-micro', got {space.name!r}")
        self.supernet, self.share_features = supernet, share_features
        self._space: CellSpace = space
        empty = space.format(CellSpec(space.skeleton, (0,) * len(EDGES)))
        graph = backbone_graph(empty, supernet.recipe.network_size, supernet.recipe.base_channels)
        self._frame: dict[int, nn.Module] = {}
        self._shapes: list[BlockShape] = []
        self._nodes = self._read(graph)
        self.engine = tuple(sorted(set(engine)))
        cells = len(self._shapes) // len(EDGES)
        if wrong := [cell for cell in self.engine if not 0 <= cell < cells]:
            raise ValueError(f"expected numbers of cells from 0 to {cells - 1}, got {wrong[0]}")
        self._operations: dict[tuple[int, int], nn.Module] = {}
        task = supernet.network(supernet.layout.functions[0])
        self._backbone = _Backbone(self)
        self._network = TaskNetwork(self._backbone, task.decoder, task.task, task.input_size, task.joint_tiles)

    def __call__(self, images: Tensor, arch: str, weights: Tensor | None = None) -> Tensor:
        """Outputs for the task.

        Args:
            images: As `TaskNetwork` takes them.
            arch: The derived architecture, which Transit cells run; without weights, all cells do.
            weights: Weight of each operation on each edge in Engine cells, of shape (6, K), K with "none" first, whose
                weight does nothing.

        Raises:
            ArchitectureError: If the architecture is dead, of another space or skeleton.
            ValueError: If the weights have another shape, or leave no path through the cell.
        """
        self.supernet.layout.check(arch)
        code = np.array(self._space.parse(arch).code)
        operations = len(self._space.operations)
        chosen = np.eye(operations, dtype=bool)[code]  # (6, K)
        if not live_edges(code[None]).any():
            raise ArchitectureError(f"{shown(arch)}: expected a cell with a path from its input to its output")
        self._backbone.transit = _called(chosen)
        self._backbone.weights, self._backbone.mixed = weights, []
        if weights is not None:
            if tuple(weights.shape) != chosen.shape:
                raise ValueError(f"expected weights of shape {chosen.shape}, got {tuple(weights.shape)}")
            self._backbone.mixed = _called((weights.detach() > 0).cpu().numpy())
            if not any(self._backbone.mixed):
                raise ValueError("expected weights that leave a path through the cell, got none")
        self._network.training = self.supernet.training  # read by the task's network only: norms are the supernet's
        outputs: Tensor = self._network(images)
        return outputs

    def operation(self, cell: int, edge: int, index: int) -> nn.Module:
        """The module of an operation on an edge of a cell, with the supernet's weights."""
        if self.share_features:
            edge = next(first for first, (source, _) in enumerate(EDGES) if source == EDGES[edge][0])
        place = cell * len(EDGES) + edge
        if (place, index) not in self._operations:
            self._operations[place, index] = self._made(cell, edge, index)
        return self._operations[place, index]

    def run(self, images: Tensor, transit: list[list[int]], mixed: list[list[int]], weights: Tensor | None) -> Tensor:
        """Features of the backbone; `transit` and `mixed` are the operations to call on each edge."""
        tensors: list[Tensor | None] = [images]
        shared: dict[tuple[int, int], Tensor] = {}
        for number, node in enumerate(self._nodes[1:], start=1):
            arriving = [tensor for source in node.sources if (tensor := tensors[source]) is not None]
            if not arriving:
                tensors.append(None)
            elif node.edge >= 0:
                cell, edge = divmod(node.edge, len(EDGES))
                in_engine = weights is not None and cell in self.engine
                terms = []
                for index in (mixed if in_engine else transit)[edge]:
                    value = self._value(cell, edge, index, node.sources[0], arriving[0], shared)
                    terms.append(value * weights[edge, index] if in_engine and weights is not None else value)
                tensors.append(added(terms) if terms else None)
            elif node.kind == "sum":
                tensors.append(added(arriving))
            else:
                tensors.append(self._frame[number](*arriving))
        features = tensors[-1]
        assert features is not None
        return features

    def _value(
        self, cell: int, edge: int, index: int, source: int, tensor: Tensor, shared: dict[tuple[int, int], Tensor]
    ) -> Tensor:
        if not self.share_features:
            found: Tensor = self.operation(cell, edge, index)(tensor)
            return found
        if (source, index) not in shared:
            shared[source, index] = self.operation(cell, edge, index)(tensor)
        return shared[source, index]

    def _read(self, graph: ArchGraph) -> list[_Node]:
        """Nodes of the network of the cell of six "none", which has one node for each edge of each cell."""
        sources: list[list[int]] = [[] for _ in graph.names]
        for source, target in graph.edges.tolist():
            sources[target].append(source)
        nodes, parts = [], iter(self._part(FRAME))
        for node, kind in enumerate(graph.names):
            edge = -1
            if kind == "none":
                edge = len(self._shapes)
                self._shapes.append(
                    BlockShape(
                        int(graph.channels_in[node]),
                        int(graph.channels_out[node]),
                        int(graph.stride[node]),
                        int(graph.resolution_in[node]),
                    )
                )
            elif kind in PARAMETRIC:
                self._frame[node] = next(parts)
            elif kind not in ("input", "sum"):
                self._frame[node] = make_operation(graph, node)
            nodes.append(_Node(kind, tuple(sources[node]), edge))
        return nodes

    def _made(self, cell: int, edge: int, index: int) -> nn.Module:
        graph = self._space.edge_graph(index, self._shapes[cell * len(EDGES) + edge])
        key = PartKey((cell, edge), self._space.operations[index].name)
        parts = iter(self._part(key)) if any(kind in PARAMETRIC for kind in graph.names) else iter(())

        def make(graph: ArchGraph, node: int) -> nn.Module:
            return next(parts) if graph.names[node] in PARAMETRIC else make_operation(graph, node)

        return GraphNetwork(graph, keep_weights, make=make)

    def _part(self, key: PartKey) -> Sequence[nn.Module]:
        part = self.supernet.parts[str(key)]
        assert isinstance(part, nn.ModuleList)
        return list(part)


class _Backbone(nn.Module):
    """The backbone that the task's network calls, with what the current call asks for."""

    def __init__(self, mixed: MixtureNetwork) -> None:
        super().__init__()
        self._owner = [mixed]
        self.transit: list[list[int]] = []
        self.mixed: list[list[int]] = []
        self.weights: Tensor | None = None

    def forward(self, images: Tensor) -> Tensor:
        """Features of the images."""
        return self._owner[0].run(images, self.transit, self.mixed, self.weights)


def _called(chosen: NDArray[np.bool_]) -> list[list[int]]:
    """Operations to call on each edge: those chosen, of shape (6, K), on edges that lead from input to output."""
    present = chosen.copy()
    present[:, 0] = False
    live = live_edges(np.any(present, axis=1, keepdims=True).T.astype(np.int64))[0]
    return [np.flatnonzero(row).tolist() if alive else [] for row, alive in zip(present, live, strict=True)]
