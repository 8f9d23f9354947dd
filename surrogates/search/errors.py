"""Arguments that no search can work with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.errors import SurrogatesError

if TYPE_CHECKING:
    from types import UnionType

__all__ = ["ConstraintError", "expect"]


class ConstraintError(SurrogatesError, ValueError):
    """A constraint that no architecture of the space meets."""


def expect(value: object, kind: type | UnionType, name: str, what: str) -> None:
    """Refuse an argument of the wrong type.

    Raises:
        TypeError: Says what was expected, and what came.

    Example:
        >>> from numbers import Integral
        >>> expect(5.5, Integral, "budget", "an integer")
        Traceback (most recent call last):
        ...
        TypeError: expected an integer as budget, got 5.5 (float)
    """
    if not isinstance(value, kind):
        raise TypeError(f"expected {what} as {name}, got {value!r} ({type(value).__name__})")
