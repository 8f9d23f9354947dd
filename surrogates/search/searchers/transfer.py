"""Search on a new task with values of other tasks: the setting of Arch-Graph.

Arch-Graph (Huang et al., CVPR 2022) is given architectures of source tasks and may train 50 on the target; it
predicts relations between architectures and orders them in a graph. Here the source tasks enter the covariance of a
Gaussian process, as in `TransferSurrogate`: architectures with similar values on the sources are expected to have
similar values on the target, to the extent that the labels support it. The acquisition is that of `PredictorSearch`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from surrogates.kernels.posterior import Kernels
from surrogates.kernels.source_terms import SourceKernels
from surrogates.models.transfer.feature_map import FeatureMap
from surrogates.models.transfer.source_values import SourceValues, TransferSource
from surrogates.search.equivalence import function_classes
from surrogates.search.searchers.predictor import PredictorSearch

__all__ = ["TransferSearch"]

Float = NDArray[np.float64]
Ints = NDArray[np.int64]


class TransferSearch(PredictorSearch):
    """`PredictorSearch` with source tasks; recommended for a few dozen queries.

    The first architectures are the best by random weighted sums of the sources. Without sources this is
    `PredictorSearch` with a smaller `n_first`.

    Args:
        sources: Values of the source tasks: a `Table`, a DataFrame of shape (n, S) indexed by architecture, higher is
            better (NaN where not measured), fitted surrogates, or a list of these, as in `TransferSurrogate`. They must
            not contain the target task: a searcher does not know its name and cannot exclude it.
        n_first: Number of architectures chosen before the first fit.
        n_round: Number of architectures chosen per fit.
        random_state: Seed.

    Attributes:
        sources_: Names of the source tasks.

    Example:
        >>> import pandas as pd
        >>> from benchmarks import get_space
        >>> archs = get_space("transnas101-macro").sample(200, rng=0)
        >>> known = pd.DataFrame({"other task": [arch.count("3") for arch in archs]}, index=archs)
        >>> searcher = TransferSearch(sources=known).start("transnas101-macro")
        >>> max(arch.count("3") for arch in searcher.ask(6))
        4
    """

    def __init__(
        self,
        *,
        sources: TransferSource | Sequence[TransferSource] | None = None,
        n_first: int = 6,
        n_round: int = 4,
        random_state: int = 0,
    ) -> None:
        super().__init__(n_first=n_first, n_round=n_round, random_state=random_state)
        self.sources = sources

    def begin(self) -> None:
        super().begin()
        self.sources_: tuple[str, ...] = ()
        if self.sources is None:
            return
        read = SourceValues.from_sources(self.sources, self.space_.name)
        feature_map, _ = FeatureMap.fit(read, int(self.rng_.integers(2**31)), n_jobs=1)
        self._inputs = feature_map.inputs(function_classes(self.space_)[0])
        self.sources_ = read.names

    def first_rows(self, n: int) -> Iterable[int]:
        if not self.sources_:
            return super().first_rows(n)
        _, function = function_classes(self.space_)
        free = self.rng_.permutation(np.flatnonzero(self.free_))
        seen = set(function[self.rows_].tolist())
        chosen: list[int] = []
        for weights in self.rng_.dirichlet(np.ones(len(self.sources_)), size=min(self.n_first, n)):
            score = (self._inputs.sources @ weights)[function[free]]
            score[np.isin(function[free], list(seen))] = -np.inf
            row = int(free[np.argmax(score)])
            seen.add(int(function[row]))
            chosen.append(row)
        return [*chosen, *(row for row in free.tolist() if row not in chosen)][:n]

    def kernels(self, rows: Ints, z: Float) -> Kernels:
        plain = super().kernels(rows, z)
        return SourceKernels(self._inputs, plain) if self.sources_ else plain
