"""Gaussian copula of learning curves: normal scores of a guess and of every epoch, and the correlations between them.

Column 0 of a copula is a guess of the final value that was made without the curve, columns 1 to E are the epochs. Each
column has its own map to normal scores; together they are taken as jointly normal, so what was seen of a curve gives
the distribution of the rest in closed form. Correlations of few rows are noisy. They are therefore shrunk towards those
pooled over all schedules (brought to the same fractions of the schedule), and those towards a smooth form,
a exp(-b |log u - log v|) between fractions u and v: neighbours in log time agree, up to the noise 1 - a of one epoch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from surrogates.calibration.calibration import LEVEL, Z_LEVEL
from surrogates.calibration.normal_scores import NormalScores

__all__ = ["CurveCopula", "fit_copulas"]

Float = NDArray[np.float64]

_LEAST_EIGENVALUE = 1e-4
_MOST = 0.999  # no two columns are the same
_PARTS = 64
_LENGTHS = 16
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(15)


class CurveCopula:
    """Joint distribution of a guess and E epochs of one metric.

    Args:
        values: Guesses and curves of the n training rows in the metric's unit, NaN where missing, of shape (n, 1 + E).
        correlation: Correlations of the normal scores of the columns, of shape (1 + E, 1 + E).
        lengths: Numbers of epochs seen at which the factors were measured, ascending, of shape (K,).
        factors: Factors of the standard deviation of each column, by the number of epochs seen, of shape (K, 1 + E).

    Example:
        >>> values = np.array([[1.0, 1.0, 2.0], [2.0, 2.0, 4.0], [3.0, 3.0, 6.0]])
        >>> close = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.9], [0.0, 0.9, 1.0]])
        >>> copula = CurveCopula(values, close, np.zeros(1, dtype=np.int64), np.ones((1, 3)))
        >>> mean, std = copula.predict(np.array([[np.nan, 2.0, np.nan]]))
        >>> mean.round(2).tolist(), bool(std[0, 1] == 0.0 < std[0, 2])
        ([[2.0, 2.0, 4.0]], True)
    """

    def __init__(self, values: Float, correlation: Float, lengths: NDArray[np.int64], factors: Float) -> None:
        self.values = values
        self.correlation = correlation
        self.lengths = lengths
        self.factors = factors
        self._margins = [_Margin.of(column) for column in values.T]

    @property
    def epochs(self) -> int:
        """Epochs of the schedule, E."""
        return len(self.correlation) - 1

    def predict(self, known: Float) -> tuple[Float, Float]:
        """Expected values of all columns, given those that are known.

        Args:
            known: Guesses and curves of m architectures in the metric's unit, NaN where not known, of shape (m, 1 + E).

        Returns:
            Mean and standard deviation (mean +- 1.645 std covers 90 %), each of shape (m, 1 + E), in the metric's unit.
            What is known is returned as it is, with a std of 0; NaN for an epoch that no training row has.
        """
        mean, std = np.array(known), np.zeros(known.shape)
        missing = np.isnan(known)
        scores = self._scores(known)
        patterns, pattern_of = np.unique(missing, axis=0, return_inverse=True)
        for p, pattern in enumerate(patterns):
            rows, columns = np.flatnonzero(pattern_of.ravel() == p), np.flatnonzero(pattern)
            if not len(columns):
                continue
            centre, spread = conditional(self.correlation, scores[np.ix_(rows, np.flatnonzero(~pattern))], pattern)
            factors = self._factors(pattern)
            for place, column in enumerate(columns):
                expected, raw = self._margins[column].moments(centre[:, place], spread[place])
                mean[rows, column], std[rows, column] = expected, raw * factors[column]
        return mean, std

    def _scores(self, known: Float) -> Float:
        """Normal scores of values of shape (m, 1 + E); NaN stays NaN."""
        return np.stack([margin.forward(column) for margin, column in zip(self._margins, known.T, strict=True)], axis=1)

    def _factors(self, missing: NDArray[np.bool_]) -> Float:
        """Factors of shape (1 + E,) for a pattern of missing columns: those of as many epochs as were seen."""
        seen = int((~missing[1:]).sum())
        return np.asarray(self.factors[np.abs(self.lengths - seen).argmin()])

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """The constructor's arguments by name."""
        return {name: getattr(self, name) for name in ("values", "correlation", "lengths", "factors")}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> CurveCopula:
        """Inverse of `to_arrays`."""
        values, correlation, factors = (
            np.asarray(arrays[name], dtype=np.float64) for name in ("values", "correlation", "factors")
        )
        return cls(values, correlation, np.asarray(arrays["lengths"], dtype=np.int64), factors)


