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
from scipy.linalg import solve_triangular

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
_DISTANCE = 5.0
"""Hypotheses whose log evidence is this far below the best count for nothing (less than 1 % of its weight)."""
_EVIDENCE_ROWS = 160
_JITTER = 1e-8


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
    """A kernel, the ratio of noise to signal, the variance of the signal, and minus the log evidence."""

    loss: float
    kernel: int
    noise: float
    scale: float


@dataclass
class _Part:
    """What one hypothesis says about m candidates, in units of its scale.

    Attributes:
        mean: Posterior mean, of shape (m,).
        variance: Of the function, without noise, of shape (m,).
        root: Covariance with the labels, solved for their Cholesky factor, of shape (n, m).
    """

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
    """

    def __init__(self, kernels: Kernels, rows: Ints, z: Float, candidates: Ints) -> None:
        self._kernels, self._candidates, self._centre = kernels, candidates, float(z.mean())
        target = z - self._centre
        chosen = np.unique(np.linspace(0, len(z) - 1, min(len(z), _EVIDENCE_ROWS)).round().astype(np.int64))
        self._kept = _weigh(kernels, rows[chosen], target[chosen])
        shares = np.exp([self._kept[0].loss - hypothesis.loss for hypothesis in self._kept])
        self.shares = shares / shares.sum()
        which = [hypothesis.kernel for hypothesis in self._kept]
        between = kernels.matrices(rows, rows, which)
        across = kernels.matrices(rows, candidates, which)
        variances = kernels.variances(candidates, which)
        self._parts = []
        for hypothesis, K, k, variance in zip(self._kept, between, across, variances, strict=True):
            factor = np.linalg.cholesky(K + (hypothesis.noise + _JITTER) * np.eye(len(K)))
            root = solve_triangular(factor, k, lower=True)
            mean = root.T @ solve_triangular(factor, target, lower=True)
            self._parts.append(_Part(mean, variance - (root**2).sum(axis=0), root))

    def mean(self) -> Float:
        """Expected label of each candidate, of shape (m,)."""
        means = [part.mean for part in self._parts]
        return np.asarray(self._centre + self.shares @ np.stack(means))

    def std(self) -> Float:
        """Standard deviation of the function behind each candidate, of shape (m,)."""
        return self._spread([0.0 for _ in self._kept])

    def std_of_label(self) -> Float:
        """Standard deviation of one more label of each candidate, the noise of its training included, of shape (m,)."""
        return self._spread([hypothesis.noise for hypothesis in self._kept])

    def expect(self, position: int) -> None:
        """A label of the candidate at this position is on its way: its value is not known, variances shrink already."""
        which = [hypothesis.kernel for hypothesis in self._kept]
        columns = self._kernels.matrices(self._candidates, self._candidates[[position]], which)
        for (hypothesis, part), k in zip(self._each(), columns, strict=True):
            covariance = k[:, 0] - part.root.T @ part.root[:, position]
            row = covariance / np.sqrt(max(part.variance[position], _JITTER) + hypothesis.noise)
            part.variance = part.variance - row**2
            part.root = np.vstack([part.root, row])

    def _spread(self, noises: Sequence[float]) -> Float:
        each = zip(self._each(), noises, strict=True)
        means = np.stack([part.mean for part in self._parts])
        variances = np.stack([h.scale * (_positive(part.variance) + noise) for (h, part), noise in each])
        second = self.shares @ (variances + means**2)
        return np.asarray(np.sqrt(_positive(second - (self.shares @ means) ** 2)))

    def _each(self) -> list[tuple[_Hypothesis, _Part]]:
        return list(zip(self._kept, self._parts, strict=True))


def _weigh(kernels: Kernels, rows: Ints, target: Float) -> list[_Hypothesis]:
    """The likeliest kernels and noise levels, best first; the variance of the signal is the likeliest for each.

    With K = U diag(s) U', the evidence at every noise level costs one decomposition (Rasmussen and Williams, 2006,
    chapter 5).
    """
    n = len(target)
    found: list[_Hypothesis] = []
    every = range(len(kernels.log_prior))
    noise = np.array(_NOISES)
    log_noise_prior = -0.5 * np.log(noise / _LIKELY_NOISE) ** 2
    for kernel, K in zip(every, kernels.matrices(rows, rows, every), strict=True):
        values, vectors = np.linalg.eigh(K)
        q = np.maximum(values, 0.0) + noise[:, None]  # (levels, n)
        scale = (((vectors.T @ target) ** 2 / q).sum(axis=1) + _SCALE_ROWS * _SCALE) / (n + _SCALE_ROWS)
        losses = 0.5 * (n + _SCALE_ROWS) * np.log(scale) + 0.5 * np.log(q).sum(axis=1)
        losses -= log_noise_prior + kernels.log_prior[kernel]
        found += [
            _Hypothesis(float(a), kernel, float(b), float(c)) for a, b, c in zip(losses, noise, scale, strict=True)
        ]
    found.sort()
    return [hypothesis for hypothesis in found[:_KEPT] if hypothesis.loss <= found[0].loss + _DISTANCE]


def _positive(values: Float) -> Float:
    return np.maximum(values, 1e-10)
