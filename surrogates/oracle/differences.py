"""Differences of two uncertain values whose errors are correlated, and the probability that one is larger."""

from __future__ import annotations

from math import erfc, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Differences", "pair_differences"]

Float = NDArray[np.float64]

_Z_LEVEL = 1.6448536269514722  # a normal interval of +- so many standard deviations covers 90 %; as in `Calibration`
_ROUNDING = 1e-6
"""Standard deviation of a difference, in those of the values, that is taken for 0."""
_SAME = 1e-9
"""Relative difference of two predictions with one error that is taken for rounding, which depends on the batch."""


class Differences(NamedTuple):
    """Differences A - B of m pairs of values.

    Attributes:
        mean: The expected differences, in the values' unit, of shape (m,).
        std: Their standard deviations, of shape (m,); 0 where both values are known.
        low: Lower ends of the 90 % intervals, of shape (m,).
        high: Upper ends, of shape (m,).
        positive: Probabilities that A is the larger one, of shape (m,); a difference known to be 0 counts half.
    """

    mean: Float
    std: Float
    low: Float
    high: Float
    positive: Float


def pair_differences(a: Float, b: Float, std_a: Float, std_b: Float, correlation: Float) -> Differences:
    """Differences of normal values.

    Args:
        a: Expected values of the first of each of m pairs, of shape (m,).
        b: Those of the second.
        std_a: Standard deviations of the first, of shape (m,); NaN of a value that is known.
        std_b: Those of the second.
        correlation: Correlations of their errors, of shape (m,); NaN, of one that is not known, counts as 0.

    Returns:
        Differences with the variance std_a^2 + std_b^2 - 2 correlation std_a std_b. Of two uncertain values with one
        error, a difference that is no more than rounding is 0.

    Example:
        >>> one = np.ones(1)
        >>> apart = pair_differences(3 * one, one, one, one, 0 * one)
        >>> float(apart.std[0].round(3)), float(apart.positive[0].round(3))
        (1.414, 0.921)
        >>> float(pair_differences(3 * one, one, one, one, one).positive[0])  # one error, and so none of the difference
        1.0
    """
    s, t = np.nan_to_num(std_a), np.nan_to_num(std_b)
    rho = np.nan_to_num(correlation)
    mean = a - b
    variance = s**2 + t**2 - 2 * rho * s * t
    std = np.sqrt(np.where(variance > _ROUNDING**2 * (s**2 + t**2), variance, 0.0))
    scale = np.max([abs(a), abs(b), s, t], axis=0)
    mean = np.where((std == 0) & (s > 0) & (t > 0) & (abs(mean) <= _SAME * scale), 0.0, mean)
    sure = np.where(mean == 0, 0.5, (mean > 0).astype(np.float64))
    z = np.divide(mean, std, out=np.zeros_like(mean), where=std > 0)
    normal = np.array([erfc(-value / sqrt(2.0)) / 2.0 for value in z.ravel()]).reshape(z.shape)
    half = _Z_LEVEL * std
    return Differences(mean, std, mean - half, mean + half, np.where(std > 0, normal, sure))
