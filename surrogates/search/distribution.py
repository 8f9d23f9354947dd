"""The update of DDPNAS: probabilities of the options of each decision from the values of architectures with them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

__all__ = ["followed", "standardised"]


def followed(
    logits: NDArray[np.float64], values: NDArray[np.float64], *, sharpness: float, momentum: float = 0.0
) -> NDArray[np.float64]:
    """Log probabilities of K options of D decisions after R rounds of architectures (Zheng et al., DDPNAS).

    theta <- E + momentum theta, normalised for each decision, where E is the mean over rounds of
    softmax(sharpness x value) along the options. Computed with logarithms, so that sharp distributions do not
    underflow.

    Args:
        logits: Log probabilities before, of shape (D, K); -inf for pruned options.
        values: Value of the architectures with an option in a round, higher is better, of shape (R, D, K); NaN for
            options that none of them had, which get no share of E. Every decision has one that is not NaN.
        sharpness: Logit of a value of 1.
        momentum: Share of theta that is kept.

    Returns:
        Log probabilities of shape (D, K).

    Example:
        >>> values = np.array([[[0.0, np.log(3.0), np.nan]]])
        >>> np.exp(followed(np.log([[0.5, 0.3, 0.2]]), values, sharpness=1.0, momentum=0.5)).round(3).tolist()
        [[0.333, 0.6, 0.067]]
    """
    sharp = np.where(np.isnan(values), -np.inf, sharpness * values)
    shares = sharp - logsumexp(sharp, axis=2, keepdims=True)
    mean = logsumexp(shares, axis=0) - np.log(len(values))
    if momentum:
        before = logits - logsumexp(logits, axis=1, keepdims=True)
        mean = np.logaddexp(mean, np.log(momentum) + before)
    return np.asarray(mean - logsumexp(mean, axis=1, keepdims=True))


def standardised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values less their mean, in standard deviations; zeros if all are equal.

    Example:
        >>> standardised(np.array([1.0, 3.0])).tolist()
        [-1.0, 1.0]
    """
    return np.asarray((values - values.mean()) / (float(values.std()) or 1.0))