def fit_copulas(schedules: Sequence[Float], prior_rows: float) -> list[CurveCopula]:
    """One copula of each schedule, with shared correlations and widths calibrated by leaving rows out.

    Args:
        schedules: For each of S schedules the guesses and curves of its rows, NaN where missing, of shape (n, 1 + E).
        prior_rows: Rows that the pooled correlations count for, and the smooth form of them.

    Returns:
        S copulas. Factors are such that 90 % of the rows lie within mean +- 1.645 std of a copula fitted to the other
        rows (in at most 64 parts), for each epoch and each number of epochs seen.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> level = rng.normal(size=(200, 1))
        >>> (copula,) = fit_copulas([np.hstack([level, level + 0.1 * rng.normal(size=(200, 4))])], prior_rows=16.0)
        >>> mean, std = copula.predict(np.array([[np.nan, 1.0, np.nan, np.nan, np.nan]]))
        >>> bool(abs(mean[0, 4] - 1.0) < 0.2), bool(0.05 < std[0, 4] < 0.3)
        (True, True)
    """
    measured = [_Measured.of(values) for values in schedules]
    copulas = []
    for s, values in enumerate(schedules):
        correlation = _shrunk(measured, s, prior_rows)
        lengths = np.unique(np.linspace(0, values.shape[1] - 2, _LENGTHS).round().astype(np.int64))
        ratios = _left_out_ratios(schedules, measured, s, lengths, prior_rows)
        copulas.append(CurveCopula(values, correlation, lengths, _conformal_factors(ratios)))
    return copulas


def conditional(correlation: Float, scores: Float, missing: NDArray[np.bool_]) -> tuple[Float, Float]:
    """Conditional distribution of the missing ones of d standard normal variables.

    Args:
        correlation: Their correlations, of shape (d, d).
        scores: Values of those that are known, of shape (m, known).
        missing: Which are missing, of shape (d,).

    Returns:
        Mean of shape (m, missing) and standard deviation of shape (missing,).
    """
    own = correlation[np.ix_(~missing, ~missing)]
    across = correlation[np.ix_(missing, ~missing)]
    weights = np.linalg.solve(own, across.T).T if len(own) else across  # (missing, known)
    variance = correlation[missing, missing] - (weights * across).sum(axis=1)
    return scores @ weights.T, np.sqrt(np.maximum(variance, 0.0))


@dataclass(frozen=True)
class _Margin:
    """The map of one column to normal scores: piecewise linear, also beyond the outer values; None without values."""

    knots: tuple[Float, Float] | None

    @classmethod
    def of(cls, column: Float) -> _Margin:
        values = column[~np.isnan(column)]
        return cls(NormalScores(values).knots() if len(values) else None)

    @property
    def informative(self) -> bool:
        """Whether the column has two different values."""
        return self.knots is not None and len(self.knots[0]) > 3

    def forward(self, values: Float) -> Float:
        if not self.informative or self.knots is None:
            return np.where(np.isnan(values), np.nan, 0.0)
        return np.asarray(np.interp(values, self.knots[1], self.knots[0]))

    def moments(self, centre: Float, spread: float) -> tuple[Float, Float]:
        """Mean of values whose scores are normal, and the width of their 90 % interval as a std, each of shape (m,)."""
        if self.knots is None:
            return np.full(len(centre), np.nan), np.full(len(centre), np.nan)
        if not self.informative:
            return np.full(len(centre), self.knots[1][1]), np.zeros(len(centre))
        scores, values = self.knots
        mean = np.interp(centre[:, None] + spread * _NODES, scores, values) @ (_WEIGHTS / _WEIGHTS.sum())
        ends = [np.interp(centre + side * Z_LEVEL * spread, scores, values) for side in (-1.0, 1.0)]
        return mean, (ends[1] - ends[0]) / (2 * Z_LEVEL)


