"""Macro codes of skeletons by number: all codes within bounds, in order, without listing them.

A code has one digit per module (`benchmarks.spaces.skeleton`); 3 and 4 halve the resolution, 2 and 4 double the
channels. Codes are in order of their length, then lexicographic. How many codes begin with given digits depends only on
the number of modules, halvings and doublings so far, so numbers and codes are found from each other digit by digit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import ArchitectureError, shown
from benchmarks.forks import cached_property
from benchmarks.spaces.skeleton import MAX_MODULES

__all__ = ["SkeletonCodes"]

Ints = NDArray[np.int64]

_DIGITS = ((0, 0), (0, 1), (1, 0), (1, 1))
"""Halvings and doublings of the digits 1, 2, 3 and 4."""


@dataclass(frozen=True)
class SkeletonCodes:
    """All macro codes within bounds, each bound included.

    Attributes:
        modules: Least and most modules.
        halvings: Least and most modules that halve the resolution.
        doublings: Least and most modules that double the channels.

    Raises:
        ValueError: If bounds are not increasing, outside what a code may have, or leave no code.

    Example:
        >>> published = SkeletonCodes((4, 6), (1, 4), (1, 3))
        >>> len(published), published.codes(np.array([0, 3255])), published.number("2311")
        (3256, ['1114', '444311'], 70)
    """

    modules: tuple[int, int]
    halvings: tuple[int, int] = (0, MAX_MODULES)
    doublings: tuple[int, int] = (0, MAX_MODULES)

    def __post_init__(self) -> None:
        for name, least in (("modules", 1), ("halvings", 0), ("doublings", 0)):
            low, high = getattr(self, name)
            if not least <= low <= high <= MAX_MODULES:
                raise ValueError(
                    f"expected {least} <= least <= most <= {MAX_MODULES} {name}, got {shown(low)} to {shown(high)}"
                )
        if not len(self):
            raise ValueError(
                f"no code of {_said(self.modules)} modules has {_said(self.halvings)} halvings and "
                f"{_said(self.doublings)} doublings"
            )

    def __len__(self) -> int:
        return int(self._starts[-1])

    def codes(self, numbers: Ints) -> list[str]:
        """The codes of m numbers from 0 to ``len(self) - 1``."""
        if len(numbers) and not 0 <= numbers.min() <= numbers.max() < len(self):
            raise IndexError(f"expected numbers from 0 to {len(self) - 1:,}, got {shown(numbers)}")
        which = np.searchsorted(self._starts, numbers, side="right") - 1
        length = self.modules[0] + which
        left = numbers - self._starts[which]  # codes of the same length and beginning that come before
        halved, doubled = np.zeros((2, len(numbers)), dtype=np.int64)
        digits = np.full((len(numbers), MAX_MODULES), ord(" "), dtype=np.uint8)
        for place in range(self.modules[1]):
            open_ = length > place
            for digit, (halves, doubles) in enumerate(_DIGITS, start=1):
                rest = self._completions[np.maximum(length - place - 1, 0), halved + halves, doubled + doubles]
                here = open_ & (left < rest)
                digits[here, place] = ord("0") + digit
                halved, doubled = halved + halves * here, doubled + doubles * here
                left = np.where(open_ & ~here, left - rest, left)
                open_ &= ~here
        return [str(text, "ascii").rstrip() for text in digits.view(f"S{MAX_MODULES}").ravel().tolist()]

    def number(self, code: str) -> int:
        """The number of a code.

        Raises:
            ArchitectureError: If it is outside the bounds.
        """
        low, high = self.modules
        if not low <= len(code) <= high or not set(code) <= set("1234"):
            raise ArchitectureError(f"expected a macro code of {_said(self.modules)} digits 1 to 4, got {shown(code)}")
        number, halved, doubled = int(self._starts[len(code) - low]), 0, 0
        for place, digit in enumerate(map(int, code)):
            for halves, doubles in _DIGITS[: digit - 1]:
                number += int(self._completions[len(code) - place - 1, halved + halves, doubled + doubles])
            halved, doubled = halved + _DIGITS[digit - 1][0], doubled + _DIGITS[digit - 1][1]
        if not self._completions[0, halved, doubled]:
            raise ArchitectureError(
                f"expected {_said(self.halvings)} halvings and {_said(self.doublings)} doublings, got {halved} and "
                f"{doubled} in {shown(code)}"
            )
        return number

    @cached_property
    def _completions(self) -> Ints:
        """Number of ways to complete a code that has r digits to come, h halvings and d doublings: ``[r, h, d]``."""
        size = MAX_MODULES + 2
        found = np.zeros((MAX_MODULES + 1, size, size), dtype=np.int64)
        (least, most), (fewest, many) = self.halvings, self.doublings
        found[0, least : most + 1, fewest : many + 1] = 1
        for rest in range(1, MAX_MODULES + 1):
            for halves, doubles in _DIGITS:
                found[rest, : size - 1, : size - 1] += found[
                    rest - 1, halves : size - 1 + halves, doubles : size - 1 + doubles
                ]
        return found

    @cached_property
    def _starts(self) -> Ints:
        """Number of the first code of each length, and the number of all codes."""
        low, high = self.modules
        return np.concatenate([[0], np.cumsum(self._completions[low : high + 1, 0, 0])])


def _said(bounds: tuple[int, int]) -> str:
    return str(bounds[0]) if bounds[0] == bounds[1] else f"{bounds[0]} to {bounds[1]}"
