"""From a surrogate's scores to the metric's own unit, with a standard deviation that covers what it says.

Both steps learn from out-of-fold predictions inside the training rows: each row is predicted by models that never saw it.
Rows drawn like the training rows are then covered as often as those were (split conformal prediction, Lei et al., JASA
2018, here with folds and a local scale).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from surrogates.transform import NormalScores

__all__ = ["LEVEL", "Z_LEVEL", "Calibration"]

LEVEL = 0.9
Z_LEVEL = 1.6448536269514722
"""A normal interval of +- Z_LEVEL standard deviations covers LEVEL."""
_GRID = np.linspace(-4.0, 4.0, 161)
_RESIDUALS = 64
_SLOPES = (0.8, 1.5)
_KNOTS = 25
_NEIGHBOURS = 30
_NEIGHBOUR_SHARE = 0.25


class Calibration:
    """Monotone maps from scores to the expected label and to its standard deviation, for one task.

    The expectation is taken over the out-of-fold residuals (smearing, Duan, JASA 1983), since the middle of a skewed
    metric in rank space is not its mean. The standard deviation follows the 90 % quantile of the absolute residuals
    near the predicted score: in this data failures scatter far more than good architectures.

    Attributes:
        knots: Scores, labels at those; scores, standard deviations at those: four ascending-in-score vectors.
    """

    def __init__(self, knots: tuple[NDArray[np.float64], ...]) -> None:
        self.knots = knots

    @classmethod
    def fit(cls, transform: NormalScores, labels: NDArray[np.float64], scores: NDArray[np.float64]) -> Calibration:
        """Learn from m labels and their out-of-fold scores, each of shape (m,), all finite.

        Fewer than two labels, or labels that are all equal, give that label with a standard deviation of 0.
        """
        if len(transform.values) < 2:
            return cls((np.zeros(1), transform.values[:1], np.zeros(1), np.zeros(1)))
        target = transform.forward(labels)
        slope = float(np.clip(scores @ target / max(scores @ scores, 1e-9), *_SLOPES))
        residuals = np.sort(target - slope * scores)
        k = min(len(residuals), _RESIDUALS)
        spread = np.quantile(residuals, (np.arange(k) + 0.5) / k)
        means = transform.backward(_GRID[:, None] + spread).mean(axis=1)
        errors = np.abs(labels - np.interp(slope * scores, _GRID, means))
        at, local = _local_quantile(scores, errors)
        ratio = errors / np.maximum(np.interp(scores, at, local), 1e-12)
        level = min(1.0, LEVEL * (len(errors) + 1) / len(errors))
        local = np.maximum(local * np.quantile(ratio, level, method="higher"), 1e-12)
        return cls((_GRID / slope, means, at, local / Z_LEVEL))

    def mean(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Expected labels of scores of any shape."""
        return np.interp(scores, *self.knots[:2])

    def std(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Standard deviations of labels, of the shape of `scores`."""
        return np.interp(scores, *self.knots[2:])


def _local_quantile(
    scores: NDArray[np.float64], errors: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """90 % quantile of the errors around each of a few scores, weighting neighbours by rank distance."""
    order = np.argsort(scores, kind="stable")
    scores, errors = scores[order], errors[order]
    m = len(scores)
    half = min(m, max(_NEIGHBOURS, round(_NEIGHBOUR_SHARE * m))) / 2
    centre = np.linspace(0, m - 1, _KNOTS)
    weight = np.maximum(1 - ((np.arange(m) - centre[:, None]) / max(half, 1.0)) ** 2, 0)  # (knots, m)
    by_error = np.argsort(errors, kind="stable")
    cumulative = np.cumsum(weight[:, by_error], axis=1)
    rank = (cumulative < LEVEL * cumulative[:, -1:]).sum(axis=1)
    at, first = np.unique(np.interp(centre, np.arange(m), scores), return_index=True)
    return at, errors[by_error][np.minimum(rank, m - 1)][first]
