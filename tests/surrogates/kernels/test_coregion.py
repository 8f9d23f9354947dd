"""The algebra of several tasks against plain dense formulas."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from surrogates.kernels import coregion
from surrogates.kernels.coregion import Coregion
from surrogates.kernels.decompositions import Eigen


@pytest.fixture
def problem(rng):
    """A kernel matrix of 15 rows, labels of 3 tasks, and what they say about the tasks."""
    X = rng.normal(size=(15, 2))
    kernel = np.exp(-np.abs(X[:, None] - X[None]).sum(axis=2))
    root = rng.normal(size=(3, 3))
    tasks = Coregion(root @ root.T, np.array([0.1, 0.2, 0.4]), 0.0)
    return kernel, rng.normal(size=(15, 3)), tasks


def dense(kernel, tasks):
    """Covariance of all labels, row by row, of shape (n T, n T), and that of the signal alone."""
    signal = np.kron(kernel, tasks.between)
    return signal + np.kron(np.eye(len(kernel)), np.diag(tasks.noise + coregion._JITTER)), signal


def test_posterior_equals_the_dense_formula(problem):
    kernel, R, tasks = problem
    covariance, signal = dense(kernel, tasks)
    expected = (signal @ np.linalg.solve(covariance, R.ravel())).reshape(R.shape)
    np.testing.assert_allclose(kernel @ tasks.solve(Eigen.from_kernel(kernel), R), expected, atol=1e-8)


def test_left_out_rows_are_predicted_as_if_never_seen(problem):
    kernel, R, tasks = problem
    left_out = tasks.left_out(Eigen.from_kernel(kernel), R)
    for i in (0, 7, 14):
        rest = np.delete(np.arange(len(R)), i)
        weights = tasks.solve(Eigen.from_kernel(kernel[np.ix_(rest, rest)]), R[rest])
        np.testing.assert_allclose(left_out[i], kernel[i, rest] @ weights, atol=1e-6)


def test_gaps_say_nothing(problem, rng):
    kernel, R, tasks = problem
    missing = rng.random(R.shape) < 0.3
    eigen = Eigen.from_kernel(kernel)
    filled = tasks.fill(eigen, np.where(missing, 0.0, R), missing)
    covariance, signal = dense(kernel, tasks)
    known = ~missing.ravel()
    expected = signal[:, known] @ np.linalg.solve(covariance[np.ix_(known, known)], R.ravel()[known])
    np.testing.assert_allclose((kernel @ tasks.solve(eigen, filled)).ravel(), expected, atol=0.02)


def test_gradient_is_that_of_the_loss(problem, monkeypatch):
    kernel, R, _ = problem
    caught = []
    monkeypatch.setattr(coregion, "minimize", lambda loss, start, **_: caught.append((loss, start)) or minimum(start))

    class minimum:  # noqa: N801
        def __init__(self, start):
            self.x, self.fun = start, 0.0

    Coregion.fit(Eigen.from_kernel(kernel), R)
    loss, start = caught[0]
    np.testing.assert_allclose(loss(start)[1], approx_fprime(start, lambda x: loss(x)[0]), rtol=1e-3, atol=1e-3)
