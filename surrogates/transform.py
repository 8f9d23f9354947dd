"""Normal scores of ranks: a label transform that heavy tails and units cannot disturb, with a smooth way back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["NormalScores"]

_BLOM = 0.375


class NormalScores:
    """Monotone map from the labels of one task to normal scores and back.

    The score of a label is the normal quantile of its mid-rank, (r - 3/8) / (m + 1/4) (Blom, 1958). Between labels the
    way back interpolates linearly; beyond the best and the worst it goes on with the slope of a line through the outer
    part, so that predictions may leave the range of the labels a little, and never by much.

    Args:
        labels: Finite labels, of shape (m,).

    Example:
        >>> scores = NormalScores(np.array([10.0, 20.0, 30.0]))
        >>> scores.forward(np.array([20.0])).round(6).tolist(), scores.backward(np.array([0.0])).tolist()
        ([0.0], [20.0])
    """

    def __init__(self, labels: NDArray[np.float64]) -> None:
        values, counts = np.unique(labels, return_counts=True)
        last = np.cumsum(counts)
        middle = last - (counts - 1) / 2  # mid-rank, of shape (k,)
        self.values = values
        self.scores = ndtri((middle - _BLOM) / (len(labels) + 1 - 2 * _BLOM))

    @classmethod
    def restore(cls, values: NDArray[np.float64], scores: NDArray[np.float64]) -> NormalScores:
        """The map with these knots, each of shape (k,) and ascending."""
        found = cls.__new__(cls)
        found.values, found.scores = values, scores
        return found

    def forward(self, labels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scores of labels of any shape; NaN stays NaN."""
        return np.interp(labels, self.values, self.scores)

    def backward(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Labels, in the metric's unit, of scores of any shape."""
        labels = np.interp(scores, self.scores, self.values)
        if len(self.values) < 2:
            return labels
        k = max(1, len(self.values) // 20)
        low = (self.values[k] - self.values[0]) / (self.scores[k] - self.scores[0])
        high = (self.values[-1] - self.values[-1 - k]) / (self.scores[-1] - self.scores[-1 - k])
        labels += low * np.minimum(scores - self.scores[0], 0.0)
        labels += high * np.maximum(scores - self.scores[-1], 0.0)
        return labels
