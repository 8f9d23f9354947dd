"""Gaussian processes whose kernel knows the source tasks, averaged over how much to believe them.

The covariance of a new task at two architectures is a sum of seven terms: a linear function of the source scores, a
smooth function of them (two length scales), and smooth functions of the graph features, by plain distance or by a
metric that weighs features as the sources need them (two length scales each). A portfolio of weights stands for
hypotheses from "a mixture of the sources" to "nothing to do with them"; the marginal likelihood of the labels averages
them (Bayesian model averaging, Hoeting et al., Statistical Science 1999). What fits the sources themselves, each
explained by the others, is preferred beforehand: that costs no label of the new task.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from surrogates.models.transfer.source_process import matern52

__all__ = ["AveragedProcess", "Inputs", "fit_average", "grams", "learned_prior"]

Float = NDArray[np.float64]

_CONSTANT = 0.1
_JITTER = 1e-8
_NO_TRANSFER = 0.25
"""Prior probability that the sources are of no use."""
_UNLEARNED = 0.3
"""Share of the prior that is not learned from the sources."""
_PSEUDO_LABELS = 64
_PSEUDO_NOISE = 0.35
"""Standard deviation in normal scores; that of separately trained twins is 0.15 to 0.36 (data README)."""
_KEEP = 40
_EVIDENCE_ROWS = 160
"""Hypotheses are weighed on so many labelled functions at most: the work grows with the cube."""
_BATCH = 64


class Inputs(NamedTuple):
    """n architectures as the kernel sees them.

    Attributes:
        features: Standardised graph features, of shape (n, d).
        weighted: The same times the square root of each feature's weight (weights sum to 1).
        sources: Source scores, of mean 0 and variance 1 over the space, of shape (n, S).
    """

    features: Float
    weighted: Float
    sources: Float

    def take(self, rows: NDArray[np.int64]) -> Inputs:
        """Some of the architectures."""
        return Inputs(self.features[rows], self.weighted[rows], self.sources[rows])


@dataclass(frozen=True)
class AveragedProcess:
    """Posterior mean of the averaged processes, as weights on the kernel terms.

    Attributes:
        coefficients: Weight of each term at each of k labelled architectures, of shape (7, k).
        offset: What the constant term adds.
        left_out: For each labelled architecture what the others predict, of shape (k,).
        transferred: Posterior probability, 0 to 1, that the sources are of use.
    """

    coefficients: Float
    offset: float
    left_out: Float
    transferred: float

    def predict(self, terms: Float) -> Float:
        """Scores of shape (n,) from `grams` of n architectures with the labelled ones, of shape (7, n, k)."""
        return np.asarray(np.einsum("cnk,ck->n", terms, self.coefficients) + self.offset)


def grams(a: Inputs, b: Inputs) -> Float:
    """The seven kernel terms between n and m architectures, of shape (7, n, m).

    Example:
        >>> one = Inputs(np.zeros((1, 2)), np.zeros((1, 2)), np.ones((1, 3)))
        >>> grams(one, one).ravel().tolist()
        [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    n_sources = a.sources.shape[1]
    plain = cdist(a.features, b.features) / np.sqrt(a.features.shape[1])
    weighted = cdist(a.weighted, b.weighted)
    source = cdist(a.sources, b.sources) / np.sqrt(n_sources)
    smooth = [source / 0.7, source / 1.5, weighted / 1.5, plain / 1.5, weighted / 3.0, plain / 3.0]
    return np.stack([a.sources @ b.sources.T / n_sources, *(matern52(r) for r in smooth)])


def fit_average(terms: Float, z: Float, count: Float, log_prior: Float) -> AveragedProcess:
    """Fit every hypothesis to k labelled architectures and average.

    Args:
        terms: `grams` of them with each other, of shape (7, k, k).
        z: Mean score of each, of shape (k,).
        count: Replicates behind each mean, of shape (k,).
        log_prior: Of the hypotheses, from `learned_prior`.

    Example:
        >>> X, Z = np.zeros((3, 2)), np.array([[-1.0], [0.0], [1.0]])
        >>> inputs = Inputs(X, X, Z)
        >>> prior = learned_prior(inputs, np.random.RandomState(0))
        >>> process = fit_average(grams(inputs, inputs), Z[:, 0], np.ones(3), prior)
        >>> bool(process.predict(grams(inputs, inputs))[2] > 0.5)
        True
    """
    rows = np.unique(np.linspace(0, len(z) - 1, _EVIDENCE_ROWS).round().astype(np.int64))
    posterior = _posterior(_log_evidence(terms[:, rows[:, None], rows], z[rows], count[rows]) + log_prior)
    n_kept = int(np.clip(_KEEP * (_EVIDENCE_ROWS / len(z)) ** 2, 1, _KEEP))  # all of them up to 160 labels
    kept = np.argsort(-posterior, kind="stable")[:n_kept]
    weight = posterior[kept] / posterior[kept].sum()
    coefficients, offset, left_out = np.zeros(terms.shape[:2]), 0.0, np.zeros(len(z))
    for share, hypothesis in zip(weight, _HYPOTHESES[kept], strict=True):
        inverse = np.linalg.inv(_covariances(hypothesis[None], terms, count)[0])
        alpha = inverse @ z
        coefficients += share * np.outer(hypothesis[:-1], alpha)
        offset += float(share * _CONSTANT * alpha.sum())
        left_out += share * (z - alpha / np.diag(inverse))  # Rasmussen & Williams 2006, equation 5.12
    return AveragedProcess(coefficients, offset, left_out, float(posterior[_HYPOTHESES[:, 0] > 0].sum()))


def learned_prior(inputs: Inputs, rng: np.random.RandomState, n_draws: int = 2) -> Float:
    """Log prior of the hypotheses, learned by predicting each source from the others with 64 noisy labels.

    The prior is the mean of their posteriors (the new task may be like any of the sources), mixed with a flat one, with
    a fixed share for "no transfer". With a single source it is flat.

    Args:
        inputs: Some thousand architectures of the space.
        rng: Draws architectures and noise.
        n_draws: Times this is done for each source.

    Example:
        >>> rng = np.random.RandomState(0)
        >>> inputs = Inputs(rng.normal(size=(99, 4)), rng.normal(size=(99, 4)) / 2, rng.normal(size=(99, 3)))
        >>> float(np.exp(learned_prior(inputs, rng)).sum().round(6))
        1.0
    """
    flat = _with_reserve(np.ones(len(_HYPOTHESES)))
    n_sources = inputs.sources.shape[1]
    if n_sources < 2:
        return np.asarray(np.log(flat))
    seen = np.zeros(len(flat))
    for source, _ in itertools.product(range(n_sources), range(n_draws)):
        rows = rng.permutation(len(inputs.sources))[:_PSEUDO_LABELS]
        z = inputs.sources[rows, source] + _PSEUDO_NOISE * rng.standard_normal(len(rows))
        given = inputs.take(rows)._replace(sources=np.delete(inputs.sources[rows], source, axis=1))
        z = (z - z.mean()) / max(z.std(), _JITTER)
        seen += _posterior(_log_evidence(grams(given, given), z, np.ones(len(rows))) + np.log(flat))
    return np.asarray(np.log(_with_reserve((1 - _UNLEARNED) * seen / seen.sum() + _UNLEARNED * flat)))


def _hypotheses() -> Float:
    """Variances of the seven terms and of the noise, of shape (J, 8)."""
    noises = (0.05, 0.1, 0.2, 0.4)
    found: list[tuple[float, ...]] = []
    smooth = [(0.0, 0.0), *((v, 0.0) for v in (0.1, 0.3, 1.0)), *((0.0, v) for v in (0.1, 0.3, 1.0))]
    for linear, (near, far), own, noise in itertools.product((0.1, 0.3, 1.0), smooth, (0.05, 0.15, 0.5), noises):
        found.append((linear, near, far, own, 0.0, 0.0, 0.0, noise))
        found.append((linear, near, far, 0.0, own, 0.0, 0.0, noise))
    for term, own, noise in itertools.product(range(4), (0.5, 1.0, 2.0), noises):
        found.append((0.0, 0.0, 0.0, *(own * (term == i) for i in range(4)), noise))
    return np.array(found)


_HYPOTHESES = _hypotheses()


def _with_reserve(prior: Float) -> Float:
    """The prior with its fixed share for the hypotheses without sources."""
    alone = _HYPOTHESES[:, 0] == 0
    reserve = _NO_TRANSFER / max(prior[alone].sum(), 1e-300)
    return np.asarray(np.where(alone, prior * reserve, prior * (1 - _NO_TRANSFER) / prior[~alone].sum()))


def _covariances(hypotheses: Float, terms: Float, count: Float) -> Float:
    """Covariance of the mean labels under each of b hypotheses, of shape (b, k, k)."""
    K = np.tensordot(hypotheses[:, :-1], terms, axes=1) + _CONSTANT
    diagonal = np.arange(terms.shape[1])
    K[:, diagonal, diagonal] += hypotheses[:, -1:] / count + _JITTER
    return np.asarray(K)


def _log_evidence(terms: Float, z: Float, count: Float) -> Float:
    """Log marginal likelihood of the labels under each hypothesis, up to a constant, of shape (J,).

    The last row of the Cholesky factor of [[K, z], [z', c]], c large, is K's factor solved for z.
    """
    k = len(z)
    found = []
    for start in range(0, len(_HYPOTHESES), _BATCH):
        hypotheses = _HYPOTHESES[start : start + _BATCH]
        bordered = np.empty((len(hypotheses), k + 1, k + 1))
        bordered[:, :k, :k] = _covariances(hypotheses, terms, count)
        bordered[:, k, :k] = bordered[:, :k, k] = z
        bordered[:, k, k] = 1.0 + z @ z / hypotheses[:, -1].min() * count.max()
        factor = np.linalg.cholesky(bordered)
        log_root = np.log(np.diagonal(factor, axis1=1, axis2=2)[:, :k]).sum(axis=1)
        found.append(-0.5 * (factor[:, k, :k] ** 2).sum(axis=1) - log_root)
    return np.concatenate(found)


def _posterior(log_weight: Float) -> Float:
    weight = np.exp(log_weight - log_weight.max())
    return np.asarray(weight / weight.sum())
