"""Features made comparable, against plain formulas."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import pearsonr

from benchmarks import get_space
from encoders import GraphFeatures
from surrogates.kernels.features import (
    centre_and_spread,
    graph_features,
    reference_forms,
    relevance,
    standard_features,
    standardise,
)


def test_standardised_columns_have_mean_zero_and_variance_one(rng):
    X = rng.normal(3.0, 5.0, size=(50, 4))
    X[:, 2] = 7.0
    found = standardise(X, centre_and_spread(X))
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(found.std(axis=0), [1, 1, 0, 1])
    assert np.abs(standardise(X, centre_and_spread(X), clip=0.5)).max() == 0.5


@pytest.mark.parametrize("name", ["transnas101-micro", "transnas101-macro"])
def test_standard_features_vary_and_do_not_depend_on_the_rows_asked(name):
    space = get_space(name)
    archs = space.sample(30, rng=5)
    X = standard_features(name, archs)
    np.testing.assert_array_equal(X[7:9], standard_features(name, archs[7:9]))
    assert standard_features(name, []).shape == (0, X.shape[1])
    forms = reference_forms(name, 1000)
    assert len(set(forms)) == len(forms)
    assert set(forms) <= set(space.simplify(forms))
    reference = graph_features(forms)
    varying = [column for column in range(reference.shape[1]) if len(set(reference[:, column])) > 1]
    raw = GraphFeatures().fit_transform(archs)[:, varying]
    expected = (raw - reference[:, varying].mean(axis=0)) / reference[:, varying].std(axis=0)
    np.testing.assert_allclose(X, np.clip(expected, -5, 5), atol=1e-9)


def test_relevance_is_the_correlation_less_what_chance_gives(rng):
    X, Z = rng.normal(size=(40, 3)), rng.normal(size=(40, 2))
    X[:, 0] += 2 * Z[:, 0]
    Z[::4, 1] = np.nan
    squares = np.zeros((3, 2))
    for (j, x), (t, z) in product(enumerate(X.T), enumerate(Z.T)):
        known = ~np.isnan(z)
        squares[j, t] = max(pearsonr(x[known], z[known]).statistic ** 2 - 1 / known.sum(), 0)
    expected = squares.mean(axis=1) ** 0.5 + 0.1
    np.testing.assert_allclose(relevance(X, Z, power=1), expected / np.sqrt(np.mean(expected**2)))
    np.testing.assert_array_equal(relevance(X, Z, power=0), 1.0)
