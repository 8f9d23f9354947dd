"""Scalar score of architectures measured on several tasks: the mean rank, independent of the metrics' units."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["scores"]


def scores(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scalar score of each of m architectures, higher is better, of shape (m,).

    With one task the score is the value itself. With several it is the mean over tasks of the fractional rank, the
    share of the m architectures that are not better, so that no metric's unit dominates.

    Args:
        values: Values, higher is better, of shape (m, T).

    Example:
        >>> scores(np.array([[1.0, 300.0], [2.0, 200.0], [3.0, 250.0]])).round(2).tolist()
        [0.67, 0.5, 0.83]
    """
    if values.shape[1] == 1:
        return values[:, 0]
    ranks: Any = [np.searchsorted(np.sort(column), column, side="right") for column in values.T]
    return np.asarray(np.mean(ranks, axis=0) / max(1, len(values)))
