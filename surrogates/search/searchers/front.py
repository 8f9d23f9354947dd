"""Search for a Pareto front of value against cost by expected hypervolume improvement.

The expected hypervolume improvement of Emmerich, Deutz and Klinkenberg (IEEE CEC 2011), in the form of Daulton,
Balandat and Bakshy (NeurIPS 2020) for batches. Differences:

- One of the two objectives, the cost, is known exactly. The front is a step function, and the expected improvement is
  a sum over its steps: the ordinary expected improvement at that step times the range of cost that it covers.
- The predictor is the Gaussian process of `PredictorSearch`. Its labels are the values, not normal scores of ranks,
  because area is measured in the unit of the value. Failed trainings, far below all others, would make all other
  values look equal, so values below a quantile are set to that quantile (`floor`).
- The predictive variance includes the noise of a training, because the front consists of measured values.
- The pending architectures of a batch reduce the variance, but do not change the front, as their values are unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from surrogates.kernels.posterior import Posterior
from surrogates.search.ranks import scores
from surrogates.search.searchers.charged import known_costs
from surrogates.search.searchers.predictor import Options, PredictorSearch, expected_improvement

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FrontSearch", "expected_area"]

Float = NDArray[np.float64]
Ints = NDArray[np.int64]

_MOST_LABELS = 800
"""The Gaussian process is fitted to the last so many labels, as a fit is cubic in them; the front is that of all."""
_BEYOND = 1.01
"""Cost of the reference point relative to the most expensive architecture, so that the latter adds area too."""


class FrontSearch(PredictorSearch):
    """Expected hypervolume improvement of value against cost, under a Gaussian process on graph features.

    Recommended for a Pareto front with a few hundred queries. The reference point is the `floor` quantile of the
    observed values and a cost slightly above that of the most expensive allowed architecture. With several tasks the
    value is the mean rank (`scores`).

    Args:
        cost: ``"multiply_adds"`` or ``"params"`` of the backbone, or another cost as a Series indexed by architecture.
            In `run_search` also the name of a task of the oracle that is better when lower.
        floor: Quantile of the observed values, 0 <= floor < 1; lower values are set to it.
        n_first: Number of architectures drawn uniformly before the first fit.
        n_round: Number of architectures chosen per fit.
        random_state: Seed.

    Example:
        >>> from surrogates.search.space_arrays import costs
        >>> searcher = FrontSearch(n_first=10).start("transnas101-macro")
        >>> for _ in range(5):
        ...     archs = searcher.ask(8)
        ...     searcher.tell(archs, [float(arch.count("3")) for arch in archs])
        >>> best = np.flatnonzero(searcher.values_[:, 0] == 4)
        >>> charged = costs("transnas101-macro")[searcher.rows_, 1]
        >>> round(charged[best].min() / 1e6)  # the lowest cost with four
        304
    """

    def __init__(
        self,
        *,
        cost: str | pd.Series[float] = "multiply_adds",
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
        self._charged = known_costs(self, self.cost)
        self._dearest = _BEYOND * float(self._charged[self.allowed_].max())

    def gain(self, posterior: Posterior, options: Options, turn: int) -> Float:
        """Expected hypervolume improvement of measuring each of n rows, of shape (n,)."""
        position, z = options.position, self._floored()
        mean, std = posterior.mean()[position], posterior.std_of_label()[position]
        measured = z, self._charged[self.rows_], float(z.min()), self._dearest
        return expected_area(mean, std, self._charged[options.rows], *measured)

    def labels(self) -> tuple[Ints, Float]:
        """Rows and their floored and standardised values, each of shape (n,); only the last 800."""
        return np.array(self.rows_[-_MOST_LABELS:], dtype=np.int64), self._floored()[-_MOST_LABELS:]

    def _floored(self) -> Float:
        """Observed scores, clipped below at the `floor` quantile and standardised, of shape (n,)."""
        values = scores(self.values_)
        values = np.maximum(values, np.quantile(values, self.floor))
        return np.asarray((values - values.mean()) / (values.std() or 1.0))


def expected_area(
    mean: Float, std: Float, charged: Float, values: Float, paid: Float, worst: float, dearest: float
) -> Float:
    """Expected hypervolume improvement of m candidates with normal value and known cost, of shape (m,).

    Args:
        mean: Predicted means of the candidates, of shape (m,).
        std: Predicted standard deviations, positive, of shape (m,).
        charged: Costs of the candidates, lower is better, of shape (m,).
        values: Values of the n points measured so far, higher is better, of shape (n,).
        paid: Costs of these points, of shape (n,).
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
    """The front as a step function: k + 1 costs from minus infinity to `dearest`, and the k best values between."""
    inside = (paid < dearest) & (values > worst)
    order = np.lexsort((-values[inside], paid[inside]))
    heights = np.maximum.accumulate(np.concatenate([[worst], values[inside][order]]))
    up = np.flatnonzero(np.diff(heights))
    edges = np.concatenate([[-np.inf], paid[inside][order][up], [dearest]])
    return edges, np.concatenate([[worst], heights[up + 1]])


def _expected(mean: Float, std: Float, charged: Float, edges: Float, heights: Float) -> Float:
    """Sum over the steps of width times expected improvement, for each of m candidates, of shape (m,)."""
    gain = np.zeros(len(mean))
    for left, right, height in zip(edges[:-1], edges[1:], heights, strict=True):
        gain += np.maximum(right - np.maximum(charged, left), 0.0) * expected_improvement(mean, std, float(height))
    return gain
