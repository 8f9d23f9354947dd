"""Predictor-guided search: expected improvement over the best measured architecture, under a Gaussian process.

Similar to BRP-NAS (Dudziak et al., NeurIPS 2020) and FLAN (Akhauri and Abdelfattah, 2024): a predictor is fitted to the
observed values, the architectures it ranks best are measured next, and so on. Differences:

- The predictor is a Gaussian process averaged over kernels by their evidence, on normal scores of ranks
  (`surrogates.kernels.posterior`), not a graph network.
- The goal is the best *row*. Architectures with the same simplest form are separate trainings of one function, and
  training noise decides between the best of them. Every other choice therefore maximises the expected improvement of
  the measured value, noise included: another training of a very good function can be worth more than the first training
  of a good one.
- The remaining choices maximise the expected improvement of the function without noise over functions not measured yet.
  A function is chosen at most once per round; otherwise one with hundreds of trainings would use up the budget.
- Of rows with the same training (`surrogates.search.equivalence`) only one is queried.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from benchmarks.spaces.memo import cached_by_space
from benchmarks.spaces.space import Space
from surrogates.calibration.normal_scores import NormalScores
from surrogates.kernels.evidence import spread_rows
from surrogates.kernels.feature_kernels import FeatureKernels
from surrogates.kernels.features import standard_features
from surrogates.kernels.posterior import Kernels, Posterior
from surrogates.search.base import Searcher
from surrogates.search.equivalence import function_classes, training_classes
from surrogates.search.ranks import scores

__all__ = ["Options", "PredictorSearch", "expected_improvement"]

Float = NDArray[np.float64]
Ints = NDArray[np.int64]

_MOST_LABELS = 800
_ONE_BY_ONE = 16


class Options(NamedTuple):
    """The candidates of a round: n free rows; they and the measured rows have m distinct functions.

    Attributes:
        rows: The free rows in random order, of shape (n,).
        position: Index, among the m functions, of the function of each row, of shape (n,).
        known: Whether each function was measured or is pending, of shape (m,).
        z: Labels that the posterior is fitted to.
    """

    rows: Ints
    position: Ints
    known: NDArray[np.bool_]
    z: Float


class PredictorSearch(Searcher):
    """Expected improvement under a Gaussian process on graph features, over the whole space.

    Recommended for a few hundred queries. The time of a round is cubic in the number of observed values; with more than
    800, the Gaussian process is fitted to the best 400 and 400 of the others.

    Args:
        n_first: Number of architectures drawn uniformly before the first fit.
        n_round: Number of architectures chosen per fit, each conditioned on the pending ones before it.
        random_state: Seed.

    Example:
        >>> searcher = PredictorSearch(random_state=0).start("transnas101-macro")
        >>> for _ in range(5):
        ...     archs = searcher.ask(8)
        ...     searcher.tell(archs, [float(arch.count("3")) for arch in archs])
        >>> float(searcher.values_.max())
        4.0
    """

    def __init__(self, *, n_first: int = 10, n_round: int = 4, random_state: int = 0) -> None:
        super().__init__(random_state=random_state)
        self.n_first = n_first
        self.n_round = n_round

    def begin(self) -> None:
        if self.n_first < 1 or self.n_round < 1:
            raise ValueError(f"expected n_first and n_round >= 1, got {self.n_first} and {self.n_round}")

    def propose(self, n: int) -> Iterable[int]:
        if len(self.rows_) < self.n_first:
            return self.first_rows(max(n, self.n_first - len(self.rows_)))
        _, function = function_classes(self.space_)
        training = training_classes(self.space_)
        told, z = self.labels()
        pending = np.setdiff1d(np.flatnonzero(self.allowed_ & ~self.free_), self.rows_)
        free = self.rng_.permutation(np.flatnonzero(self.free_))  # breaks ties at random
        candidates, position = np.unique(function[np.concatenate([free, pending, told])], return_inverse=True)
        posterior = Posterior(self.kernels(function[told], z), function[told], z, candidates)
        for p in position[len(free) : len(free) + len(pending)]:
            posterior.expect(int(p))
        asked = np.concatenate([np.array(self.rows_, dtype=np.int64), pending])
        options = Options(free, position[: len(free)], np.isin(candidates, function[asked]), z)
        done = np.isin(training[free], training[asked])
        barred = done.copy()
        chosen: list[int] = []
        while len(chosen) < min(max(n, self.n_round), _ONE_BY_ONE) and not barred.all():
            gain = self.gain(posterior, options, len(chosen))
            best = int(np.argmax(np.where(barred, -np.inf, gain)))
            chosen.append(int(free[best]))
            barred |= options.position == options.position[best]  # one training per function and round
            posterior.expect(int(options.position[best]))
        if len(chosen) < n:  # a large batch, or only repeated trainings are left
            order = np.lexsort([-self.gain(posterior, options, 0), done])
            chosen += np.setdiff1d(free[order], chosen, assume_unique=True).tolist()
        return chosen

    def gain(self, posterior: Posterior, options: Options, turn: int) -> Float:
        """Acquisition value of measuring each of n rows, of shape (n,), after `turn` choices in this round.

        On even turns the expected improvement over the best label, noise included; on odd turns that of functions not
        measured yet over the best measured function, so that trainings of one good function do not use up the budget.
        """
        mean, known = posterior.mean(), options.known
        if turn % 2 == 0 or known.all():
            gain = expected_improvement(mean, posterior.std_of_label(), float(options.z.max()))
        else:
            gain = expected_improvement(mean, posterior.std(), float(mean[known].max()))
            gain = np.where(known, -1.0, gain)
        return np.asarray(gain[options.position])

    def first_rows(self, n: int) -> Iterable[int]:
        """Rows to ask for before the first fit."""
        return self.random_rows(n)

    def kernels(self, rows: Ints, z: Float) -> Kernels:
        """The kernels to average over, given labels z of shape (n,) of the functions `rows`."""
        return FeatureKernels(_function_features(self.space_), rows, z)

    def labels(self) -> tuple[Ints, Float]:
        """Rows and the normal scores of their values, each of shape (n,); at most 800 of them."""
        values = scores(self.values_)
        z = NormalScores(values).forward(values)
        rows = np.array(self.rows_, dtype=np.int64)
        if len(z) <= _MOST_LABELS:
            return rows, z
        order = np.argsort(-z, kind="stable")
        others = order[_MOST_LABELS // 2 :]
        spread = others[spread_rows(len(others), _MOST_LABELS // 2)]
        kept = np.sort(np.concatenate([order[: _MOST_LABELS // 2], spread]))
        return rows[kept], z[kept]


def expected_improvement(mean: Float, std: Float, best: float) -> Float:
    """Expected value of max(0, value - best) for normal values (Jones, Schonlau and Welch, 1998, equation 15).

    Args:
        mean: Means, of shape (m,).
        std: Standard deviations, positive, of shape (m,).
        best: The value to improve on.

    Example:
        >>> expected_improvement(np.array([0.0, 1.0]), np.array([1.0, 1e-6]), 0.0).round(3).tolist()
        [0.399, 1.0]
    """
    t = (mean - best) / std
    return np.asarray(std * (t * ndtr(t) + np.exp(-0.5 * t**2) / np.sqrt(2 * np.pi)))


@cached_by_space(maxsize=8)
def _function_features(space: Space) -> Float:
    """Standardised features of the U functions of a space, of shape (U, d), computed once per process."""
    X = standard_features(space.name, function_classes(space)[0])
    X.setflags(write=False)
    return X
