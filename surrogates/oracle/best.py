"""The best architectures of a whole space on one task: exact, distinct functions, within a constraint."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import check_type
from surrogates.search.constraints import Constraint
from surrogates.search.equivalence import function_classes
from surrogates.search.quantities import quantity
from surrogates.search.space_arrays import COSTS, costs

if TYPE_CHECKING:
    import pandas as pd

    from surrogates.search.quantities import Quantities

__all__ = ["best_architectures"]

Rows = NDArray[np.int64]


def best_architectures(
    oracle: Quantities,
    task: str,
    std: NDArray[np.float64],
    n: int = 10,
    *,
    constraint: Constraint | None = None,
    distinct: bool = True,
    shown: Sequence[str] = (),
) -> pd.DataFrame:
    """The n best of all N published architectures on one task.

    Args:
        oracle: Has the values of the N architectures.
        task: One of its tasks.
        std: Standard deviations of the values, of shape (N,).
        n: Number of architectures.
        constraint: Bounds that each of them meets.
        distinct: Whether one architecture stands for all that compute the same function.
        shown: Costs and tasks of the oracle that have a column as well.

    Returns:
        DataFrame as described in `Oracle.best`.

    Raises:
        TypeError: If n is not an integer.
        ValueError: If n < 1.
        ConstraintError: If no architecture meets the constraint; names the nearest bounds that one meets.

    Example:
        >>> from surrogates import Oracle
        >>> oracle = Oracle.from_pretrained("transnas101-macro")
        >>> best = best_architectures(oracle, "jigsaw", np.zeros(3256), 2)
        >>> best["rank"].tolist(), best["twins"].tolist()
        ([1, 2], [0, 0])
    """
    import pandas as pd

    check_type(n, Integral, "n", "an integer")
    if n < 1:
        raise ValueError(f"expected n >= 1, got {n}")
    ranking, space = oracle.ranking(task), oracle.space
    known = ~np.isnan(ranking.values)
    allowed = known if constraint is None else constraint.check(oracle, known)
    rows = np.flatnonzero(allowed)
    ranks = ranking.ranks(ranking.values[rows])
    named = COSTS if space.has_networks else ()
    charged = costs(space)[rows] if named else np.zeros((len(rows), 0))  # (n, 2) or (n, 0)
    order = np.lexsort((*charged.T, ranks))  # ties: fewer multiply-adds, then fewer parameters, then order of the space
    rows, ranks, charged = rows[order], ranks[order], charged[order]
    _, function = function_classes(space)
    twins = np.bincount(function[rows], minlength=function.max() + 1)[function[rows]] - 1
    kept = _first_of_each(function[rows])[:n] if distinct else np.arange(min(n, len(rows)))
    rows = rows[kept]
    columns = {
        "arch": np.array([space[row] for row in rows.tolist()], dtype=object),
        "value": ranking.values[rows],
        "std": std[rows],
        "rank": ranks[kept],
        "twins": twins[kept],
        **dict(zip(named, charged[kept].T, strict=True)),
    }
    bounded = {} if constraint is None else constraint.values(oracle)
    for name, values in (bounded | {name: quantity(oracle, name) for name in shown}).items():
        columns.setdefault(name, values[rows])
    return pd.DataFrame(columns)


def _first_of_each(classes: Rows | Sequence[int]) -> Rows:
    """Positions at which each class occurs first, in rising order."""
    return np.sort(np.unique(np.asarray(classes), return_index=True)[1])
