"""Averaged Gaussian processes against scipy and against leaving rows out by hand."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from surrogates.kernels.source_terms import Inputs, source_terms
from surrogates.models.transfer import averaged_process
from surrogates.models.transfer.averaged_process import fit_average, learned_prior


def _inputs(rng, n, sources=3):
    X = rng.normal(size=(n, 5))
    return Inputs(X, X * np.sqrt(np.array([0.6, 0.4, 0, 0, 0])), rng.normal(size=(n, sources)))


def test_evidence_is_the_normal_density(rng):
    inputs, z, count = _inputs(rng, 9), rng.normal(size=9), rng.integers(1, 4, 9).astype(float)
    terms = source_terms(inputs, inputs)
    found = averaged_process._log_evidence(terms, z, count)
    for j in range(0, len(found), 37):
        *variances, noise = averaged_process._HYPOTHESES[j]
        K = 0.1 + sum(v * term for v, term in zip(variances, terms, strict=True)) + np.diag(noise / count + 1e-8)
        expected = multivariate_normal(np.zeros(9), K).logpdf(z) + 4.5 * np.log(2 * np.pi)
        assert found[j] == pytest.approx(expected, abs=1e-8)


def test_left_out_predictions_are_those_of_a_fit_without_the_row(rng, monkeypatch):
    inputs, z, count = _inputs(rng, 10), rng.normal(size=10), np.ones(10)
    monkeypatch.setattr(averaged_process, "_HYPOTHESES", averaged_process._HYPOTHESES[:1])
    whole = fit_average(source_terms(inputs, inputs), z, count, np.zeros(1))
    for row in range(10):
        rest = np.delete(np.arange(10), row)
        part = fit_average(source_terms(inputs.take(rest), inputs.take(rest)), z[rest], count[rest], np.zeros(1))
        alone = part.predict(source_terms(inputs.take(np.array([row])), inputs.take(rest)))
        assert whole.left_out[row] == pytest.approx(alone[0], abs=1e-6)


def test_labels_decide_whether_the_sources_are_of_use(rng):
    inputs = _inputs(rng, 60)
    terms, count = source_terms(inputs, inputs), np.ones(60)
    flat = np.log(averaged_process._with_reserve(np.ones(len(averaged_process._HYPOTHESES))))
    of_sources = inputs.sources @ [1.0, -0.5, 0.0] + 0.2 * rng.normal(size=60)
    of_features = np.sin(inputs.features[:, 0]) + inputs.features[:, 1] + 0.2 * rng.normal(size=60)
    assert fit_average(terms, of_sources / of_sources.std(), count, flat).transferred > 0.95
    assert fit_average(terms, of_features / of_features.std(), count, flat).transferred < 0.5


def test_the_prior_learns_from_sources_that_agree(rng):
    common = rng.normal(size=(300, 1))
    agreeing = _inputs(rng, 300)._replace(sources=common + 0.1 * rng.normal(size=(300, 3)))
    prior = np.exp(learned_prior(agreeing, np.random.RandomState(0)))
    assert prior.sum() == pytest.approx(1)
    linear = averaged_process._HYPOTHESES[:, 0]
    assert prior[linear == 0].sum() == pytest.approx(0.25)
    assert prior[linear == 1.0].sum() > 2 * prior[linear == 0.1].sum()
    single = learned_prior(agreeing._replace(sources=common), np.random.RandomState(0))
    assert len(set(np.round(single[linear > 0], 12))) == 1