@dataclass(frozen=True)
class _Measured:
    """Correlations of the normal scores of one schedule.

    Attributes:
        correlation: Of shape (1 + E, 1 + E); 0 where not known.
        rows: Number of rows that each is of, of shape (1 + E, 1 + E); 0 where a column has fewer than two values.
    """

    correlation: Float
    rows: Float

    @classmethod
    def of(cls, values: Float) -> _Measured:
        margins = [_Margin.of(column) for column in values.T]
        Z = np.stack([margin.forward(column) for margin, column in zip(margins, values.T, strict=True)], axis=1)
        known = ~np.isnan(Z) & np.array([margin.informative for margin in margins])
        Z = np.where(known, Z, 0.0)
        one = known.astype(np.float64)
        rows = one.T @ one
        count = np.maximum(rows, 1.0)
        sums, squares = Z.T @ one, (Z**2).T @ one  # of column i over the rows that both have
        covariance = Z.T @ Z - sums * sums.T / count
        variance = np.maximum(squares - sums**2 / count, 0.0)
        scale = np.sqrt(variance * variance.T)
        correlation = np.divide(covariance, scale, out=np.zeros_like(scale), where=scale > 1e-9)
        rows = np.where((scale > 1e-9) & (rows > 2), rows, 0.0)
        return cls(np.clip(np.where(rows > 0, correlation, 0.0), -_MOST, _MOST), rows)


def _shrunk(measured: Sequence[_Measured], s: int, prior_rows: float) -> Float:
    """The correlations of schedule s, shrunk; positive definite, of shape (1 + E, 1 + E)."""
    own = measured[s]
    epochs = len(own.rows) - 1
    pooled, rows = _pooled(measured, epochs)
    smooth = _smooth(pooled, rows)
    pooled = (rows * pooled + prior_rows * smooth) / np.maximum(rows + prior_rows, 1e-9)
    found = (own.rows * own.correlation + prior_rows * pooled) / np.maximum(own.rows + prior_rows, 1e-9)
    found[0] = found[:, 0] = np.maximum(found[0], 0.0)  # a guess that ranks the wrong way round is no guess
    useless = np.flatnonzero(np.diag(own.rows) == 0)
    found[useless] = found[:, useless] = 0.0
    return _positive_definite(found)


def _pooled(measured: Sequence[_Measured], epochs: int) -> tuple[Float, Float]:
    """Mean correlations of all schedules at the epochs of one, and the rows that they are of, (1 + E, 1 + E) each.

    Correlations between different epochs are interpolated among their like; that of an epoch with itself, which is 1
    whatever the noise, is not among them.
    """
    total, rows = np.zeros((2, epochs + 1, epochs + 1))
    for each in measured:
        own = len(each.rows) - 1
        into = _interpolation(np.arange(1, epochs + 1) / epochs, np.arange(1, own + 1) / own)
        into = np.block([[np.ones((1, 1)), np.zeros((1, own))], [np.zeros((epochs, 1)), into]])
        weight = _without_diagonal(each.rows)
        total += into @ (_without_diagonal(each.correlation * each.rows)) @ into.T
        rows += into @ weight @ into.T
    return np.divide(total, rows, out=np.zeros_like(total), where=rows > 0), rows


