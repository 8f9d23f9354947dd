"""Search spaces as numbered rows: published sets, and all that a grammar allows within bounds; nothing is listed.

A row is an architecture that stands for all of the enumeration that compute the same function, its simplest form
(`Space.simplify`); where strings count, as for latency, every string is a row. Rows have numbers from 0 on, which
depend on nothing but the bounds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import ArchitectureError, choice, shown
from benchmarks.forks import cached_property
from benchmarks.spaces.cell import CellSpace, CellSpec
from benchmarks.spaces.registry import get_space, own_space
from benchmarks.spaces.skeleton import MAX_BASE, Skeleton
from benchmarks.spaces.skeleton_codes import SkeletonCodes
from benchmarks.spaces.space import Space
from benchmarks.spaces.transnas_macro import TransNASMacro
from benchmarks.spaces.transnas_micro import TransNASMicro

__all__ = ["ArchRows", "CellRows", "PublishedRows", "SkeletonRows", "enumerate_space"]

Ints = NDArray[np.int64]
Bounds = tuple[int, int]


class ArchRows(ABC):
    """Numbered rows of architectures of one space.

    Attributes:
        space: The space.
        n_archs: Number of architectures that the rows stand for.
    """

    space: Space
    n_archs: int

    @abstractmethod
    def __len__(self) -> int:
        """Number of rows."""

    @abstractmethod
    def archs(self, start: int, stop: int) -> list[str]:
        """The architectures of the rows from `start` to before `stop`."""

    @abstractmethod
    def index(self, arch: str) -> int:
        """Number of the row that stands for an architecture.

        Raises:
            ArchitectureError: If none does.
        """

    @abstractmethod
    def counts(self, start: int, stop: int) -> Ints:
        """Number of architectures of the enumeration that each row stands for, itself included, of shape (m,)."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """What the rows depend on, as JSON values."""

    def check_range(self, start: int, stop: int) -> None:
        """Raise `IndexError` unless there are rows from `start` to before `stop`."""
        if not 0 <= start <= stop <= len(self):
            raise IndexError(f"expected rows from 0 to {len(self):,}, got {start:,} to {stop:,}")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.space.name}: {len(self):,} rows, {self.n_archs:,} architectures>"


class PublishedRows(ArchRows):
    """The published architectures of a space, in its order.

    Args:
        space: The space.
        by_function: Whether a row stands for all architectures of a function.

    Example:
        >>> rows = PublishedRows(get_space("nasbench201"))
        >>> rows, rows.index(rows.archs(7, 8)[0])
        (<PublishedRows of nasbench201: 4,930 rows, 15,625 architectures>, 7)
    """

    def __init__(self, space: Space, by_function: bool = True) -> None:
        self.space, self.by_function = space, by_function
        self.n_archs = len(space)

    def __len__(self) -> int:
        return len(self._counts)

    def archs(self, start: int, stop: int) -> list[str]:
        self.check_range(start, stop)
        return self._names[start:stop]

    def index(self, arch: str) -> int:
        self.space.index(arch)  # a published one
        return self._numbers[self.space.simplify([arch])[0] if self.by_function else self.space.validate(arch)]

    def counts(self, start: int, stop: int) -> Ints:
        self.check_range(start, stop)
        return np.array(list(self._counts.values())[start:stop], dtype=np.int64)

    def describe(self) -> dict[str, Any]:
        about: dict[str, Any] = {"space": self.space.name, "rows": _kind(self.by_function)}
        return about if own_space(self.space.name) is None else {**about, "fingerprint": self.space.fingerprint}

    @cached_property
    def _counts(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for form in self.space.simplify(self.space.archs) if self.by_function else self.space.archs:
            counts[form] = counts.get(form, 0) + 1
        return counts

    @cached_property
    def _names(self) -> list[str]:
        return list(self._counts)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self._names)}


class SkeletonRows(ArchRows):
    """Skeletons of basic blocks: in order of the width, then as `SkeletonCodes` orders codes.

    Args:
        codes: The macro codes.
        widths: Base channels.

    Raises:
        ValueError: If a width is not an even number from 2 to 4096, or there is none.

    Example:
        >>> rows = SkeletonRows(SkeletonCodes((1, 2)), [32, 64])
        >>> rows.archs(18, 22), rows.index("64-11-basic"), len(rows)
        (['32-43-basic', '32-44-basic', '64-1-basic', '64-2-basic'], 24, 40)
    """

    def __init__(self, codes: SkeletonCodes, widths: Sequence[int] = (64,)) -> None:
        self.space: Space = get_space(TransNASMacro.name)
        self.codes, self.widths = codes, _widths(widths)
        self.n_archs = len(self)

    def __len__(self) -> int:
        return len(self.widths) * len(self.codes)

    def archs(self, start: int, stop: int) -> list[str]:
        return [f"{skeleton}-basic" for skeleton in self.skeletons(start, stop)]

    def skeletons(self, start: int, stop: int) -> list[str]:
        """The rows without their block, such as ``"64-2311"``."""
        self.check_range(start, stop)
        which, numbers = np.divmod(np.arange(start, stop, dtype=np.int64), len(self.codes))
        widths = [self.widths[i] for i in which.tolist()]
        return [f"{width}-{code}" for width, code in zip(widths, self.codes.codes(numbers), strict=True)]

    def index(self, arch: str) -> int:
        return self.place(TransNASMacro().parse(arch))

    def place(self, skeleton: Skeleton) -> int:
        """Number of the row of a skeleton.

        Raises:
            ArchitectureError: If it is outside the widths or the bounds of the codes.
        """
        if skeleton.base_channels not in self.widths:
            widths = ", ".join(map(str, self.widths))
            raise ArchitectureError(f"expected {widths} base channels, got {shown(str(skeleton))}")
        return self.widths.index(skeleton.base_channels) * len(self.codes) + self.codes.number(skeleton.code)

    def counts(self, start: int, stop: int) -> Ints:
        self.check_range(start, stop)
        return np.ones(stop - start, dtype=np.int64)

    def describe(self) -> dict[str, Any]:
        names = ("modules", "halvings", "doublings")
        bounds = {name: list(getattr(self.codes, name)) for name in names}
        return {"space": self.space.name, "widths": list(self.widths), **bounds}


class CellRows(ArchRows):
    """Every cell in every one of some skeletons: in order of the skeletons, then of the cells' codes.

    Args:
        skeletons: The skeletons.
        by_function: Whether a row stands for all cells of a function.

    Attributes:
        cells: The cells of each skeleton, such as ``"3_33_333"``.

    Example:
        >>> rows = CellRows(SkeletonRows(SkeletonCodes((1, 6)), [16, 32, 64, 128]))
        >>> rows, rows.archs(1228, 1230)
        (<CellRows of transnas101-micro: 26,841,360 rows, 89,456,640 ...>, ['16-1-3_33_333', '16-2-0_00_000'])
        >>> rows.index("16-2-3_00_000")  # computes the same as the row's own architecture: nothing
        1229
    """

    def __init__(self, skeletons: SkeletonRows, by_function: bool = True) -> None:
        self.space: CellSpace = cast(CellSpace, get_space(TransNASMicro.name))
        self.skeletons, self.by_function = skeletons, by_function
        every = np.arange(len(self.space.codes))
        rows = self.space.simplest_rows if by_function else every
        self._kept, self._counts = np.unique(rows, return_counts=True)
        self._place = np.searchsorted(self._kept, rows)  # of each code among the cells
        codes = self.space.codes[self._kept].tolist()
        self.cells = [self.space.format(CellSpec("", tuple(code))).removeprefix("-") for code in codes]
        self.n_archs = len(skeletons) * len(every)

    def __len__(self) -> int:
        return len(self.skeletons) * len(self.cells)

    def archs(self, start: int, stop: int) -> list[str]:
        self.check_range(start, stop)
        n = len(self.cells)
        first = start // n
        names = [f"{name}-" for name in self.skeletons.skeletons(first, -(-stop // n))] if stop > start else []
        found = [name + cell for name in names for cell in self.cells]
        return found[start - first * n : stop - first * n]

    def index(self, arch: str) -> int:
        spec = self.space.parse(arch)
        width, _, code = spec.skeleton.partition("-")
        row = int(self.space.code_rows(np.array([spec.code], dtype=np.int64))[0])
        return self.skeletons.place(Skeleton(int(width), code)) * len(self.cells) + int(self._place[row])

    def counts(self, start: int, stop: int) -> Ints:
        self.check_range(start, stop)
        return np.asarray(self._counts[np.arange(start, stop, dtype=np.int64) % len(self.cells)])

    def describe(self) -> dict[str, Any]:
        return {**self.skeletons.describe(), "space": self.space.name, "rows": _kind(self.by_function)}


def enumerate_space(
    space: str | Space,
    modules: Bounds | None = None,
    widths: Sequence[int] | None = None,
    halvings: Bounds | None = None,
    doublings: Bounds | None = None,
    equivalence: Literal["function", "string"] = "function",
) -> ArchRows:
    """The architectures of a space as numbered rows, one for each function.

    Args:
        space: The space; its published architectures, unless `modules` are given.
        modules: Least and most modules of a skeleton, for any skeleton of TransNAS-Bench-101 and, with the micro space,
            any cell in it.
        widths: Base channels of skeletons, in any order; 64 by default.
        halvings: Least and most halvings of the resolution in a skeleton; any by default.
        doublings: Least and most doublings of the channels; any by default.
        equivalence: ``"function"`` for one row a function, ``"string"`` for one row a string.

    Raises:
        UnknownNameError: If there is no such space or equivalence.
        ValueError: If bounds are invalid or leave nothing, or are given for a space without skeletons.

    Example:
        >>> enumerate_space("transnas101-micro", modules=(1, 4), widths=[32, 64])
        <CellRows of transnas101-micro: 835,720 rows, 2,785,280 architectures>
        >>> enumerate_space("transnas101-macro", (4, 6), halvings=(1, 4), doublings=(1, 3))  # as published
        <SkeletonRows of transnas101-macro: 3,256 rows, 3,256 architectures>
    """
    found, by_function = get_space(space), choice(equivalence, ("function", "string"), "equivalence") == "function"
    bounds = {"widths": widths, "halvings": halvings, "doublings": doublings}
    if modules is None:
        if given := [name for name, value in bounds.items() if value is not None]:
            raise ValueError(f"expected modules with {', '.join(given)}, got none; e.g. modules=(4, 6)")
        return PublishedRows(found, by_function)
    if not isinstance(found, (TransNASMicro, TransNASMacro)):
        raise ValueError(f"expected {TransNASMicro.name} or {TransNASMacro.name} with modules, got {found.name}")
    ranges = {name: _pair(bounds[name], name) for name in ("halvings", "doublings") if bounds[name] is not None}
    skeletons = SkeletonRows(SkeletonCodes(_pair(modules, "modules"), **ranges), (64,) if widths is None else widths)
    return skeletons if isinstance(found, TransNASMacro) else CellRows(skeletons, by_function)


def _kind(by_function: bool) -> str:
    return "functions" if by_function else "strings"


def _pair(bounds: Any, name: str) -> Bounds:
    try:
        low, high = bounds
    except (TypeError, ValueError):
        raise ValueError(f"expected the least and the most of {name}, got {shown(bounds)}") from None
    if any(isinstance(end, bool) or not isinstance(end, (int, np.integer)) for end in (low, high)):
        raise ValueError(f"expected integers as the least and the most of {name}, got {shown(bounds)}")
    return int(low), int(high)


def _widths(widths: Sequence[int]) -> tuple[int, ...]:
    found = tuple(dict.fromkeys(widths))
    wrong: list[Any] = [width for width in found if isinstance(width, bool) or not isinstance(width, (int, np.integer))]
    wrong = wrong or [width for width in found if width % 2 or not 2 <= width <= MAX_BASE]
    if wrong or not found:
        what = shown(wrong[0]) if wrong else "none"
        raise ValueError(f"expected even numbers of base channels from 2 to {MAX_BASE} as widths, got {what}")
    return tuple(sorted(int(width) for width in found))
