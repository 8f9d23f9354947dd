"""Parts of a training, such as its objective: one by its name, or one of the caller's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from benchmarks.errors import choice

__all__ = ["named_or_own"]

_P = TypeVar("_P")


def named_or_own(
    given: str | _P, known: Mapping[str, Callable[[], _P]], kind: str, protocols: tuple[type, ...], needs: str
) -> _P:
    """A part by its name, or the part itself.

    Args:
        given: The name, or the part.
        known: Name -> makes the part.
        kind: What the part is, for messages.
        protocols: Protocols that can be checked at run time, one of which a part of the caller's own has.
        needs: What they ask for, for messages.

    Raises:
        UnknownNameError: If there is none of that name; names the nearest one.
        TypeError: If it is no such part, e.g. a class of them.

    Example:
        >>> named_or_own("lst", {"list": list}, "sequence", (list,), "an `append`")
        Traceback (most recent call last):
        ...
        benchmarks.errors.UnknownNameError: unknown sequence 'lst'; did you mean 'list'? Choices: list
        >>> named_or_own(list, {"list": list}, "sequence", (list,), "an `append`")
        Traceback (most recent call last):
        ...
        TypeError: expected a name or an object with an `append`, got <class 'list'>
    """
    if isinstance(given, str):
        return known[choice(given, known, kind)]()
    if isinstance(given, type) or not isinstance(given, protocols):
        raise TypeError(f"expected a name or an object with {needs}, got {given!r}")
    return given
