"""Correlation functions of distance, and the distances."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

__all__ = [
    "CORRELATIONS",
    "distances_by",
    "laplace",
    "matern32",
    "matern52",
    "portable_exp",
    "scaled_distances",
    "unit_distance",
    "weighted_sums",
]

Float = NDArray[np.float64]

_MANY = 1 << 14
"""Distances; fewer are faster, and exact, pair by pair."""
_BLOCK = 512
"""Rows of a kernel at a time, so that memory does not grow with their number."""


def unit_distance(d: int, metric: str) -> float:
    """Distance between points that differ by 1 in each of d features, by ``"euclidean"`` or ``"cityblock"`` metric.

    A length scale in this unit does not depend on the number of features.

    Example:
        >>> unit_distance(9, "euclidean"), unit_distance(9, "cityblock")
        (3.0, 9.0)
    """
    return float(np.sqrt(d)) if metric == "euclidean" else float(d)


def distances_by(metric: str, X: Float, Y: Float) -> Float:
    """Distances of shape (n, m) between rows of shape (n, d) and (m, d), by ``"euclidean"`` or ``"cityblock"`` metric.

    Many Euclidean ones are computed by one product of matrices, several times faster than pair by pair. Their squares
    are differences of larger numbers, so that of two equal rows is not 0 but, with standardised features, below 1e-6: a
    Matern correlation, which is flat at 0, does not see it.

    Example:
        >>> distances_by("euclidean", np.zeros((1, 2)), np.array([[3.0, 4.0], [0.0, 1.0]])).round(6).tolist()
        [[5.0, 1.0]]
    """
    if metric != "euclidean" or len(X) * len(Y) < _MANY:
        return np.asarray(cdist(X, Y, metric))
    centre = Y.mean(axis=0)
    X, Y = X - centre, Y - centre
    left = np.column_stack([-2.0 * X, (X * X).sum(axis=1), np.ones(len(X))])
    right = np.column_stack([Y, np.ones(len(Y)), (Y * Y).sum(axis=1)])
    found = left @ right.T  # |x|^2 - 2 x y + |y|^2
    np.maximum(found, 0.0, out=found)
    return np.asarray(np.sqrt(found, out=found))


def scaled_distances(X: Float, Y: Float) -> Float:
    """Euclidean distances of shape (n, m), in units of `unit_distance`, between rows of shape (n, d) and (m, d).

    Example:
        >>> scaled_distances(np.zeros((1, 2)), np.array([[1.0, 1.0], [2.0, -2.0]])).round(6).tolist()
        [[1.0, 2.0]]
    """
    return np.asarray(cdist(X, Y) / unit_distance(X.shape[1], "euclidean"))


def laplace(distances: Float, length: float) -> Float:
    """exp(-distance / length), of any shape; positive definite for both metrics.

    Example:
        >>> laplace(np.array([0.0, 2.0]), 2.0).round(2).tolist()
        [1.0, 0.37]
    """
    scaled = distances / -length
    return np.asarray(np.exp(scaled, out=scaled))


def matern32(distances: Float, length: float) -> Float:
    """Matern correlation, smoothness 3/2, of Euclidean distances of any shape (Rasmussen & Williams, equation 4.17).

    Example:
        >>> matern32(np.array([0.0, 2.0]), 2.0).round(2).tolist()
        [1.0, 0.48]
    """
    s = np.sqrt(3.0) / length * distances
    decay = np.exp(-s)
    s += 1.0
    return np.asarray(s * decay)


def matern52(distances: Float, length: float, exp: Callable[[Float], Float] = np.exp) -> Float:
    """Matern correlation, smoothness 5/2, of Euclidean distances of any shape (Rasmussen & Williams, equation 4.17).

    Args:
        distances: Distances.
        length: Length scale, in the unit of the distances.
        exp: The exponential function; `portable_exp` for the same bits on all CPUs.

    Example:
        >>> matern52(np.array([0.0, 2.0]), 2.0).round(2).tolist()
        [1.0, 0.52]
    """
    s = np.sqrt(5.0) * (distances / length)
    return np.asarray((1.0 + s + s * s / 3.0) * exp(-s))


def portable_exp(x: Float) -> Float:
    """exp(x) of any shape with the bits of the C library's, as `math.exp`; several times slower than numpy's.

    Some of numpy's own have another last bit on a CPU with AVX-512. It matters where what follows is not
    continuous, such as the choice between splits of a tree.

    Example:
        >>> portable_exp(np.array([0.0, 1.0])).tolist()
        [1.0, 2.718281828459045]
    """
    return np.exp(x.astype(np.complex128)).real  # of complex numbers numpy leaves exp to the C library


def weighted_sums(matrix: Callable[[Float, Float], Float], X: Float, points: Float, weights: Float) -> Float:
    """Sums of a kernel over points, such as means of a posterior: ``matrix(X, points) @ weights``, a block at a time.

    Args:
        matrix: The kernel: features of shape (n, d) and (m, d) -> covariances of shape (n, m).
        X: Features of n architectures, of shape (n, d).
        points: Features of m architectures, of shape (m, d).
        weights: Weights of the points, of shape (m, T).

    Returns:
        The sums, of shape (n, T).

    Example:
        >>> weighted_sums(lambda X, Y: X @ Y.T, np.eye(2), np.eye(2), np.array([[1.0], [3.0]])).ravel().tolist()
        [1.0, 3.0]
    """
    starts = range(0, len(X), _BLOCK)
    found = [matrix(X[start : start + _BLOCK], points) @ weights for start in starts]
    return np.concatenate(found) if found else np.zeros((0, weights.shape[1]))


CORRELATIONS = {"laplace": (laplace, "cityblock"), "matern": (matern32, "euclidean")}
"""Name of a kernel on features, as stored -> its correlation function and the metric of its distances. To add a kernel,
add its function and an entry; `GaussianProcessSurrogate(kernels=...)` uses it."""
