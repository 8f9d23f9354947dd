"""Split protocols: the architectures to train a surrogate on and those to test it on.

Protocol *all* is the one of the literature: any row may be drawn. It leaks, because cells that compute the same
function occur on both sides. Protocol *distinct* draws from one row per canonical form (`Space.canonicals`). Cells of
different canonical forms that compute one function (`Space.simplify`) still occur on both sides: of micro 28 % of the
test rows at n = 512.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import choice
from benchmarks.seeds import as_generator
from benchmarks.short_repr import ShortRepr
from benchmarks.spaces.registry import get_space
from benchmarks.table import Table
from benchmarks.table_checks import check_archs

__all__ = ["PROTOCOLS", "Protocol", "Split", "canonical_classes", "eligible_rows", "split"]

Protocol: TypeAlias = Literal["all", "distinct"]
PROTOCOLS: tuple[Protocol, ...] = ("all", "distinct")


@dataclass(frozen=True, eq=False, repr=False)
class Split(ShortRepr):
    """Rows of a table to train and to test on.

    Attributes:
        train: Positions of shape (n,), in the order drawn: the first m of them are the split for m < n.
        test: Positions of all other rows of the protocol, of shape (N - n,).
    """

    train: NDArray[np.int64]
    test: NDArray[np.int64]


def split(archs: Table | Sequence[str], n: int, seed: int = 0, protocol: Protocol = "all") -> Split:
    """Draw n training rows; all other rows of the protocol are test rows.

    The rows, in file order, are shuffled by ``numpy.random.default_rng(seed).permutation(N)``; the first n are the
    training rows.

    Args:
        archs: A table or its architecture strings.
        n: Number of training rows.
        seed: Seed of the shuffle.
        protocol: ``"all"`` rows, or ``"distinct"``: the first row of each canonical form.

    Returns:
        Positions in `archs`, for both protocols.

    Raises:
        UnknownNameError: If there is no such protocol.
        ValueError: Unless 0 < n < N.

    Example:
        >>> archs = ["64-41414-0_00_000", "64-41414-0_00_001", "64-41414-0_00_100", "64-41414-0_00_200"]
        >>> parts = split(archs, n=2, seed=0)
        >>> parts.train, parts.test
        (array([2, 0]), array([1, 3]))
    """
    rows = eligible_rows(archs, protocol)
    if not 0 < n < len(rows):
        raise ValueError(f"expected 0 < n < {len(rows)} (the rows of protocol {protocol!r}), got n={n}")
    shuffled = rows[as_generator(seed, "seed").permutation(len(rows))]
    return Split(shuffled[:n], shuffled[n:])


def eligible_rows(archs: Table | Sequence[str], protocol: Protocol) -> NDArray[np.int64]:
    """Positions of the rows a protocol draws from, in file order, of shape (N,).

    Raises:
        UnknownNameError: If there is no such protocol.

    Example:
        >>> eligible_rows(["64-41414-0_00_100", "64-41414-0_30_100"], "distinct")
        array([0])
    """
    choice(protocol, PROTOCOLS, "protocol")
    if protocol == "all":
        return np.arange(len(archs))
    return np.sort(np.unique(canonical_classes(archs), return_index=True)[1])


def canonical_classes(archs: Table | Sequence[str]) -> NDArray[np.int64]:
    """Index of each architecture's canonical form, of shape (n,), in order of first occurrence.

    Raises:
        ArchitectureError: If a string is not an architecture; names its row.

    Example:
        >>> canonical_classes(["64-41414-0_00_100", "64-41414-0_00_300", "64-41414-0_30_100"])
        array([0, 1, 0])
    """
    strings, spaces = (archs.archs, archs.row_spaces) if isinstance(archs, Table) else check_archs(archs)
    names = np.array(spaces)
    forms = np.empty(len(strings), dtype=object)
    for space in dict.fromkeys(spaces):
        rows = np.flatnonzero(names == space)
        forms[rows] = get_space(space).canonicals([strings[row] for row in rows])
    number: dict[str, int] = {}
    return np.array([number.setdefault(form, len(number)) for form in forms], dtype=np.int64)
