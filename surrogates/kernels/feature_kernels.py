"""Kernels on graph features, weighted by their correlation with the labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import choice
from benchmarks.short_repr import ShortRepr
from surrogates.kernels.features import relevance
from surrogates.kernels.functions import CORRELATIONS, distances_by, unit_distance

__all__ = ["FeatureKernel", "FeatureKernels", "feature_kernels"]

Float = NDArray[np.float64]
Ints = NDArray[np.int64]

_FLOORS = {0.0: 1.0, 1.0: 0.1, 2.0: 0.02}
"""Power of the correlation with the labels in a feature's weight -> weight of an uncorrelated feature."""
_LENGTHS = (0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True, repr=False)
class FeatureKernel(ShortRepr):
    """A correlation that decreases with the distance of weighted features.

    Attributes:
        shape: ``"laplace"`` or ``"matern"``, a key of `CORRELATIONS`.
        length: Length scale, in units of `unit_distance`.
        weights: Weights of the features, with a mean of 1, of shape (d,).

    Raises:
        UnknownNameError: If there is no kernel of that name; names the nearest one.

    Example:
        >>> kernel = FeatureKernel("laplace", 2.0, np.array([1.5, 0.5]))
        >>> kernel.matrix(np.zeros((1, 2)), np.array([[1.0, 1.0]])).round(3).tolist()  # exp(-1 / 2)
        [[0.607]]
    """

    shape: str
    length: float
    weights: Float

    def __post_init__(self) -> None:
        choice(self.shape, CORRELATIONS, "kernel")

    def distances(self, X: Float, Y: Float) -> Float:
        """Distances of shape (n, m) between features of shape (n, d) and (m, d), not divided by the length scale."""
        _, metric = CORRELATIONS[self.shape]
        return distances_by(metric, X * self.weights, Y * self.weights)

    def correlations(self, distances: Float) -> Float:
        """The kernel at `distances` of any shape."""
        correlation, metric = CORRELATIONS[self.shape]
        return correlation(distances, self.length * unit_distance(len(self.weights), metric))

    def matrix(self, X: Float, Y: Float) -> Float:
        """The kernel between features of shape (n, d) and (m, d), of shape (n, m)."""
        return self.correlations(self.distances(X, Y))


def feature_kernels(
    X: Float, Z: Float, lengths: Sequence[float], shapes: Sequence[str] = ("laplace", "matern")
) -> list[FeatureKernel]:
    """Candidate kernels: features weighted by three powers of their relevance, all shapes, all lengths.

    Args:
        X: Standardised features of n labelled architectures, of shape (n, d).
        Z: Normal scores, NaN where not measured, of shape (n, T).
        lengths: Length scales.
        shapes: Keys of `CORRELATIONS`.

    Returns:
        3 kernels per shape and length; kernels that differ only in length are adjacent.

    Example:
        >>> X = np.array([[0.0, 1.0], [1.0, -1.0], [2.0, 1.0]])
        >>> len(feature_kernels(X, X[:, :1], [1.0, 2.0]))
        12
    """
    weights = [relevance(X, Z, power, floor) for power, floor in _FLOORS.items()]
    parts = product([weight / weight.mean() for weight in weights], shapes, map(float, lengths))
    return [FeatureKernel(shape, length, weight) for weight, shape, length in parts]


class FeatureKernels:
    """The `feature_kernels` between the functions of a space, for a `Posterior`.

    Args:
        X: Standardised features of the U functions of a space, of shape (U, d).
        rows: Function of each of the n labels, as an index into `X`, of shape (n,).
        z: The labels, of shape (n,).

    Attributes:
        log_prior: Log prior of each of the J kernels, all equal, of shape (J,).

    Example:
        >>> X = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 1.0]])
        >>> kernels = FeatureKernels(X, np.array([0, 1, 2]), np.array([-1.0, 0.0, 1.0]))
        >>> K = next(kernels.matrices(np.array([0, 1, 2]), np.array([0, 2]), [0]))
        >>> K.shape, bool(K[1, 0] > K[2, 0])
        ((3, 2), True)
    """

    def __init__(self, X: Float, rows: Ints, z: Float) -> None:
        self._X = X
        self._kernels = feature_kernels(X[rows], z[:, None], _LENGTHS)
        self.log_prior = np.zeros(len(self._kernels))

    def matrices(self, a: Ints, b: Ints, which: Sequence[int]) -> Iterator[Float]:
        """The selected kernels between n and m functions, each of shape (n, m)."""
        distances: dict[int, Float] = {}
        for j in which:
            kernel, same = self._kernels[j], j // len(_LENGTHS)
            if same not in distances:
                distances[same] = kernel.distances(self._X[a], self._X[b])
            yield kernel.correlations(distances[same])

    def variances(self, a: Ints, which: Sequence[int]) -> Iterator[Float]:
        """The selected kernels between each of n functions and itself, each of shape (n,)."""
        return (np.ones(len(a)) for _ in which)
