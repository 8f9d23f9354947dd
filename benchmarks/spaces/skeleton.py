"""The macro skeleton of TransNAS-Bench-101: base width and one digit per module (paper, section 3.2).

Digits: 1 keeps the shape, 2 doubles the channels, 3 halves the resolution, 4 does both. A module is two blocks; only
the first one changes channels or stride. The stem divides the resolution by four.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import ArchitectureError, shown
from benchmarks.graph import GraphBuilder
from benchmarks.limits import SHOWN
from benchmarks.short_repr import ShortRepr

__all__ = ["MAX_BASE", "MAX_MODULES", "BlockShape", "Skeleton", "SkeletonArrays", "add_stem", "sides"]

MAX_MODULES = 16
MAX_BASE = 4096
_DIGITS = 9  # of a width that is read at all
_BASE, _CODE = re.compile(r"[1-9][0-9]{0,8}"), re.compile(rf"[1-4]{{1,{MAX_MODULES}}}")


class BlockShape(NamedTuple):
    """Shape change of one block: input and output channels, stride, resolution of the input in pixels."""

    channels_in: int
    channels_out: int
    stride: int
    resolution: int

    @property
    def changes_shape(self) -> bool:
        """Whether the channels or the resolution change."""
        return self.stride != 1 or self.channels_in != self.channels_out


@dataclass(frozen=True)
class Skeleton:
    """Base width and macro code, e.g. ``Skeleton(64, "41414")``."""

    base_channels: int
    code: str

    @classmethod
    def parse(cls, base: str, code: str, arch: str) -> Skeleton:
        """Validate the two leading fields of an architecture string.

        Raises:
            ArchitectureError: If a field is invalid; names it and the nearest valid value.
        """
        if not _BASE.fullmatch(base) or int(base) % 2 or int(base) > MAX_BASE:
            raise ArchitectureError(
                f"{shown(arch)}: expected an even number of base channels from 2 to {MAX_BASE}, got {shown(base)}; "
                f"nearest: {_nearest_base(base)}"
            )
        if not _CODE.fullmatch(code):
            nearest = "".join(str(min(max(int(c), 1), 4)) for c in code[:SHOWN] if c in "0123456789")[:MAX_MODULES]
            raise ArchitectureError(
                f"{shown(arch)}: expected a macro code of 1 to {MAX_MODULES} digits from 1 to 4, got {shown(code)}; "
                f"nearest: {nearest or '41414'}"
            )
        return cls(int(base), code)

    def __str__(self) -> str:
        return f"{self.base_channels}-{self.code}"

    def blocks(self, input_size: int) -> list[BlockShape]:
        """Shapes of the blocks, two per module, for input images of `input_size` pixels."""
        channels, resolution = self.base_channels, -(-input_size // 4)
        shapes = []
        for digit in self.code:
            wider = channels * 2 if digit in "24" else channels
            stride = 2 if digit in "34" else 1
            shapes.append(BlockShape(channels, wider, stride, resolution))
            resolution = -(-resolution // stride)
            shapes.append(BlockShape(wider, wider, 1, resolution))
            channels = wider
        return shapes


@dataclass(frozen=True, repr=False)
class SkeletonArrays(ShortRepr):
    """Modules of n skeletons, of which the longest has L.

    Attributes:
        base: Base channels, of shape (n,).
        depth: Number of modules, of shape (n,).
        digits: Digit of each module, 0 behind the last one, of shape (n, L).
        doubled: Number of doublings up to and including a module, of shape (n, L); behind the last one as in it.
        halved: Number of halvings, likewise.

    Example:
        >>> arrays = SkeletonArrays.of([Skeleton(64, "2311"), Skeleton(32, "4")])
        >>> arrays.digits.tolist(), arrays.halved[:, -1].tolist(), arrays.feature_shapes(256).tolist()
        ([[2, 3, 1, 1], [4, 0, 0, 0]], [1, 1], [[128, 32], [64, 32]])
    """

    base: NDArray[np.int64]
    depth: NDArray[np.int64]
    digits: NDArray[np.int64]
    doubled: NDArray[np.int64]
    halved: NDArray[np.int64]

    @classmethod
    def of(cls, skeletons: Sequence[Skeleton]) -> SkeletonArrays:
        """The arrays of some skeletons."""
        depth = np.array([len(skeleton.code) for skeleton in skeletons], dtype=np.int64)
        longest = int(depth.max(initial=1))
        text = "".join([skeleton.code.ljust(longest, "0") for skeleton in skeletons]).encode("ascii")
        digits = (np.frombuffer(text, dtype=np.uint8).astype(np.int64) - ord("0")).reshape(-1, longest)
        return cls(
            base=np.array([skeleton.base_channels for skeleton in skeletons], dtype=np.int64),
            depth=depth,
            digits=digits,
            doubled=np.cumsum(np.isin(digits, (2, 4)), axis=1, dtype=np.int64),
            halved=np.cumsum(np.isin(digits, (3, 4)), axis=1, dtype=np.int64),
        )

    def feature_shapes(self, input_size: int) -> NDArray[np.int64]:
        """Channels and side in pixels of the last feature maps, of shape (n, 2), as those of `Skeleton.blocks`."""
        return np.stack([self.base << self.doubled[:, -1], sides(input_size)[self.halved[:, -1]]], axis=1)


def sides(input_size: int) -> NDArray[np.int64]:
    """Side in pixels after the stem and 0, 1, ... halvings, of shape (MAX_MODULES + 1,).

    Example:
        >>> sides(256)[:4].tolist()
        [64, 32, 16, 8]
    """
    found = [-(-input_size // 4)]
    while len(found) <= MAX_MODULES:
        found.append(-(-found[-1] // 2))
    return np.array(found, dtype=np.int64)


def add_stem(builder: GraphBuilder, base_channels: int) -> int:
    """Add conv 3x3 / 2, batch norm, ReLU-conv 3x3 / 2-batch norm; return the last node."""
    node = builder.add("conv", [builder.input], kernel=3, stride=2, channels=base_channels // 2)
    node = builder.add("batch_norm", [node])
    return builder.relu_conv_bn(node, 3, 2, base_channels)


def _nearest_base(base: str) -> int:
    digits = re.sub(r"[^0-9]", "", base[:SHOWN])[:_DIGITS]
    return min(max(2 * round(int(digits) / 2), 2), MAX_BASE) if digits else 64
