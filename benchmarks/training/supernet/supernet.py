"""One network that contains every architecture of a space."""

from __future__ import annotations

import copy
from collections import OrderedDict
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.graph import ArchGraph
from benchmarks.spaces.space import Space
from benchmarks.training.networks.graph_network import GraphNetwork
from benchmarks.training.networks.operations import PARAMETRIC, kaiming_normal, make_operation, torch_uniform
from benchmarks.training.networks.task_network import TaskNetwork, backbone_graph, task_decoder
from benchmarks.training.recipe import Recipe
from benchmarks.training.supernet.layouts import PartKey, layout_of

__all__ = ["Supernet"]

_KEPT = 2048  # sub-networks, without weights of their own
_POOLED = ("class_scene", "class_object", "room_layout", "jigsaw", "contrast")
"""Tasks whose decoder averages over the pixels first, and so fits feature maps of any side."""


class Supernet(nn.Module):
    """Shared weights of all architectures of a space on a task: a bank of parts, and decoders.

    A path is an architecture in its simplest form. It runs exactly what the stand-alone network of this form runs
    (`benchmarks.training.build_network`), with modules of the bank, so outputs and gradients are the same bits.

    In spaces of cells a part is what an operation has on an edge of a cell, and there is one decoder. In the macro
    space it is a module of two blocks at its position with its channels and stride, and there is a decoder for each
    width of the last features, for dense tasks for each width and side.

    Args:
        space: Space, or its name: a space of cells, or ``"transnas101-macro"``.
        recipe: Task, sizes and widths.
        seed: Seed of the initial weights.

    Attributes:
        space, recipe: As above.
        layout: Which part each node of an architecture belongs to.
        parts: Name of a part -> its modules, in the order of the network graph.
        decoders: Name of a decoder -> the decoder.

    Raises:
        SpaceError: If architectures of the space have no parts in common.

    Example:
        >>> from dataclasses import replace
        >>> from benchmarks.training import get_recipe
        >>> recipe = replace(get_recipe("room_layout", "mini"), base_channels=2, input_size=16)
        >>> supernet = Supernet("transnas101-micro", recipe)
        >>> supernet(torch.zeros(2, 3, 16, 16), "64-41414-3_01_003").shape
        torch.Size([2, 9])
        >>> sum(weights.numel() for weights in supernet.extract("64-41414-3_01_003").parameters())
        13988
    """

    def __init__(self, space: str | Space, recipe: Recipe, seed: int = 0) -> None:
        super().__init__()
        self.layout = layout_of(space)
        self.space, self.recipe = self.layout.space, recipe
        self.parts = nn.ModuleDict()
        self.decoders = nn.ModuleDict()
        self._views: OrderedDict[str, TaskNetwork] = OrderedDict()
        self._plains: dict[tuple[int, int, int], nn.Module] = {}
        generator = torch.Generator().manual_seed(seed)
        for arch in self.layout.covering():
            self._add_parts(arch, generator)
        shapes = {self.space.feature_shape(arch): arch for arch in reversed(self.layout.functions)}
        for _, arch in sorted(shapes.items()):
            self._add_decoder(arch, generator)

    def forward(self, images: Tensor, arch: str) -> Tensor:
        """Outputs of an architecture for the task.

        Args:
            images: As `TaskNetwork` takes them.
            arch: Architecture string, simplified or not.

        Returns:
            Outputs as `TaskNetwork` returns them.

        Raises:
            ArchitectureError: If the architecture is dead, of another space, or of a skeleton or width that the
                supernet has no weights for; names the nearest one.
        """
        outputs: Tensor = self.network(arch)(images)
        return outputs

    def network(self, arch: str) -> TaskNetwork:
        """The sub-network of an architecture; its weights are the supernet's own. Arguments and errors as in `forward`.

        Returns:
            The network of the simplest form, in the mode of the supernet.
        """
        path = self.layout.path(arch)
        view = self._views.get(path)
        if view is None:
            view = self._view(path)
            while len(self._views) >= _KEPT:
                self._views.popitem(last=False)
        self._views[path] = view
        self._views.move_to_end(path)
        for module in view.modules():
            if getattr(module, "track_running_stats", True):  # not a norm inside `batch_statistics`
                module.training = self.training
        return view

    def extract(self, arch: str) -> TaskNetwork:
        """A copy of the sub-network of an architecture, equal to the stand-alone network of its simplest form.

        Its state has the names of `build_network`'s, and running statistics that the supernet's training left, which
        `recalibrate` replaces. Arguments and errors as in `forward`.
        """
        return copy.deepcopy(self.network(arch)).train(self.training)

    def parts_of(self, arch: str) -> dict[str, nn.ModuleList]:
        """Name -> part, of the parts that an architecture has; arguments and errors as in `forward`."""
        names = dict.fromkeys(str(key) for key in self.layout.keys(self.layout.path(arch)))
        return {name: self._part(name) for name in names if name in self.parts}

    # -- construction -------------------------------------------------------------------------------------------

    def _graph(self, arch: str) -> ArchGraph:
        return backbone_graph(arch, self.recipe.network_size, self.recipe.base_channels)

    def _part(self, name: str) -> nn.ModuleList:
        part = self.parts[name]
        assert isinstance(part, nn.ModuleList)
        return part

    def _add_parts(self, arch: str, generator: torch.Generator) -> None:
        """Add the parts of an architecture that are not there yet."""
        graph, new = self._graph(arch), dict[str, nn.ModuleList]()
        for node, (kind, key) in enumerate(zip(graph.names, self.layout.keys(arch), strict=True)):
            if kind in PARAMETRIC and str(key) not in self.parts:
                new.setdefault(str(key), nn.ModuleList()).append(make_operation(graph, node))
        for name, part in new.items():
            kaiming_normal(part, generator)
            self.parts[name] = part

    def _add_decoder(self, arch: str, generator: torch.Generator) -> None:
        """Add the decoder of an architecture's features, unless it is there."""
        graph = self._graph(arch)
        if (name := self._decoder_name(graph)) not in self.decoders:
            recipe = self.recipe
            decoder = task_decoder(recipe.task, graph, recipe.network_size, recipe.num_classes, recipe.decoder_width)
            self.decoders[name] = GraphNetwork(decoder, torch_uniform, generator)

    def _decoder_name(self, graph: ArchGraph) -> str:
        channels, side = int(graph.channels_out[-1]), int(graph.resolution_out[-1])
        return f"{channels}" if self.recipe.task in _POOLED else f"{channels}_{side}"

    def _view(self, path: str) -> TaskNetwork:
        graph = self._graph(path)
        own = self._modules_of(path, graph)

        def make(graph: ArchGraph, node: int) -> nn.Module:
            return own[node] if node in own else self._plain(graph, node)

        backbone = GraphNetwork(graph, _keep, make=make)
        decoder, recipe = self.decoders[self._decoder_name(graph)], self.recipe
        return TaskNetwork(backbone, decoder, recipe.task, recipe.network_size, recipe.joint_tiles)

    def _modules_of(self, path: str, graph: ArchGraph) -> dict[int, nn.Module]:
        """Node of a path's network graph -> its module in the bank."""
        found, used = dict[int, nn.Module](), dict[PartKey, int]()
        for node, (kind, key) in enumerate(zip(graph.names, self.layout.keys(path), strict=True)):
            if kind in PARAMETRIC:
                place = used.get(key, 0)
                found[node], used[key] = self._part(str(key))[place], place + 1
        return found

    def _plain(self, graph: ArchGraph, node: int) -> nn.Module:
        """A module without weights, the same one for all nodes of its kind."""
        kind = int(graph.kind[node]), int(graph.kernel[node]), int(graph.stride[node])
        if kind not in self._plains:
            self._plains[kind] = make_operation(graph, node)
        return self._plains[kind]

    def __getstate__(self) -> dict[str, Any]:
        """Without the sub-networks, which are made again when asked for."""
        return {**self.__dict__, "_views": OrderedDict()}


def _keep(module: nn.Module, generator: torch.Generator) -> None:
    """Leave the weights as they are."""
