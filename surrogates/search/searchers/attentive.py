"""AttentiveNAS: draw a target cost, query the architecture predicted best (or worst) at that cost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import choice
from surrogates.search.base import Searcher
from surrogates.search.cost_bins import log_bins
from surrogates.search.equivalence import training_classes
from surrogates.search.searchers.charged import known_costs
from surrogates.search.searchers.model_guided import ScoreModel, unmeasured

if TYPE_CHECKING:
    import pandas as pd

    from surrogates.base import Surrogate

__all__ = ["AttentiveSampling", "Sampling"]

Sampling = Literal["best-up", "worst-up", "uniform"]


class AttentiveSampling(Searcher):
    """Pareto-aware sampling of value against cost (Wang et al., "AttentiveNAS", CVPR 2021, section 4).

    Each query draws a target cost, then `candidates` architectures of about that cost, and takes the one predicted best
    (best-up: improves the Pareto front), worst (worst-up: the opposite front) or any one of them (uniform).

    Deviations: the paper chooses which sub-networks of a weight-sharing network to train; here an architecture is
    measured. The target cost is drawn uniformly over `bins` equally wide ranges of log cost, not in proportion to the
    number of architectures, so that every part of the front is sampled. Architectures with the same training as an
    earlier query are asked for last. The predictor is a surrogate of this package, refitted every `round_size` queries.

    Args:
        sampling: ``"best-up"``, ``"worst-up"`` or ``"uniform"``.
        cost: ``"multiply_adds"`` or ``"params"`` of the backbone, or another positive cost as a Series indexed by
            architecture. In `run_search` also the name of a task of the oracle that is better when lower.
        initial: Number of random architectures before the first fit.
        round_size: Number of queries between two fits.
        bins: Number of cost ranges.
        candidates: Number of architectures compared at the target cost.
        surrogate: The predictor; a Gaussian process if not given.
        random_state: Seed.

    Example:
        >>> searcher = AttentiveSampling(initial=10, round_size=5).start("transnas101-micro")
        >>> first = searcher.ask(10)
        >>> searcher.tell(first, [float(arch.count("3")) for arch in first])
        >>> len(searcher.ask(5))
        5
    """

    def __init__(
        self,
        *,
        sampling: Sampling = "best-up",
        cost: str | pd.Series[float] = "multiply_adds",
        initial: int = 20,
        round_size: int = 10,
        bins: int = 20,
        candidates: int = 100,
        surrogate: Surrogate | None = None,
        random_state: int = 0,
    ) -> None:
        super().__init__(random_state=random_state)
        self.sampling = sampling
        self.cost = cost
        self.initial = initial
        self.round_size = round_size
        self.bins = bins
        self.candidates = candidates
        self.surrogate = surrogate

    def begin(self) -> None:
        choice(self.sampling, get_args(Sampling), "sampling")
        if min(self.initial, self.round_size, self.bins, self.candidates) < 1:
            raise ValueError("expected initial, round_size, bins and candidates of at least 1")
        charged = known_costs(self, self.cost)
        self._bin = np.zeros(len(charged), dtype=np.int64)
        self._bin[self.allowed_] = log_bins(charged[self.allowed_], self.bins)

    def propose(self, n: int) -> Iterable[int]:
        asked = int(self.allowed_.sum() - self.free_.sum())
        if asked < self.initial or len(self.rows_) < 2:
            return self._drawn(max(1, min(n, self.initial - asked)), np.zeros(len(self.space_)))
        if self.sampling == "uniform":
            return self._drawn(n, np.zeros(len(self.space_)))
        free = np.flatnonzero(self.free_)
        predicted = np.zeros(len(self.space_))
        predicted[free] = ScoreModel(self, self.surrogate).predict(free)
        return self._drawn(self.round_size, predicted if self.sampling == "best-up" else -predicted)

    def _drawn(self, n: int, predicted: NDArray[np.float64]) -> list[int]:
        """Up to n rows; for each a target cost is drawn and the best predicted of the candidates of that cost taken."""
        free = unmeasured(self)
        training = training_classes(self.space_)
        rows: list[int] = []
        while len(rows) < n and free.any():
            left = np.unique(self._bin[free])
            there = np.flatnonzero(free & (self._bin == left[self.rng_.integers(len(left))]))
            compared = self.rng_.permutation(there)[: self.candidates]
            row = int(compared[predicted[compared].argmax()])
            free &= training != training[row]
            rows.append(row)
        return rows
