"""Trends of the scores of published skeletons, to go on with outside them: with the width, and with the skeleton.

Width: published pairs show it, because ``64-2rest`` is ``64-1rest`` with twice the channels behind the stem, and so are
4 and 3. The mean difference of all pairs is the trend per doubling, the same for every skeleton; its standard deviation
over the pairs is its error for one of them.

Skeletons: a linear trend in a few features, plus a process of its residuals. Surrogates level off where trends go on,
and a linear trend goes on for ever: of regions left out of the published skeletons, the mean of a surrogate and the
trend was predicted better than by either (`perf/open_transnas.py --skeletons`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.short_repr import ShortRepr
from benchmarks.spaces.transnas_macro import TransNASMacro
from encoders.macro_features import macro_features
from surrogates.kernels.decompositions import Cholesky
from surrogates.kernels.evidence import spread_rows
from surrogates.kernels.feature_kernels import FeatureKernel
from surrogates.kernels.features import centre_and_spread, relevance, standard_features, standardise

__all__ = ["SkeletonTrend", "change_per_doubling"]

Float = NDArray[np.float64]

_TREND = (
    "modules",
    "halvings",
    "mean_halvings",
    "halvings[1]",
    "halvings[2]",
    "halvings[3]",
    "mean_log2_channels",
    "log2_channels[1]",
    "log2_channels[3]",
    "log2_channels[-1]",
)
"""Features (`encoders.macro_features`) of the linear trend."""
_RIDGE = 3.0
_ROWS = 512
_SHAPE, _LENGTH, _NOISE = "matern", 2.0, 0.1
_WIDER = {"1": "2", "3": "4"}


@dataclass(frozen=True, repr=False)
class SkeletonTrend(ShortRepr):
    """A linear trend of the scores of skeletons, plus the residuals of like ones.

    Attributes:
        centre: Mean and standard deviation of the features of the trend, of shape (2, d).
        slopes: Its slopes in standardised features, and the constant last, of shape (d + 1, T).
        archs: The k skeletons whose residuals are known.
        kernel: Kernel of the residuals.
        weights: Weights of the residuals, of shape (k, T).

    Example:
        >>> from benchmarks import get_space
        >>> archs = get_space("transnas101-macro").archs
        >>> modules = np.array([[len(arch.split("-")[1])] for arch in archs])
        >>> SkeletonTrend.fit(archs, modules).scores(["64-1111111-basic"]).round(1).tolist()
        [[7.0]]
    """

    centre: Float
    slopes: Float
    archs: tuple[str, ...]
    kernel: FeatureKernel
    weights: Float

    @classmethod
    def fit(cls, archs: Sequence[str], Z: Float) -> SkeletonTrend:
        """Fit to n skeletons of one width and their scores, of shape (n, T)."""
        raw = _features(archs)
        centre = centre_and_spread(raw)
        X = np.column_stack([standardise(raw, centre), np.ones(len(raw))])
        penalty = _RIDGE * np.diag([1.0] * len(_TREND) + [0.0])
        slopes = np.asarray(np.linalg.solve(X.T @ X + penalty, X.T @ Z), dtype=np.float64)
        rows = spread_rows(len(archs), _ROWS)
        kept = tuple(archs[row] for row in rows.tolist())
        points, residuals = standard_features(TransNASMacro.name, kept), (Z - X @ slopes)[rows]
        kernel = FeatureKernel(_SHAPE, _LENGTH, relevance(points, residuals, power=1))
        weights = Cholesky.from_kernel(kernel.matrix(points, points), _NOISE).solve(residuals)
        return cls(centre, slopes, kept, kernel, weights)

    def scores(self, archs: Sequence[str]) -> Float:
        """Scores of m skeletons of the same width, of shape (m, T)."""
        X = np.column_stack([standardise(_features(archs), self.centre), np.ones(len(archs))])
        points = [standard_features(TransNASMacro.name, own) for own in (archs, self.archs)]
        return np.asarray(X @ self.slopes + self.kernel.matrix(*points) @ self.weights)


def change_per_doubling(archs: Sequence[str], Z: Float) -> tuple[Float, Float]:
    """Change of scores when all channels are doubled: mean and standard deviation over pairs, each of shape (T,).

    Args:
        archs: n skeletons of one width.
        Z: Their scores, of shape (n, T).

    Raises:
        ValueError: If there is no pair.

    Example:
        >>> pair = ["64-1131-basic", "64-2131-basic", "64-3333-basic"]
        >>> [values.tolist() for values in change_per_doubling(pair, np.array([[1.0], [1.5], [9.0]]))]
        [[0.5], [0.0]]
    """
    rows = {arch: row for row, arch in enumerate(archs)}
    codes = [arch.split("-") for arch in archs]
    wider = [f"{width}-{_WIDER.get(code[0], '')}{code[1:]}-{block}" for width, code, block in codes]
    pairs = [(row, rows[other]) for row, other in enumerate(wider) if other in rows and len(other) == len(archs[row])]
    if not pairs:
        raise ValueError("expected skeletons that differ in the channels of the first module, got no such pair")
    narrow, wide = np.array(pairs).T
    differences = Z[wide] - Z[narrow]
    return differences.mean(axis=0), differences.std(axis=0)


def _features(archs: Sequence[str]) -> Float:
    """Features of the trend, of shape (m, d)."""
    found = macro_features(TransNASMacro(), list(archs))
    return np.stack([np.asarray(found[name], dtype=np.float64) for name in _TREND], axis=1)
