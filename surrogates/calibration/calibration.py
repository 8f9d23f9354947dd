"""Calibration of one task: from scores to the metric's own unit, with a standard deviation of nominal coverage.

Both are fitted to out-of-fold predictions of the training rows: each row is predicted by models not trained on it.
Rows from the same distribution as the training rows are then covered as often as those (split conformal prediction,
Lei et al., JASA 2018, here with folds and a local scale). Architectures whose function was among the training rows are
easier to predict than new ones, so the two groups have separate factors (Mondrian conformal prediction, Vovk et al.,
2005, section 4.5).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau

from surrogates.calibration.normal_scores import NormalScores

__all__ = ["LEVEL", "Z_LEVEL", "Calibration", "left_out_means"]

Float = NDArray[np.float64]

LEVEL = 0.9
Z_LEVEL = 1.6448536269514722
"""A normal interval of +- Z_LEVEL standard deviations has coverage LEVEL."""
_GRID = np.linspace(-4.0, 4.0, 161)
_SLOPE_MIN, _SLOPE_MAX = 0.8, 1.5
_NEIGHBOURS = 50
_NEIGHBOUR_SHARE = 0.15
_KNOTS_MIN, _KNOTS_MAX = 9, 41
_FLOOR = 0.1
_KIND_ROWS = 25
_PARTS = 64


class Calibration:
    """Maps from scores to the expected label and its standard deviation, for one task.

    The standard deviation is proportional to the 90 % quantile of the absolute residuals near the predicted score:
    labels of failed architectures vary far more than those of good ones.

    Args:
        scores: Knots of the map to the mean, ascending, of shape (g,).
        means: Labels at the knots, of shape (g,).
        centres: Knots of the map to the standard deviation, ascending, of shape (c,).
        stds: Standard deviations at `centres`, of shape (c,).
        factors: Factors of the standard deviation for functions not seen in training and for those seen, of shape (2,).
    """

    def __init__(self, scores: Float, means: Float, centres: Float, stds: Float, factors: Float) -> None:
        self.scores = scores
        self.means = means
        self.centres = centres
        self.stds = stds
        self.factors = factors

    @classmethod
    def fit(
        cls,
        transform: NormalScores,
        labels: Float,
        scores: Float,
        seen: NDArray[np.bool_],
        expected: Float | None = None,
        own_unit: bool = False,
    ) -> Calibration:
        """Fit to m rows.

        Args:
            transform: Fitted to the same labels.
            labels: Finite labels, of shape (m,). If all are equal they are predicted with a standard deviation of 0.
            scores: Their out-of-fold scores, of shape (m,).
            seen: Whether another fold contains a row of the same function, of shape (m,).
            expected: Expected labels to compute the residuals with, of shape (m,), see `left_out_means`; if not given
                those of the fitted map.
            own_unit: Whether the scores are labels predicted in their own unit (`NormalScores.extrapolate`), so the map
                has only to undo that, instead of being fitted.
        """
        if len(transform.values) < 2:
            return cls(np.zeros(1), transform.values[:1], np.zeros(1), np.zeros(1), np.ones(2))
        if own_unit:
            knots, means = transform.knots()
        else:
            slope, means = _map(transform, labels, scores)
            knots = _GRID / slope
        errors = np.abs(labels - (np.interp(scores, knots, means) if expected is None else expected))
        centres, local = _local_quantile(scores, errors)
        ratios = errors / np.interp(scores, centres, local)
        kinds = [ratios[seen == kind] for kind in (False, True)]
        factors = [_conformal_quantile(kind if len(kind) >= _KIND_ROWS else ratios) for kind in kinds]
        return cls(knots, means, centres, local / Z_LEVEL, np.array(factors))

    def mean(self, scores: Float) -> Float:
        """Expected labels, of shape (m,), of scores of shape (m,)."""
        return np.asarray(np.interp(scores, self.scores, self.means))

    def std(self, scores: Float, seen: NDArray[np.bool_]) -> Float:
        """Standard deviations, of shape (m,); `seen` marks rows whose function was among the training rows."""
        factors = self.factors[seen.astype(np.int64)]
        return np.asarray(np.interp(scores, self.centres, self.stds) * factors)

    def cv_scores(
        self, labels: Float, scores: Float, seen: NDArray[np.bool_], expected: Float | None = None
    ) -> dict[str, float]:
        """Kendall's ``tau`` and ``coverage`` of the 90 % interval on the rows of `fit`; empty if labels are equal."""
        if len(labels) < 2 or np.ptp(labels) == 0:
            return {}
        mean, std = self.mean(scores), self.std(scores, seen)
        inside = np.abs(labels - (mean if expected is None else expected)) <= Z_LEVEL * std
        return {"tau": float(kendalltau(labels, mean).statistic), "coverage": float(inside.mean())}

    def to_arrays(self) -> dict[str, Float]:
        """The constructor's arguments by name."""
        return dict(vars(self))


