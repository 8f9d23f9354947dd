"""Updates of a pre-trained network with k labels, and weights to average them.

Which update is best depends on k, and few labels cannot select it: the out-of-fold Kendall tau of eight rows is mostly
noise. An average avoids the selection and is better than most of its parts. Its prior weights are equal for few labels
and shift to "scratch" with more; out-of-fold scores correct them. The prior stays strong because out-of-fold scores are
those of single members, which favours the head: its members agree more than networks trained from scratch.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from surrogates.calibration.stacking import stack_weights

__all__ = ["AVERAGED", "UPDATES", "Update", "hold_out", "out_of_fold", "update_weights"]

Update: TypeAlias = Literal["scratch", "head", "adapter", "full"]
UPDATES: tuple[Update, ...] = ("scratch", "head", "adapter", "full")
AVERAGED: tuple[Update, ...] = ("scratch", "head", "adapter")
"""Updates averaged by ``"auto"``; adding "full" made no measurable difference."""
_EQUAL_UNTIL = 64.0
"""Number of labels at which the prior weight shared equally by all updates has halved."""
_PRIOR_ROWS = 32.0

Float = NDArray[np.float64]


def update_weights(scores: Float, Z: Float) -> Float:
    """Weights of U updates: non-negative least squares on out-of-fold scores, shrunk towards a prior.

    Args:
        scores: Out-of-fold scores, of shape (U, n, T), those from scratch first.
        Z: Normal scores of the labels, NaN where not measured, of shape (n, T).

    Returns:
        Weights of shape (U,), with sum 1.

    Example:
        >>> Z = np.linspace(-1.5, 1.5, 64)[:, None]
        >>> update_weights(np.stack([Z, Z]), Z).round(2).tolist()
        [0.75, 0.25]
    """
    updates, n, tasks = scores.shape
    prior = np.full(updates, _EQUAL_UNTIL / (_EQUAL_UNTIL + n) / updates)
    prior[0] += 1 - prior.sum()
    strength = (_PRIOR_ROWS + n) * tasks  # the prior counts as n + 32 rows
    return stack_weights(scores, Z, prior=prior, strength=strength)


def hold_out(fold: NDArray[np.int64], members: int) -> NDArray[np.bool_]:
    """Training rows of each of K members, of shape (K, n): all but one fold, or all if there is only one fold.

    Args:
        fold: The fold of every row, from 0, of shape (n,).
        members: Number K of members.
    """
    folds = int(fold.max()) + 1
    left_out = np.arange(members) % folds if folds > 1 else np.full(members, -1)
    return np.asarray(fold != left_out[:, None])


def out_of_fold(scores: Float, seen: NDArray[np.bool_]) -> Float:
    """Mean over the members not trained on a row, of shape (n, T); over all members if all are trained on all rows.

    Args:
        scores: Scores by every member, of shape (K, n, T).
        seen: Training rows from `hold_out`, of shape (K, n).
    """
    asked = ~seen if not seen.all() else seen
    return np.asarray((scores * asked[:, :, None]).sum(axis=0) / asked.sum(axis=0)[:, None])
