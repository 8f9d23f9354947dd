"""Ways to use k labels with a pre-trained network, and how they are averaged.

Which way is best depends on k, and few labels cannot tell: the out-of-fold Kendall tau of eight rows is mostly noise.
An average needs no choice and is better than most of its parts. Its weights begin equal and move to "from scratch" as
labels accumulate; out-of-fold scores correct that. They are not trusted alone: each is of one member, which flatters
the head, whose members agree more than networks that learned from scratch.
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
"""What ``"auto"`` averages; with "full" as well it measured the same."""
_EQUAL_UNTIL = 64.0
"""Labels at which the share that is not from scratch has halved."""
_PRIOR_ROWS = 32.0

Float = NDArray[np.float64]


def update_weights(scores: Float, Z: Float) -> Float:
    """Weights that fit labels by the scores of U updates: non-negative least squares, drawn to a prior.

    Args:
        scores: Out-of-fold scores, of shape (U, n, T), those from scratch first.
        Z: Normal scores of the labels, NaN where not measured, of shape (n, T).

    Returns:
        Weights of shape (U,), sum 1.

    Example:
        >>> Z = np.linspace(-1.5, 1.5, 64)[:, None]
        >>> update_weights(np.stack([Z, Z]), Z).round(2).tolist()
        [0.75, 0.25]
    """
    updates, n, tasks = scores.shape
    prior = np.full(updates, _EQUAL_UNTIL / (_EQUAL_UNTIL + n) / updates)
    prior[0] += 1 - prior.sum()
    strength = (_PRIOR_ROWS + n) * tasks  # the prior says as much as n + 32 rows
    return stack_weights(scores, Z, prior=prior, strength=strength)


def hold_out(fold: NDArray[np.int64], members: int) -> NDArray[np.bool_]:
    """Which rows each of K members sees, of shape (K, n): all but one fold, or all if there is one fold only.

    Args:
        fold: The fold of every row, from 0, of shape (n,).
        members: Their number K.
    """
    folds = int(fold.max()) + 1
    left_out = np.arange(members) % folds if folds > 1 else np.full(members, -1)
    return np.asarray(fold != left_out[:, None])


def out_of_fold(scores: Float, seen: NDArray[np.bool_]) -> Float:
    """Mean of the members that did not see a row, of shape (n, T); of all members where every member sees all rows.

    Args:
        scores: Of every member, of shape (K, n, T).
        seen: From `hold_out`, of shape (K, n).
    """
    asked = ~seen if not seen.all() else seen
    return np.asarray((scores * asked[:, :, None]).sum(axis=0) / asked.sum(axis=0)[:, None])