def left_out_means(labels: Float, scores: Float) -> Float:
    """Out-of-fold expected labels of m rows: as `Calibration.mean`, but with a map fitted to the other rows.

    With few rows the map follows each label so closely that residuals are too small. Scores from folds compensate for
    this, because one member's scores are worse than the ensemble's; leave-one-out scores do not, so they need this.

    Args:
        labels: Finite labels, of shape (m,).
        scores: Their scores, each predicted from all other rows, of shape (m,).

    Returns:
        Expected labels, of shape (m,); with more than 64 rows, 64 groups of rows are left out in turn.

    Example:
        >>> left_out_means(np.array([1.0, 2.0, 4.0]), np.array([-1.0, 0.0, 1.0])).round(1).tolist()
        [1.8, 2.5, 2.1]
    """
    part = np.arange(len(labels)) % _PARTS
    means = np.copy(labels)
    for p in range(min(_PARTS, len(labels) if len(labels) > 1 else 0)):
        rest = part != p
        slope, expected = _map(NormalScores(labels[rest]), labels[rest], scores[rest])
        means[~rest] = np.interp(slope * scores[~rest], _GRID, expected)
    return means


def _map(transform: NormalScores, labels: Float, scores: Float) -> tuple[float, Float]:
    """Slope that undoes the shrinkage of the scores, and expected labels of rescaled scores on the grid, shape (g,)."""
    target = transform.forward(labels)
    slope = float(np.clip((scores * target).sum() / max((scores**2).sum(), 1e-9), _SLOPE_MIN, _SLOPE_MAX))
    return slope, transform.backward(_GRID)


def _conformal_quantile(ratios: Float) -> float:
    level = min(1.0, LEVEL * (len(ratios) + 1) / len(ratios))
    return float(np.quantile(ratios, level))


def _local_quantile(scores: Float, errors: Float) -> tuple[Float, Float]:
    """Knots, and the positive 90 % quantile of the errors near each, neighbours weighted by rank distance."""
    order = np.argsort(scores, kind="stable")
    scores, errors = scores[order], errors[order]
    m = len(scores)
    width = min(m, max(_NEIGHBOURS, int(_NEIGHBOUR_SHARE * m)))
    middle = np.linspace(0, m - 1, int(np.clip(4 * m / width, _KNOTS_MIN, _KNOTS_MAX)))
    edge = min(0.3 * width, (m - 1) / 2)  # windows at the ends are shifted inwards, so they are not truncated
    inside = np.clip(middle, edge, m - 1 - edge)
    weight = np.maximum(1 - ((np.arange(m) - inside[:, None]) / (width / 2 + 1)) ** 2, 0)  # (knots, m)
    by_error = np.argsort(errors, kind="stable")
    cumulative = np.cumsum(weight[:, by_error], axis=1)
    rank = (cumulative < LEVEL * cumulative[:, -1:]).sum(axis=1)
    local = errors[by_error][np.minimum(rank, m - 1)]
    centres, first = np.unique(np.interp(middle, np.arange(m), scores), return_index=True)
    floor = max(_FLOOR * float(np.median(local)), 1e-9 * float(errors.max()), np.finfo(np.float64).tiny)
    return centres, np.maximum(local[first], floor)
