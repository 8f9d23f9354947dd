"""Search on a new task with everything known about other tasks: the setting of Arch-Graph.

Arch-Graph (Huang et al., CVPR 2022) knows architectures of source tasks and may train 50 on the target; it
predicts relations between architectures and orders them in a graph. Here the source tasks enter the covariance of a
Gaussian process, as in `TransferSurrogate`: architectures that score alike on the sources are expected to score alike
on the target, as far as the labels agree. What is done with the expectation is the same as in `PredictorSearch`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from surrogates.kernels.posterior import Kernels
from surrogates.models.transfer.feature_map import FeatureMap
from surrogates.models.transfer.source_kernel import Inputs, grams
from surrogates.models.transfer.source_values import SourceValues, TransferSource
from surrogates.search.equivalence import function_classes
from surrogates.search.searchers.predictor import PredictorSearch

__all__ = ["SourceKernels", "TransferSearch"]

Float = NDArray[np.float64]
Ints = NDArray[np.int64]

_NO_TRANSFER = 0.05
"""Prior probability that the sources are of no use."""


class TransferSearch(PredictorSearch):
    """`PredictorSearch` that knows source tasks; the search to take for some dozen queries.

    The first architectures are the best of random mixtures of the sources. Without sources this is `PredictorSearch`,
    with fewer first architectures.

    Args:
        sources: What is known: a `Table`, a DataFrame of shape (n, S) indexed by architecture, higher is better (NaN
            where not measured), fitted surrogates, or a list of these, as in `TransferSurrogate`. A searcher is not
            told the name of its task: leave the target out yourself.
        n_first: Architectures chosen before the first fit.
        n_round: Architectures chosen with one fit.
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
        view, _ = FeatureMap.fit(read, int(self.rng_.integers(2**31)), n_jobs=1)
        self._inputs = view.inputs(function_classes(self.space_)[0])
        self.sources_ = read.names

    def first_rows(self, n: int) -> Iterable[int]:
        if not self.sources_:
            return super().first_rows(n)
        _, function = function_classes(self.space_)
        free = self.rng_.permutation(np.flatnonzero(self.free_))
        seen = set(function[self.rows_].tolist())
        chosen: list[int] = []
        for mixture in self.rng_.dirichlet(np.ones(len(self.sources_)), size=min(self.n_first, n)):
            score = (self._inputs.sources @ mixture)[function[free]]
            score[np.isin(function[free], list(seen))] = -np.inf
            row = int(free[np.argmax(score)])
            seen.add(int(function[row]))
            chosen.append(row)
        return [*chosen, *(row for row in free.tolist() if row not in chosen)][:n]

    def kernels(self, rows: Ints, z: Float) -> Kernels:
        plain = super().kernels(rows, z)
        return SourceKernels(self._inputs, plain) if self.sources_ else plain


class SourceKernels:
    """Hypotheses from "a mixture of the sources" over "like them, in part" to "nothing to do with them".

    Args:
        inputs: The U functions of a space, as a `FeatureMap` sees them.
        plain: Kernels for the last.

    Example:
        >>> from surrogates.kernels.feature_kernels import FeatureKernels
        >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0]])
        >>> rows = np.arange(3)
        >>> kernels = SourceKernels(Inputs(X, X, X[:, :1] - 1), FeatureKernels(X, rows, X[:, 0]))
        >>> [K.shape for K in kernels.matrices(rows, rows[:2], [0, len(kernels.log_prior) - 1])]
        [(3, 2), (3, 2)]
    """

    def __init__(self, inputs: Inputs, plain: Kernels) -> None:
        self._inputs, self._plain = inputs, plain
        n_plain = len(plain.log_prior)
        priors = np.repeat([(1 - _NO_TRANSFER) / len(_MIXTURES), _NO_TRANSFER / n_plain], [len(_MIXTURES), n_plain])
        self.log_prior = np.log(priors)

    def matrices(self, a: Ints, b: Ints, which: Sequence[int]) -> Iterator[Float]:
        """Some of the kernels, between n and m functions, each of shape (n, m)."""
        terms = grams(self._inputs.take(a), self._inputs.take(b))
        plain = self._plain.matrices(a, b, [j - len(_MIXTURES) for j in which if j >= len(_MIXTURES)])
        for j in which:
            yield next(plain) if j >= len(_MIXTURES) else np.tensordot(_MIXTURES[j], terms, axes=1)

    def variances(self, a: Ints, which: Sequence[int]) -> Iterator[Float]:
        """Some of the kernels between each of n functions and itself, each of shape (n,)."""
        linear = (self._inputs.sources[a] ** 2).mean(axis=1)
        for j in which:
            mixture = _MIXTURES[j] if j < len(_MIXTURES) else np.array([0.0, 1.0])
            yield mixture[0] * linear + mixture[1:].sum()


def _mixtures() -> Float:
    """Weights of the seven terms of `grams`, of shape (J, 7), sum 1.

    Linear in the source scores, smooth in them at one of two lengths, smooth in the features by one of two distances.
    """
    found = []
    for (near, far), own, distance in product(
        ((0.0, 0.0), (0.3, 0.0), (1.0, 0.0), (0.0, 0.3), (0.0, 1.0)), (0.05, 0.15, 0.5), (3, 4)
    ):
        weights = np.array([1.0, near, far, 0.0, 0.0, 0.0, 0.0])
        weights[distance] = own
        found.append(weights / weights.sum())
    return np.array(found)


_MIXTURES = _mixtures()
