"""Multi-task Gaussian processes: a kernel between architectures times a covariance matrix between tasks.

The intrinsic coregionalisation model (Bonilla, Chai and Williams, NIPS 2007): cov(f_s(x), f_t(x')) = B[s, t] k(x, x'),
plus noise with one variance per task. With K = U diag(s) U' the n x T labels decouple into n systems of size T.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmarks.short_repr import ShortRepr
from surrogates.kernels.decompositions import Eigen
from surrogates.kernels.leave_one_out import leave_one_out

__all__ = ["Coregion"]

Float = NDArray[np.float64]

_NOISE = 0.2
_SIGNAL = 0.8
_JITTER = 1e-6
_FILLS = 60
_CLOSE = 1e-4
_FAR = 50.0


@dataclass(frozen=True, repr=False)
class Coregion(ShortRepr):
    """Task covariance and noise variances fitted to labels, given a kernel.

    Attributes:
        between: Covariance B of the tasks, of shape (T, T).
        noise: Noise variance of each task, of shape (T,).
        loss: Negative log posterior of `between` and `noise`, up to a constant that all kernels share.
    """

    between: Float
    noise: Float
    loss: float

    @classmethod
    def fit(cls, eigen: Eigen, R: Float, max_iterations: int = 40) -> Coregion:
        """Maximise the posterior of B and the noise by L-BFGS, with a log-normal prior of each noise around 0.2.

        Args:
            eigen: Decomposition of the kernel between the n rows.
            R: Centred labels without missing values, of shape (n, T).
            max_iterations: Iterations of L-BFGS; few keep the fit to a small sample near the labels' covariance.
        """
        n, tasks = R.shape
        rotated = eigen.vectors.T @ R
        lower = np.tril_indices(tasks)
        covariance = (R.T @ R) / n
        start = np.linalg.cholesky(_SIGNAL * (0.9 * covariance + 0.1 * np.eye(tasks)))

        def loss(parameters: Float) -> tuple[float, Float]:
            root = np.zeros((tasks, tasks))
            root[lower] = parameters[:-tasks]
            log_noise = np.clip(parameters[-tasks:], -_FAR, _FAR)  # a long step of the line search must not overflow
            inverse, log_det = _invert(eigen.values, root @ root.T, np.exp(log_noise))
            solved = np.einsum("iab,ib->ia", inverse, rotated)  # (n, T)
            outer = inverse - solved[:, :, None] * solved[:, None, :]  # (n, T, T)
            by_between = np.einsum("i,iab->ab", eigen.values, outer)
            by_noise = 0.5 * np.einsum("iaa->a", outer) * np.exp(log_noise)
            away = log_noise - np.log(_NOISE)
            value = 0.5 * (rotated * solved).sum() + 0.5 * log_det + 0.5 * (away**2).sum()
            return float(value), np.concatenate([(by_between @ root)[lower], by_noise + away])

        first = np.concatenate([start[lower], np.full(tasks, np.log(_NOISE))])
        found = minimize(loss, first, jac=True, method="L-BFGS-B", options={"maxiter": max_iterations})
        root = np.zeros((tasks, tasks))
        root[lower] = found.x[:-tasks]
        return cls(root @ root.T, np.exp(found.x[-tasks:]), float(found.fun))

    def solve(self, eigen: Eigen, R: Float) -> Float:
        """Weights W of shape (n, T) such that k(x, rows) @ W is the posterior mean at x."""
        inverse, _ = _invert(eigen.values, self.between, self.noise)
        return np.asarray(eigen.vectors @ np.einsum("iab,ib->ia", inverse, eigen.vectors.T @ R) @ self.between)

    def fill(self, eigen: Eigen, R: Float, missing: NDArray[np.bool_]) -> Float:
        """R with missing values replaced by their posterior mean, of shape (n, T), so they do not affect the posterior.

        Missing values are predicted from the rest until they converge: the fixed point is the posterior mean given the
        measured labels.
        """
        if not missing.any():
            return R
        filled = R.copy()
        for _ in range(_FILLS):
            mean = (eigen.vectors * eigen.values) @ (eigen.vectors.T @ self.solve(eigen, filled))
            change = np.abs(filled - mean)[missing].max()
            filled[missing] = mean[missing]
            if change < _CLOSE:
                break
        return filled

    def left_out(self, eigen: Eigen, R: Float) -> Float:
        """Posterior mean of every row given the labels of all others, of shape (n, T)."""
        n, tasks = R.shape
        inverse, _ = _invert(eigen.values, self.between, self.noise)
        weights = np.asarray(eigen.vectors @ np.einsum("iab,ib->ia", inverse, eigen.vectors.T @ R))
        return leave_one_out(R, weights, (eigen.vectors**2 @ inverse.reshape(n, -1)).reshape(n, tasks, tasks))


def _invert(values: Float, between: Float, noise: Float) -> tuple[Float, float]:
    """Inverses of values[i] * between + diag(noise), of shape (n, T, T), and the sum of their log determinants."""
    systems = values[:, None, None] * between + np.diag(noise + _JITTER)
    return np.asarray(np.linalg.inv(systems)), float(np.linalg.slogdet(systems)[1].sum())
