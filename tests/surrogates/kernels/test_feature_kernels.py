"""Kernels on weighted features against their formulas."""

from itertools import product

import numpy as np
import pytest

from surrogates.kernels.feature_kernels import FeatureKernel, FeatureKernels, feature_kernels
from surrogates.kernels.functions import CORRELATIONS, unit_distance


@pytest.mark.parametrize("shape", CORRELATIONS)
def test_a_feature_kernel_is_its_formula(shape, rng):
    X, Y, weights = rng.normal(size=(4, 6)), rng.normal(size=(3, 6)), rng.random(6)
    found = FeatureKernel(shape, 2.0, weights).matrix(X, Y)
    for (i, x), (j, y) in product(enumerate(X * weights), enumerate(Y * weights)):
        r = np.mean(np.abs(x - y)) / 2 if shape == "laplace" else np.sqrt(3 * np.mean((x - y) ** 2)) / 2
        assert found[i, j] == pytest.approx(np.exp(-r) * (1 if shape == "laplace" else 1 + r))
    assert unit_distance(6, CORRELATIONS[shape][1]) in (6.0, np.sqrt(6))


def test_kernels_of_a_family_are_those_of_its_members(rng):
    X, rows, z = rng.normal(size=(12, 4)), np.arange(9), rng.normal(size=9)
    kernels = FeatureKernels(X, rows, z)
    members = feature_kernels(X[rows], z[:, None], (0.5, 1.0, 2.0, 4.0))
    assert len(members) == len(kernels.log_prior) == 24
    assert {member.length for member in members} == {0.5, 1.0, 2.0, 4.0}
    a, b = np.array([0, 10, 3]), np.array([11, 2])
    for j in (23, 0, 5, 22):
        np.testing.assert_allclose(next(kernels.matrices(a, b, [j])), members[j].matrix(X[a], X[b]))
