"""REINFORCE: policy-gradient search with a categorical controller."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from surrogates.search.base import Searcher
from surrogates.search.ranks import scores
from surrogates.search.searchers.policy import Policy

__all__ = ["Reinforce"]


class Reinforce(Searcher):
    """Policy gradient (Williams, Machine Learning 1992; Zoph and Le, "NAS with reinforcement learning", ICLR 2017).

    A controller samples architectures; each value makes their decisions more or less likely, in proportion to its
    difference from a moving average. S2DNAS (Yuan et al., ECCV 2020), among others, uses a controller of this kind.

    Deviations: the controller is one categorical distribution per decision, as in the reference runs of the benchmarks
    (Ying et al., NAS-Bench-101, ICML 2019), not a recurrent network, as there are only six decisions. Its probabilities
    are normalised exactly over the allowed architectures. Rewards are divided by their standard deviation so far, so
    that the learning rate does not depend on the unit.

    Args:
        learning_rate: Step of the logits for a reward one standard deviation above the average.
        decay: Decay of the moving average of the rewards.
        random_state: Seed.

    Example:
        >>> searcher = Reinforce().start("transnas101-micro")
        >>> for _ in range(30):
        ...     archs = searcher.ask(10)
        ...     searcher.tell(archs, [arch.count("3") for arch in archs])
        >>> bool(searcher.policy_.logits[:, 3].mean() > searcher.policy_.logits[:, 0].mean())
        True
    """

    def __init__(self, *, learning_rate: float = 0.3, decay: float = 0.9, random_state: int = 0) -> None:
        super().__init__(random_state=random_state)
        self.learning_rate = learning_rate
        self.decay = decay

    def begin(self) -> None:
        if not self.learning_rate > 0 or not 0 <= self.decay < 1:
            raise ValueError(
                f"expected learning_rate > 0 and 0 <= decay < 1, got {self.learning_rate} and {self.decay}"
            )
        self.policy_ = Policy(self.space_)
        self._average: float | None = None

    def propose(self, n: int) -> Iterable[int]:
        return self.policy_.draw(n, self.free_, self.rng_)

    def learn(self, rows: list[int], values: NDArray[np.float64]) -> None:
        known = scores(self.values_)
        rewards = known[-len(rows) :]
        spread = float(known.std())
        if self._average is None:
            self._average = float(rewards.mean())
        if spread > 0:
            weights = self.learning_rate * (rewards - self._average) / spread
            self.policy_.gradient(np.array(rows), weights, self.allowed_)
        for reward in rewards.tolist():
            self._average = self.decay * self._average + (1 - self.decay) * reward
