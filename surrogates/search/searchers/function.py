"""A function that proposes architectures, as a searcher."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from benchmarks.spaces.space import Space
from surrogates.search.base import Searcher

__all__ = ["FunctionSearcher", "Proposer"]

Proposer = Callable[[Space, list[str], NDArray[np.float64], np.random.Generator], Iterable[str] | str]
"""``propose(space, archs, values, rng)``: the next architectures to measure, given all those measured so far."""


class FunctionSearcher(Searcher):
    """A searcher that asks a function for the next architectures.

    As with every searcher, an architecture that was asked for before is skipped, and if repeated calls return no new
    one, a random one is used.

    Args:
        function: ``propose(space, archs, values, rng)`` returns one architecture string or several, to be measured
            next. `archs` are the m architectures measured so far, in order; `values` their values, higher is better, of
            shape (m,), or (m, T) in a search on T > 1 tasks; `rng` the random generator for all draws.
        random_state: Seed.

    Example:
        >>> def mutate_the_best(space, archs, values, rng):
        ...     return space.mutate(archs[values.argmax()], rng) if archs else space.sample(10, rng)
        >>> searcher = FunctionSearcher(function=mutate_the_best).start("transnas101-micro")
        >>> archs = searcher.ask(10)
        >>> searcher.tell(archs, [arch.count("3") for arch in archs])
        >>> len(searcher.ask(1))
        1
    """

    def __init__(self, *, function: Proposer, random_state: int = 0) -> None:
        super().__init__(random_state=random_state)
        self.function = function

    def propose(self, n: int) -> list[int]:
        archs = [self.space_[row] for row in self.rows_]
        values = self.values_[:, 0] if self.n_tasks_ == 1 else self.values_
        found = self.function(self.space_, archs, values, self.rng_)
        return [self.space_.index(arch) for arch in ([found] if isinstance(found, str) else found)]
