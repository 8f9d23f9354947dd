"""PyTorch Geometric graphs of architectures, cell or network view, one node schema for all spaces.

Graphs are computed for many architectures at once, without a loop in the cell view, and cached. Node features are those
of `encoders.node_features`.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import choice
from benchmarks.optional import needs_extra
from benchmarks.spaces.registry import infer_space
from benchmarks.spaces.space import Space
from encoders.base import as_strings
from encoders.node_features import NODE_CENTRE, NODE_SCALE, cell_graphs, graph_nodes

if TYPE_CHECKING:
    from torch import Tensor
    from torch_geometric.data import Batch, Data

__all__ = ["View", "dense_to_batch", "require_geometric", "to_batch", "to_data"]

View: TypeAlias = Literal["cell", "network"]

_LARGEST = 1 << 15
_CACHE: dict[tuple[str, View, str], Data] = {}


def to_data(archs: Sequence[str], view: View = "cell") -> list[Data]:
    """One `torch_geometric.data.Data` per architecture; architectures of several spaces may be mixed.

    Args:
        archs: n architecture strings.
        view: ``"cell"``: the graph that the literature uses for the space, without dead operations. ``"network"``: the
            whole backbone.

    Returns:
        n graphs with ``x``, float32 of shape (V, F) in the order of `encoders.node_features.NODE_FEATURES`,
        ``edge_index`` of shape (2, E), ``arch`` and ``space``. Tensors are shared between calls: replace them, do not
        modify them in place.

    Raises:
        MissingExtraError: If torch or torch-geometric is not installed.
        ArchitectureError: If a string is not an architecture.

    Example:
        >>> graph = to_data(["64-41414-3_00_300"])[0]
        >>> graph.num_nodes, graph.edge_index.tolist(), graph.space
        (3, [[0, 1], [1, 2]], 'transnas101-micro')
    """
    view = "network" if choice(view, ("cell", "network"), "view") == "network" else "cell"
    require_geometric()
    strings = as_strings(archs)
    places: dict[str, Space] = {arch: infer_space(arch) for arch in dict.fromkeys(strings)}
    missing: dict[Space, list[str]] = {}
    for arch, space in places.items():
        if (space.name, view, arch) not in _CACHE:
            missing.setdefault(space, []).append(arch)
    fresh: dict[tuple[str, View, str], Data] = {}
    for space, new in missing.items():
        for arch, graph in zip(new, _graphs(space, new, view), strict=True):
            fresh[space.name, view, arch] = _data(*graph, arch, space.name)
    found = [copy.copy(fresh.get(key) or _CACHE[key]) for key in ((places[a].name, view, a) for a in strings)]
    for key, data in fresh.items():
        if len(_CACHE) >= _LARGEST:
            _CACHE.pop(next(iter(_CACHE)))
        _CACHE[key] = data
    return found


def to_batch(archs: Sequence[str], view: View = "cell") -> Batch:
    """All graphs as one `torch_geometric.data.Batch`; arguments as in `to_data`.

    Raises:
        ArchitectureError: If the list is empty, or a string is not an architecture.

    Example:
        >>> batch = to_batch(["64-41414-3_00_300", "64-2311-basic"])
        >>> batch.num_graphs, batch.batch.bincount().tolist()
        (2, [3, 10])
    """
    graphs = to_data(archs, view)
    if not graphs:
        infer_space([])  # raises, because the list is empty
    from torch_geometric.data import Batch

    return Batch.from_data_list(graphs)


def dense_to_batch(nodes: Tensor, adjacency: Tensor, live: Tensor) -> Batch:
    """Graphs in the arrays of `encoders.node_features.cell_graphs` as one batch, without a loop over them.

    Args:
        nodes: Node features, of shape (n, V, F).
        adjacency: Edges, row = source, column = target, of shape (n, V, V).
        live: Whether there is a node, of shape (n, V).

    Returns:
        n graphs with M nodes and E edges: ``x``, float32 of shape (M, F), standardised by the constants of the schema
        to about 0 +- 1; ``edge_index`` of shape (2, E), in the direction of the data; ``batch``, the graph of every
        node, of shape (M,); ``ptr``, the first node of every graph and M, of shape (n + 1,). The order of nodes and
        edges is that of `to_batch`.

    Example:
        >>> import torch
        >>> dense = cell_graphs("transnas101-micro", ["64-41414-3_00_300", "64-41414-0_00_100"])
        >>> batch = dense_to_batch(*map(torch.from_numpy, (dense.nodes, dense.adjacency, dense.live)))
        >>> batch.num_graphs, batch.edge_index.tolist(), batch.batch.tolist()
        (2, [[0, 1, 3, 4], [1, 2, 4, 5]], [0, 0, 0, 1, 1, 1])
    """
    require_geometric()
    import torch
    from torch_geometric.data import Batch

    there = live.bool()
    graph, node = there.nonzero(as_tuple=True)
    row, source, target = adjacency.nonzero(as_tuple=True)
    index = (there.flatten().cumsum(0) - 1).reshape(there.shape)  # indices after dead nodes are removed
    ends = there.sum(dim=1).cumsum(0)
    centre, scale = (torch.from_numpy(values).to(nodes.device) for values in (NODE_CENTRE, NODE_SCALE))
    return Batch(
        x=(nodes[graph, node] - centre) / scale,
        edge_index=torch.stack([index[row, source], index[row, target]]),
        batch=graph,
        ptr=torch.cat([ends.new_zeros(1), ends]),
    )


def require_geometric() -> None:
    """Import torch-geometric, whose import uses what newer versions of torch deprecate.

    Raises:
        MissingExtraError: If torch or torch-geometric is not installed.
    """
    with needs_extra("encoders.pyg", "gnn", "torch", "torch_geometric"), warnings.catch_warnings():
        for category in (DeprecationWarning, FutureWarning):
            warnings.simplefilter("ignore", category)
        import torch_geometric.data  # noqa: F401


def _graphs(space: Space, archs: list[str], view: View) -> list[tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Node features of shape (V, F) and edges of shape (2, E) of each architecture."""
    if view == "network":
        graphs = [space.network_graph(arch) for arch in archs]
        return [(graph_nodes(graph), np.ascontiguousarray(graph.edges.T)) for graph in graphs]
    dense = cell_graphs(space, archs)
    new_index = np.cumsum(dense.live, axis=1) - 1  # indices after dead nodes are removed
    row, source, target = np.nonzero(dense.adjacency)
    edges = np.stack([new_index[row, source], new_index[row, target]])
    cuts = np.cumsum(dense.adjacency.sum(axis=(1, 2)))[:-1]
    nodes = np.split(dense.nodes[dense.live], np.cumsum(dense.live.sum(axis=1))[:-1])
    return list(zip(nodes, np.split(edges, cuts, axis=1), strict=True))


def _data(nodes: NDArray[np.float32], edges: NDArray[np.int64], arch: str, space: str) -> Data:
    import torch
    from torch_geometric.data import Data

    edge_index = torch.from_numpy(np.ascontiguousarray(edges))
    return Data(x=torch.from_numpy(np.ascontiguousarray(nodes)), edge_index=edge_index, arch=arch, space=space)
