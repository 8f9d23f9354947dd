"""BANANAS: Bayesian optimisation with an ensemble, mutated candidates and independent Thompson sampling."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from surrogates.labels import Labels
from surrogates.search.base import Searcher
from surrogates.search.ranks import scores
from surrogates.search.space_arrays import moves

if TYPE_CHECKING:
    from surrogates.base import Surrogate

__all__ = ["Bananas"]


class Bananas(Searcher):
    """BANANAS with the surrogates of this package (White, Neiswanger and Savani, AAAI 2021, algorithm 1).

    Each round fits the ensemble to all observed values, mutates the best architectures, draws one value per candidate
    from its predicted normal distribution (independent Thompson sampling), and asks for those with the highest draws.

    Deviations: the ensemble is trees and a Gaussian process on graph features (`EnsembleSurrogate`), not five
    perceptrons on path encodings, because it is more accurate with few labels; all mutations of the best architectures
    are candidates, not a sample of them.

    Args:
        surrogate: An unfitted surrogate that predicts a standard deviation; `EnsembleSurrogate` if not given.
        n_first: Number of architectures drawn uniformly before the first fit (the paper: 10).
        n_round: Number of architectures chosen per fit (the paper: 10).
        n_best: Number of best architectures that are mutated (the paper: 10).
        random_state: Seed.

    Example:
        >>> from surrogates import GaussianProcessSurrogate
        >>> searcher = Bananas(surrogate=GaussianProcessSurrogate()).start("transnas101-macro")
        >>> for _ in range(4):
        ...     archs = searcher.ask(10)
        ...     searcher.tell(archs, [float(arch.count("3")) for arch in archs])
        >>> float(searcher.values_.max())
        4.0
    """

    def __init__(
        self,
        *,
        surrogate: Surrogate | None = None,
        n_first: int = 10,
        n_round: int = 10,
        n_best: int = 10,
        random_state: int = 0,
    ) -> None:
        super().__init__(random_state=random_state)
        self.surrogate = surrogate
        self.n_first = n_first
        self.n_round = n_round
        self.n_best = n_best

    def begin(self) -> None:
        for name in ("n_first", "n_round", "n_best"):
            if getattr(self, name) < 1:
                raise ValueError(f"expected {name} >= 1, got {getattr(self, name)}")

    def propose(self, n: int) -> Iterable[int]:
        if len(self.rows_) < self.n_first:
            return self.random_rows(max(n, self.n_first - len(self.rows_)))
        values = scores(self.values_)
        candidates = self._candidates(values, max(n, self.n_round))
        seed = int(self.rng_.integers(2**31))
        archs = self.space_.archs
        surrogate = self._unfitted(seed).fit_labels(Labels.from_data([archs[row] for row in self.rows_], values))
        mean, std = surrogate.predict([archs[row] for row in candidates.tolist()], return_std=True)
        drawn = mean + std * self.rng_.standard_normal(len(candidates))
        return [int(row) for row in candidates[np.argsort(-drawn)][: max(n, self.n_round)]]

    def _candidates(self, values: NDArray[np.float64], n: int) -> NDArray[np.int64]:
        """At least n free rows if possible: neighbours of the best `n_best`, then of further ones, then random rows."""
        order = np.argsort(-values, kind="stable")
        found = np.zeros(0, dtype=np.int64)
        for count, place in enumerate(order, 1):
            around = moves(self.space_, self.rows_[place], self.free_)
            found = np.union1d(found, around)
            if count >= self.n_best and len(found) >= n:
                return found
        return np.union1d(found, self.random_rows(n))

    def _unfitted(self, seed: int) -> Surrogate:
        if self.surrogate is not None:
            unfitted: Surrogate = clone(self.surrogate).set_params(random_state=seed)
            return unfitted
        from surrogates.models.boosted import BoostedSurrogate
        from surrogates.models.ensemble import EnsembleSurrogate
        from surrogates.models.gaussian_process import GaussianProcessSurrogate

        trees = BoostedSurrogate(random_state=seed, n_jobs=1)
        return EnsembleSurrogate(members=[trees, GaussianProcessSurrogate(random_state=seed)])
