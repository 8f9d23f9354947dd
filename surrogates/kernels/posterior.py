"""A Gaussian process over the functions of a space, averaged over kernels and noise levels by their evidence.

Made for searches: it takes some hundred labels, fits in a fraction of a second, and gives the variance of every
candidate, the variance of another training of the same function, and both conditioned on pending candidates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from surrogates.kernels.decompositions import JITTER, Cholesky, Eigen
from surrogates.kernels.evidence import evidence_by_noise, likeliest, spread_rows

__all__ = ["Kernels", "Posterior"]

Float = NDArray[np.float64]
Ints = NDArray[np.int64]

_NOISES = (0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Ratios of noise variance to signal variance."""
_LIKELY_NOISE = 0.3
_SCALE_ROWS = 2.0
"""Strength, in rows, of the prior on the signal variance of 0.7, that of normal scores without their noise."""
_SCALE = 0.7
_KEPT = 5
_EVIDENCE_ROWS = 160


class Kernels(Protocol):
    """J kernels between the U functions of a space, each with a mean variance of about 1.

    Attributes:
        log_prior: Log prior of each kernel, of shape (J,).
    """

    log_prior: Float

    def matrices(self, a: Ints, b: Ints, which: Sequence[int]) -> Iterator[Float]:
        """The selected kernels between n and m functions, each of shape (n, m)."""

    def variances(self, a: Ints, which: Sequence[int]) -> Iterator[Float]:
        """The selected kernels between each of n functions and itself, each of shape (n,)."""


class _Hypothesis(NamedTuple):
    """A kernel, the ratio of noise variance to signal variance, and the signal variance."""

    kernel: int
    noise: float
    scale: float


@dataclass
class _Part:
    """Posterior of m candidates under one hypothesis, variances in units of its scale.

    Attributes:
        hypothesis: The hypothesis.
        mean: Posterior mean, of shape (m,).
        variance: Posterior variance of the function, without noise, of shape (m,).
        root: Inverse Cholesky factor of the labels' covariance, times their covariance with the candidates, of shape
            (n, m).
    """

    hypothesis: _Hypothesis
    mean: Float
    variance: Float
    root: Float


class Posterior:
    """Posterior distribution of m candidate functions given n labels.

    Args:
        kernels: Candidate kernels between functions.
        rows: Function of each label, of shape (n,).
        z: Labels, approximately normal, of shape (n,).
        candidates: Functions to predict, of shape (m,).

    Attributes:
        shares: Weight of each kept hypothesis.

    Example:
        >>> from surrogates.kernels.feature_kernels import FeatureKernels
        >>> X, rows, z = np.arange(4.0)[:, None], np.array([0, 1, 2]), np.array([-1.0, 0.0, 1.0])
        >>> posterior = Posterior(FeatureKernels(X, rows, z), rows, z, np.array([0, 3]))
        >>> mean, before = posterior.mean(), posterior.std()
        >>> posterior.expect(1)
        >>> bool(mean[1] > mean[0]), bool(posterior.std()[1] < before[1])
        (True, True)
    """

    def __init__(self, kernels: Kernels, rows: Ints, z: Float, candidates: Ints) -> None:
        self._kernels, self._candidates, self._centre = kernels, candidates, float(z.mean())
        target = z - self._centre
        some = spread_rows(len(z), _EVIDENCE_ROWS)
        kept, self.shares = _weigh(kernels, rows[some], target[some])
        self._which = [hypothesis.kernel for hypothesis in kept]
        between = kernels.matrices(rows, rows, self._which)
        across = kernels.matrices(rows, candidates, self._which)
        variances = kernels.variances(candidates, self._which)
        self._parts = []
        for hypothesis, K, k, variance in zip(kept, between, across, variances, strict=True):
            covariance = Cholesky.from_kernel(K, hypothesis.noise)
            root = covariance.whiten(k)
            mean = root.T @ covariance.whiten(target)
            self._parts.append(_Part(hypothesis, mean, variance - (root**2).sum(axis=0), root))

    def mean(self) -> Float:
        """Expected label of each candidate, of shape (m,)."""
        return np.asarray(self._centre + self.shares @ np.stack([part.mean for part in self._parts]))

    def std(self) -> Float:
        """Standard deviation of each candidate's function value, without noise, of shape (m,)."""
        return self._spread(noisy=False)

    def std_of_label(self) -> Float:
        """Standard deviation of a new label of each candidate, including training noise, of shape (m,)."""
        return self._spread(noisy=True)

    def expect(self, position: int) -> None:
        """Condition the variances on a pending label of the candidate at this position; means do not change."""
        columns = self._kernels.matrices(self._candidates, self._candidates[[position]], self._which)
        for part, k in zip(self._parts, columns, strict=True):
            covariance = k[:, 0] - part.root.T @ part.root[:, position]
            row = covariance / np.sqrt(max(part.variance[position], JITTER) + part.hypothesis.noise)
            part.variance = part.variance - row**2
            part.root = np.vstack([part.root, row])

    def _spread(self, noisy: bool) -> Float:
        means = np.stack([part.mean for part in self._parts])
        noises = [part.hypothesis.noise if noisy else 0.0 for part in self._parts]
        each = zip(self._parts, noises, strict=True)
        variances = np.stack([part.hypothesis.scale * (_positive(part.variance) + noise) for part, noise in each])
        second = self.shares @ (variances + means**2)
        return np.asarray(np.sqrt(_positive(second - (self.shares @ means) ** 2)))


def _weigh(kernels: Kernels, rows: Ints, target: Float) -> tuple[list[_Hypothesis], Float]:
    """The likeliest kernels and noise levels, best first, and their weights."""
    noise, every = np.array(_NOISES), range(len(kernels.log_prior))
    log_noise_prior = -0.5 * np.log(noise / _LIKELY_NOISE) ** 2
    found: list[_Hypothesis] = []
    log_weights = []
    for kernel, K in zip(every, kernels.matrices(rows, rows, every), strict=True):
        evidence = evidence_by_noise(Eigen.from_kernel(K), target, noise, _SCALE_ROWS, _SCALE)
        log_weights.append(evidence.log + log_noise_prior + kernels.log_prior[kernel])
        found += [_Hypothesis(kernel, *pair) for pair in zip(_NOISES, evidence.scale.tolist(), strict=True)]
    kept, shares = likeliest(np.concatenate(log_weights), _KEPT)
    return [found[j] for j in kept], shares


def _positive(values: Float) -> Float:
    return np.maximum(values, 1e-10)
