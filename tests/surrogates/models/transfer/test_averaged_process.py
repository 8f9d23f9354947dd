"""Averaged Gaussian processes against scipy and against leaving rows out by hand."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from surrogates.kernels.source_terms import Inputs, source_terms
from surrogates.models.transfer import averaged_process
from surrogates.models.transfer.averaged_process import fit_average, learned_prior
from surrogates.models.transfer.consensus import SourceKinds

ALIKE = SourceKinds(np.ones(3), np.zeros(3, dtype=bool))


def _inputs(rng, n, sources=3):
    X = rng.normal(size=(n, 5))
    return Inputs(X, X * np.sqrt(np.array([0.6, 0.4, 0, 0, 0])), rng.normal(size=(n, sources)))


def _order_variance(k):
    """What a normal draw keeps of its variance when its rank among k draws is known, by simulation."""
    draws = np.sort(np.random.default_rng(0).normal(size=(20_000, k)), axis=1)
    return draws.var(axis=0).mean()


@pytest.mark.parametrize("k", [2, 4, 16, 64])
def test_noise_of_ranks_is_about_that_of_order_statistics(k):
    assert 0.45 < averaged_process._rank_variance(k) / _order_variance(k) < 1


def test_evidence_is_the_normal_density(rng):
    inputs, Z, count = _inputs(rng, 9), rng.normal(size=(9, 3)), rng.integers(1, 4, 9).astype(float)
    terms, ranks = source_terms(inputs, inputs), averaged_process._rank_variance(9)
    found = averaged_process._log_evidence(terms, Z, count)
    for j in range(0, len(found), 37):
        *variances, noise = averaged_process._HYPOTHESES[j]
        K = (
            0.1
            + sum(v * term for v, term in zip(variances, terms, strict=True))
            + np.diag((noise + ranks) / count + 1e-8)
        )
        expected = multivariate_normal(np.zeros(9), K).logpdf(Z.T) + 4.5 * np.log(2 * np.pi)
        assert found[j] == pytest.approx(expected, abs=1e-8)


def test_left_out_predictions_are_those_of_a_fit_without_the_row(rng, monkeypatch):
    inputs, z, expected, count = _inputs(rng, 10), rng.normal(size=10), rng.normal(size=10), np.ones(10)
    monkeypatch.setattr(averaged_process, "_HYPOTHESES", averaged_process._HYPOTHESES[:1])
    monkeypatch.setattr(averaged_process, "_rank_variance", lambda k: 0.1)  # it differs between 9 and 10 labels
    prior = np.array([[-np.inf, 0.0, -np.inf]])
    whole = fit_average(source_terms(inputs, inputs), z, count, expected, prior)
    for row in range(10):
        rest = np.delete(np.arange(10), row)
        part = fit_average(
            source_terms(inputs.take(rest), inputs.take(rest)), z[rest], count[rest], expected[rest], prior
        )
        alone = part.predict(source_terms(inputs.take(np.array([row])), inputs.take(rest)), expected[[row]])
        assert whole.left_out[row] == pytest.approx(alone[0], abs=1e-6)


def test_the_prior_mean_is_followed_where_nothing_is_known(rng):
    """Far from the labels, and with nothing to add to what the sources expect, the slope is that of the labels."""
    inputs, expected = _inputs(rng, 40), rng.normal(size=40)
    flat = averaged_process._log(averaged_process._with_reserve(np.ones((len(averaged_process._HYPOTHESES), 3))))
    process = fit_average(source_terms(inputs, inputs), 0.8 * expected, np.ones(40), expected, flat)
    assert process.slope == pytest.approx(0.8, abs=0.1)
    none = fit_average(source_terms(inputs, inputs), -0.8 * expected, np.ones(40), expected, flat)
    assert none.slope < 0.1


def test_labels_decide_whether_the_sources_are_of_use(rng):
    inputs = _inputs(rng, 60)
    terms, count = source_terms(inputs, inputs), np.ones(60)
    flat = averaged_process._log(averaged_process._with_reserve(np.ones((len(averaged_process._HYPOTHESES), 3))))
    of_sources = inputs.sources @ [1.0, -0.5, 0.0] + 0.2 * rng.normal(size=60)
    of_features = np.sin(inputs.features[:, 0]) + inputs.features[:, 1] + 0.2 * rng.normal(size=60)
    assert fit_average(terms, of_sources / of_sources.std(), count, np.zeros(60), flat).transferred > 0.95
    assert fit_average(terms, of_features / of_features.std(), count, np.zeros(60), flat).transferred < 0.5


def test_the_prior_learns_from_sources_that_agree(rng):
    common = rng.normal(size=(300, 1))
    agreeing = _inputs(rng, 300)._replace(sources=common + 0.1 * rng.normal(size=(300, 3)))
    prior = np.exp(learned_prior(agreeing, ALIKE, np.random.RandomState(0)))
    assert prior.sum() == pytest.approx(1)
    linear = averaged_process._HYPOTHESES[:, 0]
    assert prior[linear == 0].sum() == pytest.approx(0.25)
    assert prior[linear == 0, 1:].sum() == 0
    assert prior[linear > 0, 2].sum() > 2 * prior[linear > 0, 0].sum()
    opposite = ALIKE._replace(signs=np.array([1.0, 1.0, -1.0]))
    turned = agreeing._replace(sources=agreeing.sources * opposite.signs)
    np.testing.assert_allclose(np.exp(learned_prior(turned, opposite, np.random.RandomState(0))), prior, atol=0.05)
    single = learned_prior(agreeing._replace(sources=common), ALIKE, np.random.RandomState(0))
    assert len(set(np.round(single[linear > 0].ravel(), 12))) == 1
