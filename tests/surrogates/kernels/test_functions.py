"""Correlations and distances against scikit-learn and plain loops."""

import math

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.gaussian_process.kernels import Matern

from surrogates.kernels.functions import (
    distances_by,
    laplace,
    matern32,
    matern52,
    portable_exp,
    scaled_distances,
    weighted_sums,
)


@pytest.mark.parametrize(("ours", "nu"), [(matern32, 1.5), (matern52, 2.5), (laplace, 0.5)])
def test_correlations_are_those_of_scikit_learn(ours, nu, rng):
    X, Y = rng.normal(size=(7, 3)), rng.normal(size=(5, 3))
    distances = np.sqrt(((X[:, None] - Y[None]) ** 2).sum(axis=2))
    np.testing.assert_allclose(ours(distances, 0.7), Matern(length_scale=0.7, nu=nu)(X, Y), atol=1e-12)


def test_the_portable_exponential_has_the_bits_of_the_c_library(rng):
    x = np.concatenate([rng.normal(0.0, 5.0, size=20_000), [0.0, -745.0, 700.0, -np.inf]])
    assert portable_exp(x).tolist() == [math.exp(value) for value in x.tolist()]
    distances = rng.exponential(size=(30, 40))
    np.testing.assert_allclose(matern52(distances, 0.7, portable_exp), matern52(distances, 0.7), rtol=1e-14)


def test_distances_do_not_grow_with_the_number_of_features(rng):
    X, Y = rng.normal(size=(4, 6)), rng.normal(size=(3, 6))
    expected = [[np.sqrt(np.mean((x - y) ** 2)) for y in Y] for x in X]
    np.testing.assert_allclose(scaled_distances(X, Y), expected)
    np.testing.assert_allclose(scaled_distances(np.tile(X, 3), np.tile(Y, 3)), expected)


@pytest.mark.parametrize("metric", ["euclidean", "cityblock"])
@pytest.mark.parametrize("n", [0, 3, 700])
def test_distances_of_many_are_those_of_scipy(metric, n, rng):
    X, Y = rng.normal(5.0, 2.0, size=(n, 40)), rng.normal(5.0, 2.0, size=(300, 40))
    Y[: min(n, 100)] = X[:100]  # equal rows
    np.testing.assert_allclose(distances_by(metric, X, Y), cdist(X, Y, metric), rtol=1e-9, atol=2e-6)


def test_sums_in_blocks_are_those_of_the_whole_matrix(rng):
    X, Y, weights = rng.normal(size=(1201, 5)), rng.normal(size=(60, 5)), rng.normal(size=(60, 3))
    expected = np.exp(-cdist(X, Y)) @ weights
    found = weighted_sums(lambda a, b: np.exp(-cdist(a, b)), X, Y, weights)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert weighted_sums(lambda a, b: cdist(a, b), X[:0], Y, weights).shape == (0, 3)
