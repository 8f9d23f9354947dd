"""PNAS: progressive search from simple to complex architectures, guided by a predictor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from surrogates.search.base import Searcher
from surrogates.search.searchers.model_guided import ScoreModel, unmeasured
from surrogates.search.space_arrays import complexity, neighbor_rows

if TYPE_CHECKING:
    from surrogates.base import Surrogate

__all__ = ["PNAS"]


class PNAS(Searcher):
    """Progressive search (Liu et al., "Progressive neural architecture search", ECCV 2018, algorithm 1).

    The search starts with the simplest architectures. Each level extends the measured architectures of the previous
    level by one part, and measures the `beam` extensions predicted best by a surrogate fitted to all observed values.

    Deviations: a part is an operation on an edge of a cell (instead of none) or a module of a skeleton; in the paper it
    is a block of a cell without fixed size. The first level has twice the beam, which for the cells of
    TransNAS-Bench-101 is the whole level; the paper always measures all of it. The predictor is a surrogate of this
    package, not a recurrent network. Architectures with the same training as an earlier query are skipped. After the
    last level, where the paper ends, the search continues with the neighbours of all measured architectures, the `beam`
    predicted best at a time.

    Args:
        beam: Number of architectures per level; twice as many on the first level.
        surrogate: The predictor; a Gaussian process if not given.
        random_state: Seed.

    Example:
        >>> searcher = PNAS(beam=5).start("transnas101-macro")
        >>> first = searcher.ask(10)
        >>> searcher.tell(first, np.arange(10.0))
        >>> {len(arch.split("-")[1]) for arch in first}, {len(arch.split("-")[1]) for arch in searcher.ask(5)}
        ({4}, {5})
    """

    def __init__(self, *, beam: int = 10, surrogate: Surrogate | None = None, random_state: int = 0) -> None:
        super().__init__(random_state=random_state)
        self.beam = beam
        self.surrogate = surrogate

    def begin(self) -> None:
        if self.beam < 1:
            raise ValueError(f"expected beam >= 1, got {self.beam}")
        self._complexity = complexity(self.space_)
        levels = np.unique(self._complexity[self.allowed_]).tolist()
        self._is_first = True
        self._levels: list[int] = levels[1:] if levels[0] == 0 and len(levels) > 1 else levels

    def propose(self, n: int) -> Iterable[int]:
        first = not self.rows_
        if self._is_first:  # skip the levels of which at least `beam` architectures were told beforehand
            told = np.bincount(self._complexity[self.rows_], minlength=int(self._complexity.max()) + 1)
            self._levels = [level for level in self._levels if told[level] < self.beam]
        self._is_first = False
        while self._levels:
            level = self._levels.pop(0)
            extensions = self._around(np.flatnonzero(self._complexity == level - 1))
            candidates = extensions[self._complexity[extensions] == level]
            if not len(candidates):
                candidates = np.flatnonzero(self.free_ & (self._complexity == level))
            if len(candidates):
                return self.rng_.permutation(candidates)[: 2 * self.beam] if first else self._best(candidates)
        candidates = self._around(np.array(self.rows_, dtype=np.int64))
        return self._best(candidates) if len(candidates) and self.rows_ else self.random_rows(self.beam)

    def _around(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Free neighbours, with a new training, of those of the given rows that were told."""
        told = np.intersect1d(rows, np.array(self.rows_, dtype=np.int64))
        table = neighbor_rows(self.space_)
        near = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *(table[row] for row in told)]))
        return np.asarray(near[unmeasured(self)[near]])

    def _best(self, candidates: NDArray[np.int64]) -> NDArray[np.int64]:
        shuffled = self.rng_.permutation(candidates)  # breaks ties between equal predictions at random
        predicted = ScoreModel(self, self.surrogate).predict(shuffled)
        return shuffled[np.argsort(-predicted, kind="stable")[: self.beam]]
