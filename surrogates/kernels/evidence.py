"""Log marginal likelihoods of kernels and noise levels, and weights for averaging over them.

With K the kernel plus noise, the log evidence of n labels z is that of a normal density, -(z' K^-1 z + log det K) / 2
up to a constant (Rasmussen and Williams, 2006, equation 2.30). Where K is known up to its scale, the scale is the
maximum-likelihood estimate. Bayesian model averaging (Hoeting et al., Statistical Science 1999) weights by evidence.
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
"""A log evidence this far below the best is ignored (less than 1 % of its weight)."""
_TINY = 1e-12


class Evidence(NamedTuple):
    """Log evidence at the maximum-likelihood scale, and that scale, of the same shape.

    Attributes:
        log: Log evidence, up to a constant.
        scale: Variance of the signal.
    """

    log: Float
    scale: Float


def evidence_by_noise(
    eigen: Eigen, z: Float, noise: Float, prior_rows: float = 0.0, prior_scale: float = 1.0
) -> Evidence:
    """Evidence of a kernel at several noise levels, from one decomposition.

    Args:
        eigen: Decomposition of the kernel between the n rows.
        z: Centred labels, of shape (n,).
        noise: Ratios of noise variance to signal variance, of shape (L,).
        prior_rows: Strength of the prior on the signal variance, in rows.
        prior_scale: Prior variance of the signal.

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
    """Evidence, for each of T tasks, of a covariance whose noise may differ between rows.

    Args:
        covariance: Covariance of the n labels, up to its scale.
        Z: Centred labels, of shape (n, T).

    Returns:
        Evidence of shape (T,).
    """
    squares = np.maximum((covariance.whiten(Z) ** 2).sum(axis=0), _TINY)
    return _at_likeliest_scale(squares, covariance.log_root(), len(Z))


def log_densities(covariances: Float, Z: Float, least: Float) -> Float:
    """Log densities of n labels under b covariances, without the constant -n log(2 pi) / 2.

    The last rows of the Cholesky factor of [[K, Z], [Z', c I]], c large, are K's factor solved for the columns of Z, so
    one batched Cholesky decomposition suffices.

    Args:
        covariances: Covariances of shape (b, n, n).
        Z: Centred labels, of shape (n,), or s vectors of them, of shape (n, s).
        least: Positive lower bound of the eigenvalues of each covariance, such as its noise variance, of shape (b,).

    Returns:
        Log densities of shape (b,), or (b, s).

    Example:
        >>> log_densities(np.eye(2)[None], np.array([1.0, 2.0]), np.ones(1)).round(6).tolist()
        [-2.5]
        >>> log_densities(np.eye(2)[None], np.array([[1.0, 0.0], [2.0, 1.0]]), np.ones(1)).round(6).tolist()
        [[-2.5, -0.5]]
    """
    columns = Z.reshape(len(Z), -1)
    n, s = columns.shape
    bordered = np.zeros((len(covariances), n + s, n + s))
    bordered[:, :n, :n] = covariances
    bordered[:, :n, n:], bordered[:, n:, :n] = columns, columns.T
    border = np.arange(n, n + s)
    bordered[:, border, border] = (1.0 + (columns**2).sum() / least)[:, None]
    factor = np.linalg.cholesky(bordered)
    log_root = np.log(np.diagonal(factor, axis1=1, axis2=2)[:, :n]).sum(axis=1)
    found = -0.5 * (factor[:, n:, :n] ** 2).sum(axis=2) - log_root[:, None]
    return np.asarray(found.reshape(len(covariances), *Z.shape[1:]))


def posterior_probabilities(log_weights: Float) -> Float:
    """Posterior probabilities of J hypotheses, of shape (J,); their sum is 1.

    Args:
        log_weights: Log evidence plus log prior of each, up to a constant, of shape (J,).

    Example:
        >>> posterior_probabilities(np.log([1000.0, 3000.0])).round(6).tolist()
        [0.25, 0.75]
    """
    weights = np.exp(log_weights - log_weights.max())
    return np.asarray(weights / weights.sum())


def likeliest(log_weights: Float, at_most: int, within: float = _NEGLIGIBLE) -> tuple[Ints, Float]:
    """Select the likeliest of J hypotheses, with their weights in an average.

    Args:
        log_weights: Log evidence plus log prior of each, up to a constant, of shape (J,).
        at_most: Maximum number to keep.
        within: Largest difference to the best log weight; hypotheses further below are dropped.

    Returns:
        Indices of the k kept hypotheses, best first, and their weights, with sum 1, each of shape (k,).

    Example:
        >>> kept, weights = likeliest(np.log([1.0, 0.001, 3.0]), at_most=2)
        >>> kept.tolist(), weights.round(6).tolist()
        ([2, 0], [0.75, 0.25])
    """
    kept = np.argsort(-log_weights, kind="stable")[:at_most]
    kept = kept[log_weights[kept] >= log_weights[kept[0]] - within]
    return kept, posterior_probabilities(log_weights[kept])


def spread_rows(n: int, at_most: int) -> Ints:
    """Indices of up to `at_most` of n rows, evenly spaced from the first to the last, ascending.

    Example:
        >>> spread_rows(3, 5).tolist(), spread_rows(9, 3).tolist()
        ([0, 1, 2], [0, 4, 8])
    """
    return np.unique(np.linspace(0, n - 1, min(n, at_most)).round().astype(np.int64))


def _at_likeliest_scale(
    squares: Float, log_root: float | Float, n: int, prior_rows: float = 0.0, prior_scale: float = 1.0
) -> Evidence:
    """Evidence from z' K^-1 z and half the log determinant of K."""
    rows = n + prior_rows
    scale = (squares + prior_rows * prior_scale) / rows
    return Evidence(np.asarray(-0.5 * rows * np.log(scale) - log_root), scale)
