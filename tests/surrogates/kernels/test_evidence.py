"""Evidence, weights and left-out predictions against scipy and against fits done again."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from scipy.stats import invgamma, multivariate_normal

from surrogates.kernels.decompositions import JITTER, Cholesky, Eigen
from surrogates.kernels.evidence import (
    evidence_by_cholesky,
    evidence_by_noise,
    likeliest,
    log_densities,
    posterior_probabilities,
    spread_rows,
)
from surrogates.kernels.leave_one_out import leave_one_out


@pytest.fixture
def kernel(rng):
    X = rng.normal(size=(11, 2))
    return np.exp(-np.abs(X[:, None] - X[None]).sum(axis=2))


def test_decompositions_solve_and_weigh(kernel, rng):
    noise, Z = rng.random(11), rng.normal(size=(11, 2))
    K = kernel + np.diag(noise + JITTER)
    covariance = Cholesky.from_kernel(kernel, noise)
    np.testing.assert_allclose(covariance.solve(Z), np.linalg.solve(K, Z), atol=1e-10)
    np.testing.assert_allclose(covariance.whiten(Z).T @ covariance.whiten(Z), Z.T @ np.linalg.solve(K, Z), atol=1e-10)
    assert covariance.log_root() == pytest.approx(np.linalg.slogdet(K)[1] / 2)
    eigen = Eigen.from_kernel(kernel)
    np.testing.assert_allclose((eigen.vectors * eigen.values) @ eigen.vectors.T, kernel, atol=1e-10)
    assert Eigen.from_kernel(np.ones((3, 3))).values.min() >= 0


def test_evidence_by_noise_is_that_of_the_likeliest_scale(kernel, rng):
    """At every noise level, against a search over scales of the density times its prior."""
    z, noises = rng.normal(size=11), np.array([0.05, 0.3, 1.0])
    found = evidence_by_noise(Eigen.from_kernel(kernel), z, noises, prior_rows=2.0, prior_scale=0.7)
    best = []
    for noise, scale in zip(noises, found.scale, strict=True):
        K = kernel + noise * np.eye(11)

        def log_density(log_scale, K=K):
            scale = np.exp(log_scale)
            prior = invgamma(1e-12, scale=0.7).logpdf(scale)  # as two rows of variance 0.7
            return multivariate_normal(np.zeros(11), scale * K).logpdf(z) + prior

        searched = minimize_scalar(lambda log_scale: -log_density(log_scale), bounds=(-5, 5), method="bounded")
        assert np.log(scale) == pytest.approx(searched.x, abs=1e-3)
        best.append(-searched.fun)
    np.testing.assert_allclose(found.log - found.log[0], np.array(best) - best[0], atol=1e-5)


def test_evidence_of_rows_with_noise_of_their_own(kernel, rng):
    Z, noise = rng.normal(size=(11, 3)), 0.1 + rng.random(11)
    covariances = [kernel, np.eye(11)]
    found = [evidence_by_cholesky(Cholesky.from_kernel(K, noise), Z) for K in covariances]
    for t, z in enumerate(Z.T):
        densities = [
            multivariate_normal(np.zeros(11), evidence.scale[t] * (K + np.diag(noise))).logpdf(z)
            for K, evidence in zip(covariances, found, strict=True)
        ]
        assert found[0].log[t] - found[1].log[t] == pytest.approx(densities[0] - densities[1], abs=1e-5)


def test_both_ways_to_the_evidence_agree(kernel, rng):
    z = rng.normal(size=11)
    by_noise = evidence_by_noise(Eigen.from_kernel(kernel), z, np.array([0.2]))
    by_cholesky = evidence_by_cholesky(Cholesky.from_kernel(kernel, 0.2), z[:, None])
    np.testing.assert_allclose(by_noise, by_cholesky, rtol=1e-6)


def test_log_densities_are_those_of_scipy(kernel, rng):
    z, noises = rng.normal(size=11), np.array([0.05, 0.4])
    covariances = np.stack([kernel + noise * np.eye(11) for noise in noises])
    expected = [multivariate_normal(np.zeros(11), K).logpdf(z) + 5.5 * np.log(2 * np.pi) for K in covariances]
    np.testing.assert_allclose(log_densities(covariances, z, noises), expected, atol=1e-9)


def test_weights_are_a_softmax_of_what_is_kept(rng):
    log_weights = 3 * rng.normal(size=20) - 900
    np.testing.assert_allclose(posterior_probabilities(log_weights), softmax(log_weights))
    kept, weights = likeliest(log_weights, at_most=4, within=np.inf)
    assert kept.tolist() == np.argsort(-log_weights)[:4].tolist()
    np.testing.assert_allclose(weights, softmax(log_weights[kept]))
    near, _ = likeliest(log_weights, at_most=20)
    assert near.tolist() == [j for j in np.argsort(-log_weights) if log_weights[j] >= log_weights.max() - 5]
    assert likeliest(np.zeros(5), at_most=3)[0].tolist() == [0, 1, 2], "the first of equals"


@pytest.mark.parametrize(("n", "most"), [(1, 5), (5, 5), (160, 160), (1000, 160)])
def test_spread_rows_reach_from_end_to_end(n, most):
    rows = spread_rows(n, most)
    assert len(rows) == min(n, most)
    assert (rows[0], rows[-1]) == (0, n - 1)
    assert np.diff(rows, prepend=-1).min() >= 1


@pytest.mark.parametrize("tasks", [0, 1, 3])
def test_left_out_rows_are_predicted_as_if_never_seen(kernel, rng, tasks):
    """By conditioning the dense covariance on all other rows; tasks 0: one task as a vector."""
    n, T = len(kernel), max(tasks, 1)
    root = rng.normal(size=(T, T))
    noise = np.diag(0.1 + rng.random(T))
    covariance = np.kron(kernel, root @ root.T) + np.kron(np.eye(n), noise)
    Z = rng.normal(size=(n, T))
    inverse = np.linalg.inv(covariance)
    weights = (inverse @ Z.ravel()).reshape(n, T)
    blocks = np.stack([inverse[i * T : (i + 1) * T, i * T : (i + 1) * T] for i in range(n)])
    found = leave_one_out(Z, weights, blocks) if tasks else leave_one_out(Z[:, 0], weights[:, 0], blocks[:, 0, 0])
    for i in range(n):
        own = np.arange(i * T, (i + 1) * T)
        rest = np.setdiff1d(np.arange(n * T), own)
        expected = covariance[np.ix_(own, rest)] @ np.linalg.solve(covariance[np.ix_(rest, rest)], Z.ravel()[rest])
        np.testing.assert_allclose(np.atleast_1d(found[i]), expected, atol=1e-8)
