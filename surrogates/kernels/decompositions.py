"""Decompositions of kernel matrices, which make solves, log determinants and changes of the noise cheap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, solve_triangular

from benchmarks.short_repr import ShortRepr

__all__ = ["JITTER", "Cholesky", "Eigen"]

Float = NDArray[np.float64]

JITTER = 1e-8
"""Added to the noise variance, so a kernel matrix with equal rows is positive definite."""


@dataclass(frozen=True, repr=False)
class Cholesky(ShortRepr):
    """Lower factor L, of shape (n, n), of a covariance L L' of noisy labels.

    Example:
        >>> Cholesky.from_kernel(np.eye(2), 3.0).solve(np.array([4.0, 8.0])).round(6).tolist()
        [1.0, 2.0]
    """

    factor: Float

    @classmethod
    def from_kernel(cls, kernel: Float, noise: float | Float) -> Cholesky:
        """Decompose a kernel of shape (n, n) plus noise: one variance, or one per row, of shape (n,)."""
        return cls(np.asarray(np.linalg.cholesky(kernel + (noise + JITTER) * np.eye(len(kernel)))))

    def whiten(self, X: Float) -> Float:
        """The inverse of L times X, of shape (n,) or (n, m)."""
        return np.asarray(solve_triangular(self.factor, X, lower=True))

    def solve(self, X: Float) -> Float:
        """The inverse of the covariance times X, of shape (n,) or (n, m)."""
        return np.asarray(cho_solve((self.factor, True), X))

    def log_root(self) -> float:
        """Half the log determinant of the covariance."""
        return float(np.log(np.diag(self.factor)).sum())


@dataclass(frozen=True, repr=False)
class Eigen(ShortRepr):
    """Eigenvalues, of shape (n,), and eigenvectors, of shape (n, n), of a kernel matrix without noise."""

    values: Float
    vectors: Float

    @classmethod
    def from_kernel(cls, kernel: Float) -> Eigen:
        """Decompose a kernel matrix of shape (n, n)."""
        values, vectors = np.linalg.eigh(kernel)
        return cls(np.maximum(values, 0.0), vectors)
