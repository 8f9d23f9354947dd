"""Search for a whole front: measure what is expected to add most to the area under value against cost.

The expected hypervolume improvement of Emmerich, Deutz and Klinkenberg (IEEE CEC 2011), in the form that Daulton,
Balandat and Bakshy (NeurIPS 2020) give for batches. What is different here:

- One of the two objectives, the cost, is known beforehand. The front is a staircase, and the expected gain is a sum of
  ordinary expected improvements, one for each step that a candidate is cheap enough for, times the width it covers.
- The predictor is the Gaussian process of `PredictorSearch`. But its labels are the values themselves, not
  normal scores of ranks: area is counted in the unit of the value. Failed trainings, far below all others, would make
  everything else look equal, so the worst values count as the best of them.
- The noise of a training is part of what is hoped for: the front is made of measured rows, and lucky ones.
- Of those a batch already holds only the variance is taken into account; which of them moves the front is not known.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import choice
from surrogates.kernels.posterior import Posterior
from surrogates.search.ranks import scores
from surrogates.search.searchers.predictor import Options, PredictorSearch, expected_improvement
from surrogates.search.space_arrays import COSTS, costs

__all__ = ["FrontSearch", "expected_area"]

Float = NDArray[np.float64]
Ints = NDArray[np.int64]

_MOST_LABELS = 800
"""The work of a fit grows with their cube; of more the last are looked at, the front is always that of all."""
_BEYOND = 1.01
"""The reference point's cost over that of the dearest architecture, so that the dearest count too."""


class FrontSearch(PredictorSearch):
    """Expected hypervolume improvement of value against cost, under a Gaussian process on graph features.

    The search to take for a front with some hundred queries. The reference point is the floor (see below) of what was
    told, and a cost just above that of the dearest allowed architecture. Of several tasks the front is that of the mean
    rank (`scores`).

    Args:
        cost: ``"multiply_adds"`` or ``"params"``, of the backbone.
        floor: Values below this quantile of those told count as the quantile.
        n_first: Architectures drawn uniformly before the first fit.
        n_round: Architectures chosen with one fit.
        random_state: Seed.

    Example:
        >>> searcher = FrontSearch(n_first=10).start("transnas101-macro")
        >>> for _ in range(5):
        ...     archs = searcher.ask(8)
        ...     searcher.tell(archs, [float(arch.count("3")) for arch in archs])
        >>> best = np.flatnonzero(searcher.values_[:, 0] == 4)
        >>> charged = costs("transnas101-macro")[searcher.rows_, 1]
        >>> round(charged[best].min() / 1e6)  # none that has four is cheaper
        304
    """

    def __init__(
        self,
        *,
        cost: str = "multiply_adds",
        floor: float = 0.2,
        n_first: int = 20,
        n_round: int = 1,
        random_state: int = 0,
    ) -> None:
        super().__init__(n_first=n_first, n_round=n_round, random_state=random_state)
        self.cost = cost
        self.floor = floor

    def begin(self) -> None:
        super().begin()
        if not 0 <= self.floor < 1:
            raise ValueError(f"expected 0 <= floor < 1, got {self.floor}")
        column = COSTS.index(choice(self.cost, COSTS, "cost"))
        self._charged = costs(self.space_)[:, column].astype(np.float64)
        self._dearest = _BEYOND * float(self._charged[self.allowed_].max())

    def gain(self, posterior: Posterior, options: Options, turn: int) -> Float:
        """Expected gain in area by measuring each of n rows, of shape (n,)."""
        position, z = options.position, self._floored()
        steps = _staircase(self._charged[self.rows_], z, float(z.min()), self._dearest)
        mean, std = posterior.mean()[position], posterior.std_of_label()[position]
        return _expected(mean, std, self._charged[options.rows], *steps)

    def labels(self) -> tuple[Ints, Float]:
        """Rows told, and what they are worth, floored and standardised, each of shape (n,); the last if too many."""
        return np.array(self.rows_[-_MOST_LABELS:], dtype=np.int64), self._floored()[-_MOST_LABELS:]

    def _floored(self) -> Float:
        """What was told, floored and standardised, of shape (n,)."""
        values = scores(self.values_)
        values = np.maximum(values, np.quantile(values, self.floor))
        return np.asarray((values - values.mean()) / (values.std() or 1.0))


def expected_area(
    mean: Float, std: Float, charged: Float, values: Float, paid: Float, worst: float, dearest: float
) -> Float:
    """Expected gain in hypervolume by one more point with a normal value and a known cost, of shape (m,).

    Args:
        mean: Of the values of m points, of shape (m,).
        std: Positive, of shape (m,).
        charged: Their costs, lower is better, of shape (m,).
        values: Of the n points that are there, higher is better, of shape (n,).
        paid: Their costs, of shape (n,).
        worst: Value of the reference point.
        dearest: Cost of the reference point.

    Example:
        >>> there = np.array([1.0]), np.array([1.0])
        >>> new = np.array([2.0, 0.5, 0.5]), np.full(3, 1e-9), np.array([2.0, 0.5, 1.5])
        >>> expected_area(*new, *there, worst=0.0, dearest=3.0).round(3).tolist()
        [1.0, 0.25, 0.0]
    """
    return _expected(mean, std, charged, *_staircase(paid, values, worst, dearest))


def _staircase(paid: Float, values: Float, worst: float, dearest: float) -> tuple[Float, Float]:
    """Best value so far up to each cost: k + 1 edges, from minus infinity to the dearest, and k heights between."""
    inside = (paid < dearest) & (values > worst)
    order = np.lexsort((-values[inside], paid[inside]))
    heights = np.maximum.accumulate(np.concatenate([[worst], values[inside][order]]))
    up = np.flatnonzero(np.diff(heights))
    edges = np.concatenate([[-np.inf], paid[inside][order][up], [dearest]])
    return edges, np.concatenate([[worst], heights[up + 1]])


def _expected(mean: Float, std: Float, charged: Float, edges: Float, heights: Float) -> Float:
    """Sum over steps of width times expected improvement, for m points, of shape (m,)."""
    gain = np.zeros(len(mean))
    for left, right, height in zip(edges[:-1], edges[1:], heights, strict=True):
        gain += np.maximum(right - np.maximum(charged, left), 0.0) * expected_improvement(mean, std, float(height))
    return gain
