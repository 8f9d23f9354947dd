"""Gaussian processes with kernels on source tasks, averaged over the relevance of the sources.

A hypothesis is a set of variances of the seven terms (`surrogates.kernels.source_terms`) and of the noise, and a slope:
the prior mean of the process is the slope times what the sources expect of any task (`consensus`). Hypotheses are
averaged by the marginal likelihood of the labels. Their prior is learned from the sources, each predicted from the
others, which needs no label of the new task.

Labels are known by their ranks. The normal score of the j-th of k labels is the middle of where the j-th of k draws
from the space may be. How far it may be off adds to the noise: much with two labels, nearly nothing with 100.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from benchmarks.short_repr import ShortRepr
from surrogates.kernels.decompositions import JITTER
from surrogates.kernels.evidence import likeliest, log_densities, posterior_probabilities, spread_rows
from surrogates.kernels.source_terms import N_TERMS, OWN_TERMS, Inputs, source_terms, term_variances
from surrogates.models.transfer.consensus import TRAINING_NOISE, SourceKinds, consensus_weights

__all__ = ["AveragedProcess", "fit_average", "learned_prior"]

Float = NDArray[np.float64]

_CONSTANT = 0.1
_NO_TRANSFER = 0.25
"""Prior probability that the sources are not informative."""
_UNLEARNED = 0.3
"""Share of the prior that is not learned from the sources."""
_PSEUDO_LABELS = 64
_NOISES = (0.05, 0.1, 0.2, 0.4)
_SLOPES = np.array([0.0, 0.4, 0.8])
"""Slopes of the prior mean; that of hypotheses without sources is the first."""
_KEEP = 40
_EVIDENCE_ROWS = 160
"""Maximum number of labelled functions for the evidence, whose cost is cubic in it."""
_BATCH = 64


@dataclass(frozen=True, repr=False)
class AveragedProcess(ShortRepr):
    """Posterior mean of the averaged processes, as coefficients of the kernel terms.

    Attributes:
        coefficients: Coefficient of each term at each of k labelled architectures, of shape (7, k).
        offset: Contribution of the constant term.
        slope: Mean slope of the prior mean.
        left_out: Leave-one-out prediction for each labelled architecture, of shape (k,).
        transferred: Posterior probability, 0 to 1, that the sources are informative.
    """

    coefficients: Float
    offset: float
    slope: float
    left_out: Float
    transferred: float

    def predict(self, terms: Float, expected: Float) -> Float:
        """Scores of shape (n,).

        Args:
            terms: `source_terms` between n architectures and the labelled ones, of shape (7, n, k).
            expected: What the sources expect, minus its mean at the labelled ones, of shape (n,).
        """
        return np.asarray(np.einsum("cnk,ck->n", terms, self.coefficients) + self.offset + self.slope * expected)


def fit_average(terms: Float, z: Float, count: Float, expected: Float, log_prior: Float) -> AveragedProcess:
    """Fit every hypothesis to k labelled architectures and average them.

    Args:
        terms: `source_terms` between the architectures, of shape (7, k, k).
        z: Mean score of each, of shape (k,).
        count: Number of replicates in each mean, of shape (k,).
        expected: What the sources expect of each, minus the mean of the labels' own, of shape (k,).
        log_prior: Log prior of the hypotheses and slopes, from `learned_prior`.

    Example:
        >>> X, Z = np.zeros((3, 2)), np.array([[-1.0], [0.0], [1.0]])
        >>> inputs = Inputs(X, X, Z)
        >>> kinds = SourceKinds(np.ones(1), np.zeros(1, dtype=bool))
        >>> prior = learned_prior(inputs, kinds, np.random.RandomState(0))
        >>> process = fit_average(source_terms(inputs, inputs), Z[:, 0], np.ones(3), Z[:, 0], prior)
        >>> bool(process.predict(source_terms(inputs, inputs), Z[:, 0])[2] > 0.5)
        True
    """
    rows = spread_rows(len(z), _EVIDENCE_ROWS)
    evidence = _log_evidence(terms[:, rows[:, None], rows], _residuals(z[rows], expected[rows]), count[rows])
    log_weights = evidence + log_prior
    shares = _shares(log_weights, max(int(_KEEP * (_EVIDENCE_ROWS / len(z)) ** 2), 1))  # 40 at 160 labels, all at 25
    coefficients, left_out, offset = np.zeros(terms.shape[:2]), z.copy(), 0.0
    residuals = _residuals(z, expected)
    used = np.flatnonzero(shares.any(axis=1))
    for batch in np.array_split(used, range(_BATCH, len(used), _BATCH)):
        inverses = np.linalg.inv(_covariances(_HYPOTHESES[batch], terms, count))
        alpha = np.einsum("bks,bs->bk", inverses @ residuals, shares[batch])
        coefficients += _HYPOTHESES[batch, :-1].T @ alpha
        offset += _CONSTANT * float(alpha.sum())
        left_out -= (alpha / np.diagonal(inverses, axis1=1, axis2=2)).sum(axis=0)  # see `leave_one_out`
    slope = float(shares.sum(axis=0) @ _SLOPES)
    transferred = float(posterior_probabilities(log_weights)[_HYPOTHESES[:, 0] > 0].sum())
    return AveragedProcess(coefficients, offset, slope, left_out, transferred)


def learned_prior(inputs: Inputs, kinds: SourceKinds, rng: np.random.RandomState, n_draws: int = 2) -> Float:
    """Log prior of hypotheses and slopes, learned by predicting each source from the others with 64 noisy labels.

    The prior is the mean of the posteriors over the sources (the new task may resemble any of them), mixed with a flat
    prior, and with a fixed probability of "no transfer". With a single source it is flat.

    Args:
        inputs: Inputs of about a thousand architectures of the space.
        kinds: Directions and kinds of the sources.
        rng: Random state for the choice of architectures and the noise.
        n_draws: Repetitions per source.

    Returns:
        Log prior of each of J hypotheses with each slope, of shape (J, 3).

    Example:
        >>> rng = np.random.RandomState(0)
        >>> inputs = Inputs(rng.normal(size=(99, 4)), rng.normal(size=(99, 4)) / 2, rng.normal(size=(99, 3)))
        >>> kinds = SourceKinds(np.ones(3), np.zeros(3, dtype=bool))
        >>> float(np.exp(learned_prior(inputs, kinds, rng)).sum().round(6))
        1.0
    """
    flat = _with_reserve(np.ones((len(_HYPOTHESES), len(_SLOPES))))
    n_sources = inputs.sources.shape[1]
    if n_sources < 2:
        return _log(flat)
    seen = np.zeros_like(flat)
    for source, _ in product(range(n_sources), range(n_draws)):
        rows = rng.permutation(len(inputs.sources))[:_PSEUDO_LABELS]
        z = inputs.sources[rows, source] + TRAINING_NOISE * rng.standard_normal(len(rows))
        others = np.delete(inputs.sources, source, axis=1)
        given = inputs.take(rows)._replace(sources=others[rows])
        weights = kinds.signs[source] * consensus_weights(others, kinds.without(source), bool(kinds.costs[source]))
        expected = given.sources @ weights
        z = (z - z.mean()) / max(z.std(), JITTER)
        residuals = _residuals(z, expected - expected.mean())
        evidence = _log_evidence(source_terms(given, given), residuals, np.ones(len(rows)))
        seen += posterior_probabilities(evidence + _log(flat))
    return _log(_with_reserve((1 - _UNLEARNED) * seen / seen.sum() + _UNLEARNED * flat))


def _hypotheses() -> Float:
    """Variances of the seven terms and of the noise, of shape (J, 8): with the sources, then without."""
    smooth = [(0.0, 0.0), *((v, 0.0) for v in (0.1, 0.3, 1.0)), *((0.0, v) for v in (0.1, 0.3, 1.0))]
    informed = term_variances((0.1, 0.3, 1.0), smooth, (0.05, 0.15, 0.5))
    alone = [own * np.eye(N_TERMS)[term] for term, own in product(OWN_TERMS, (0.5, 1.0, 2.0))]
    variances = np.concatenate([informed, alone])
    noises = np.tile(_NOISES, len(variances))
    return np.column_stack([np.repeat(variances, len(_NOISES), axis=0), noises])


_HYPOTHESES = _hypotheses()


def _with_reserve(prior: Float) -> Float:
    """The prior, of shape (J, 3), with a fixed probability of all hypotheses without sources, whose slope is 0."""
    alone = _HYPOTHESES[:, 0] == 0
    prior = np.where(alone[:, None] & (_SLOPES != 0), 0.0, prior)
    reserve = _NO_TRANSFER / max(prior[alone].sum(), 1e-300)
    return np.asarray(np.where(alone[:, None], prior * reserve, prior * (1 - _NO_TRANSFER) / prior[~alone].sum()))


def _shares(log_weights: Float, n_kept: int) -> Float:
    """Posterior probabilities of hypotheses and slopes, of shape (J, 3); only the likeliest are not 0."""
    shares = np.zeros(log_weights.size)
    kept, weights = likeliest(log_weights.ravel(), n_kept, within=np.inf)
    shares[kept] = weights
    return shares.reshape(log_weights.shape)


def _log(prior: Float) -> Float:
    """Logarithms, minus infinity of what is not possible."""
    return np.log(prior, where=prior > 0, out=np.full(prior.shape, -np.inf))


def _residuals(z: Float, expected: Float) -> Float:
    """Scores minus the prior mean of each slope, of shape (k, 3)."""
    return np.asarray(z[:, None] - expected[:, None] * _SLOPES)


def _rank_variance(k: int) -> float:
    """Variance added to k labels, of which only the ranks count: what their normal scores lack to a variance of 1.

    It is 0.8 (two labels) to 0.5 (many) of the variance of a normal draw, given its rank among k.
    """
    return float(1.0 - (ndtri((np.arange(k) + 0.5) / k) ** 2).mean())


def _covariances(hypotheses: Float, terms: Float, count: Float) -> Float:
    """Covariance of the mean labels under each of b hypotheses, of shape (b, k, k)."""
    K = np.tensordot(hypotheses[:, :-1], terms, axes=1) + _CONSTANT
    diagonal = np.arange(terms.shape[1])
    K[:, diagonal, diagonal] += _noise(hypotheses, count) + JITTER
    return np.asarray(K)


def _noise(hypotheses: Float, count: Float) -> Float:
    """Noise variance of k mean labels under each of b hypotheses, of shape (b, k).

    That of the ranks of two or three labels counts twice: else they would be worse than what the sources expect.
    """
    k = len(count)
    return np.asarray((hypotheses[:, -1:] + _rank_variance(k) * (2 if k < 4 else 1)) / count)


def _log_evidence(terms: Float, Z: Float, count: Float) -> Float:
    """Log marginal likelihood of s vectors of labels, shape (k, s), under each hypothesis, up to a constant, (J, s)."""
    batches = np.array_split(_HYPOTHESES, range(_BATCH, len(_HYPOTHESES), _BATCH))
    return np.concatenate(
        [log_densities(_covariances(batch, terms, count), Z, _noise(batch, count).min(axis=1)) for batch in batches]
    )
