"""Greedy choice of points to measure: each reduces the integrated posterior variance of a Gaussian process most.

The variance that a process expects after measurements does not depend on the measured values, so a design can be chosen
before any is made (Sacks, Welch, Mitchell and Wynn, Design and analysis of computer experiments, Statistical Science
1989, section 6: integrated mean squared error; one point at a time: Cohn, Neural Networks 1996). With Z_i the unknown
values, C their covariance given what was measured, s2 the variance of the noise and w the weights, measuring point j
reduces the sum of w_i var(Z_i) by sum_i w_i C_ij^2 / (C_jj + s2).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from surrogates.kernels.decompositions import Cholesky

__all__ = ["reduce_integrated_variance"]

Float = NDArray[np.float64]

_ROUNDING = 1e-9
"""Reductions that differ by less, relative to the largest, are equal: the first of them is chosen on every CPU."""


def reduce_integrated_variance(
    kernel: Float, weights: Float, noise: float, n: int, known: Sequence[int] = ()
) -> list[int]:
    """Choose n of m points greedily; the first points of a longer choice are the shorter choice.

    Each step costs one product of the kernel with a vector: the numerators of all candidates are updated, not
    recomputed, and C = kernel - R' R is not formed.

    Args:
        kernel: Prior covariance of the m points, of shape (m, m).
        weights: Importance of the variance of each point, not negative, of shape (m,).
        noise: Variance of the noise of a measurement.
        n: Number of points to choose; at most those that are not known.
        known: Points that were measured before.

    Returns:
        Positions of n different points, none of them known, in the order chosen.

    Example:
        >>> x = np.linspace(0, 1, 5)
        >>> kernel = np.exp(-np.abs(x[:, None] - x))
        >>> reduce_integrated_variance(kernel, np.full(5, 0.2), 0.1, 3)  # the centre first, then both halves
        [2, 0, 4]
        >>> reduce_integrated_variance(kernel, np.full(5, 0.2), 0.1, 1, known=[2, 4])
        [0]
    """
    m, before = len(kernel), list(known)
    root = np.empty((len(before) + n, m))  # R, one row per measurement
    if before:
        prior = Cholesky.from_kernel(kernel[np.ix_(before, before)], noise)
        root[: len(before)] = prior.whiten(kernel[before])
    so_far = root[: len(before)]
    variance = np.diag(kernel) - (so_far**2).sum(axis=0)
    squares = weights @ (kernel - so_far.T @ so_far) ** 2  # sum_i w_i C_ij^2
    free = np.ones(m, dtype=bool)
    free[before] = False
    chosen: list[int] = []
    for row in range(len(before), len(before) + n):
        reduction = np.where(free, squares / (np.maximum(variance, 0.0) + noise), -1.0)
        best = int(np.argmax(reduction >= (1 - _ROUNDING) * reduction.max()))
        chosen.append(best)
        free[best] = False
        so_far = root[:row]
        column = kernel[best] - so_far[:, best] @ so_far
        total = max(float(variance[best]), 0.0) + noise
        weighted = weights * column
        product = kernel @ weighted - (so_far @ weighted) @ so_far
        share = column / total
        squares += share * (share * (weighted @ column) - 2 * product)
        variance -= share * column
        root[row] = column / np.sqrt(total)
    return chosen
