"""Pareto fronts and their hypervolume."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.spaces.registry import get_space
from surrogates.search.space_arrays import cost_column

if TYPE_CHECKING:
    import pandas as pd

    from surrogates.search.history import History

__all__ = ["front", "hypervolume", "non_dominated"]


def front(
    history: History, cost: str | pd.Series[float] | None = "multiply_adds", *, distinct: bool = False
) -> pd.DataFrame:
    """The Pareto front of a search: the architectures that no other one dominates on the tasks and the cost.

    Args:
        history: A search on one task or several.
        cost: ``"multiply_adds"`` or ``"params"`` of the backbone, or another cost as a named Series indexed by
            architecture; None for the tasks alone.
        distinct: Keep only the first queried of architectures with equal values and costs.

    Returns:
        DataFrame, cheapest first: arch, one column per task in its metric's own unit, and the cost.

    Example:
        >>> from surrogates import Oracle
        >>> from surrogates.search import run_search
        >>> found = front(run_search("random", Oracle.from_pretrained("transnas101-micro"), "jigsaw", 50))
        >>> found.columns.tolist(), bool(found["jigsaw"].is_monotonic_increasing)
        (['arch', 'jigsaw', 'multiply_adds'], True)
    """
    import pandas as pd

    space = get_space(history.space)
    frame = pd.DataFrame({"arch": np.array(history.archs, dtype=object)})
    for column, task in enumerate(history.tasks):
        frame[task] = history.values[:, column]
    points = history.values * history.signs
    if cost is not None:
        charged = cost_column(space, cost)[[space.index(arch) for arch in history.archs]]
        if isinstance(cost, str):
            frame[cost] = charged.astype(np.int64)
        else:
            frame[str(cost.name)] = charged
        points = np.column_stack([points, -charged])
    kept = frame[non_dominated(points)]
    if distinct:
        kept = kept.drop_duplicates(list(kept.columns[1:]))
    return kept.sort_values(kept.columns[-1], kind="stable", ignore_index=True)


def non_dominated(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mask of the non-dominated of n points of shape (n, d), higher is better; of shape (n,). Equal points all stay.

    A point dominates another if it is at least as good in every coordinate and better in one.

    Example:
        >>> non_dominated(np.array([[1.0, 3.0], [2.0, 2.0], [1.0, 2.0]])).tolist()
        [True, True, False]
    """
    kept = np.ones(len(points), dtype=bool)
    for row in np.argsort(-points.sum(axis=1), kind="stable").tolist():
        if kept[row]:
            worse = (points <= points[row]).all(axis=1) & (points < points[row]).any(axis=1)
            kept &= ~worse
    return kept


def hypervolume(values: NDArray[np.float64], charged: NDArray[np.float64], worst: float, dearest: float) -> float:
    """Hypervolume (here an area) dominated by n points of value and cost (Zitzler and Thiele, 1999).

    Args:
        values: Higher is better, of shape (n,).
        charged: Costs, lower is better, of shape (n,).
        worst: Value of the reference point.
        dearest: Cost of the reference point.

    Returns:
        Area in units of value times cost; points that do not dominate the reference point add nothing.

    Example:
        >>> hypervolume(np.array([1.0, 2.0]), np.array([1.0, 2.0]), worst=0.0, dearest=3.0)
        3.0
    """
    inside = (values > worst) & (charged < dearest)
    order = np.lexsort((-values[inside], charged[inside]))
    heights = np.maximum.accumulate(np.concatenate([[worst], values[inside][order]]))[1:] - worst
    edges = np.append(charged[inside][order], dearest)
    return float((heights * np.diff(edges)).sum())
