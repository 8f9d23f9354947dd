"""Kernels on source scores: the seven terms, and families of covariances."""

import numpy as np
import pytest

from surrogates.kernels.feature_kernels import FeatureKernels
from surrogates.kernels.source_terms import OWN_TERMS, Inputs, SourceKernels, source_terms, term_variances


def test_terms_are_covariances(rng):
    X = rng.normal(size=(12, 5))
    inputs = Inputs(X, X * np.sqrt(np.array([0.6, 0.4, 0, 0, 0])), rng.normal(size=(12, 3)))
    terms = source_terms(inputs, inputs)
    for term in terms:
        np.testing.assert_allclose(term, term.T)
        assert np.linalg.eigvalsh(term).min() > -1e-9
    np.testing.assert_allclose(terms[0], inputs.sources @ inputs.sources.T / 3)
    metric = np.array([0.6, 0.4, 0, 0, 0])
    r = np.sqrt(5 * (metric * (X[0] - X[1]) ** 2).sum()) / 1.5
    assert terms[3, 0, 1] == pytest.approx((1 + r + r**2 / 3) * np.exp(-r))
    moved = inputs._replace(sources=rng.normal(size=(12, 3)))
    changed = np.abs(source_terms(moved, moved) - terms).max(axis=(1, 2)) > 1e-9
    assert np.flatnonzero(~changed).tolist() == list(OWN_TERMS)


def test_every_combination_of_variances_is_there_once():
    found = term_variances((0.1, 1.0), [(0.0, 0.0), (0.3, 0.0), (0.0, 0.3)], (0.05, 0.5))
    assert found.shape == (2 * 3 * 2 * 2, 7)
    assert len(np.unique(found, axis=0)) == len(found)
    assert (found[:, 0] > 0).all()
    assert ((found[:, OWN_TERMS] > 0).sum(axis=1) == 1).all()


@pytest.mark.parametrize("kind", ["features", "sources"])
def test_kernels_are_covariances(kind: str) -> None:
    rng = np.random.default_rng(2)
    X, rows = rng.normal(size=(30, 4)), np.arange(30)
    kernels = FeatureKernels(X, rows[:9], rng.normal(size=9))
    if kind == "sources":
        kernels = SourceKernels(Inputs(X, X / 2, rng.normal(size=(30, 3))), kernels)
    which = range(len(kernels.log_prior))
    for K, variance in zip(kernels.matrices(rows, rows, which), kernels.variances(rows, which), strict=True):
        np.testing.assert_allclose(np.diag(K), variance)
        assert np.linalg.eigvalsh(K).min() > -1e-9
