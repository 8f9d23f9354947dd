"""Kernels for transfer: covariances of a new task from source scores and graph features.

The covariance of a new task at two architectures is a sum of seven terms: a linear function of the source scores, a
smooth function of them (two length scales), and smooth functions of the graph features, by plain distance or by a
metric that weights features by their importance for the sources (two length scales each). Sets of variances represent
hypotheses from "a weighted sum of the sources" to "unrelated to the sources".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from surrogates.kernels.functions import matern52, scaled_distances
from surrogates.kernels.posterior import Kernels

__all__ = ["N_TERMS", "OWN_TERMS", "Inputs", "SourceKernels", "source_terms", "term_variances"]

Float = NDArray[np.float64]
Ints = NDArray[np.int64]

N_TERMS = 7
OWN_TERMS = range(3, N_TERMS)
"""Terms that do not use the source scores."""
_SMOOTH = ((0.0, 0.0), (0.3, 0.0), (1.0, 0.0), (0.0, 0.3), (0.0, 1.0))
_OWN = (0.05, 0.15, 0.5)
_NO_TRANSFER = 0.05
"""Prior probability, in a search, that the sources are not informative."""


class Inputs(NamedTuple):
    """Inputs of the kernel terms for n architectures.

    Attributes:
        features: Standardised graph features, of shape (n, d).
        weighted: `features` times the square root of each feature's weight (weights sum to 1), of shape (n, d).
        sources: Source scores, of mean 0 and variance 1 over the space, of shape (n, S).
    """

    features: Float
    weighted: Float
    sources: Float

    def take(self, rows: Ints) -> Inputs:
        """The inputs of the architectures at `rows`."""
        return Inputs(self.features[rows], self.weighted[rows], self.sources[rows])


def source_terms(a: Inputs, b: Inputs) -> Float:
    """The seven kernel terms between n and m architectures, of shape (7, n, m).

    Example:
        >>> one = Inputs(np.zeros((1, 2)), np.zeros((1, 2)), np.ones((1, 3)))
        >>> source_terms(one, one).ravel().tolist()
        [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    plain = scaled_distances(a.features, b.features)
    weighted = cdist(a.weighted, b.weighted)
    source = scaled_distances(a.sources, b.sources)
    smooth = [(source, 0.7), (source, 1.5), (weighted, 1.5), (plain, 1.5), (weighted, 3.0), (plain, 3.0)]
    return np.stack([a.sources @ b.sources.T / a.sources.shape[1], *(matern52(*pair) for pair in smooth)])


def term_variances(linear: Sequence[float], smooth: Sequence[tuple[float, float]], own: Sequence[float]) -> Float:
    """Variances of the terms for every combination that uses the sources, of shape (J, 7).

    Args:
        linear: Variances of the linear function of the source scores.
        smooth: Variances of the smooth functions of the source scores, at the short and the long length scale.
        own: Variances of one smooth function of the features at the short length scale, by the sources' metric or by
            plain distance.

    Example:
        >>> term_variances([1.0], [(0.3, 0.0)], [0.5]).tolist()
        [[1.0, 0.3, 0.0, 0.5, 0.0, 0.0, 0.0], [1.0, 0.3, 0.0, 0.0, 0.5, 0.0, 0.0]]
    """
    found = []
    for variance, pair, rest, term in product(linear, smooth, own, OWN_TERMS[:2]):
        row = np.zeros(N_TERMS)
        row[[0, 1, 2, term]] = variance, *pair, rest
        found.append(row)
    return np.array(found)


class SourceKernels:
    """Kernels between the functions of a space, for a `Posterior`: with the sources, or without them.

    Args:
        inputs: Inputs of the U functions of a space, as from a `FeatureMap`.
        plain: Kernels without the sources.

    Attributes:
        log_prior: Log prior of each of the J kernels, those with sources first, of shape (J,).

    Example:
        >>> from surrogates.kernels.feature_kernels import FeatureKernels
        >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0]])
        >>> rows = np.arange(3)
        >>> kernels = SourceKernels(Inputs(X, X, X[:, :1] - 1), FeatureKernels(X, rows, X[:, 0]))
        >>> [K.shape for K in kernels.matrices(rows, rows[:2], [0, len(kernels.log_prior) - 1])]
        [(3, 2), (3, 2)]
    """

    def __init__(self, inputs: Inputs, plain: Kernels) -> None:
        self._inputs, self._plain = inputs, plain
        variances = term_variances((1.0,), _SMOOTH, _OWN)
        self._sums = variances / variances.sum(axis=1, keepdims=True)
        n, n_plain = len(self._sums), len(plain.log_prior)
        self.log_prior = np.log(np.repeat([(1 - _NO_TRANSFER) / n, _NO_TRANSFER / n_plain], [n, n_plain]))

    def matrices(self, a: Ints, b: Ints, which: Sequence[int]) -> Iterator[Float]:
        """The selected kernels between n and m functions, each of shape (n, m)."""
        terms, n = source_terms(self._inputs.take(a), self._inputs.take(b)), len(self._sums)
        plain = self._plain.matrices(a, b, [j - n for j in which if j >= n])
        for j in which:
            yield next(plain) if j >= n else np.tensordot(self._sums[j], terms, axes=1)

    def variances(self, a: Ints, which: Sequence[int]) -> Iterator[Float]:
        """The selected kernels between each of n functions and itself, each of shape (n,)."""
        linear, n = (self._inputs.sources[a] ** 2).mean(axis=1), len(self._sums)
        plain = self._plain.variances(a, [j - n for j in which if j >= n])
        for j in which:
            yield next(plain) if j >= n else self._sums[j, 0] * linear + self._sums[j, 1:].sum()
