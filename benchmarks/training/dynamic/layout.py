"""Multi-stage networks within an architecture: the stage of each channel of each operation, and the costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.decoders import TILES
from benchmarks.errors import SpaceError, shown
from benchmarks.graph import ArchGraph, GraphBuilder
from benchmarks.short_repr import ShortRepr
from benchmarks.spaces.registry import infer_space
from benchmarks.spaces.skeleton import add_stem
from benchmarks.spaces.transnas_macro import TransNASMacro
from benchmarks.spaces.transnas_micro import TransNASMicro
from benchmarks.training.dynamic.choices import StageChoice, check_confident
from benchmarks.training.networks.task_network import backbone_graph
from benchmarks.training.recipe import Recipe
from benchmarks.training.supernet.layouts import layout_of

__all__ = ["StageLayout", "StagePlan", "stage_groups"]

_SMALLEST = 16  # pixels: the last features of 41414 are then one pixel

Ints = NDArray[np.int64]


def stage_groups(channels: int, parts: Sequence[int]) -> Ints:
    """The stage of each channel of a width, of shape (C,); stages are counted from 0.

    Both halves are split alike, since the operation that changes the shape of a skip joins two halves, which read
    different pixels.

    Args:
        channels: Number C of channels.
        parts: Parts of the channels of each of S stages; boundaries are rounded to whole channels.

    Raises:
        ValueError: If a stage would have no channel in a half; names the least width.

    Example:
        >>> stage_groups(8, (1, 3)).tolist()
        [0, 1, 1, 1, 0, 1, 1, 1]
        >>> stage_groups(5, (1,)).tolist()
        [0, 0, 0, 0, 0]
    """
    found = [_half(half, parts) for half in (channels // 2, channels - channels // 2)]
    if len(parts) > 1 and any(len(np.unique(half)) < len(parts) for half in found):
        least = next(
            width for width in range(2, 2 * sum(parts) + 1, 2) if len(np.unique(_half(width // 2, parts))) == len(parts)
        )
        raise ValueError(
            f"expected at least one channel of each stage in each half of {channels} channels that are split "
            f"{':'.join(map(str, parts))}; that needs {least} channels: use more base channels or other parts"
        )
    return np.concatenate(found)


def _half(channels: int, parts: Sequence[int]) -> Ints:
    ends = np.floor(channels * np.cumsum(parts) / sum(parts) + 0.5).astype(np.int64)
    return np.searchsorted(ends, np.arange(channels), side="right").astype(np.int64)


@dataclass(frozen=True, eq=False, repr=False)
class StagePlan(ShortRepr):
    """A multi-stage network as arrays: the V nodes of its network graph, and the stage of each of their channels.

    Attributes:
        choice: What was chosen.
        graph: Network graph of the backbone without the cells that do not run, of V nodes.
        nodes: Node of each of them in the graph of the whole architecture, of shape (V,).
        groups: For each node the stage of each channel of its output, of shape (C,); empty where there is no output.
        kernels: For each node the kernel of each stage, of shape (S,).
        classes: Number of classes.
        tiles: Number of images that a backbone sees for one answer: 9 for jigsaw, else 1.
    """

    choice: StageChoice
    graph: ArchGraph
    nodes: Ints
    groups: tuple[Ints, ...]
    kernels: tuple[tuple[int, ...], ...]
    classes: int
    tiles: int

    def multiply_adds(self) -> Ints:
        """Multiply-adds for one image up to each exit and with its classifier, of shape (S,).

        A convolution up to stage s costs k^2 H W sum_{t <= s} b_t sum_{i <= t} a_i, with input groups a and output
        groups b. In jigsaw all nine tiles count. Classifiers of earlier exits count as well.
        """
        stages = range(self.choice.n_stages)
        total = np.zeros(len(stages), dtype=np.int64)
        source = dict(self.graph.edges[:, ::-1].tolist())
        for node in np.flatnonzero(self.graph.where("conv")).tolist():
            arriving, written = self.groups[source[node]], self.groups[node]
            pixels = int(self.graph.resolution_out[node]) ** 2
            for stage in stages:
                pairs = int((arriving <= stage).sum()) * int((written == stage).sum())
                total[stage] += self.kernels[node][stage] ** 2 * pixels * pairs
        total *= self.tiles
        for stage in stages:
            total[stage] += self.tiles * int((self.groups[-1] <= stage).sum()) * self.classes
        return np.cumsum(total)


class _Block(NamedTuple):
    """Place of a node: module and block within it, from 0; -1 in the stem."""

    module: int
    block: int


class StageLayout:
    """The multi-stage networks within an architecture of TransNAS-Bench-101, in its simplest form.

    The stem belongs to the first stage. Where a skip without weights leads from one module to the next and their splits
    differ, a channel passes only if it does not come from a later stage.

    Args:
        arch: Architecture of the micro space in the published skeleton, or of the published macro space.
        recipe: Task, sizes and widths.

    Attributes:
        arch: Its simplest form.
        recipe: As above.
        n_modules: Number of modules.

    Raises:
        SpaceError: If the architecture is of another space.
        ArchitectureError: If it is dead, or not a published one; names the nearest.
        ValueError: If answers of the task have no confidence.

    Example:
        >>> from benchmarks.training.presets import get_recipe
        >>> layout = StageLayout("64-41414-3_33_333", get_recipe("class_scene", "mini"))
        >>> dense = layout.plan(StageChoice.dense(5)).multiply_adds()
        >>> halves = layout.plan(StageChoice.parse("1:1-1:1-1:1-1:1-1:1")).multiply_adds()
        >>> dense.tolist(), (halves / dense).round(2).tolist()
        ([8371136], [0.27, 0.76])
    """

    def __init__(self, arch: str, recipe: Recipe) -> None:
        check_confident(recipe.task)
        space = infer_space(arch)
        if not isinstance(space, (TransNASMicro, TransNASMacro)):
            raise SpaceError(
                f"expected an architecture of transnas101-micro or transnas101-macro, whose modules are split into "
                f"stages, got one of {space.name}"
            )
        self.arch, self.recipe, self._space = layout_of(space).path(arch), recipe, space
        self._blocks = _blocks(self.arch, space)
        self.n_modules = self._blocks[-1].module + 1

    def graph(self, side: int | None = None) -> ArchGraph:
        """Network graph of the whole backbone for images of a side in pixels; the recipe's by default."""
        return backbone_graph(self.arch, self._tile(side), self.recipe.base_channels)

    def plan(self, choice: StageChoice | str) -> StagePlan:
        """The network of a choice.

        Raises:
            ValueError: If it has another number of modules, a stage without channels, or a side that is larger than the
                recipe's, smaller than 16, or not a multiple of 4 in jigsaw.
        """
        found = StageChoice.parse(choice) if isinstance(choice, str) else choice
        if found.n_modules != self.n_modules:
            raise ValueError(
                f"expected a split of the {self.n_modules} modules of {self.arch!r}, as in "
                f"{'-'.join(['1:1'] * self.n_modules)!r}, got {found.n_modules} modules in {shown(str(found))}"
            )
        graph, nodes = self._kept(self.graph(found.side), found.depths)
        blocks = [self._blocks[node] for node in nodes.tolist()]
        groups = _node_groups(graph, [place.module for place in blocks], found)
        kernels = tuple(
            _kernels(int(kernel), place, found) for kernel, place in zip(graph.kernel.tolist(), blocks, strict=True)
        )
        tiles = TILES if self.recipe.task == "jigsaw" else 1
        return StagePlan(found, graph, nodes, groups, kernels, self.recipe.num_classes, tiles)

    def _tile(self, side: int | None) -> int:
        """Side of the backbone's input."""
        if side is None:
            return self.recipe.network_size
        jigsaw = self.recipe.task == "jigsaw"
        if not _SMALLEST <= side <= self.recipe.input_size or (jigsaw and side % 4):
            raise ValueError(
                f"expected a side from {_SMALLEST} to the recipe's {self.recipe.input_size} pixels"
                f"{', a multiple of 4 in jigsaw' if jigsaw else ''}, got {side}"
            )
        return side // 4 if jigsaw else side

    def _kept(self, graph: ArchGraph, depths: tuple[int, ...] | None) -> tuple[ArchGraph, Ints]:
        """The graph without the blocks that do not run, and the nodes that are left."""
        if depths is None:
            return graph, np.arange(len(graph))
        kept = np.array([place.module < 0 or place.block < depths[place.module] for place in self._blocks])
        stands = np.arange(len(graph))  # for each node the last one that is left before it, if it is not
        for node in np.flatnonzero(~kept).tolist():
            stands[node] = stands[node - 1]
        nodes = np.flatnonzero(kept)
        number = np.cumsum(kept) - 1
        edges = np.array([(number[stands[a]], number[b]) for a, b in graph.edges.tolist() if kept[b]], dtype=np.int64)
        names = [name for name in vars(graph) if name != "edges"]
        return replace(graph, edges=edges, **{name: getattr(graph, name)[nodes] for name in names}), nodes


