"""Calibration without labels, or with one: how far off expectations of the sources are, from leaving each source out.

Scores are in normal scores: 0 is the middle of the space, 1 is better than 84 % of it. A task whose metric at least two
sources have is put in the metric's own unit: its level at a score is taken to be that of these sources, give or take
their differences (a t interval). One label gives the level of the task; its spread is guessed from the sources.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from surrogates.calibration.calibration import LEVEL, Z_LEVEL, Calibration
from surrogates.calibration.normal_scores import NormalScores

__all__ = ["LEVEL_SCORES", "calibrate_scores", "expected_slope", "few", "in_own_unit", "of_one_label"]

Float = NDArray[np.float64]

LEVEL_SCORES = np.linspace(-2.5, 2.5, 41)
"""Normal scores at which the levels of a source task are kept."""
_LINE = np.array([-8.0, 8.0])
"""Scores between which a map to labels is a straight line."""
_SLOPE = 0.5
"""Slope of the expectation if there is one source, so that nothing tells how far sources agree."""
_SPREAD_ERROR = 3.0
"""Factor by which a guessed spread may be wrong if nothing tells."""


def expected_slope(left_out: Float, expected: Float) -> float:
    """Regression slope of source scores on what the other sources expect of them, 0 to 1.

    Args:
        left_out: Scores of m sources at n architectures, of shape (m, n); 0.5 is returned if m is 0.
        expected: What the others expect of each, of shape (m, n).

    Example:
        >>> expected_slope(np.array([[-0.5, 0.5]]), np.array([[-1.0, 1.0]]))
        0.5
    """
    if not len(left_out):
        return _SLOPE
    return float(np.clip((left_out * expected).sum() / max((expected**2).sum(), 1e-9), 0.0, 1.0))


def calibrate_scores(left_out: Float, expected: Float, slope: float) -> Calibration:
    """Calibration in normal scores, from m sources at n architectures, each expected by the others.

    Args:
        left_out: Scores of the sources, of shape (m, n).
        expected: What the others expect of each, of shape (m, n).
        slope: The predicted scores are the slope times the expectation.

    Returns:
        Calibration of predicted scores. Its standard deviations are wider than the residuals, since there are few
        sources, but not wider than those of a task that has nothing to do with the sources.

    Example:
        >>> z = np.random.RandomState(0).normal(size=(2, 500))
        >>> calibration = calibrate_scores(z + 0.1, z, slope=1.0)
        >>> calibration.mean(np.array([0.5])).round(1).tolist()
        [0.5]
    """
    widest = float(np.sqrt(1.0 + slope**2))
    if not len(left_out):
        return Calibration(_LINE, _LINE, np.zeros(1), np.full(1, widest), np.ones(2))
    z, scores = left_out.ravel(), slope * expected.ravel()
    unseen = np.zeros(len(z), dtype=bool)
    found = Calibration.fit(NormalScores(z), z, scores, unseen, expected=scores)
    stds = np.minimum(found.stds * found.factors[0] * few(len(left_out)), widest)
    return Calibration(_LINE, _LINE, found.centres, stds, np.ones(2))


def in_own_unit(scored: Calibration, levels: Float, bounds: tuple[float, float], sign: float) -> Calibration:
    """The calibration of a task in the unit of its metric.

    Args:
        scored: Its calibration in normal scores.
        levels: Values of m >= 2 sources of the same metric at the scores `LEVEL_SCORES`, better when higher, of shape
            (m, g).
        bounds: Smallest and largest possible value of the metric.
        sign: +1 if the metric is better when higher, else -1.

    Example:
        >>> scored = calibrate_scores(np.zeros((0, 1)), np.zeros((0, 1)), slope=0.5)
        >>> levels = 50 + np.array([[10.0], [12.0]]) * LEVEL_SCORES
        >>> in_own_unit(scored, levels, (0.0, 100.0), 1.0).mean(np.array([1.0])).tolist()
        [61.0]
    """
    usual, apart = levels.mean(axis=0), levels.std(axis=0, ddof=1) * few(len(levels))
    half = Z_LEVEL * scored.std(LEVEL_SCORES, np.zeros(len(LEVEL_SCORES), dtype=bool))
    upper, lower = (np.interp(LEVEL_SCORES + step, LEVEL_SCORES, usual) for step in (half, -half))
    means = sign * usual
    low, high = bounds
    stds = np.minimum(np.hypot(apart, (upper - lower) / (2 * Z_LEVEL)), np.maximum(means - low, high - means) / Z_LEVEL)
    return Calibration(LEVEL_SCORES, means, LEVEL_SCORES, stds, np.ones(2))


def of_one_label(label: float, levels: Float, others: Float, scored: Calibration) -> Calibration:
    """The calibration of a task of which one function is known, whose score is 0.

    Args:
        label: Its label.
        levels: As in `in_own_unit`, but m may be 0.
        others: Levels of all sources, of shape (S, g); they tell the spread as a share of the level if m is 0.
        scored: Calibration in normal scores.

    Returns:
        Calibration of scores that are higher where the label is, in the label's unit.

    Example:
        >>> scored = calibrate_scores(np.zeros((0, 1)), np.zeros((0, 1)), slope=0.5)
        >>> levels = 50 + np.array([[10.0], [12.0]]) * LEVEL_SCORES
        >>> of_one_label(90.0, levels, levels, scored).mean(np.array([0.0])).tolist()
        [90.0]
    """
    spreads, relative = levels.std(axis=1), len(levels) == 0
    if relative:
        middle = np.abs(np.median(others, axis=1))
        spreads = others.std(axis=1)[middle > 0] / middle[middle > 0]
    unit = (abs(label) or 1.0) if relative else 1.0
    spread = float(np.median(spreads)) if len(spreads) else 1.0
    wrong = max(_SPREAD_ERROR, float(spreads.max()) / spread) if len(spreads) and spread > 0 else _SPREAD_ERROR
    stds = np.sqrt(2.0) * wrong * unit * spread * scored.stds * scored.factors[0]  # of a difference of two scores
    return Calibration(_LINE, label + unit * spread * _LINE, scored.centres, stds, np.ones(2))


def few(m: int) -> float:
    """How much wider a 90 % interval of another of m >= 2 normal draws is than if their variance were known.

    Example:
        >>> [round(few(m), 1) for m in (2, 3, 4, 100)]
        [4.7, 2.0, 1.6, 1.0]
    """
    return float(student.ppf(0.5 + LEVEL / 2, m - 1) / Z_LEVEL * np.sqrt(1 + 1 / m))
