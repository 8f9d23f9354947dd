"""A cache of what follows from arrays, by their content."""

from __future__ import annotations

import functools
import hashlib
import pickle
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["cached_by_content"]

Float = NDArray[np.float64]
_P = ParamSpec("_P")
_Found = TypeVar("_Found", bound=Float | tuple[Float, ...])


def cached_by_content(maxsize: int) -> Callable[[Callable[_P, _Found]], Callable[_P, _Found]]:
    """A decorator like `functools.lru_cache`, for functions of arrays; the array or arrays it returns are read-only.

    A surrogate that is fitted again with the same sources, as in a search, a learning curve or a comparison, need not
    learn again what these alone say. Arguments are compared by the SHA-256 of their content, and are not kept.

    Args:
        maxsize: Number of values that are kept, the latest.

    Returns:
        A decorator. Keyword arguments of the function are passed on and not compared: they must not change its result.

    Example:
        >>> @cached_by_content(maxsize=8)
        ... def double(values, *, n_jobs):
        ...     print("computing")
        ...     return 2 * values
        >>> double(np.ones(2), n_jobs=1), double(np.ones(2), n_jobs=2)
        computing
        (array([2., 2.]), array([2., 2.]))
    """

    def decorate(function: Callable[_P, _Found]) -> Callable[_P, _Found]:
        known: dict[bytes, _Found] = {}

        @functools.wraps(function)
        def call(*args: _P.args, **kwargs: _P.kwargs) -> _Found:
            key = hashlib.sha256(pickle.dumps(args, protocol=5)).digest()
            found = known.pop(key, None)  # and put last; another thread may compute it meanwhile, to the same numbers
            if found is None:
                found = function(*args, **kwargs)
                for array in found if isinstance(found, tuple) else (found,):
                    array.setflags(write=False)
            known[key] = found
            for oldest in list(known)[:-maxsize]:
                known.pop(oldest, None)
            return found

        return call

    return decorate
