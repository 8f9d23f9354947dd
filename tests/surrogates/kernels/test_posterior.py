"""The averaged process of a search against the joint normal distribution."""

import numpy as np
import pytest
from scipy.stats import invgamma, multivariate_normal, norm

from surrogates.kernels.feature_kernels import FeatureKernels
from surrogates.kernels.posterior import Posterior


class OneKernel:
    """A fixed covariance between a few functions."""

    def __init__(self, K: np.ndarray) -> None:
        self.K, self.log_prior = K, np.zeros(1)

    def matrices(self, a, b, which):
        return (self.K[np.ix_(a, b)] for _ in which)

    def variances(self, a, which):
        return (self.K[a, a] for _ in which)


def test_posterior_is_that_of_a_joint_normal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mean, variance and variance after one more label, by conditioning the joint normal distribution."""
    monkeypatch.setattr("surrogates.kernels.posterior._NOISES", (0.3,))
    rng = np.random.default_rng(0)
    root = rng.normal(size=(6, 6))
    K = root @ root.T / 6 + 0.2 * np.eye(6)
    rows, z, candidates = np.array([0, 1, 1, 2]), np.array([0.5, -1.0, -0.4, 0.9]), np.array([1, 3, 4, 5])
    posterior = Posterior(OneKernel(K), rows, z, candidates)
    scale = posterior._parts[0].hypothesis.scale

    def conditioned(given: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        S = K[np.ix_(given, given)] + 0.3 * np.eye(len(given))
        gain = np.linalg.solve(S, K[np.ix_(given, candidates)]).T
        return gain, np.diag(K[np.ix_(candidates, candidates)] - gain @ K[np.ix_(given, candidates)])

    gain, variance = conditioned(rows)
    np.testing.assert_allclose(posterior.mean(), z.mean() + gain @ (z - z.mean()), atol=1e-6)
    np.testing.assert_allclose(posterior.std() ** 2, scale * variance, atol=1e-6)
    posterior.expect(2)
    _, variance = conditioned(np.append(rows, candidates[2]))
    np.testing.assert_allclose(posterior.std_of_label() ** 2, scale * (variance + 0.3), atol=1e-6)


def test_hypotheses_are_weighed_by_their_evidence() -> None:
    """The difference of two losses is that of the log densities of the labels, prior and scale included."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(20, 3))
    rows, z = np.arange(20), rng.normal(size=20)
    kernels = FeatureKernels(X, rows, z)
    target = z - z.mean()
    posterior = Posterior(kernels, rows, z, rows)

    def log_density(hypothesis) -> float:
        K = next(kernels.matrices(rows, rows, [hypothesis.kernel])) + hypothesis.noise * np.eye(20)
        prior = invgamma(1e-12, scale=0.7).logpdf(hypothesis.scale) + norm(np.log(0.3)).logpdf(np.log(hypothesis.noise))
        return float(multivariate_normal(np.zeros(20), hypothesis.scale * K).logpdf(target) + prior)

    densities = np.array([log_density(part.hypothesis) for part in posterior._parts])
    expected = np.exp(densities - densities[0])
    np.testing.assert_allclose(posterior.shares, expected / expected.sum(), rtol=1e-6)
