"""Reprs of dataclasses that stay short: sizes of arrays and tables, the first entries of sequences."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

__all__ = ["ShortRepr"]

_ENTRIES, _CHARACTERS = 3, 120


class ShortRepr:
    """Base of dataclasses with large fields, to be declared with ``repr=False``.

    Example:
        >>> from dataclasses import dataclass
        >>> import numpy as np
        >>> @dataclass(repr=False)
        ... class Found(ShortRepr):
        ...     archs: tuple[str, ...]
        ...     values: np.ndarray
        >>> Found(("64-1111-basic",), np.zeros(2))
        Found(archs=('64-1111-basic',), values=<2 float64>)
        >>> Found(("64-1111-basic",) * 5000, np.zeros((5000, 7)))
        Found(archs=('64-1111-basic', '64-1111-basic', '64-1111-basic', ... 5,000 in all), values=<5,000 x 7 float64>)
    """

    def __repr__(self) -> str:
        parts: Any = fields(self)  # type: ignore[arg-type]  # subclasses are dataclasses
        shown = [f"{part.name}={_SHORT.repr(getattr(self, part.name))}" for part in parts if part.repr]
        return f"{type(self).__qualname__}({', '.join(shown)})"


class _Short(reprlib.Repr):
    """Python's own short reprs, and what they lack: arrays, tables, other mappings and the length of sequences."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 3
        self.maxother = self.maxstring = _CHARACTERS

    def repr1(self, x: Any, level: int) -> str:
        if hasattr(x, "shape") and hasattr(x, "dtype") and getattr(x, "ndim", False):
            return f"<{' x '.join(f'{size:,}' for size in x.shape)} {x.dtype}>"
        if hasattr(x, "iloc"):
            return f"<{' x '.join(f'{size:,}' for size in x.shape)} {type(x).__name__}>"
        if isinstance(x, (bytes, bytearray)):
            return f"<{len(x):,} bytes>"
        if isinstance(x, Mapping):
            return self._joined("{}", (f"{key!r:.40}: {self.repr1(x[key], level - 1)}" for key in x), len(x), level)
        if isinstance(x, (tuple, list)) and type(x).__repr__ in (tuple.__repr__, list.__repr__):
            brackets = "[]" if isinstance(x, list) else "()"
            return self._joined(brackets, (self.repr1(entry, level - 1) for entry in x), len(x), level)
        return super().repr1(x, level)

    def _joined(self, brackets: str, parts: Iterable[str], count: int, level: int) -> str:
        if count and level <= 0:
            return f"{brackets[0]}{count:,} in all{brackets[1]}"
        shown = [part for part, _ in zip(parts, range(_ENTRIES), strict=False)]
        more = f", ... {count:,} in all" if count > _ENTRIES else "," * (count == 1 and brackets == "()")
        return f"{brackets[0]}{', '.join(shown)}{more}{brackets[1]}"


_SHORT = _Short()