def _without_diagonal(matrix: Float) -> Float:
    """A matrix whose diagonal, but for the guess, is the mean of its neighbours beside it."""
    found, last = np.array(matrix), len(matrix) - 1
    for i in range(1, last + 1):
        beside = [matrix[i, j] for j in (i - 1, i + 1) if 1 <= j <= last]
        found[i, i] = np.mean(beside) if beside else 0.0
    return found


def _interpolation(at: Float, points: Float) -> Float:
    """Weights of linear interpolation from ascending points to others, constant outside; of shape (at, points)."""
    return np.stack([np.interp(at, points, unit) for unit in np.eye(len(points))], axis=1)


def _smooth(pooled: Float, rows: Float) -> Float:
    """The smooth form nearest to pooled correlations, of the same shape (1 + E, 1 + E)."""
    epochs = len(pooled) - 1
    log = np.log(np.arange(1, epochs + 1) / epochs)
    apart = np.abs(log[:, None] - log)
    upper = np.triu_indices(epochs, 1)
    weight = np.sqrt(rows[1:, 1:][upper])
    target = pooled[1:, 1:][upper]

    def errors(parameters: Float) -> Float:
        return np.asarray(weight * (parameters[0] * np.exp(-parameters[1] * apart[upper]) - target))

    a, b = least_squares(errors, [0.9, 0.5], bounds=([0.0, 0.0], [_MOST, 20.0])).x if weight.any() else (0.0, 0.0)
    found = np.ones_like(pooled)
    found[1:, 1:] = a * np.exp(-b * apart)
    guess = rows[0, 1:]
    found[0, 1:] = found[1:, 0] = np.average(pooled[0, 1:], weights=guess) if guess.any() else 0.0
    np.fill_diagonal(found, 1.0)
    return found


def _positive_definite(matrix: Float) -> Float:
    """The correlation matrix of a symmetric matrix whose eigenvalues are raised to be positive."""
    np.fill_diagonal(matrix, 1.0)
    size, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    found = (vectors * np.maximum(size, _LEAST_EIGENVALUE)) @ vectors.T
    scale = np.sqrt(np.diag(found))
    return np.asarray(found / scale / scale[:, None])


def _left_out_ratios(
    schedules: Sequence[Float], measured: Sequence[_Measured], s: int, lengths: NDArray[np.int64], prior_rows: float
) -> Float:
    """Errors over 1.645 std of rows left out of schedule s, of shape (K, n, 1 + E); NaN where not measured or seen."""
    values = schedules[s]
    ratios = np.full((len(lengths), *values.shape), np.nan)
    part = np.arange(len(values)) % _PARTS
    for p in range(min(_PARTS, len(values) if len(values) > 1 else 0)):
        rest, out = values[part != p], values[part == p]
        others = [_Measured.of(rest) if i == s else each for i, each in enumerate(measured)]
        copula = CurveCopula(rest, _shrunk(others, s, prior_rows), lengths[:1], np.ones((1, values.shape[1])))
        for place, seen in enumerate(lengths):
            known = np.array(out)
            known[:, seen + 1 :] = np.nan
            mean, std = copula.predict(known)
            with np.errstate(divide="ignore", invalid="ignore"):
                found = np.abs(out - mean) / (Z_LEVEL * std)
            ratios[place, part == p] = np.where(np.isnan(known), found, np.nan)
    return ratios


def _conformal_factors(ratios: Float) -> Float:
    """The quantile of ratios of shape (K, n, 1 + E) over rows that covers 90 % of new ones, of shape (K, 1 + E)."""
    factors = np.ones((len(ratios), ratios.shape[2]))
    for k, column in np.ndindex(factors.shape):
        own = ratios[k, :, column]
        own = own[np.isfinite(own)]
        if len(own):
            factors[k, column] = np.quantile(own, min(1.0, LEVEL * (len(own) + 1) / len(own)))
    return factors
