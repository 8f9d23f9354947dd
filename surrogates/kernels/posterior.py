"""A Gaussian process over the functions of a space, averaged over kernels and noise levels by their evidence.

Small (some hundred labels) and quick (a fit takes a fraction of a second), with what a search needs and a surrogate
does not: the variance at every candidate, the variance of one more training of the same function, and what becomes of
both when a candidate is about to be measured.
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
"""Variance of the noise over that of the signal."""
_LIKELY_NOISE = 0.3
_SCALE_ROWS = 2.0
"""Rows that speak for a signal variance of 0.7, that of normal scores less their noise."""
_SCALE = 0.7
_KEPT = 5
_EVIDENCE_ROWS = 160


class Kernels(Protocol):
    """J kernels between the U functions of a space, each with a mean variance of about 1.

    Attributes:
        log_prior: Of each kernel, of shape (J,).
    """

    log_prior: Float

    def matrices(self, a: Ints, b: Ints, which: Sequence[int]) -> Iterator[Float]:
        """Some of the kernels, between n and m functions, each of shape (n, m)."""

    def variances(self, a: Ints, which: Sequence[int]) -> Iterator[Float]:
        """Some of the kernels between each of n functions and itself, each of shape (n,)."""


class _Hypothesis(NamedTuple):
    """A kernel, the ratio of noise to signal, and the variance of the signal."""

    kernel: int
    noise: float
    scale: float


@dataclass
class _Part:
    """What one hypothesis says about m candidates, in units of its scale.

    Attributes:
        hypothesis: The one.
        mean: Posterior mean, of shape (m,).
        variance: Of the function, without noise, of shape (m,).
        root: Covariance with the labels, solved for their Cholesky factor, of shape (n, m).
    """

    hypothesis: _Hypothesis
    mean: Float
    variance: Float
    root: Float


class Posterior:
    """What n labels say about m candidate functions.

    Args:
        kernels: Hypotheses about how functions resemble each other.
        rows: Function behind each label, of shape (n,).
        z: Labels, about normal, of shape (n,).
        candidates: Functions asked about, of shape (m,).

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
        """Standard deviation of the function behind each candidate, of shape (m,)."""
        return self._spread(noisy=False)

    def std_of_label(self) -> Float:
        """Standard deviation of one more label of each candidate, the noise of its training included, of shape (m,)."""
        return self._spread(noisy=True)

    def expect(self, position: int) -> None:
        """A label of the candidate at this position is on its way: its value is not known, variances shrink already."""
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
