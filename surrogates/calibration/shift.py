"""Calibration under shift: wider intervals for architectures unlike the training rows.

Residuals of left-out training rows say nothing about an architecture with more strides or another width than any of
them. Two things are learned from the training rows for it:

1. Novelty: the posterior standard deviation of a Gaussian process at the architecture, which is small near training
   rows and grows with the distance, in units of the largest of left-out training rows (their 95 % quantile). Features
   are weighted by their relevance for the labels; those that do not vary among the training rows have an unknown
   effect, and a large weight.
2. How fast errors grow with it: shifts are simulated inside the training rows. A cheap model is fitted to the rows with
   some values of one feature and asked on all others, and the 90 % quantile of its errors, over that of left-out rows,
   is compared with the novelty of the asked rows. Which shift a user's architecture makes is not known, so the slope is
   one that 90 % of the simulated shifts and tasks do not exceed.

Intervals of rows as novel as left-out ones stay as they are. `perf/shift.py` prints what this does to coverage on real
shifts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.forks import cached_property
from benchmarks.short_repr import ShortRepr
from benchmarks.spaces.registry import get_space, infer_space
from encoders.feature_words import FeatureWords, feature_words
from encoders.graph_features import GraphFeatures
from surrogates.calibration.imputation import fill_missing
from surrogates.kernels.decompositions import Cholesky, Eigen
from surrogates.kernels.evidence import evidence_by_noise
from surrogates.kernels.feature_kernels import FeatureKernel
from surrogates.kernels.features import graph_features, relevance, standard_features
from surrogates.kernels.leave_one_out import leave_one_out

__all__ = ["ShiftCalibration"]

Float = NDArray[np.float64]
Bools = NDArray[np.bool_]

_LEVEL = 0.9
_ROWS, _SIMULATED_ROWS, _ASKED_ROWS = 256, 200, 100
_SHIFTS, _LEAST_ROWS = 60, 24
_SHARE = (0.15, 0.85)
_SLOPE, _PRIOR_SHIFTS = 3.0, 1
"""Slope without simulations, and the strength of this prior, in simulated shifts."""
_NOVELTY_LEVEL = 0.95
_UNKNOWN = 1.5
"""Weight of a feature that is constant among the training rows, over the 90 % quantile of the others' weights."""
_SHAPE, _LENGTH, _NOISE = "matern", 4.0, 0.1
_NOISES = np.array([0.01, 0.03, 0.1, 0.2, 0.4, 0.8])
_INSIDE = 1.05
"""Largest mean factor of left-out training rows."""
_SPREADS = 2.0
"""Largest standard deviation, in standard deviations of the labels."""
_LEAST_NOVELTY = 0.05
_NAMED, _TOLERANCE, _SAID = 2, 1e-3, 1.05
_TINY = 1e-9


