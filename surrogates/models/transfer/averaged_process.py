"""Gaussian processes with kernels on source tasks, averaged over the relevance of the sources.

A hypothesis is a set of variances of the seven terms (`surrogates.kernels.source_terms`) and of the noise; hypotheses
are averaged by the marginal likelihood of the labels. Their prior is learned from the sources, each predicted from the
others, which needs no label of the new task.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from benchmarks.short_repr import ShortRepr
from surrogates.kernels.decompositions import JITTER
from surrogates.kernels.evidence import likeliest, log_densities, posterior_probabilities, spread_rows
from surrogates.kernels.leave_one_out import leave_one_out
from surrogates.kernels.source_terms import N_TERMS, OWN_TERMS, Inputs, source_terms, term_variances

__all__ = ["AveragedProcess", "fit_average", "learned_prior"]

Float = NDArray[np.float64]

_CONSTANT = 0.1
_NO_TRANSFER = 0.25
"""Prior probability that the sources are not informative."""
_UNLEARNED = 0.3
"""Share of the prior that is not learned from the sources."""
_PSEUDO_LABELS = 64
_PSEUDO_NOISE = 0.35
"""Standard deviation in normal scores; it is 0.15 to 0.36 for separate trainings of equal functions (data README)."""
_NOISES = (0.05, 0.1, 0.2, 0.4)
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
        left_out: Leave-one-out prediction for each labelled architecture, of shape (k,).
        transferred: Posterior probability, 0 to 1, that the sources are informative.
    """

    coefficients: Float
    offset: float
    left_out: Float
    transferred: float

    def predict(self, terms: Float) -> Float:
        """Scores of shape (n,), from `source_terms` between n architectures and the labelled ones, shape (7, n, k)."""
        return np.asarray(np.einsum("cnk,ck->n", terms, self.coefficients) + self.offset)


def fit_average(terms: Float, z: Float, count: Float, log_prior: Float) -> AveragedProcess:
    """Fit every hypothesis to k labelled architectures and average them.

    Args:
        terms: `source_terms` between the architectures, of shape (7, k, k).
        z: Mean score of each, of shape (k,).
        count: Number of replicates in each mean, of shape (k,).
        log_prior: Log prior of the hypotheses, from `learned_prior`.

    Example:
        >>> X, Z = np.zeros((3, 2)), np.array([[-1.0], [0.0], [1.0]])
        >>> inputs = Inputs(X, X, Z)
        >>> prior = learned_prior(inputs, np.random.RandomState(0))
        >>> process = fit_average(source_terms(inputs, inputs), Z[:, 0], np.ones(3), prior)
        >>> bool(process.predict(source_terms(inputs, inputs))[2] > 0.5)
        True
    """
    rows = spread_rows(len(z), _EVIDENCE_ROWS)
    log_weights = _log_evidence(terms[:, rows[:, None], rows], z[rows], count[rows]) + log_prior
    n_kept = int(np.clip(_KEEP * (_EVIDENCE_ROWS / len(z)) ** 2, 1, _KEEP))  # 40 up to 160 labels
    coefficients, offset, left_out = np.zeros(terms.shape[:2]), 0.0, np.zeros(len(z))
    for j, share in zip(*likeliest(log_weights, n_kept, within=np.inf), strict=True):
        inverse = np.linalg.inv(_covariances(_HYPOTHESES[[j]], terms, count)[0])
        alpha = inverse @ z
        coefficients += share * np.outer(_HYPOTHESES[j, :-1], alpha)
        offset += float(share * _CONSTANT * alpha.sum())
        left_out += share * leave_one_out(z, alpha, np.diag(inverse))
    transferred = float(posterior_probabilities(log_weights)[_HYPOTHESES[:, 0] > 0].sum())
    return AveragedProcess(coefficients, offset, left_out, transferred)


def learned_prior(inputs: Inputs, rng: np.random.RandomState, n_draws: int = 2) -> Float:
    """Log prior of the hypotheses, learned by predicting each source from the others with 64 noisy labels.

    The prior is the mean of the posteriors over the sources (the new task may resemble any of them), mixed with a flat
    prior, and with a fixed probability of "no transfer". With a single source it is flat.

    Args:
        inputs: Inputs of about a thousand architectures of the space.
        rng: Random state for the choice of architectures and the noise.
        n_draws: Repetitions per source.

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
    for source, _ in product(range(n_sources), range(n_draws)):
        rows = rng.permutation(len(inputs.sources))[:_PSEUDO_LABELS]
        z = inputs.sources[rows, source] + _PSEUDO_NOISE * rng.standard_normal(len(rows))
        given = inputs.take(rows)._replace(sources=np.delete(inputs.sources[rows], source, axis=1))
        z = (z - z.mean()) / max(z.std(), JITTER)
        evidence = _log_evidence(source_terms(given, given), z, np.ones(len(rows)))
        seen += posterior_probabilities(evidence + np.log(flat))
    return np.asarray(np.log(_with_reserve((1 - _UNLEARNED) * seen / seen.sum() + _UNLEARNED * flat)))


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
    """The prior with a fixed total probability of the hypotheses without sources."""
    alone = _HYPOTHESES[:, 0] == 0
    reserve = _NO_TRANSFER / max(prior[alone].sum(), 1e-300)
    return np.asarray(np.where(alone, prior * reserve, prior * (1 - _NO_TRANSFER) / prior[~alone].sum()))


def _covariances(hypotheses: Float, terms: Float, count: Float) -> Float:
    """Covariance of the mean labels under each of b hypotheses, of shape (b, k, k)."""
    K = np.tensordot(hypotheses[:, :-1], terms, axes=1) + _CONSTANT
    diagonal = np.arange(terms.shape[1])
    K[:, diagonal, diagonal] += hypotheses[:, -1:] / count + JITTER
    return np.asarray(K)


def _log_evidence(terms: Float, z: Float, count: Float) -> Float:
    """Log marginal likelihood of the labels under each hypothesis, up to a constant, of shape (J,)."""
    batches = np.array_split(_HYPOTHESES, range(_BATCH, len(_HYPOTHESES), _BATCH))
    return np.concatenate(
        [log_densities(_covariances(batch, terms, count), z, batch[:, -1] / count.max()) for batch in batches]
    )
