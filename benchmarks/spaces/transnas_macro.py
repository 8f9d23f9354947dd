"""TransNAS-Bench-101, macro space: where to double channels and halve resolution (paper, section 3.2).

Strings have the form ``<base channels>-<macro code>-basic``, e.g. ``64-2311-basic``. The published set has 3,256
members given by this rule, which the tests compare with the published rows:

    base width 64; four to six modules; one to four of them halve the resolution (digits 3 and 4);
    one to three of them double the channels (digits 2 and 4).

Count: the sum over depths L = 4, 5, 6 of [C(L,1)+..+C(L,4)] x [C(L,1)+C(L,2)+C(L,3)] = 210 + 750 + 2,296 = 3,256.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import ArchitectureError, shown
from benchmarks.graph import ArchGraph, GraphBatch, GraphBuilder, kind_id
from benchmarks.spaces.skeleton import MAX_MODULES, BlockShape, Skeleton, SkeletonArrays, add_stem, sides
from benchmarks.spaces.space import Space, naslib_integers
from benchmarks.tasks import TRANSNAS_TASKS

__all__ = ["TransNASMacro"]

_BASE = 64
_DEPTHS = (4, 5, 6)
_HALVINGS = (1, 4)
_DOUBLINGS = (1, 3)
_STATES = MAX_MODULES + 1
"""More than there are digits, and as many as there are numbers of doublings and of halvings."""


class TransNASMacro(Space):
    """The 3,256 macro skeletons with ResNet basic blocks.

    Example:
        >>> space = TransNASMacro()
        >>> len(space), "64-2311-basic" in space, "64-1111-basic" in space
        (3256, True, False)
        >>> str(space.parse("32-2311114-basic"))
        '32-2311114'
    """

    name = "transnas101-macro"
    tasks = TRANSNAS_TASKS
    input_size = 256
    example = "64-2311-basic"
    notation = (
        "64-2311-basic: 64 channels in the stem; a digit a module of two residual blocks (1 same shape, 2 doubles the "
        "channels, 3 halves the resolution, 4 both)"
    )

    def recognises(self, arch: str) -> bool:
        """Whether the string has three fields and the last one starts with ``b``, as in ``basic`` or a misspelling."""
        return arch.count("-") == 2 and arch.rsplit("-", 1)[-1].lower().startswith("b")

    def parse(self, arch: str) -> Skeleton:
        """Return base width and macro code.

        Raises:
            ArchitectureError: If the string does not have the form ``<base>-<code>-basic``.
        """
        fields = str(arch).split("-")
        if len(fields) != 3 or fields[2] != "basic":
            nearest = "-".join([*fields[:2], "basic"]) if len(fields) >= 2 else self.example
            raise ArchitectureError(
                f"{shown(arch)}: expected '<base channels>-<macro code>-basic', e.g. {self.example!r}; "
                f"nearest: {shown(nearest)}"
            )
        return Skeleton.parse(fields[0], fields[1], str(arch))

    def format(self, spec: Skeleton) -> str:
        """The string of a skeleton."""
        return f"{spec}-basic"

    def from_naslib(self, ops: Sequence[int]) -> str:
        """The architecture of a tuple of NASLib, which pads short codes with zeros: see `Space.from_naslib`."""
        code = "".join(str(digit) for digit in naslib_integers(ops, self.name, 4) if digit)
        return self.validate(f"{_BASE}-{code}-basic")

    def enumerate(self) -> Sequence[str]:
        """The published architectures in lexicographic order."""
        codes = ("".join(digits) for depth in _DEPTHS for digits in itertools.product("1234", repeat=depth))
        return [f"{_BASE}-{code}-basic" for code in sorted(codes) if _is_published(code)]

    def neighbors(self, arch: str) -> list[str]:
        """Architectures with one digit changed, inserted or removed; published ones if `arch` is one."""
        skeleton = self.parse(arch)
        code = skeleton.code
        codes = {code[:i] + digit + code[i + 1 :] for i in range(len(code)) for digit in "1234"}
        codes |= {code[:i] + digit + code[i:] for i in range(len(code) + 1) for digit in "1234"}
        codes |= {code[:i] + code[i + 1 :] for i in range(len(code)) if len(code) > 1}
        found = [self.format(Skeleton(skeleton.base_channels, new)) for new in sorted(codes - {code})]
        return [new for new in found if new in self] if arch in self else found

    def cell_graphs(self, archs: Sequence[str]) -> GraphBatch:
        """Chains input - block - ... - block - output, two blocks per module."""
        chains = [self.parse(arch).blocks(self.input_size) for arch in archs]
        width = max((len(chain) for chain in chains), default=0) + 2
        shapes = np.zeros((4, len(chains), width), dtype=np.int64)
        live = np.zeros((len(chains), width), dtype=bool)
        for row, chain in enumerate(chains):
            shapes[:, row, 1 : len(chain) + 1] = np.array(chain).T
            live[row, : len(chain) + 1] = True
            first, last = chain[0], chain[-1]
            shapes[:, row, 0] = (first.channels_in, first.channels_in, 1, first.resolution)
            shapes[:, row, -1] = (last.channels_out, last.channels_out, 1, -(-last.resolution // last.stride))
        live[:, -1] = True
        channels_in, channels_out, stride, resolution = shapes
        kind = np.where(live, kind_id("block"), kind_id("none"))
        kind[:, 0], kind[:, -1] = kind_id("input"), kind_id("output")
        adjacency = np.zeros((len(chains), width, width), dtype=bool)
        chain_position = np.arange(width - 2)
        adjacency[:, chain_position, chain_position + 1] = live[:, 1:-1]
        lengths = live[:, :-1].sum(axis=1) - 1
        adjacency[np.arange(len(chains)), lengths, -1] = True
        return GraphBatch(
            kind=kind,
            kernel=np.where(kind == kind_id("block"), 3, 0),
            stride=stride,
            channels_in=channels_in,
            channels_out=channels_out,
            resolution_in=resolution,
            resolution_out=-(-resolution // np.maximum(stride, 1)),
            live=live,
            adjacency=adjacency,
        )

    def network_graph(self, arch: str, input_size: int | None = None) -> ArchGraph:
        """Stem, then two basic blocks per module."""
        skeleton = self.parse(arch)
        size = self.image_size(input_size)
        builder = GraphBuilder(3, size)
        node = add_stem(builder, skeleton.base_channels)
        for shape in skeleton.blocks(size):
            node = _add_basic_block(builder, node, shape)
        return builder.build()

    def feature_shape(self, arch: str, input_size: int | None = None) -> tuple[int, int]:
        """Channels and side in pixels of the backbone's last feature map."""
        last = self.parse(arch).blocks(self.image_size(input_size))[-1]
        return last.channels_out, last.resolution

    def network_parts(
        self, archs: Sequence[str], input_size: int | None = None
    ) -> tuple[list[ArchGraph], NDArray[np.int64]]:
        """One part per stem width and per block shape."""
        size = self.image_size(input_size)
        found = SkeletonArrays.of([self.parse(arch) for arch in archs])
        side, live = sides(size).tolist(), found.digits > 0
        stems, stem = np.unique(found.base, return_inverse=True)
        # one number for what the shapes of a module depend on
        state = ((stem[:, None] * _STATES + found.doubled) * _STATES + found.halved) * _STATES + found.digits
        states, which = np.unique(state[live], return_inverse=True)
        pieces: dict[BlockShape, int] = {}
        of_module = []
        for rest, digit in (divmod(value, _STATES) for value in states.tolist()):
            (width, doubled), halved = divmod(rest // _STATES, _STATES), rest % _STATES
            channels, halves = int(stems[width]) << doubled, digit in (3, 4)
            first = BlockShape(channels >> (digit in (2, 4)), channels, 1 + halves, side[halved - halves])
            second = BlockShape(channels, channels, 1, side[halved])
            of_module.append([pieces.setdefault(piece, len(pieces)) for piece in (first, second)])
        counts = np.zeros((len(archs), len(stems) + len(pieces)), dtype=np.int64)
        counts[np.arange(len(archs)), stem] = 1
        columns = len(stems) + np.array(of_module, dtype=np.int64).reshape(-1, 2)[which]  # (modules, 2)
        np.add.at(counts, (np.nonzero(live)[0][:, None], columns), 1)
        return [*(_stem(width, size) for width in stems.tolist()), *map(_block, pieces)], counts

    def depths(self, archs: Sequence[str]) -> NDArray[np.int64]:
        """Two convolutions in the stem and two per block, of shape (n,)."""
        return np.array([2 + 4 * len(self.parse(arch).code) for arch in archs], dtype=np.int64)


def _is_published(code: str) -> bool:
    halvings = sum(digit in "34" for digit in code)
    doublings = sum(digit in "24" for digit in code)
    return _HALVINGS[0] <= halvings <= _HALVINGS[1] and _DOUBLINGS[0] <= doublings <= _DOUBLINGS[1]


@lru_cache(maxsize=64)
def _stem(base_channels: int, input_size: int) -> ArchGraph:
    builder = GraphBuilder(3, input_size)
    add_stem(builder, base_channels)
    return builder.build()


@lru_cache(maxsize=4096)
def _block(shape: BlockShape) -> ArchGraph:
    builder = GraphBuilder(shape.channels_in, shape.resolution)
    _add_basic_block(builder, builder.input, shape)
    return builder.build()


def _add_basic_block(builder: GraphBuilder, node: int, shape: BlockShape) -> int:
    """Two ReLU-conv3x3-BN plus the input, projected by a 1x1 convolution and batch norm if the shape changes.

    The published training code passes two flags in the positions of eps and momentum to the projection's batch norm, so
    both are 1: its output is damped where the variance is small, and evaluation uses the statistics of the last batch.
    """
    body = builder.relu_conv_bn(node, 3, shape.stride, shape.channels_out)
    body = builder.relu_conv_bn(body, 3, 1, shape.channels_out)
    if shape.changes_shape:
        node = builder.add("conv", [node], kernel=1, stride=shape.stride, channels=shape.channels_out)
        node = builder.add("batch_norm", [node], eps=1.0, momentum=1.0)
    return builder.add("sum", [node, body])
