"""Arrays over the architectures of a space; searchers work with rows (positions in the space), not strings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import SpaceError, check_type, choice, shown
from benchmarks.spaces.cell import EDGES, CellSpace
from benchmarks.spaces.memo import cached_by_space
from benchmarks.spaces.registry import get_space
from benchmarks.spaces.space import Space
from benchmarks.spaces.transnas_macro import TransNASMacro

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COSTS", "choice_names", "choices", "complexity", "cost_column", "costs", "moves", "neighbor_rows"]

COSTS = ("params", "multiply_adds")
"""Costs of an architecture: parameters and multiply-adds of its backbone, for one image."""
_COPY = "copy"


def costs(space: str | Space) -> NDArray[np.int64]:
    """Parameters and multiply-adds of the backbones of all N architectures, of shape (N, 2).

    Example:
        >>> costs("transnas101-micro").shape
        (4096, 2)
    """
    return _costs(get_space(space))


def cost_column(space: str | Space, cost: str | pd.Series[float]) -> NDArray[np.float64]:
    """One cost of all N architectures of a space, of shape (N,); NaN where it is unknown.

    Args:
        space: The space.
        cost: ``"params"`` or ``"multiply_adds"``, or any other cost, such as a latency, indexed by architecture.

    Raises:
        UnknownNameError: If there is no such cost; names the nearest one.
        SpaceError: If it is a name, and the space has no networks.
        TypeError: If it is neither a name nor a Series.

    Example:
        >>> import pandas as pd
        >>> latency = pd.Series([2.0, 3.0], index=["64-2311-basic", "64-1234-basic"])
        >>> int(np.isfinite(cost_column("transnas101-macro", latency)).sum())
        2
    """
    if isinstance(cost, str) and not get_space(space).has_networks:
        raise SpaceError(
            f"architectures of {get_space(space)} have no networks, and so no {shown(cost)}: expected another cost, "
            "indexed by architecture, or a task that is better when lower"
        )
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
    return _neighbor_rows(get_space(space))


def choices(space: str | Space) -> NDArray[np.int64]:
    """The D decisions of each of N architectures as integers from 0, of shape (N, D).

    The operation on each edge of a cell; the digit of each module of a skeleton, 0 after its last module. In other
    spaces the operation of each node, 0 if there is none, then whether there is each edge, then a number that tells
    architectures with equal nodes and edges apart; decisions that are the same everywhere are left out.

    Example:
        >>> choices("transnas101-macro")[0].tolist()
        [1, 1, 1, 1, 1, 4]
    """
    return _choices(get_space(space))


def complexity(space: str | Space) -> NDArray[np.int64]:
    """Number of parts of each of N architectures, of shape (N,): edges with an operation, modules, or nodes and edges.

    Example:
        >>> np.unique(complexity("transnas101-macro")).tolist()
        [4, 5, 6]
    """
    parts = choices(space)[:, [not name.startswith(_COPY) for name in choice_names(space)]]
    return np.asarray((parts > 0).sum(axis=1))


def choice_names(space: str | Space) -> dict[str, tuple[str, ...]]:
    """Name of each of the D decisions of `choices` -> names of its options, from the lowest to the highest.

    Example:
        >>> choice_names("transnas101-macro")["module 5"]
        ('none', '1', '2', '3', '4')
    """
    there = get_space(space)
    if isinstance(there, CellSpace):
        operations = tuple(operation.name for operation in there.operations)
        return {f"{source}->{target}": operations for source, target in EDGES}
    found = choices(there)
    bounds = list(zip(found.min(axis=0).tolist(), found.max(axis=0).tolist(), strict=True))
    if not isinstance(there, TransNASMacro):
        named = zip(_node_decisions(there)[0].items(), bounds, strict=True)
        return {name: options[first : last + 1] for (name, options), (first, last) in named}
    return {
        f"module {number}": tuple(str(digit) if digit else "none" for digit in range(first, last + 1))
        for number, (first, last) in enumerate(bounds, start=1)
    }


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


@cached_by_space(maxsize=16)
def _costs(space: Space) -> NDArray[np.int64]:
    from encoders.costs import network_costs

    return _frozen(network_costs(space, space.archs)[:, : len(COSTS)])


@cached_by_space(maxsize=16)
def _neighbor_rows(space: Space) -> tuple[NDArray[np.int64], ...]:
    return tuple(
        _frozen(np.array([space.index(other) for other in space.neighbors(arch)], dtype=np.int64)) for arch in space
    )


@cached_by_space(maxsize=16)
def _choices(space: Space) -> NDArray[np.int64]:
    if isinstance(space, CellSpace):
        return _frozen(space.cell_codes(space.archs))
    if not isinstance(space, TransNASMacro):
        return _frozen(_node_decisions(space)[1])
    codes = [[int(digit) for digit in space.parse(arch).code] for arch in space]
    depth = max(map(len, codes))
    return _frozen(np.array([code + [0] * (depth - len(code)) for code in codes], dtype=np.int64))


@cached_by_space(maxsize=2)
def _node_decisions(space: Space) -> tuple[dict[str, tuple[str, ...]], NDArray[np.int64]]:
    """Decisions by name with their options from 0, and those of all N architectures, of shape (N, D)."""
    from encoders.node_positions import chunks, node_positions

    parts = [node_positions(space, part) for part in chunks(space, space.archs)]
    source, target = np.triu_indices(space.most_nodes, 1)
    edges = np.concatenate([part.edges[:, source, target] for part in parts])
    plain = np.concatenate([np.concatenate([part.operation for part in parts]) + 1, edges], axis=1)
    copies: dict[bytes, int] = {}
    copy = np.zeros((len(space), 1), dtype=np.int64)
    for row, code in enumerate(map(bytes, plain.astype(np.int16))):
        copy[row] = copies[code] = copies.get(code, -1) + 1
    options = {f"node {node}": ("none", *space.operations_in_graphs) for node in range(space.most_nodes)}
    options |= {f"edge {first}->{last}": ("no", "yes") for first, last in zip(source, target, strict=True)}
    options[_COPY] = tuple(map(str, range(int(copy.max()) + 1)))
    codes = np.concatenate([plain, copy], axis=1)
    varying = codes.min(axis=0) < codes.max(axis=0)
    varying[0] |= not varying.any()
    names = [name for name, kept in zip(options, varying, strict=True) if kept]
    return {name: options[name] for name in names}, codes[:, varying]


def _frozen(array: NDArray[np.int64]) -> NDArray[np.int64]:
    array.setflags(write=False)  # cached, shared by all callers
    return array
