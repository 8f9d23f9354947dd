"""Imputation of missing labels from the other tasks of the same architecture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["fill_missing"]

_PRIOR_ROWS = 8.0
"""Correlations are shrunk to 0 as if there were this many more, uncorrelated, rows."""
_NOISE = 1e-3


def fill_missing(Z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Replace missing normal scores by their expectation given the measured ones of the same row.

    Scores of T tasks are modelled as jointly normal with mean 0, variance 1 and the correlations on rows where both
    tasks were measured, shrunk more the fewer such rows there are. A row without any measurement becomes 0.

    Args:
        Z: Normal scores, NaN where not measured, of shape (n, T).

    Returns:
        Scores without NaN, of shape (n, T); the measured ones unchanged.

    Example:
        >>> Z = np.array([[-1.0, -1.0], [0.0, 0.0], [1.0, 1.0], [2.0, np.nan]])
        >>> round(float(fill_missing(Z)[3, 1]), 2)  # the tasks agree on three rows, and the correlation is shrunk
        0.54
    """
    measured = ~np.isnan(Z)
    filled = np.nan_to_num(Z)
    if measured.all():
        return filled
    correlation = _correlation(filled, measured)
    for pattern in np.unique(measured, axis=0):
        if pattern.all() or not pattern.any():
            continue
        rows = np.flatnonzero((measured == pattern).all(axis=1))
        known = correlation[np.ix_(pattern, pattern)] + _NOISE * np.eye(pattern.sum())
        weights = np.linalg.solve(known, correlation[np.ix_(pattern, ~pattern)])  # (measured, missing)
        filled[np.ix_(rows, ~pattern)] = filled[np.ix_(rows, pattern)] @ weights
    return filled


def _correlation(filled: NDArray[np.float64], measured: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Shrunk pairwise correlations of shape (T, T), made positive semidefinite."""
    seen = measured.astype(np.float64)
    together = seen.T @ seen
    products = filled.T @ filled
    squares = (filled**2).T @ seen  # of the row's task, over rows where the column's task was measured as well
    scale = np.sqrt(np.maximum(squares * squares.T, 1e-12))
    correlation = products / scale * together / (together + _PRIOR_ROWS)
    np.fill_diagonal(correlation, 1.0)
    values, vectors = np.linalg.eigh(correlation)
    found = (vectors * np.maximum(values, 0.0)) @ vectors.T
    return np.asarray(found)
