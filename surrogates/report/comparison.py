"""Predicted against measured values: rank correlation and coverage, apart for rows like and unlike the trained ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from benchmarks.metrics import kendall_tau
from surrogates.report.columns import ReportColumn

__all__ = ["LEVELS", "compare"]

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Nominal levels of the central intervals whose coverage is counted."""
TRAINED, ALIKE, UNLIKE, OUTSIDE, ALL = (
    "among the training rows (novelty 0)",
    "in domain (novelty up to 1)",
    "unlike the training rows (novelty above 1)",
    "not a published architecture",
    "all rows (novelty not known)",
)


def compare(
    columns: Sequence[ReportColumn], published: NDArray[np.bool_], intervals: bool = True
) -> list[dict[str, Any]]:
    """Compare the tasks that are both measured and predicted.

    Args:
        columns: Columns of n architectures.
        published: Which architectures are published ones, of shape (n,).
        intervals: Whether predictions are on the scale of the measured values, so that intervals should cover them.

    Returns:
        For each task: task, x and y (positions of the measured and the predicted column), n, tau (Kendall's tau-b; None
        if not defined), and groups of rows: name, n, tau, and coverage at each of `LEVELS` (None without intervals).

    Example:
        >>> value = np.array([1.0, 2.0, 3.0])
        >>> measured = ReportColumn("a", "measured", "", "-", 1, value)
        >>> predicted = ReportColumn("a", "predicted", "", "-", 1, value, np.ones(3))
        >>> found = compare([measured, predicted], np.ones(3, dtype=bool))
        >>> found[0]["tau"], found[0]["groups"][0]["coverage"][-1]
        (1.0, 1.0)
    """
    groups = _groups(columns, published)
    place = {(column.name, column.kind): number for number, column in enumerate(columns)}
    found = []
    for x, measured in enumerate(columns):
        y = place.get((measured.name, "predicted"))
        if measured.kind != "measured" or y is None:
            continue
        predicted = columns[y]
        known = ~np.isnan(measured.values) & ~np.isnan(predicted.values)
        if not known.any():
            continue
        std = predicted.std if intervals else None
        parts = [
            {"name": name, **_scores(measured.values[rows], predicted.values[rows], None if std is None else std[rows])}
            for name, mask in groups.items()
            if (rows := known & mask).any()
        ]
        scores = _scores(measured.values[known], predicted.values[known], None)
        found.append({"task": measured.name, "x": x, "y": y, **scores, "groups": parts})
    return found


def _groups(columns: Sequence[ReportColumn], published: NDArray[np.bool_]) -> dict[str, NDArray[np.bool_]]:
    novelty = next((column.values for column in columns if column.kind == "novelty"), np.full(len(published), np.nan))
    trained = novelty == 0
    inside = published & ~trained
    return {
        TRAINED: trained,
        ALIKE: inside & (novelty <= 1),
        UNLIKE: inside & (novelty > 1),
        OUTSIDE: ~published & ~trained,
        ALL: inside & np.isnan(novelty),
    }


def _scores(
    measured: NDArray[np.float64], predicted: NDArray[np.float64], std: NDArray[np.float64] | None
) -> dict[str, Any]:
    tau = kendall_tau(measured, predicted) if len(measured) > 1 else float("nan")
    coverage = None
    if std is not None and not np.isnan(std).any():
        error = np.abs(measured - predicted)
        widths = [float(ndtri((1 + level) / 2)) for level in LEVELS]
        coverage = [float((error <= width * std).mean()) for width in widths]
    return {"n": len(measured), "tau": None if np.isnan(tau) else tau, "coverage": coverage}
