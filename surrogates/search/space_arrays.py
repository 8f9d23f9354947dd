"""Cached arrays over the architectures of a space; searchers work with rows (positions in the space), not strings."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.spaces.cell import CellSpace
from benchmarks.spaces.registry import get_space
from benchmarks.spaces.space import Space

__all__ = ["COSTS", "choices", "complexity", "costs", "moves", "neighbor_rows"]

COSTS = ("params", "multiply_adds")
"""Costs of an architecture: parameters and multiply-adds of its backbone, for one image."""


def costs(space: str | Space) -> NDArray[np.int64]:
    """Parameters and multiply-adds of the backbones of all N architectures, of shape (N, 2).

    Example:
        >>> costs("transnas101-micro").shape
        (4096, 2)
    """
    return _costs(get_space(space).name)


def neighbor_rows(space: str | Space) -> tuple[NDArray[np.int64], ...]:
    """The rows of the neighbours (one edit away) of each of N architectures, in the order of `Space.neighbors`.

    Example:
        >>> [len(rows) for rows in neighbor_rows("transnas101-micro")[:2]]
        [18, 18]
    """
    return _neighbor_rows(get_space(space).name)


def choices(space: str | Space) -> NDArray[np.int64]:
    """The D decisions of each of N architectures as integers from 0, of shape (N, D).

    The operation on each edge of a cell; the digit of each module of a skeleton, 0 after its last module.

    Example:
        >>> choices("transnas101-macro")[0].tolist()
        [1, 1, 1, 1, 1, 4]
    """
    return _choices(get_space(space).name)


def complexity(space: str | Space) -> NDArray[np.int64]:
    """Number of parts of each of N architectures, of shape (N,): edges with an operation, or modules.

    Example:
        >>> np.unique(complexity("transnas101-macro")).tolist()
        [4, 5, 6]
    """
    return np.asarray((choices(space) > 0).sum(axis=1))


def moves(space: str | Space, row: int, free: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The k neighbours of `row` that are free (mask of shape (N,)), as rows, of shape (k,).

    Example:
        >>> free = np.zeros(4096, dtype=bool)
        >>> free[:10] = True
        >>> moves("transnas101-micro", 0, free).tolist()  # the last edge alone, then the one before it
        [4, 8, 1, 2, 3]
    """
    around = neighbor_rows(space)[row]
    return around[free[around]]


@lru_cache(maxsize=16)
def _costs(name: str) -> NDArray[np.int64]:
    from encoders.costs import network_costs

    space = get_space(name)
    return _frozen(network_costs(space, space.archs)[:, : len(COSTS)])


@lru_cache(maxsize=16)
def _neighbor_rows(name: str) -> tuple[NDArray[np.int64], ...]:
    space = get_space(name)
    return tuple(
        _frozen(np.array([space.index(other) for other in space.neighbors(arch)], dtype=np.int64)) for arch in space
    )


@lru_cache(maxsize=16)
def _choices(name: str) -> NDArray[np.int64]:
    space = get_space(name)
    if isinstance(space, CellSpace):
        return _frozen(space.cell_codes(space.archs))
    codes = [[int(digit) for digit in space.parse(arch).code] for arch in space]
    depth = max(map(len, codes))
    return _frozen(np.array([code + [0] * (depth - len(code)) for code in codes], dtype=np.int64))


def _frozen(array: NDArray[np.int64]) -> NDArray[np.int64]:
    array.setflags(write=False)  # cached, shared by all callers
    return array
