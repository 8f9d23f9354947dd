"""From a surrogate's scores to the metric's own unit, with a standard deviation that covers what it says.

Both steps learn from out-of-fold predictions inside the training rows: each row is predicted by models that never saw
it. Rows drawn like the training rows are then covered as often as those were (split conformal prediction, Lei et al.,
JASA 2018, here with folds and a local scale). Architectures whose function was among the training rows are easier than
new ones, so each kind has its own factor (Mondrian conformal prediction, Vovk et al., 2005, section 4.5).
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
"""A normal interval of +- Z_LEVEL standard deviations covers LEVEL."""
_GRID = np.linspace(-4.0, 4.0, 161)
_SLOPE_MIN, _SLOPE_MAX = 0.8, 1.5
_NEIGHBOURS = 50
_NEIGHBOUR_SHARE = 0.15
_KNOTS_MIN, _KNOTS_MAX = 9, 41
_FLOOR = 0.1
_KIND_ROWS = 25
_PARTS = 64


class Calibration:
    """Maps from scores to the expected label and to its standard deviation, for one task.

    The standard deviation follows the 90 % quantile of the absolute residuals near the predicted score: in this data
    failures scatter far more than good architectures.

    Args:
        scores: Where the mean is known, ascending, of shape (g,).
        means: Labels there, of shape (g,).
        centres: Scores where the standard deviation is known, ascending, of shape (c,).
        stds: Standard deviations there, of shape (c,).
        factors: What to multiply them by for functions not seen in training, and for those seen, of shape (2,).
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
    ) -> Calibration:
        """Learn from m rows.

        Args:
            transform: Fitted to the same labels.
            labels: Finite labels, of shape (m,). If all are equal they are predicted with a standard deviation of 0.
            scores: Their out-of-fold scores, of shape (m,).
            seen: Whether another fold holds a row of the same function, of shape (m,).
            expected: Labels that the residuals are taken from, of shape (m,), see `left_out_means`; if not given those
                expected by the map itself.
        """
        if len(transform.values) < 2:
            return cls(np.zeros(1), transform.values[:1], np.zeros(1), np.zeros(1), np.ones(2))
        slope, means = _map(transform, labels, scores)
        errors = np.abs(labels - (np.interp(slope * scores, _GRID, means) if expected is None else expected))
        centres, local = _local_quantile(scores, errors)
        ratios = errors / np.interp(scores, centres, local)
        kinds = [ratios[seen == kind] for kind in (False, True)]
        factors = [_conformal_quantile(kind if len(kind) >= _KIND_ROWS else ratios) for kind in kinds]
        return cls(_GRID / slope, means, centres, local / Z_LEVEL, np.array(factors))

    def mean(self, scores: Float) -> Float:
        """Expected labels of scores of shape (m,)."""
        return np.asarray(np.interp(scores, self.scores, self.means))

    def std(self, scores: Float, seen: NDArray[np.bool_]) -> Float:
        """Standard deviations, of shape (m,); `seen` says whose function was among the training rows."""
        factors = self.factors[seen.astype(np.int64)]
        return np.asarray(np.interp(scores, self.centres, self.stds) * factors)

    def cv_scores(
        self, labels: Float, scores: Float, seen: NDArray[np.bool_], expected: Float | None = None
    ) -> dict[str, float]:
        """Kendall's ``tau`` and ``coverage`` of the 90 % interval on the rows of `fit`; none where labels are equal."""
        if len(labels) < 2 or np.ptp(labels) == 0:
            return {}
        mean, std = self.mean(scores), self.std(scores, seen)
        inside = np.abs(labels - (mean if expected is None else expected)) <= Z_LEVEL * std
        return {"tau": float(kendalltau(labels, mean).statistic), "coverage": float(inside.mean())}

    def to_arrays(self) -> dict[str, Float]:
        """The arguments of the constructor by name."""
        return dict(vars(self))


def left_out_means(labels: Float, scores: Float) -> Float:
    """Labels expected of m rows by maps that never saw them: as `Calibration.mean`, learned from the other rows.

    With few rows the map follows each label so closely that residuals are too small. Scores from folds make up for it,
    as one member's are worse than those of the ensemble; scores predicted from all other rows do not, and need this.

    Args:
        labels: Finite labels, of shape (m,).
        scores: Their scores, each predicted from all other rows, of shape (m,).

    Returns:
        Expected labels, of shape (m,); beyond 64 rows several are left out at once.

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
    """By how much to stretch timid scores, and the labels expected where stretched ones are on the grid, shape (g,)."""
    target = transform.forward(labels)
    slope = float(np.clip((scores * target).sum() / max((scores**2).sum(), 1e-9), _SLOPE_MIN, _SLOPE_MAX))
    return slope, transform.backward(_GRID)


def _conformal_quantile(ratios: Float) -> float:
    level = min(1.0, LEVEL * (len(ratios) + 1) / len(ratios))
    return float(np.quantile(ratios, level))


def _local_quantile(scores: Float, errors: Float) -> tuple[Float, Float]:
    """90 % quantile of the errors around some of the scores, neighbours weighted by rank distance; positive."""
    order = np.argsort(scores, kind="stable")
    scores, errors = scores[order], errors[order]
    m = len(scores)
    width = min(m, max(_NEIGHBOURS, int(_NEIGHBOUR_SHARE * m)))
    middle = np.linspace(0, m - 1, int(np.clip(4 * m / width, _KNOTS_MIN, _KNOTS_MAX)))
    edge = min(0.3 * width, (m - 1) / 2)  # windows at the ends move inwards instead of emptying
    inside = np.clip(middle, edge, m - 1 - edge)
    weight = np.maximum(1 - ((np.arange(m) - inside[:, None]) / (width / 2 + 1)) ** 2, 0)  # (knots, m)
    by_error = np.argsort(errors, kind="stable")
    cumulative = np.cumsum(weight[:, by_error], axis=1)
    rank = (cumulative < LEVEL * cumulative[:, -1:]).sum(axis=1)
    local = errors[by_error][np.minimum(rank, m - 1)]
    centres, first = np.unique(np.interp(middle, np.arange(m), scores), return_index=True)
    floor = max(_FLOOR * float(np.median(local)), 1e-9 * float(errors.max()), np.finfo(np.float64).tiny)
    return centres, np.maximum(local[first], floor)
