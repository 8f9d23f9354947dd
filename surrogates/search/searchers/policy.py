"""A factorised categorical distribution over the architectures of a space."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.spaces.space import Space
from surrogates.search.space_arrays import choices

__all__ = ["Policy"]


class Policy:
    """Independent categorical decisions, conditioned on the architecture being one of a given set.

    The set is enumerated, so the normalisation is exact; a sequential controller only approximates it.

    Args:
        space: The space; its architectures have D decisions (`choices`).

    Attributes:
        choices: Option of each of N architectures at each decision, of shape (N, D).
        logits: Logits of the K options of each of D decisions, of shape (D, K); initially 0.

    Example:
        >>> from benchmarks import get_space
        >>> policy = Policy(get_space("transnas101-micro"))
        >>> policy.logits[0, 3] = 50.0
        >>> rows = policy.draw(5, np.ones(4096, dtype=bool), np.random.default_rng(0))
        >>> policy.choices[rows, 0].tolist()
        [3, 3, 3, 3, 3]
    """

    def __init__(self, space: Space) -> None:
        self.choices = choices(space)
        self.logits = np.zeros((self.choices.shape[1], int(self.choices.max()) + 1))
        self._decisions = np.arange(self.choices.shape[1])

    def scores(self) -> NDArray[np.float64]:
        """Unnormalised log probability of every architecture, of shape (N,)."""
        return np.asarray(self.logits[self._decisions, self.choices].sum(axis=1))

    def draw(self, n: int, free: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int64]:
        """Up to n rows sampled without replacement among the free ones (mask of shape (N,))."""
        rows = np.flatnonzero(free)
        keys = self.scores()[rows] + rng.gumbel(size=len(rows))  # the n largest keys are the sample (Gumbel-top-k)
        return rows[np.argsort(-keys, kind="stable")[:n]]

    def gradient(self, rows: NDArray[np.int64], weights: NDArray[np.float64], allowed: NDArray[np.bool_]) -> None:
        """Add the sum over n rows of weight x gradient of the log probability within the allowed set to the logits."""
        scores = np.where(allowed, self.scores(), -np.inf)
        probability = np.exp(scores - scores.max())
        probability /= probability.sum()
        change = -weights.sum() * self._tally(probability)
        taken = np.bincount(rows, weights=weights, minlength=len(self.choices))
        self.logits += change + self._tally(taken)

    def _tally(self, weights: NDArray[Any]) -> NDArray[np.float64]:
        """Sum of the weights of the architectures with each option, of shape (D, K)."""
        n_options = self.logits.shape[1]
        return np.stack([np.bincount(column, weights=weights, minlength=n_options) for column in self.choices.T])
