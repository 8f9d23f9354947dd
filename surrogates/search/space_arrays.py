"""Arrays over the architectures of a space; searchers work with rows (positions in the space), not strings."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import check_type, choice
from benchmarks.spaces.cell import CellSpace
from benchmarks.spaces.registry import get_space
from benchmarks.spaces.space import Space

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COSTS", "choices", "complexity", "cost_column", "costs", "moves", "neighbor_rows"]

COSTS = ("params", "multiply_adds")
"""Costs of an architecture: parameters and multiply-adds of its backbone, for one image."""


def costs(space: str | Space) -> NDArray[np.int64]:
    """Parameters and multiply-adds of the backbones of all N architectures, of shape (N, 2).

    Example:
        >>> costs("transnas101-micro").shape
        (4096, 2)
    """
    return _costs(get_space(space).name)


def cost_column(space: str | Space, cost: str | pd.Series[float]) -> NDArray[np.float64]:
    """One cost of all N architectures of a space, of shape (N,); NaN where it is unknown.

    Args:
        space: The space.
        cost: ``"params"`` or ``"multiply_adds"``, or any other cost, such as a latency, indexed by architecture.

    Raises:
        UnknownNameError: If there is no such cost; names the nearest one.
        TypeError: If it is neither a name nor a Series.

    Example:
        >>> import pandas as pd
        >>> latency = pd.Series([2.0, 3.0], index=["64-2311-basic", "64-1234-basic"])
        >>> int(np.isfinite(cost_column("transnas101-macro", latency)).sum())
        2
    """
    if isinstance(cost, str):
        return costs(space)[:, COSTS.index(choice(cost, COSTS, "cost"))].astype(np.float64)
    import pandas as pd

    check_type(cost, pd.Series, "cost", f"one of {', '.join(COSTS)}, or a Series indexed by architecture")
    return np.asarray(cost.reindex(list(get_space(space).archs)), dtype=np.float64)


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
