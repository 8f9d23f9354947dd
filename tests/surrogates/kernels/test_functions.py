"""Correlations and distances against scikit-learn and plain loops."""

import numpy as np
import pytest
from sklearn.gaussian_process.kernels import Matern

from surrogates.kernels.functions import laplace, matern32, matern52, scaled_distances


@pytest.mark.parametrize(("ours", "nu"), [(matern32, 1.5), (matern52, 2.5), (laplace, 0.5)])
def test_correlations_are_those_of_scikit_learn(ours, nu, rng):
    X, Y = rng.normal(size=(7, 3)), rng.normal(size=(5, 3))
    distances = np.sqrt(((X[:, None] - Y[None]) ** 2).sum(axis=2))
    np.testing.assert_allclose(ours(distances, 0.7), Matern(length_scale=0.7, nu=nu)(X, Y), atol=1e-12)


def test_distances_do_not_grow_with_the_number_of_features(rng):
    X, Y = rng.normal(size=(4, 6)), rng.normal(size=(3, 6))
    expected = [[np.sqrt(np.mean((x - y) ** 2)) for y in Y] for x in X]
    np.testing.assert_allclose(scaled_distances(X, Y), expected)
    np.testing.assert_allclose(scaled_distances(np.tile(X, 3), np.tile(Y, 3)), expected)
