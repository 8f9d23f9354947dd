"""A sum of kernels whose variances are learned: how much of the labels is additive, how much an interaction.

Costs such as energy or latency are nearly sums over operations, which a kernel that decreases with distance learns
slowly and a linear kernel at once. In a sum of both (Duvenaud, Nickisch and Rasmussen, Additive Gaussian processes,
NIPS 2011) the marginal likelihood divides the variance between them (Rasmussen and Williams, 2006, section 5.4.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotri
from scipy.optimize import minimize

from benchmarks.short_repr import ShortRepr
from surrogates.kernels.functions import CORRELATIONS, distances_by, unit_distance
from surrogates.kernels.leave_one_out import leave_one_out

__all__ = ["Component", "SumKernel"]

Float = NDArray[np.float64]

_LINEAR = "linear"
_NOISE = 0.05
"""Share of the noise in the variance of the labels where the search starts."""
_JITTER = 1e-8
_PRIOR = 0.02
"""Weak normal prior of each log variance around an equal share: precision."""
_LOWEST, _HIGHEST = -14.0, 8.0
"""Bounds of log variances, with labels of unit variance."""


class Component(NamedTuple):
    """One kernel of a sum, on a range of the columns of standardised features.

    Attributes:
        shape: ``"linear"`` for the scalar product divided by the number of columns, or a key of `CORRELATIONS`.
        first: The first column.
        stop: The column after the last.
        length: Length scale in units of `unit_distance`; without effect on a linear kernel.
    """

    shape: str
    first: int
    stop: int
    length: float = 1.0

    def matrix(self, X: Float, Y: Float) -> Float:
        """The kernel between features of shape (n, d) and (m, d), of shape (n, m).

        Example:
            >>> X = np.array([[1.0, 2.0, 9.0]])
            >>> Component("linear", 0, 2).matrix(X, 2 * X).tolist()
            [[5.0]]
        """
        X, Y = X[:, self.first : self.stop], Y[:, self.first : self.stop]
        width = self.stop - self.first
        if self.shape == _LINEAR:
            return np.asarray(X @ Y.T / width)
        correlation, metric = CORRELATIONS[self.shape]
        return correlation(distances_by(metric, X, Y), self.length * unit_distance(width, metric))


@dataclass(frozen=True, repr=False)
class SumKernel(ShortRepr):
    """Components and the variances that maximise the marginal likelihood of labels.

    Attributes:
        components: The J components.
        variances: Their variances, of shape (J,).
        noise: Variance of the noise.

    Example:
        >>> X = np.linspace(-1, 1, 12)[:, None]
        >>> kernel = SumKernel.fit([Component("linear", 0, 1), Component("matern", 0, 1)], X, 3 * X[:, 0])
        >>> bool(kernel.variances[0] > 20 * kernel.variances[1])  # a straight line is the linear kernel's
        True
    """

    components: tuple[Component, ...]
    variances: Float
    noise: float

    @classmethod
    def fit(cls, components: Sequence[Component], X: Float, r: Float, max_iterations: int = 60) -> SumKernel:
        """Maximise the marginal likelihood by L-BFGS over the logarithms of all variances.

        Args:
            components: J components.
            X: Standardised features of n labelled architectures, of shape (n, d).
            r: Labels with mean 0, not all equal, of shape (n,).
            max_iterations: Iterations of L-BFGS.
        """
        unit = float(np.mean(r**2))
        kernels = np.stack([component.matrix(X, X) for component in components])
        equal = np.log(1.0 / len(components))
        start = np.append(np.full(len(components), equal), np.log(_NOISE))
        scaled = r / np.sqrt(unit)

        def loss(logs: Float) -> tuple[float, Float]:
            value, slope = negative_log_evidence(kernels, scaled, np.exp(logs))
            away = logs - np.append(np.full(len(components), equal), np.log(_NOISE))
            return value + 0.5 * _PRIOR * float(away @ away), slope * np.exp(logs) + _PRIOR * away

        bounds = [(_LOWEST, _HIGHEST)] * len(start)
        found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": max_iterations})
        variances = np.exp(found.x) * unit
        return cls(tuple(components), variances[:-1], float(variances[-1]))

    def matrix(self, X: Float, Y: Float) -> Float:
        """The sum between features of shape (n, d) and (m, d), without noise, of shape (n, m)."""
        found = np.zeros((len(X), len(Y)))
        for component, variance in zip(self.components, self.variances.tolist(), strict=True):
            found += variance * component.matrix(X, Y)
        return found

    def solve(self, X: Float, r: Float) -> tuple[Float, Float]:
        """Weights w of n labels such that `matrix` (x, X) @ w is the posterior mean at x, and left-out means.

        Args:
            X: Standardised features of shape (n, d).
            r: Centred labels of shape (n,).

        Returns:
            Weights, and for each row the posterior mean given all other rows, each of shape (n,).
        """
        noise = self.noise + _JITTER * (self.noise + float(self.variances.sum()))
        inverse, _ = _inverse(self.matrix(X, X) + noise * np.eye(len(X)))
        weights = np.asarray(inverse @ r)
        return weights, leave_one_out(r, weights, np.diag(inverse))


def negative_log_evidence(kernels: Float, r: Float, variances: Float) -> tuple[float, Float]:
    """Negative log density of labels, without the constant n log(2 pi) / 2, and its derivatives by the variances.

    Args:
        kernels: J kernel matrices, of shape (J, n, n).
        r: Centred labels, of shape (n,).
        variances: Variance of each kernel, then of the noise, of shape (J + 1,).

    Returns:
        The value, and derivatives of shape (J + 1,) (Rasmussen and Williams, 2006, equation 5.9).

    Example:
        >>> value, slope = negative_log_evidence(np.ones((1, 1, 1)), np.array([2.0]), np.array([1.0, 1.0]))
        >>> round(value, 4), slope.round(4).tolist()  # 2^2 / (2 * 2) + log(2) / 2
        (1.3466, [-0.25, -0.25])
    """
    n = len(r)
    flat = kernels.reshape(len(kernels), -1)
    covariance = (variances[:-1] @ flat).reshape(n, n)
    covariance[np.diag_indices(n)] += variances[-1] + _JITTER
    inverse, log_root = _inverse(covariance)
    weights = inverse @ r
    slope = inverse - np.outer(weights, weights)
    slopes = np.append(flat @ slope.ravel(), np.trace(slope))
    return float(0.5 * r @ weights + log_root), np.asarray(0.5 * slopes)


def _inverse(covariance: Float) -> tuple[Float, float]:
    """Inverse of a positive definite matrix, and half its log determinant."""
    factor, failed = dpotrf(covariance, lower=1)
    if failed:
        raise np.linalg.LinAlgError("expected a positive definite covariance")
    log_root = float(np.log(np.diag(factor)).sum())
    lower, _ = dpotri(factor, lower=1)
    lower = np.tril(lower)
    return np.asarray(lower + np.tril(lower, -1).T), log_root
