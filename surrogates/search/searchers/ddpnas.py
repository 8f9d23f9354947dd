"""DDPNAS: sample from a categorical distribution whose least probable options are pruned round by round."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from surrogates.search.base import Searcher
from surrogates.search.distribution import followed, standardised
from surrogates.search.ranks import scores
from surrogates.search.searchers.policy import Policy

__all__ = ["DDPNAS"]


class DDPNAS(Searcher):
    """Dynamic distribution pruning (Zheng et al., "DDPNAS", International Journal of Computer Vision 2023).

    Architectures are drawn from a joint categorical distribution with one factor per decision. After every round the
    probability of an option is set from the mean value of the architectures with that option, and every decision loses
    its least probable option, until one architecture remains.

    Deviations: the paper scores architectures by an epoch of training inside a weight-sharing network, as
    `surrogates.supernet.search_ddpnas` does; here they are measured, and the update has no momentum. An option is not
    pruned if no free architecture would remain without it (not every combination is a valid skeleton or meets the
    constraint). When all remaining architectures were asked for, the last round of pruning is undone, and the search
    continues around the architecture it found.

    Args:
        round_size: Number of architectures between two rounds of pruning.
        sharpness: Logit of an option whose architectures are one standard deviation better than the mean.
        random_state: Seed.

    Example:
        >>> searcher = DDPNAS(round_size=20).start("transnas101-micro")
        >>> for _ in range(4):
        ...     archs = searcher.ask(20)
        ...     searcher.tell(archs, [arch.count("3") for arch in archs])
        >>> bool(searcher.remaining_.sum(axis=1).max() <= 2)
        True
    """

    def __init__(self, *, round_size: int = 20, sharpness: float = 1.0, random_state: int = 0) -> None:
        super().__init__(random_state=random_state)
        self.round_size = round_size
        self.sharpness = sharpness

    def begin(self) -> None:
        if self.round_size < 1:
            raise ValueError(f"expected round_size >= 1, got {self.round_size}")
        self.policy_ = Policy(self.space_)
        self.remaining_ = np.ones(self.policy_.logits.shape, dtype=bool)
        self._before: list[NDArray[np.bool_]] = []  # remaining options before each round of pruning
        self._pruned_at = 0

    def propose(self, n: int) -> Iterable[int]:
        if len(self.rows_) - self._pruned_at >= self.round_size:
            self._pruned_at = len(self.rows_)
            self._follow()
            self._prune()
        while not (left := self._inside(self.remaining_) & self.free_).any():
            self.remaining_ = self._before.pop()
        return self.policy_.draw(n, left, self.rng_)

    def _inside(self, remaining: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Mask of the architectures that use only remaining options, of shape (N,)."""
        taken = self.policy_.choices
        return np.asarray(remaining[np.arange(taken.shape[1]), taken].all(axis=1))

    def _follow(self) -> None:
        """Update the distribution from the mean observed value with each option, in standard deviations."""
        standard = standardised(scores(self.values_))
        taken = self.policy_.choices[self.rows_]
        inside = self._inside(self.remaining_)[self.rows_]
        means = np.zeros((1, *self.policy_.logits.shape))
        for decision, options in enumerate(means[0]):
            for option in range(len(options)):
                having = taken[:, decision] == option
                recent = having & inside
                chosen = recent if recent.any() else having
                options[option] = standard[chosen].mean() if chosen.any() else 0.0
        self.policy_.logits = followed(self.policy_.logits, means, sharpness=self.sharpness)

    def _prune(self) -> None:
        """Drop the least probable option of every decision with several left, the largest gap first."""
        self._before.append(self.remaining_.copy())
        logits = np.where(self.remaining_, self.policy_.logits, np.inf)
        contested = np.flatnonzero(self.remaining_.sum(axis=1) > 1)
        gaps = np.diff(np.sort(logits, axis=1)[:, :2], axis=1)[:, 0]
        for decision in contested[np.argsort(-gaps[contested], kind="stable")].tolist():
            fewer = self.remaining_.copy()
            fewer[decision, logits[decision].argmin()] = False
            if (self._inside(fewer) & self.free_).any():
                self.remaining_ = fewer
