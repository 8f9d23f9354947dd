"""Local search: hill climbing to better neighbours, with random restarts."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from surrogates.search.base import Searcher
from surrogates.search.ranks import scores
from surrogates.search.space_arrays import moves

__all__ = ["LocalSearch"]


class LocalSearch(Searcher):
    """Hill climbing with restarts (White, Nolen and Savani, "Exploring the loss landscape in NAS", UAI 2021).

    A climb starts at the best of a few random architectures. It queries the neighbours of its current architecture in
    random order and moves as soon as one is better (the paper's "query until lower"); when no neighbour is left, a new
    climb starts from random architectures.

    Deviations: no architecture is queried twice, so a climb skips neighbours that an earlier climb queried. With
    several tasks, a neighbour is better if it wins on more tasks than it loses.

    Args:
        initial: Number of random architectures at the start of a climb.
        random_state: Seed.

    Example:
        >>> searcher = LocalSearch(initial=1).start("transnas101-micro")
        >>> first = searcher.ask()
        >>> searcher.tell(first, [1.0])
        >>> searcher.ask()[0] in searcher.space_.neighbors(first[0])
        True
    """

    def __init__(self, *, initial: int = 10, random_state: int = 0) -> None:
        super().__init__(random_state=random_state)
        self.initial = initial

    def begin(self) -> None:
        if self.initial < 1:
            raise ValueError(f"expected initial >= 1, got {self.initial}")
        self._here = -1  # current row; -1 before the first value of a climb
        self._value: NDArray[np.float64] = np.zeros(0)
        self._starting = self.initial  # random architectures of this climb still to ask for
        self._climbs = 0  # finished climbs

    def propose(self, n: int) -> Iterable[int]:
        told_enough = self._climbs == 0 and len(self.rows_) >= self.initial  # told, not only asked
        if self._here >= 0 and (self._starting <= 0 or told_enough):
            around = moves(self.space_, self._here, self.free_)
            if len(around) > 1 and n == 1:
                return [int(around[self.rng_.integers(len(around))])]
            if len(around):
                return self.rng_.permutation(around)[:n]
            self._here, self._starting = -1, self.initial
            self._climbs += 1
        count = min(n, max(1, self._starting))
        self._starting -= count
        return self.random_rows(count)

    def learn(self, rows: list[int], values: NDArray[np.float64]) -> None:
        for row, value in zip(rows, values, strict=True):
            if self._here < 0 or _better(value, self._value):
                self._here, self._value = row, value


def _better(new: NDArray[np.float64], old: NDArray[np.float64]) -> bool:
    if len(new) == 1:
        return bool(new[0] > old[0])
    both = scores(np.stack([new, old]))
    return bool(both[0] > both[1])
