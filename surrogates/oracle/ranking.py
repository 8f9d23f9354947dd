"""Places in the order of all published architectures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ranking"]


class Ranking:
    """Ranks values of one task among those of the published architectures.

    Args:
        values: One value an architecture, in the order of the space, of shape (N,); NaN takes no place.
        higher_is_better: Direction of the task's metric.

    Example:
        >>> ranking = Ranking(np.array([0.5, 0.9, np.nan, 0.9]), higher_is_better=True)
        >>> ranking.place(0.9), ranking.place(0.5), ranking.place(0.7), len(ranking)
        (1, 3, 3, 3)
    """

    def __init__(self, values: NDArray[np.float64], higher_is_better: bool) -> None:
        self.values = values
        self._sign = 1.0 if higher_is_better else -1.0
        self._worse_first = np.sort(self._sign * values[~np.isnan(values)])

    def __len__(self) -> int:
        return len(self._worse_first)

    def place(self, value: float) -> int:
        """1 plus the number of architectures that are strictly better."""
        worse_or_equal = np.searchsorted(self._worse_first, self._sign * value, side="right")
        return 1 + len(self) - int(worse_or_equal)
