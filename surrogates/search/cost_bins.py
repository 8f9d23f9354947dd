"""Equally wide ranges of log cost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["log_bins"]


def log_bins(costs: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
    """The range of log cost, from 0 to `bins` - 1, of each of n architectures; of shape (n,).

    Ranges are equally wide, from the lowest to the highest cost; some may be empty.

    Args:
        costs: Positive costs of shape (n,).
        bins: Number of ranges.

    Raises:
        ValueError: If a cost is not positive.

    Example:
        >>> log_bins(np.array([1.0, 2.0, 3.0, 100.0]), 2).tolist()
        [0, 0, 0, 1]
    """
    if not (costs > 0).all():
        raise ValueError(f"expected positive costs, got {costs[~(costs > 0)][0]:g}")
    logarithm = np.log(costs)
    low, high = logarithm.min(), logarithm.max()
    width = (high - low) / bins or 1.0
    return np.asarray(np.clip((logarithm - low) / width, 0, bins - 1).astype(np.int64))
