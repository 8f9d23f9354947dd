"""Regularised evolution: tournament selection, mutation, and removal of the oldest member."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from surrogates.search.base import Searcher
from surrogates.search.ranks import scores
from surrogates.search.space_arrays import moves, neighbor_rows

__all__ = ["RegularisedEvolution"]


class RegularisedEvolution(Searcher):
    """Ageing evolution (Real, Aggarwal, Huang and Le, "Regularized evolution for image classifier search", AAAI 2019).

    The population starts with random architectures. Each step draws a sample of it, takes the best member (their
    algorithm 1), and asks for one of its neighbours; once its value is told, it joins the population and the oldest
    member is removed.

    Deviations: population and sample are smaller than the paper's 100 and 25, which would use a hundred random queries;
    the sample is drawn with replacement; a child that was asked for before is replaced by another neighbour, or, if
    none is left, by a neighbour of a neighbour. With several tasks the best has the highest mean rank in the sample.

    Args:
        population: Number of architectures in the population.
        sample: Number of them that compete to be the parent (tournament size).
        random_state: Seed.

    Example:
        >>> searcher = RegularisedEvolution(population=2, sample=2).start("transnas101-macro")
        >>> parents = searcher.ask(2)
        >>> searcher.tell(parents, [1.0, 2.0])
        >>> len(searcher.ask(10))
        10
    """

    def __init__(self, *, population: int = 20, sample: int = 10, random_state: int = 0) -> None:
        super().__init__(random_state=random_state)
        self.population = population
        self.sample = sample

    def begin(self) -> None:
        if not 1 <= self.sample <= self.population:
            raise ValueError(f"expected 1 <= sample <= population, got {self.sample} and {self.population}")
        self._unborn = self.population

    def propose(self, n: int) -> Iterable[int]:
        if not self.rows_ or (self._unborn > 0 and len(self.rows_) < self.population):
            count = min(n, max(1, self._unborn))
            self._unborn -= count
            return self.random_rows(count)
        return [row for _ in range(min(n, self.population)) if (row := self._child()) >= 0]

    def _child(self) -> int:
        """A free row within two edits of the best of a sample, -1 if there is none."""
        alive = min(self.population, len(self.rows_))
        drawn = self.rng_.integers(alive, size=self.sample) - alive  # counted from the youngest
        parent = self.rows_[drawn[int(scores(self.values_[drawn]).argmax())]]
        around = moves(self.space_, parent, self.free_)
        if not len(around):
            table = neighbor_rows(self.space_)
            further: NDArray[np.int64] = np.concatenate([table[row] for row in table[parent]])
            around = further[self.free_[further]]
        return int(around[self.rng_.integers(len(around))]) if len(around) else -1
