"""A cache of what is computed once for a space, by the space itself: another one of the same name gets its own."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from benchmarks.spaces.space import Space

__all__ = ["cached_by_space"]

_S = TypeVar("_S", bound=Space)
_P = ParamSpec("_P")
_T = TypeVar("_T")


def cached_by_space(maxsize: int) -> Callable[[Callable[Concatenate[_S, _P], _T]], Callable[Concatenate[_S, _P], _T]]:
    """A decorator like `functools.lru_cache`, for functions of a space and other positional arguments.

    Spaces are equal if their names are; a space that is registered again with other architectures would get values of
    the former one. Here the object counts. At most `maxsize` spaces, with what was computed for them, are kept alive.

    Args:
        maxsize: Number of values that are kept.

    Example:
        >>> from benchmarks import get_space
        >>> @cached_by_space(maxsize=8)
        ... def longest(space: Space) -> int:
        ...     return max(map(len, space))
        >>> longest(get_space("transnas101-macro"))
        15
    """

    def decorate(function: Callable[Concatenate[_S, _P], _T]) -> Callable[Concatenate[_S, _P], _T]:
        compute: Any = function
        cached: Any = functools.lru_cache(maxsize=maxsize)(lambda same, *args: compute(same.space, *args))

        def call(space: _S, *args: _P.args, **kwargs: _P.kwargs) -> _T:
            found: _T = cached(_Same(space), *args, **kwargs)
            return found

        return cast("Callable[Concatenate[_S, _P], _T]", functools.wraps(function)(call))

    return decorate


class _Same:
    """A space that equals only itself."""

    def __init__(self, space: Any) -> None:
        self.space = space

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.space is other.space

    def __hash__(self) -> int:
        return id(self.space)
