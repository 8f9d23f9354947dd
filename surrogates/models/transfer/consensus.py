"""What source tasks expect of a task without labels: a sum of their scores, weighted by how much they agree.

Nothing tells which of the sources the new task resembles, so each counts as much as the others predict it: its
correlation with the mean of the others, 0 if that is negative. Costs, such as latency, say nothing of tasks that are
none, nor the reverse.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["TRAINING_NOISE", "SourceKinds", "consensus_weights", "left_out_consensus"]

Float = NDArray[np.float64]
Bools = NDArray[np.bool_]

TRAINING_NOISE = 0.35
"""Standard deviation of measured around source scores; it is 0.15 to 0.36 for separate trainings of equal functions."""


class SourceKinds(NamedTuple):
    """Directions and kinds of S source tasks.

    Attributes:
        signs: +1 where a higher source score is better, else -1, of shape (S,).
        costs: Whether the task is a cost, of shape (S,).
    """

    signs: Float
    costs: Bools

    def without(self, source: int) -> SourceKinds:
        """The kinds of all sources but one."""
        return SourceKinds(np.delete(self.signs, source), np.delete(self.costs, source))


def consensus_weights(scores: Float, kinds: SourceKinds, cost: bool = False) -> Float:
    """Weights of the source scores in the expectation of a task that is better when higher.

    Args:
        scores: Source scores of n architectures, of shape (n, S).
        kinds: Directions and kinds of the sources.
        cost: Whether the task is a cost.

    Returns:
        Weights of shape (S,), such that the expectation, ``scores @ weights``, has a standard deviation of 1; all are 0
        if no source is of the kind of the task, or none varies.

    Example:
        >>> z = np.array([-1.0, 0.0, 1.0])
        >>> scores = np.stack([z, -z, z**2], axis=1)
        >>> kinds = SourceKinds(np.array([1.0, -1.0, 1.0]), np.array([False, False, True]))
        >>> consensus_weights(scores, kinds).round(2).tolist()
        [0.61, -0.61, 0.0]
    """
    weights = np.zeros(scores.shape[1])
    like = np.flatnonzero(kinds.costs == cost)
    signed = scores[:, like] * kinds.signs[like]
    agreement = _agreement(signed)
    spread = float((signed @ agreement).std())
    if spread > 0:
        weights[like] = kinds.signs[like] * agreement / spread
    return weights


def left_out_consensus(scores: Float, kinds: SourceKinds, cost: bool = False) -> tuple[Float, Float]:
    """Each source of a kind, and what the others expect of it.

    Args:
        scores: Source scores of n architectures, of shape (n, S).
        kinds: Directions and kinds of the sources.
        cost: Whether the sources to leave out are costs.

    Returns:
        Scores of the m sources left out in turn, better when higher, and the expectation of each, each of shape (m, n);
        m is 0 if fewer than two sources are of the kind.
    """
    like = np.flatnonzero(kinds.costs == cost)
    like = like if len(like) > 1 else like[:0]
    others = [(np.delete(scores, source, axis=1), kinds.without(source)) for source in like.tolist()]
    expected = [rest @ consensus_weights(rest, their, cost) for rest, their in others]
    shape = (len(like), len(scores))
    return (scores[:, like] * kinds.signs[like]).T, np.array(expected).reshape(shape)


def _agreement(scores: Float) -> Float:
    """Correlation of each of S scores with the mean of the others, at least 0, of shape (S,); 1 each if all are 0."""
    n_sources = scores.shape[1]
    if n_sources < 2:
        return np.ones(n_sources)
    centred = scores - scores.mean(axis=0)
    others = (centred.sum(axis=1, keepdims=True) - centred) / (n_sources - 1)
    norms = np.sqrt((centred**2).sum(axis=0) * (others**2).sum(axis=0))
    agreement = np.maximum((centred * others).sum(axis=0) / np.where(norms > 0, norms, np.inf), 0.0)
    return agreement if agreement.any() else np.ones(n_sources)