@dataclass(frozen=True, repr=False)
class ShiftCalibration(ShortRepr):
    """Factors of standard deviations, at least 1, by the novelty of architectures.

    Attributes:
        archs: The k simplest forms that novelty is measured from.
        weights: Weights of the d features of `standard_features`, of shape (d,).
        unit: Posterior standard deviation that has a novelty of 1.
        slope: Growth of the factor per unit of novelty.
        largest: Largest standard deviation of each task, in the unit of its labels, of shape (T,).
        ranges: Smallest and largest value of each of the D features of `GraphFeatures` in the training rows, of shape
            (2, D).
    """

    archs: tuple[str, ...]
    weights: Float
    unit: float
    slope: float
    largest: Float
    ranges: Float

    @classmethod
    def fit(cls, space: str, archs: Sequence[str], Z: Float, largest: Float) -> ShiftCalibration:
        """Fit to training rows.

        Args:
            space: Name of the space.
            archs: m distinct simplest forms.
            Z: Their normal scores, NaN where not measured, of shape (m, T).
            largest: Standard deviation of the labels of each task, of shape (T,).
        """
        rng = np.random.RandomState(0)
        X, Z = standard_features(space, archs), fill_missing(Z)
        rows = np.sort(rng.permutation(len(X))[:_ROWS])
        weights = _weights(X, Z)
        left_out, unit = _novelty_unit(_process(X[rows], weights))
        simulated = np.array([slope for shift in _shifts(X, rng) for slope in _slopes(X, Z, shift, rng)])
        prior = np.full(_PRIOR_SHIFTS * Z.shape[1], _SLOPE)
        slope = float(np.quantile(np.concatenate([simulated, prior]), _LEVEL))
        inside = float(_excess(left_out / unit).mean())
        slope = min(slope, (_INSIDE - 1.0) / max(inside, _TINY))
        raw = graph_features(archs)
        ranges = np.stack([raw.min(axis=0), raw.max(axis=0)])
        return cls(tuple(archs[row] for row in rows), weights, unit, slope, _SPREADS * largest, ranges)

    def novelty(self, archs: Sequence[str]) -> Float:
        """How unlike the training rows m architectures are, of shape (m,): most left-out training rows are below 1."""
        return _deviations(self._points, self._process, standard_features(self._space, archs)) / self.unit

    def widened(self, archs: Sequence[str], std: Float) -> Float:
        """Standard deviations of m architectures, of shape (m, T), each times its factor, up to `largest`."""
        return np.minimum(std * self.factors(archs)[:, None], np.maximum(std, self.largest))

    def factors(self, archs: Sequence[str]) -> Float:
        """Factors of the standard deviations of m architectures, at least 1, of shape (m,), before `largest`."""
        return 1.0 + self.slope * _excess(self.novelty(archs))

    def unfamiliar(self, arch: str) -> str:
        """In words, by how much intervals are wider and which features are farthest outside the training rows.

        Empty if they are not wider and none is outside. The factor is that before `largest`.
        """
        encoder = GraphFeatures().fit([arch])
        values = np.asarray(encoder.transform([arch]), dtype=np.float64)[0]
        low, high = self.ranges
        outside = np.maximum(low - values, values - high) / np.where(high > low, high - low, 1.0)
        names = encoder.get_feature_names_out()
        farthest = [i for i in np.argsort(-outside, kind="stable")[:_NAMED] if outside[i] > _TOLERANCE]
        space = get_space(self._space)
        said = [_said(feature_words(space, names[i]), values[i], low[i], high[i]) for i in farthest]
        factor = float(self.factors([arch])[0])
        return "; ".join([f"intervals {factor:.1f} times as wide", *said] if factor > _SAID else said)

    @property
    def noise(self) -> float:
        """Variance of the noise of a label, where the process has a variance of 1 before any row is known."""
        return _NOISE

    @cached_property
    def precision(self) -> Float:
        """Inverse of the covariance of the noisy labels of the k rows, of shape (k, k)."""
        _, factor = self._process
        return factor.solve(np.eye(len(factor.factor)))

    def covariance(self, archs: Sequence[str], seen: Bools) -> Float:
        """Posterior covariance of m distinct simplest forms, of shape (m, m), given the k rows.

        Args:
            archs: m simplest forms.
            seen: Those of them whose own label is known, of shape (m,). The k rows know theirs already, but are some of
                the training rows only. What is left of another one is noise / (variance + noise) of it, also of what it
                shares with others; what its label says of others is left out, so that a pair's does not depend on what
                else is asked.
        """
        kernel, factor = self._process
        asked = standard_features(self._space, archs)
        whitened = factor.whiten(kernel.matrix(self._points, asked))
        found = kernel.matrix(asked, asked) - whitened.T @ whitened
        variances = np.maximum(np.diag(found), 0.0)
        apart = np.asarray(seen) & np.array([arch not in self._known for arch in archs], dtype=bool)
        left = np.where(apart, _NOISE / (variances + _NOISE), 1.0)
        found *= left[:, None] * left
        found[np.diag_indices_from(found)] = variances * left
        return np.asarray(found)

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Arrays for `Pack.arrays`."""
        return {
            "shift_archs": np.array([arch.encode() for arch in self.archs], dtype=np.bytes_),
            "shift_weights": self.weights,
            "shift_scalars": np.array([self.unit, self.slope]),
            "shift_largest": self.largest,
            "shift_ranges": self.ranges.astype(np.float32),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> ShiftCalibration | None:
        """Inverse of `to_arrays`; other arrays are ignored. None if there are none, as before version 0.2."""
        if "shift_archs" not in arrays:
            return None
        unit, slope = arrays["shift_scalars"].tolist()
        weights, largest, ranges = (
            np.asarray(arrays[f"shift_{name}"], dtype=np.float64) for name in ("weights", "largest", "ranges")
        )
        archs = tuple(arch.decode() for arch in arrays["shift_archs"].tolist())
        return cls(archs, weights, unit, slope, largest, ranges)

    @cached_property
    def _space(self) -> str:
        return infer_space(self.archs[0]).name

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.archs)

    @cached_property
    def _points(self) -> Float:
        return standard_features(self._space, self.archs)

    @cached_property
    def _process(self) -> tuple[FeatureKernel, Cholesky]:
        return _process(self._points, self.weights)


def _said(words: FeatureWords, value: float, low: float, high: float) -> str:
    """A feature of an architecture, and its range in the training rows."""
    shown, least, most = (words.show(float(number)) for number in (value, low, high))
    return f"{words.text}: {shown} (trained {least}{'' if most == least else f' to {most}'})"


def _weights(X: Float, Z: Float) -> Float:
    """Weights of the features of n rows, with a mean of 1, of shape (d,)."""
    weights = relevance(X, Z, power=2)
    constant = np.ptp(X, axis=0) < _TINY
    if constant.all():
        return np.ones(len(weights))
    weights[constant] = _UNKNOWN * np.quantile(weights[~constant], _LEVEL)
    return np.asarray(weights / weights.mean())


def _process(X: Float, weights: Float) -> tuple[FeatureKernel, Cholesky]:
    """The kernel of novelty, and the factor of the covariance of n rows."""
    kernel = FeatureKernel(_SHAPE, _LENGTH, weights)
    return kernel, Cholesky.from_kernel(kernel.matrix(X, X), _NOISE)


def _deviations(X: Float, process: tuple[FeatureKernel, Cholesky], asked: Float) -> Float:
    """Posterior standard deviations at m asked rows, of shape (m,), given n rows; before them they are 1."""
    kernel, factor = process
    variances = 1.0 - (factor.whiten(kernel.matrix(X, asked)) ** 2).sum(axis=0)
    return np.asarray(np.sqrt(np.maximum(variances, 0.0)))


def _novelty_unit(process: tuple[FeatureKernel, Cholesky]) -> tuple[Float, float]:
    """Posterior standard deviations of n rows, each given all others, of shape (n,), and their 95 % quantile."""
    _, factor = process
    precision = np.diag(factor.solve(np.eye(len(factor.factor))))
    left_out = np.sqrt(np.maximum(1.0 / precision - _NOISE, 0.0))
    return left_out, max(float(np.quantile(left_out, _NOVELTY_LEVEL)), _TINY)


def _excess(novelty: Float) -> Float:
    """Novelty beyond 1, of any shape."""
    return np.asarray(np.maximum(novelty - 1.0, 0.0))


def _shifts(X: Float, rng: np.random.RandomState) -> Iterator[Bools]:
    """Which of n rows are asked, of shape (n,), for some shifts: all but those with some values of a feature."""
    masks: dict[bytes, Bools] = {}
    for column in X.T:
        values, counts = np.unique(column, return_counts=True)
        asked = [column != value for value in values[counts >= _SHARE[0] * len(column)]]
        for value in np.quantile(column, [0.2, 0.35, 0.5, 0.65, 0.8]):
            asked += [column > value, column < value]
        for mask in asked:
            trained = len(mask) - int(mask.sum())
            if _SHARE[0] <= trained / len(mask) <= _SHARE[1] and trained >= _LEAST_ROWS:
                masks.setdefault(mask.tobytes(), mask)
    found = list(masks.values())
    return (found[i] for i in rng.permutation(len(found))[:_SHIFTS])


def _slopes(X: Float, Z: Float, asked: Bools, rng: np.random.RandomState) -> Float:
    """Growth of errors per unit of novelty in one simulated shift, one for each task that varies among its rows."""
    rows = rng.permutation(np.flatnonzero(~asked))[:_SIMULATED_ROWS]
    others = rng.permutation(np.flatnonzero(asked))[:_ASKED_ROWS]
    Z = Z[:, np.ptp(Z[rows], axis=0) > _TINY]
    if not Z.shape[1]:
        return np.zeros(0)
    errors = _relative_errors(X[rows], Z[rows], X[others], Z[others])
    process = _process(X[rows], _weights(X[rows], Z[rows]))
    novelty = _deviations(X[rows], process, X[others]) / _novelty_unit(process)[1]
    return np.asarray(np.maximum(errors - 1.0, 0.0) / max(float(_excess(novelty).mean()), _LEAST_NOVELTY))


def _relative_errors(X: Float, Z: Float, asked: Float, truth: Float) -> Float:
    """90 % quantile of the errors of a Gaussian process on m asked rows, over that on left-out rows, of shape (T,)."""
    kernel = FeatureKernel(_SHAPE, _LENGTH, relevance(X, Z, power=1))
    eigen = Eigen.from_kernel(kernel.matrix(X, X))
    centre = Z.mean(axis=0)
    residuals = Z - centre
    evidence = np.sum([evidence_by_noise(eigen, column, _NOISES).log for column in residuals.T], axis=0)
    precision = (eigen.vectors / (eigen.values + _NOISES[evidence.argmax()])) @ eigen.vectors.T
    weights = precision @ residuals
    left_out = [leave_one_out(r, w, np.diag(precision)) for r, w in zip(residuals.T, weights.T, strict=True)]
    inside = np.quantile(np.abs(residuals - np.stack(left_out, axis=1)), _LEVEL, axis=0)
    outside = np.quantile(np.abs(truth - centre - kernel.matrix(asked, X) @ weights), _LEVEL, axis=0)
    return np.asarray(outside / np.maximum(inside, _TINY))
