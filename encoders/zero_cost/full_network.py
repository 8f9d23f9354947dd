"""A network that computes all operations, each by a separate module, as in the published training code."""

from __future__ import annotations

from torch import Tensor, nn

from benchmarks.training.networks.graph_network import GraphNetwork
from benchmarks.training.networks.operations import make_operation
from benchmarks.training.networks.task_network import TaskNetwork

__all__ = ["FullNetwork", "full_network"]


class FullNetwork(nn.Module):
    """Computes every node of a network graph, including dead operations.

    `GraphNetwork` skips dead operations and shares ReLUs between operations, which does not change the output. The
    published scores that depend on ReLUs or batch norm include all of them.

    Args:
        network: A network whose layers, including weights, are shared.

    Attributes:
        graph: The graph.

    Example:
        >>> import torch
        >>> from benchmarks.training.networks.task_network import build_backbone
        >>> backbone = build_backbone("8-41414-0_31_023", 32)
        >>> full = FullNetwork(backbone)
        >>> images = torch.rand(2, 3, 32, 32)
        >>> torch.equal(full(images), backbone(images))
        True
        >>> [sum(isinstance(part, torch.nn.ReLU) for part in net.modules()) for net in (backbone, full)]
        [21, 31]
    """

    def __init__(self, network: GraphNetwork) -> None:
        super().__init__()
        self.graph = network.graph
        owned = {name.rpartition("_")[2]: child for name, child in network.named_children() if name[:5] != "zeros"}
        kinds = self.graph.names
        self._sources: list[list[int]] = [[] for _ in kinds]
        for source, target in self.graph.edges.tolist():
            self._sources[target].append(source)
        for node, kind in enumerate(kinds[1:], start=1):
            if kind == "skip":
                self.add_module(str(node), nn.Identity())
            elif kind != "none":
                self.add_module(str(node), owned.get(str(node)) or make_operation(self.graph, node))

    def forward(self, images: Tensor) -> Tensor:
        """As `GraphNetwork.forward`."""
        tensors = [images]
        for node in range(1, len(self._sources)):
            given = [tensors[source] for source in self._sources[node]]
            operation = self._modules.get(str(node))
            tensors.append(self._zeros(node, given[0]) if operation is None else operation(*given))
        return tensors[-1]

    def _zeros(self, node: int, given: Tensor) -> Tensor:
        stride = int(self.graph.stride[node])
        batch, _, height, width = given.shape
        return given.new_zeros(batch, int(self.graph.channels_out[node]), -(-height // stride), -(-width // stride))


def full_network(network: TaskNetwork) -> TaskNetwork:
    """Backbone and decoder with all their operations; weights are shared with `network`.

    Example:
        >>> from benchmarks.training.networks.task_network import build_network
        >>> type(full_network(build_network("8-2311-basic", "class_scene", input_size=32)).backbone).__name__
        'FullNetwork'
    """
    backbone, decoder = (FullNetwork(part) for part in network.children() if isinstance(part, GraphNetwork))
    return TaskNetwork(backbone, decoder, network.task, network.input_size, network.joint_tiles)
