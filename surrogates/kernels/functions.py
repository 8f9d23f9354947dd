"""Correlation functions of distance, and the distances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

__all__ = ["CORRELATIONS", "laplace", "matern32", "matern52", "scaled_distances", "unit_distance"]

Float = NDArray[np.float64]


def unit_distance(d: int, metric: str) -> float:
    """Distance between points that differ by 1 in each of d features, by ``"euclidean"`` or ``"cityblock"`` metric.

    A length scale in this unit does not depend on the number of features.

    Example:
        >>> unit_distance(9, "euclidean"), unit_distance(9, "cityblock")
        (3.0, 9.0)
    """
    return float(np.sqrt(d)) if metric == "euclidean" else float(d)


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
    return np.asarray(np.exp(-distances / length))


def matern32(distances: Float, length: float) -> Float:
    """Matern correlation, smoothness 3/2, of Euclidean distances of any shape (Rasmussen & Williams, equation 4.17).

    Example:
        >>> matern32(np.array([0.0, 2.0]), 2.0).round(2).tolist()
        [1.0, 0.48]
    """
    s = np.sqrt(3.0) / length * distances
    return np.asarray((1.0 + s) * np.exp(-s))


def matern52(distances: Float, length: float) -> Float:
    """Matern correlation, smoothness 5/2, of Euclidean distances of any shape (Rasmussen & Williams, equation 4.17).

    Example:
        >>> matern52(np.array([0.0, 2.0]), 2.0).round(2).tolist()
        [1.0, 0.52]
    """
    s = np.sqrt(5.0) * (distances / length)
    return np.asarray((1.0 + s + s * s / 3.0) * np.exp(-s))


CORRELATIONS = {"laplace": (laplace, "cityblock"), "matern": (matern32, "euclidean")}
"""Name of a kernel on features, as stored -> its correlation function and the metric of its distances. To add a kernel,
add its function and an entry; `GaussianProcessSurrogate(kernels=...)` uses it."""
