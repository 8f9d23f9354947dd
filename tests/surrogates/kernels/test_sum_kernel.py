"""Sums of kernels: evidence and its slope against scipy, left-out rows against refits, what additive labels learn."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import approx_fprime
from scipy.stats import multivariate_normal

from surrogates.kernels.sum_kernel import Component, SumKernel, negative_log_evidence

COMPONENTS = [Component("linear", 0, 2), Component("linear", 2, 5), Component("matern", 0, 5, 2.0)]


@pytest.fixture
def rows(rng):
    X = rng.normal(size=(20, 5))
    return X, X[:, 0] - 2 * X[:, 3] + 0.1 * rng.normal(size=20)


def test_evidence_is_the_normal_density(rows):
    X, r = rows
    kernels = np.stack([component.matrix(X, X) for component in COMPONENTS])
    variances = np.array([0.5, 2.0, 0.3, 0.1])
    value, slope = negative_log_evidence(kernels, r, variances)
    covariance = np.tensordot(variances[:-1], kernels, 1) + (0.1 + 1e-8) * np.eye(20)
    assert_allclose(-value - 10 * np.log(2 * np.pi), multivariate_normal(np.zeros(20), covariance).logpdf(r))
    numeric = approx_fprime(variances, lambda v: negative_log_evidence(kernels, r, v)[0], 1e-7)
    assert_allclose(slope, numeric, rtol=1e-4)


def test_fit_is_a_maximum_and_follows_the_unit(rows):
    X, r = rows
    fitted = SumKernel.fit(COMPONENTS, X, r)
    kernels = np.stack([component.matrix(X, X) for component in COMPONENTS])
    best = negative_log_evidence(kernels, r, np.append(fitted.variances, fitted.noise))[0]
    start = negative_log_evidence(kernels, r, np.append(np.full(3, np.mean(r**2) / 3), 0.05 * np.mean(r**2)))[0]
    assert best < start - 5
    assert_allclose(SumKernel.fit(COMPONENTS, X, 1000 * r).variances, 1e6 * fitted.variances, rtol=1e-6)


def test_left_out_rows_are_those_of_refits(rows):
    X, r = rows
    kernel = SumKernel(tuple(COMPONENTS), np.array([0.5, 2.0, 0.3]), 0.1)
    weights, left_out = kernel.solve(X, r)
    assert_allclose(kernel.matrix(X, X) @ weights + 0.1 * weights, r, rtol=1e-5)
    for row in range(len(r)):
        rest = np.arange(len(r)) != row
        others, _ = kernel.solve(X[rest], r[rest])
        assert_allclose(left_out[row], (kernel.matrix(X[[row]], X[rest]) @ others)[0], rtol=1e-5)


def test_additive_labels_are_extrapolated(rng):
    X = rng.normal(size=(12, 5))
    slope = np.array([1.0, 0.0, -2.0, 0.5, 3.0])
    centre = (X @ slope).mean()
    kernel = SumKernel.fit(COMPONENTS, X, X @ slope - centre)
    weights, _ = kernel.solve(X, X @ slope - centre)
    new = 5 * rng.normal(size=(50, 5))
    assert_allclose(centre + kernel.matrix(new, X) @ weights, new @ slope, atol=1)  # of a range of 80
