"""Shared parts of model-guided searchers: a surrogate of the observed scores, and the mask of new trainings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from surrogates.labels import Labels
from surrogates.search.base import Searcher
from surrogates.search.equivalence import training_classes
from surrogates.search.ranks import scores

if TYPE_CHECKING:
    from surrogates.base import Surrogate

__all__ = ["ScoreModel", "unmeasured"]


class ScoreModel:
    """A copy of a surrogate, fitted to the scores of all architectures told to a searcher.

    Args:
        searcher: A started searcher with at least one observed value.
        surrogate: The unfitted surrogate to copy; a Gaussian process if not given, the most accurate with few labels.

    Example:
        >>> from surrogates.search.searchers.random import RandomSearch
        >>> searcher = RandomSearch().start("transnas101-macro")
        >>> archs = searcher.ask(30)
        >>> searcher.tell(archs, [float(len(arch)) for arch in archs])
        >>> ScoreModel(searcher).predict(np.arange(5)).shape
        (5,)
    """

    def __init__(self, searcher: Searcher, surrogate: Surrogate | None = None) -> None:
        from surrogates.registry import make_model

        self._archs = searcher.space_.archs
        archs = [self._archs[row] for row in searcher.rows_]
        seed = int(searcher.rng_.integers(2**31))
        fresh = make_model("gp", seed) if surrogate is None else clone(surrogate).set_params(random_state=seed)
        self.surrogate_: Surrogate = fresh.fit_labels(Labels.from_data(archs, scores(searcher.values_)))

    def predict(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Predicted scores of n rows, of shape (n,)."""
        return np.asarray(self.surrogate_.predict([self._archs[row] for row in rows.tolist()]))


def unmeasured(searcher: Searcher) -> NDArray[np.bool_]:
    """Mask of the free architectures whose training differs from all asked for or told, of shape (N,).

    If there is none, the mask of all free architectures. See `training_classes`.

    Example:
        >>> from surrogates.search.searchers.random import RandomSearch
        >>> searcher = RandomSearch().start("transnas101-micro")
        >>> searcher.tell(["64-41414-0_00_100"], [1.0])
        >>> int(searcher.free_.sum()), int(unmeasured(searcher).sum())
        (4095, 4080)
    """
    training = training_classes(searcher.space_)
    taken = searcher.allowed_ & ~searcher.free_
    taken[searcher.rows_] = True
    fresh = searcher.free_ & ~np.isin(training, training[taken])
    return fresh if fresh.any() else searcher.free_.copy()
