"""Stacking: weights of averaged predictors, fitted to their out-of-fold scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import nnls

__all__ = ["stack_weights"]

Float = NDArray[np.float64]


def stack_weights(
    scores: Float,
    target: Float,
    *,
    strength: float,
    prior: ArrayLike | None = None,
    row_weights: Float | None = None,
    normalise: bool = True,
) -> Float:
    """Non-negative stacking weights by least squares, shrunk towards a prior (Breiman, 1996).

    They minimise, over weights w >= 0, the sum over rows of row weight * (target - scores' w)^2, plus
    strength * |w - prior|^2.

    Args:
        scores: Out-of-fold scores of M members, of shape (M, n) or (M, n, T); rows with a NaN are ignored.
        target: Target scores, NaN where unknown, of shape (n,) or (n, T).
        strength: Strength of the prior, in rows of unit variance.
        prior: Prior weights, of shape (M,); 1 / M each if not given.
        row_weights: Weight of each row, of the shape of `target`; equal weights if not given.
        normalise: Whether to scale the weights to a sum of 1.

    Returns:
        Weights of shape (M,); the prior if all weights are 0.

    Example:
        >>> z = np.linspace(-1.5, 1.5, 64)
        >>> stack_weights(np.stack([z, -z]), z, strength=1.0).round(2).tolist()
        [1.0, 0.0]
        >>> stack_weights(np.stack([z, z]), z, strength=1.0, prior=[0.8, 0.2]).round(2).tolist()
        [0.8, 0.2]
    """
    members = len(scores)
    start = np.full(members, 1 / members) if prior is None else np.asarray(prior, dtype=np.float64)
    known = ~np.isnan(target) & ~np.isnan(scores).any(axis=0)
    scale = np.sqrt(np.ones(known.sum()) if row_weights is None else row_weights[known])
    design = np.concatenate([(scores[:, known] * scale).T, np.sqrt(strength) * np.eye(members)])
    weights = np.asarray(nnls(design, np.concatenate([target[known] * scale, np.sqrt(strength) * start]))[0])
    total = weights.sum()
    if total <= 0:
        return start
    return weights / total if normalise else weights
