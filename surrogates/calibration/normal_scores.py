"""Normal scores of ranks: a label transform robust to heavy tails and independent of units, with an inverse."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["NormalScores"]

_TAIL = 0.1
_DROP = 0.5
_BEYOND = 8.0


class NormalScores:
    """Monotone map from the labels of one task to normal scores, and its inverse.

    The score of a label is the normal quantile of (mid-rank - 1/2) / m. Between labels the inverse interpolates
    linearly; beyond the best and the worst label it extrapolates with the slope of a line through the outer tenth, at
    the lower end by at most half a standard deviation, because metrics of failed trainings are bounded.

    Args:
        labels: Finite labels, of shape (m,).

    Example:
        >>> scores = NormalScores(np.array([10.0, 20.0, 30.0]))
        >>> scores.forward(np.array([20.0])).tolist(), scores.backward(np.array([0.0])).tolist()
        ([0.0], [20.0])
    """

    def __init__(self, labels: NDArray[np.float64]) -> None:
        values, counts = np.unique(labels, return_counts=True)
        self.values = values
        self.scores = ndtri((np.cumsum(counts) - counts / 2) / len(labels))
        k = min(len(values), max(2, int(np.ceil(_TAIL * len(values))) + 1))
        self._low = _slope(self.scores[:k], values[:k])
        self._high = _slope(self.scores[-k:], values[-k:])

    def forward(self, labels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scores of labels of any shape; NaN stays NaN."""
        return np.asarray(np.interp(labels, self.values, self.scores))

    def extrapolate(self, labels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scores of expected labels of any shape: strictly increasing, also beyond the best and the worst label.

        Example:
            >>> NormalScores(np.array([10.0, 20.0, 30.0])).extrapolate(np.array([20.0, 40.0])).round(2).tolist()
            [0.0, 1.93]
        """
        return np.asarray(np.interp(labels, *self.knots()[::-1]))

    def knots(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Scores and labels between which `extrapolate` is linear, ascending, each of shape (g,).

        The outer ones are 8 beyond the best and the worst score. Unlike in `backward`, both ends are extrapolated, with
        the slope of all labels where that of the outer tenth is smaller, so that few predictions are far outside.

        Example:
            >>> scores, labels = NormalScores(np.array([10.0, 20.0, 30.0])).knots()
            >>> scores.round(2).tolist(), labels.round(1).tolist()
            ([-8.97, -0.97, 0.0, 0.97, 8.97], [-72.7, 10.0, 20.0, 30.0, 112.7])
        """
        least = _slope(self.scores, self.values) or 1.0
        low, high = max(self._low, least), max(self._high, least)
        scores = np.concatenate([[self.scores[0] - _BEYOND], self.scores, [self.scores[-1] + _BEYOND]])
        first, last = self.values[0] - low * _BEYOND, self.values[-1] + high * _BEYOND
        return scores, np.concatenate([[first], self.values, [last]])

    def backward(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Labels, in the metric's unit, of scores of any shape."""
        above = np.maximum(scores - self.scores[-1], 0.0)
        below = np.clip(self.scores[0] - scores, 0.0, _DROP)
        inside = np.asarray(np.interp(scores, self.scores, self.values))
        return np.asarray(inside + self._high * above - self._low * below)


def _slope(scores: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Least-squares slope of labels over scores; 0 for a single point."""
    centred = scores - scores.mean()
    return float(centred @ values / max(centred @ centred, 1e-12)) if len(scores) > 1 else 0.0
