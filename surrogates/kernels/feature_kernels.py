"""How alike two functions of a space are by their graph features, in the light of the labels seen so far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from surrogates.kernels.features import relevance, standard_features
from surrogates.search.equivalence import function_classes

__all__ = ["FeatureKernels", "space_features"]

Float = NDArray[np.float64]
Ints = NDArray[np.int64]

_FLOORS = {0.0: 1.0, 1.0: 0.1, 2.0: 0.02}
"""Power of the correlation with the labels that weights a feature -> what a feature without any gets."""
_METRICS = {"laplace": "cityblock", "matern": "euclidean"}
_LENGTHS = (0.5, 1.0, 2.0, 4.0)


class FeatureKernels:
    """The kernels of `GaussianProcessSurrogate`: exp(-r) or Matern 3/2, features weighted by a power of relevance.

    Args:
        X: Standardised features of the U functions of a space, of shape (U, d).
        rows: Functions behind n labels, of shape (n,).
        z: The labels, of shape (n,).

    Example:
        >>> X = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 1.0]])
        >>> kernels = FeatureKernels(X, np.array([0, 1, 2]), np.array([-1.0, 0.0, 1.0]))
        >>> K = next(kernels.matrices(np.array([0, 1, 2]), np.array([0, 2]), [0]))
        >>> K.shape, bool(K[1, 0] > K[2, 0])
        ((3, 2), True)
    """

    def __init__(self, X: Float, rows: Ints, z: Float) -> None:
        self._X = X
        weights = [relevance(X[rows], z[:, None], power, floor) for power, floor in _FLOORS.items()]
        self._weights = [weight / weight.mean() for weight in weights]
        self._all = list(product(range(len(weights)), _METRICS, _LENGTHS))
        self.log_prior = np.zeros(len(self._all))

    def matrices(self, a: Ints, b: Ints, which: Sequence[int]) -> Iterator[Float]:
        """Some of the kernels, between n and m functions, each of shape (n, m)."""
        distances: dict[tuple[int, str], Float] = {}
        d = self._X.shape[1]
        for j in which:
            w, shape, length = self._all[j]
            if (w, shape) not in distances:
                weighted = self._X[a] * self._weights[w], self._X[b] * self._weights[w]
                distances[w, shape] = cdist(*weighted, _METRICS[shape])
            if shape == "laplace":
                yield np.exp(-distances[w, shape] / (d * length))
            else:
                r = np.sqrt(3 / d) / length * distances[w, shape]
                yield (1 + r) * np.exp(-r)

    def variances(self, a: Ints, which: Sequence[int]) -> Iterator[Float]:
        """Some of the kernels between each of n functions and itself, each of shape (n,)."""
        return (np.ones(len(a)) for _ in which)


@lru_cache(maxsize=8)
def space_features(name: str) -> Float:
    """Standardised features of the U functions of a space, of shape (U, d), computed once a process."""
    X = standard_features(name, function_classes(name)[0])
    X.setflags(write=False)
    return X
