"""Log marginal likelihoods of kernels and noise levels, and the weights that these get in an average.

With K the kernel plus noise, the evidence of n labels z is that of a normal density, -(z' K^-1 z + log det K) / 2 up to
a constant (Rasmussen and Williams, 2006, equation 2.30). Where only the shape of K is known, its scale is the one that
makes the labels likeliest. Bayesian model averaging (Hoeting et al., Statistical Science 1999) weighs by evidence.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from surrogates.kernels.decompositions import Cholesky, Eigen

__all__ = [
    "Evidence",
    "evidence_by_cholesky",
    "evidence_by_noise",
    "likeliest",
    "log_densities",
    "posterior_probabilities",
    "spread_rows",
]

Float = NDArray[np.float64]
Ints = NDArray[np.int64]

_NEGLIGIBLE = 5.0
"""A log evidence this far below the best counts for nothing (less than 1 % of its weight)."""
_TINY = 1e-12


class Evidence(NamedTuple):
    """Log evidence at the likeliest scale, up to a constant, and that scale, of one shape.

    Attributes:
        log: Log evidence.
        scale: Variance of the signal.
    """

    log: Float
    scale: Float


def evidence_by_noise(
    eigen: Eigen, z: Float, noise: Float, prior_rows: float = 0.0, prior_scale: float = 1.0
) -> Evidence:
    """What n labels say about a kernel at several noise levels, from one decomposition.

    Args:
        eigen: Of the kernel between the n rows.
        z: Centred labels, of shape (n,).
        noise: Variances of the noise over that of the signal, of shape (L,).
        prior_rows: Rows that speak for `prior_scale`.
        prior_scale: Variance of the signal before any label is seen.

    Returns:
        Evidence of shape (L,).

    Example:
        >>> smooth = Eigen.from_kernel(np.ones((4, 4)))
        >>> evidence_by_noise(smooth, np.array([1.0, 1.1, 0.9, 1.0]), np.array([0.01, 1.0])).log.argmax()
        np.int64(0)
    """
    variances = eigen.values + noise[:, None]  # (L, n)
    squares = ((eigen.vectors.T @ z) ** 2 / variances).sum(axis=1)
    return _at_likeliest_scale(squares, 0.5 * np.log(variances).sum(axis=1), len(z), prior_rows, prior_scale)


def evidence_by_cholesky(covariance: Cholesky, Z: Float) -> Evidence:
    """What n labels of each of T tasks say about a covariance whose noise may differ between rows.

    Args:
        covariance: Of the labels, up to its scale.
        Z: Centred labels, of shape (n, T).

    Returns:
        Evidence of shape (T,).
    """
    squares = np.maximum((covariance.whiten(Z) ** 2).sum(axis=0), _TINY)
    return _at_likeliest_scale(squares, covariance.log_root(), len(Z))


def log_densities(covariances: Float, z: Float, least: Float) -> Float:
    """Log densities of n labels under many covariances, less the constant -n log(2 pi) / 2, of shape (b,).

    The last row of the Cholesky factor of [[K, z], [z', c]], c large, is K's factor solved for z: one batch does all.

    Args:
        covariances: Of shape (b, n, n).
        z: Of shape (n,).
        least: Positive, no more than any eigenvalue of each, such as the variance of its noise, of shape (b,).

    Example:
        >>> log_densities(np.eye(2)[None], np.array([1.0, 2.0]), np.ones(1)).round(6).tolist()
        [-2.5]
    """
    n = len(z)
    bordered = np.empty((len(covariances), n + 1, n + 1))
    bordered[:, :n, :n] = covariances
    bordered[:, n, :n] = bordered[:, :n, n] = z
    bordered[:, n, n] = 1.0 + z @ z / least
    factor = np.linalg.cholesky(bordered)
    log_root = np.log(np.diagonal(factor, axis1=1, axis2=2)[:, :n]).sum(axis=1)
    return np.asarray(-0.5 * (factor[:, n, :n] ** 2).sum(axis=1) - log_root)


def posterior_probabilities(log_weights: Float) -> Float:
    """Probabilities of J hypotheses, sum 1, of shape (J,).

    Args:
        log_weights: Log evidence plus log prior of each, up to a constant, of shape (J,).

    Example:
        >>> posterior_probabilities(np.log([1000.0, 3000.0])).round(6).tolist()
        [0.25, 0.75]
    """
    weights = np.exp(log_weights - log_weights.max())
    return np.asarray(weights / weights.sum())


def likeliest(log_weights: Float, at_most: int, within: float = _NEGLIGIBLE) -> tuple[Ints, Float]:
    """Which of J hypotheses to average, and with what weights.

    Args:
        log_weights: Log evidence plus log prior of each, up to a constant, of shape (J,).
        at_most: Number to keep.
        within: Those further below the best are dropped.

    Returns:
        Positions of the k kept ones, best first, and their weights, sum 1, each of shape (k,).

    Example:
        >>> kept, weights = likeliest(np.log([1.0, 0.001, 3.0]), at_most=2)
        >>> kept.tolist(), weights.round(6).tolist()
        ([2, 0], [0.75, 0.25])
    """
    kept = np.argsort(-log_weights, kind="stable")[:at_most]
    kept = kept[log_weights[kept] >= log_weights[kept[0]] - within]
    return kept, posterior_probabilities(log_weights[kept])


def spread_rows(n: int, at_most: int) -> Ints:
    """Positions of up to `at_most` of n rows, evenly spread from the first to the last, ascending.

    Example:
        >>> spread_rows(3, 5).tolist(), spread_rows(9, 3).tolist()
        ([0, 1, 2], [0, 4, 8])
    """
    return np.unique(np.linspace(0, n - 1, min(n, at_most)).round().astype(np.int64))


def _at_likeliest_scale(
    squares: Float, log_root: float | Float, n: int, prior_rows: float = 0.0, prior_scale: float = 1.0
) -> Evidence:
    """From z' K^-1 z and half the log determinant of K."""
    rows = n + prior_rows
    scale = (squares + prior_rows * prior_scale) / rows
    return Evidence(np.asarray(-0.5 * rows * np.log(scale) - log_root), scale)
