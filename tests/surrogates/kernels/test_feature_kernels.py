"""Kernels on weighted features against their formulas."""

from itertools import product

import numpy as np
import pytest

from benchmarks.errors import UnknownNameError
from surrogates.kernels.feature_kernels import FeatureKernel, FeatureKernels, feature_kernels
from surrogates.kernels.functions import CORRELATIONS, unit_distance

FORMULAS = {
    "laplace": lambda x, y: np.exp(-np.mean(np.abs(x - y)) / 2),
    "matern": lambda x, y: (1 + matern_r(x, y)) * np.exp(-matern_r(x, y)),
}
"""The kernels by name, with length scale 2."""


def matern_r(x, y):
    return np.sqrt(3 * np.mean((x - y) ** 2)) / 2


def test_every_kernel_has_a_formula_here():
    assert set(FORMULAS) == set(CORRELATIONS)


@pytest.mark.parametrize("shape", CORRELATIONS)
def test_a_feature_kernel_is_its_formula(shape, rng):
    X, Y, weights = rng.normal(size=(4, 6)), rng.normal(size=(3, 6)), rng.random(6)
    found = FeatureKernel(shape, 2.0, weights).matrix(X, Y)
    for (i, x), (j, y) in product(enumerate(X * weights), enumerate(Y * weights)):
        assert found[i, j] == pytest.approx(FORMULAS[shape](x, y))
    assert unit_distance(6, CORRELATIONS[shape][1]) in (6.0, np.sqrt(6))


def test_unknown_kernels_are_refused():
    with pytest.raises(UnknownNameError, match="did you mean 'matern'"):
        FeatureKernel("matern3", 1.0, np.ones(2))


def test_kernels_of_a_family_are_those_of_its_members(rng):
    X, rows, z = rng.normal(size=(12, 4)), np.arange(9), rng.normal(size=9)
    kernels = FeatureKernels(X, rows, z)
    members = feature_kernels(X[rows], z[:, None], (0.5, 1.0, 2.0, 4.0))
    assert len(members) == len(kernels.log_prior) == 24
    assert {member.length for member in members} == {0.5, 1.0, 2.0, 4.0}
    a, b = np.array([0, 10, 3]), np.array([11, 2])
    for j in (23, 0, 5, 22):
        np.testing.assert_allclose(next(kernels.matrices(a, b, [j])), members[j].matrix(X[a], X[b]))
