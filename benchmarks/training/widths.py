"""Widths of architectures in trainings with fewer channels than the published ones.

A recipe's ``base_channels`` are those of the published width, 64; an architecture of another width gets its share.
"""

from __future__ import annotations

import math
import re

from benchmarks.errors import ArchitectureError, shown
from benchmarks.spaces.skeleton import MAX_BASE

__all__ = ["PUBLISHED_WIDTH", "scaled_base_channels", "written_width"]

PUBLISHED_WIDTH = 64
_WIDTH = re.compile(r"([0-9]{1,9})-")
_EVEN = 2  # the first convolution of the stem has half the channels


def written_width(arch: str) -> int | None:
    """The width that an architecture string begins with; None in spaces whose strings have none.

    Example:
        >>> written_width("32-2311-basic"), written_width("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|")
        (32, None)
    """
    width = _WIDTH.match(arch)
    return None if width is None else int(width[1])


def scaled_base_channels(arch: str, base_channels: int) -> int:
    """Base channels of an architecture if those of the published width are scaled to `base_channels`.

    Args:
        arch: Architecture string of TransNAS-Bench-101, whose published width is 64.
        base_channels: Channels of an architecture of width 64 after scaling.

    Raises:
        ArchitectureError: If the string has no width, or the result is not an even number from 2 to 4,096; names the
            nearest widths of which it is.

    Example:
        >>> [scaled_base_channels(f"{width}-41414-3_33_333", 8) for width in (16, 32, 64, 128)]
        [2, 4, 8, 16]
        >>> scaled_base_channels("24-41414-3_33_333", 8)  # 3 channels
        Traceback (most recent call last):
        ...
        benchmarks.errors.ArchitectureError: '24-41414-3_33_333': expected a width that is a multiple of 16, ...
    """
    width = written_width(arch)
    if width is None:
        raise ArchitectureError(f"{shown(arch)}: expected a width before the first dash, as in '64-2311-basic'")
    step = math.lcm(base_channels, _EVEN * PUBLISHED_WIDTH) // base_channels  # the smallest width of an even number
    widest = MAX_BASE * PUBLISHED_WIDTH // base_channels
    if width % step or not step <= width <= widest:
        below = min(width, widest, MAX_BASE) // step * step
        nearest = [str(found) for found in (below, below + step) if step <= found <= min(widest, MAX_BASE)]
        raise ArchitectureError(
            f"{shown(arch)}: expected a width that is a multiple of {step}, so that scaling {PUBLISHED_WIDTH} to "
            f"{base_channels} gives an even number of base channels (at most {MAX_BASE}), got {width}; nearest: "
            f"{' and '.join(nearest) or f'none, with other base_channels than {base_channels}'}"
        )
    return width * base_channels // PUBLISHED_WIDTH
