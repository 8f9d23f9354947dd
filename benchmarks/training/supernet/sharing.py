"""How the parts of a supernet become weights: each part its own, or narrower parts as slices of the widest one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import nn

from benchmarks.errors import SpaceError
from benchmarks.graph import ArchGraph
from benchmarks.spaces.transnas_macro import TransNASMacro
from benchmarks.training.networks.operations import Initialise, make_operation
from benchmarks.training.supernet.layouts import Layout, PartKey
from benchmarks.training.supernet.slices import Slice, make_wide
from benchmarks.training.weight_sharing.parts import named_or_own

__all__ = ["SHARINGS", "Separate", "Sharing", "Sliced", "Use", "make_sharing"]

_POOLED = ("class_scene", "class_object", "room_layout", "jigsaw", "contrast")
"""Tasks whose decoder averages over the pixels first, and so fits feature maps of any side."""


class Use(NamedTuple):
    """A node of a network graph that uses shared weights.

    Attributes:
        graph: The graph.
        node: Its node, of a kind in `PARAMETRIC`.
        repeats: Number of feature maps that are concatenated in the input of a decoder: the tiles of a jigsaw.
    """

    graph: ArchGraph
    node: int
    repeats: int = 1


@runtime_checkable
class Sharing(Protocol):
    """Which weights the parts of a supernet have in common.

    Attributes:
        name: What tells it from other ways; a training resumes, and a folder is loaded, only with the same one.
    """

    @property
    def name(self) -> str:
        """What tells it from other ways."""

    def check(self, layout: Layout) -> None:
        """Raise `SpaceError` if parts of a space cannot share their weights in this way."""

    def part_name(self, key: PartKey) -> str:
        """Name of the weights that a part uses; parts of the same name share them."""

    def decoder_name(self, task: str, channels: int, side: int) -> str:
        """Name of the decoder of features of `channels` channels and `side` pixels."""

    def make(self, uses: Sequence[Use], initialise: Initialise, generator: torch.Generator) -> nn.Module:
        """Initialised weights for all nodes that share them."""

    def used(self, shared: nn.Module, use: Use) -> nn.Module:
        """The module of one node, whose weights are those of `make`."""


class Separate:
    """Weights of its own for every part.

    Example:
        >>> Separate().part_name(PartKey((2,), "64-128-2"))
        '2_64-128-2'
    """

    name = "separate"

    def check(self, layout: Layout) -> None:
        """Every space can."""

    def part_name(self, key: PartKey) -> str:
        """The name of the part."""
        return str(key)

    def decoder_name(self, task: str, channels: int, side: int) -> str:
        """One decoder for each width; for dense tasks for each width and side."""
        return f"{channels}" if task in _POOLED else f"{channels}_{side}"

    def make(self, uses: Sequence[Use], initialise: Initialise, generator: torch.Generator) -> nn.Module:
        """The module of the node; all uses have the same shape."""
        module = make_operation(uses[0].graph, uses[0].node)
        initialise(module, generator)
        return module

    def used(self, shared: nn.Module, use: Use) -> nn.Module:
        """The shared module itself."""
        return shared


class Sliced(Separate):
    """One wide module for each position of the macro space; narrower ones use its leading channels.

    As in once-for-all networks (Cai et al., ICLR 2020, section 3.3) and AttentiveNAS (Wang et al., CVPR 2021): widths
    nest in the leading channels, and a skeleton of fewer modules has the first ones. Strides have no weights, so
    modules of both strides share theirs. The decoders of tasks that average over the pixels (all but segmentsemantic,
    normal and autoencoder) are slices of one linear layer as well; dense decoders are as in `Separate`.

    Weights are stored as the blocks between two neighbouring widths (`WideWeights`), each a parameter. What a path does
    not use has therefore no gradient (None), and neither momentum nor weight decay moves it.

    Example:
        >>> Sliced().part_name(PartKey((2,), "64-128-2"))
        '2'
    """

    name = "sliced"

    def check(self, layout: Layout) -> None:
        """The macro space can."""
        if not isinstance(layout.space, TransNASMacro):
            raise SpaceError(
                f"expected transnas101-macro for the sharing 'sliced', got {layout.space.name!r}, whose paths all have "
                "the same widths; the sharing 'separate' has no such limit"
            )

    def part_name(self, key: PartKey) -> str:
        """The position of a module."""
        return str(key.place[0]) if key.place else str(key)

    def decoder_name(self, task: str, channels: int, side: int) -> str:
        """One decoder for tasks that average over the pixels."""
        return "wide" if task in _POOLED else super().decoder_name(task, channels, side)

    def make(self, uses: Sequence[Use], initialise: Initialise, generator: torch.Generator) -> nn.Module:
        """A wide module if widths differ."""
        channels = {(int(graph.channels_in[node]), int(graph.channels_out[node])) for graph, node, _ in uses}
        if len(channels) == 1:
            return super().make(uses, initialise, generator)
        inputs, outputs = (sorted(set(widths)) for widths in zip(*channels, strict=True))
        graph, node, repeats = uses[0]
        return make_wide(graph, node, inputs, outputs, initialise, generator, repeats)

    def used(self, shared: nn.Module, use: Use) -> nn.Module:
        """A slice of a wide module."""
        return Slice.of(shared, use.graph, use.node)


SHARINGS: Mapping[str, Callable[[], Sharing]] = {"separate": Separate, "sliced": Sliced}
"""Name -> way of sharing."""


def make_sharing(sharing: str | Sharing) -> Sharing:
    """A way of sharing by its name, or the way itself.

    Raises:
        UnknownNameError: If there is none of that name; names the nearest one.
        TypeError: If it is not a way of sharing, e.g. a class.

    Example:
        >>> make_sharing("sliced").name
        'sliced'
    """
    return named_or_own(sharing, SHARINGS, "sharing", (Sharing,), "a `name`, `make` and `used`")
