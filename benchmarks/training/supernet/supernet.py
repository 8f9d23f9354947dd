"""One network that contains every architecture of a space."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor, nn

from benchmarks.decoders import TILES
from benchmarks.graph import ArchGraph
from benchmarks.spaces.space import Space
from benchmarks.training.networks.graph_network import GraphNetwork
from benchmarks.training.networks.operations import (
    PARAMETRIC,
    kaiming_normal,
    keep_weights,
    make_operation,
    torch_uniform,
)
from benchmarks.training.networks.task_network import TaskNetwork, backbone_graph, task_decoder
from benchmarks.training.recipe import Recipe
from benchmarks.training.supernet.layouts import layout_of
from benchmarks.training.supernet.sharing import Sharing, Use, make_sharing
from benchmarks.training.weight_sharing.views import RecentViews

__all__ = ["Supernet"]

_Role = tuple[str, int, int]
"""What a node does in its part: kind, kernel, number among those; a norm has the kernel of the convolution before."""
_KEPT = 2048  # sub-networks, without weights of their own


class Supernet(nn.Module):
    """Shared weights of all architectures of a space on a task: a bank of parts, and decoders.

    A path is an architecture in its simplest form. It runs exactly what the stand-alone network of this form runs
    (`benchmarks.training.build_network`), with modules of the bank, so outputs and gradients are the same bits.

    In spaces of cells a part is what an operation has on an edge of a cell, and there is one decoder. In the macro
    space it is a module of two blocks at its position with its channels and stride, and there is a decoder for each
    width of the last features, for dense tasks for each width and side. With the sharing ``"sliced"``, modules of a
    position and the decoders are slices of one wide module (`Sliced`).

    Args:
        space: Space, or its name: a space of cells, or ``"transnas101-macro"``.
        recipe: Task, sizes and widths.
        seed: Seed of the initial weights.
        sharing: How parts become weights: ``"separate"``, ``"sliced"``, or a way of your own.

    Attributes:
        space, recipe, sharing: As above.
        layout: Which part each node of an architecture belongs to.
        parts: Name of a part -> its modules, in the order of the network graph.
        decoders: Name of a decoder -> the decoder; a list of its wide layers if decoders of several widths share them.

    Raises:
        SpaceError: If architectures of the space have no parts in common, or cannot share weights in this way.
        UnknownNameError: If there is no such way of sharing.

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

    def __init__(self, space: str | Space, recipe: Recipe, seed: int = 0, sharing: str | Sharing = "separate") -> None:
        super().__init__()
        self.layout, self.sharing = layout_of(space), make_sharing(sharing)
        self.sharing.check(self.layout)
        self.space, self.recipe = self.layout.space, recipe
        self.parts = nn.ModuleDict()
        self.decoders = nn.ModuleDict()
        self._roles: dict[str, dict[_Role, int]] = {}
        self._views = RecentViews[TaskNetwork](_KEPT)
        self._plains: dict[tuple[int, int, int], nn.Module] = {}
        generator = torch.Generator().manual_seed(seed)
        self._add_parts(generator)
        self._add_decoders(generator)

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
        view = self._views.get(path, partial(self._view, path))
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
        names = dict.fromkeys(map(self.sharing.part_name, self.layout.keys(self.layout.path(arch))))
        return {name: self._part(name) for name in names if name in self.parts}

    # -- construction -------------------------------------------------------------------------------------------

    def _graph(self, arch: str) -> ArchGraph:
        return backbone_graph(arch, self.recipe.network_size, self.recipe.base_channels)

    def _part(self, name: str) -> nn.ModuleList:
        part = self.parts[name]
        assert isinstance(part, nn.ModuleList)
        return part

    def _add_parts(self, generator: torch.Generator) -> None:
        """Add the parts of all architectures."""
        uses: dict[str, dict[_Role, list[Use]]] = {}
        for arch in self.layout.covering():
            graph = self._graph(arch)
            for node, name, role in self._weighted(arch, graph):
                uses.setdefault(name, {}).setdefault(role, []).append(Use(graph, node))
        for name, by_role in uses.items():
            self._roles[name] = {role: place for place, role in enumerate(by_role)}
            self.parts[name] = nn.ModuleList(
                self.sharing.make(same, kaiming_normal, generator) for same in by_role.values()
            )

    def _weighted(self, path: str, graph: ArchGraph) -> Iterator[tuple[int, str, _Role]]:
        """Node, name of the part and role in it of each node with weights.

        Operations are counted by their kernel, because only some modules have a projection, of another kernel.
        """
        counts = Counter[tuple[str, str, int]]()
        before = dict[str, int]()  # kernel of the last convolution of a part
        for node, (kind, key) in enumerate(zip(graph.names, self.layout.keys(path), strict=True)):
            if kind in PARAMETRIC:
                name = self.sharing.part_name(key)
                if kind != "batch_norm":
                    before[name] = int(graph.kernel[node])
                same = name, kind, before.get(name, 0)
                yield node, name, (*same[1:], counts[same])
                counts[same] += 1

    def _add_decoders(self, generator: torch.Generator) -> None:
        """Add a decoder for features of every shape."""
        shapes = {self.space.feature_shape(arch): arch for arch in reversed(self.layout.functions)}
        decoders: dict[str, list[ArchGraph]] = {}
        for _, arch in sorted(shapes.items()):
            graph = self._graph(arch)
            decoders.setdefault(self._decoder_name(graph), []).append(self._decoder_graph(graph))
        for name, graphs in decoders.items():
            first = graphs[0]
            if len({int(graph.channels_in[0]) for graph in graphs}) == 1:
                self.decoders[name] = GraphNetwork(first, torch_uniform, generator)
            else:
                self.decoders[name] = nn.ModuleList(
                    self.sharing.make([self._use(graph, node) for graph in graphs], torch_uniform, generator)
                    for node, kind in enumerate(first.names)
                    if kind in PARAMETRIC
                )

    def _decoder_graph(self, graph: ArchGraph) -> ArchGraph:
        recipe = self.recipe
        return task_decoder(recipe.task, graph, recipe.network_size, recipe.num_classes, recipe.decoder_width)

    def _decoder_name(self, graph: ArchGraph) -> str:
        return self.sharing.decoder_name(self.recipe.task, int(graph.channels_out[-1]), int(graph.resolution_out[-1]))

    def _use(self, graph: ArchGraph, node: int) -> Use:
        """The use of a decoder's weights by a node of its graph."""
        return Use(graph, node, TILES if self.recipe.task == "jigsaw" else 1)

    def _decoder(self, graph: ArchGraph) -> nn.Module:
        """The decoder of a backbone."""
        found = self.decoders[self._decoder_name(graph)]
        if not isinstance(found, nn.ModuleList):
            return found
        decoder = self._decoder_graph(graph)
        weighted = (node for node, kind in enumerate(decoder.names) if kind in PARAMETRIC)
        own = {
            node: self.sharing.used(wide, self._use(decoder, node)) for node, wide in zip(weighted, found, strict=True)
        }
        return self._made(decoder, own)

    def _view(self, path: str) -> TaskNetwork:
        graph, recipe = self._graph(path), self.recipe
        own = {
            node: self.sharing.used(self._part(name)[self._roles[name][role]], Use(graph, node))
            for node, name, role in self._weighted(path, graph)
        }
        backbone, decoder = self._made(graph, own), self._decoder(graph)
        return TaskNetwork(backbone, decoder, recipe.task, recipe.network_size, recipe.joint_tiles)

    def _made(self, graph: ArchGraph, own: dict[int, nn.Module]) -> GraphNetwork:
        """The network of a graph with the given modules of its nodes with weights."""

        def make(graph: ArchGraph, node: int) -> nn.Module:
            return own[node] if node in own else self._plain(graph, node)

        return GraphNetwork(graph, keep_weights, make=make)

    def _plain(self, graph: ArchGraph, node: int) -> nn.Module:
        """A module without weights, the same one for all nodes of its kind."""
        kind = int(graph.kind[node]), int(graph.kernel[node]), int(graph.stride[node])
        if kind not in self._plains:
            self._plains[kind] = make_operation(graph, node)
        return self._plains[kind]