def _blocks(arch: str, space: TransNASMicro | TransNASMacro) -> list[_Block]:
    """Module and block of each node of the network graph."""
    base, code, rest = arch.split("-")

    def nodes(digits: str) -> int:
        return len(space.network_graph(f"{base}-{digits}-{rest}"))

    builder = GraphBuilder(3, _SMALLEST)
    add_stem(builder, int(base))
    found = [_Block(-1, 0)] * len(builder.build())
    ends = [nodes(code[: module + 1]) for module in range(len(code))]
    same = (nodes(code + "1") - ends[-1]) // 2  # nodes of a block that keeps the shape, as every second one does
    for module, (start, end) in enumerate(zip([len(found), *ends], ends, strict=False)):
        found += [_Block(module, 0)] * (end - start - same) + [_Block(module, 1)] * same
    return found


def _kernels(kernel: int, place: _Block, found: StageChoice) -> tuple[int, ...]:
    """Kernel of each stage of a node."""
    if found.kernels is None or place.module < 0:
        return (kernel,) * found.n_stages
    return tuple(min(kernel, most) for most in found.kernels)


def _node_groups(graph: ArchGraph, modules: list[int], found: StageChoice) -> tuple[Ints, ...]:
    """The stage of each channel of each node; no channels where nothing arrives."""
    nothing = np.zeros(0, dtype=np.int64)
    sources: list[list[int]] = [[] for _ in modules]
    readers: list[list[int]] = [[] for _ in modules]
    for source, target in graph.edges.tolist():
        sources[target].append(source)
        readers[source].append(target)
    groups: list[Ints] = []
    for node, (kind, module) in enumerate(zip(graph.names, modules, strict=True)):
        channels = int(graph.channels_out[node])
        arriving = [groups[source] for source in sources[node] if len(groups[source])]
        if kind == "none" or (node and not arriving):
            groups.append(nothing)
        elif module < 0:  # all channels of the stem are in the first stage
            groups.append(np.zeros(channels, dtype=np.int64))
        elif kind == "conv":
            (joined,) = [reader for reader in readers[node] if graph.names[reader] == "concat"] or [node]
            whole = stage_groups(int(graph.channels_out[joined]), found.split[module])
            before = sources[joined][: sources[joined].index(node)] if joined != node else []
            first = sum(int(graph.channels_out[other]) for other in before)
            groups.append(whole[first : first + channels])
        elif kind == "concat":
            groups.append(np.concatenate(arriving))
        elif kind == "sum" and any(not np.array_equal(other, arriving[0]) for other in arriving):
            groups.append(stage_groups(channels, found.split[module]))
        else:
            groups.append(arriving[0])
    return tuple(groups)
