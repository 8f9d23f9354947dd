"""Gaussian processes fitted to a table of source tasks: denoised scores for any architecture of its space.

Each task is a Gaussian process on graph features (Rasmussen & Williams 2006, chapter 2). The score of an architecture
is the posterior mean given the values of similar architectures and, if it was measured, its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import choice
from benchmarks.short_repr import ShortRepr
from surrogates.calibration.folds import pooled_scores
from surrogates.calibration.normal_scores import NormalScores
from surrogates.kernels.decompositions import JITTER, Cholesky
from surrogates.kernels.evidence import evidence_by_cholesky
from surrogates.kernels.features import centre_and_spread, graph_features, standardise
from surrogates.kernels.functions import matern52, portable_exp, scaled_distances
from surrogates.labels import Labels
from surrogates.models.transfer.memo import cached_by_content
from surrogates.models.transfer.without_labels import LEVEL_SCORES
from surrogates.store.pack import Pack

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CLIP", "SourceProcess"]

Float = NDArray[np.float64]

CLIP = 2.5
"""Standardised features are clipped to this absolute value, beyond which distances are uninformative."""
_ARRAYS = ("scores", "centre", "rows", "weights", "lengths", "levels")
_GRID = ((0.03, 1.0), (0.1, 1.0), (0.03, 2.0), (0.1, 2.0), (0.3, 2.0), (0.1, 4.0), (0.3, 4.0))
"""Candidates for noise variance and length scale of a source task, selected by marginal likelihood."""
_CHOOSE_ON = 400
_MOST_ROWS = 1500
_MOST_REPLICATES = 4


@dataclass(frozen=True, repr=False)
class SourceProcess(ShortRepr):
    """Scores of S source tasks at any architecture of one space.

    Attributes:
        space: Name of the space of the table.
        tasks: Names of the S tasks.
        archs: The m distinct functions measured, as simplest forms.
        scores: Posterior mean of the normal scores at `archs`, of shape (m, S).
        centre: Mean and standard deviation of the features, of shape (2, d).
        rows: Standardised features of the r functions in the posterior, of shape (r, d).
        weights: Kernel weights of these functions, of shape (r, S).
        lengths: Length scale of each task, of shape (S,).
        levels: Values of each task at the normal scores `LEVEL_SCORES`, of shape (S, g); NaN if not known.
    """

    space: str
    tasks: tuple[str, ...]
    archs: tuple[str, ...]
    scores: Float
    centre: Float
    rows: Float
    weights: Float
    lengths: Float
    levels: Float

    @classmethod
    def fit(cls, archs: Sequence[str], values: pd.DataFrame) -> SourceProcess:
        """Fit to n architectures of one space and their values of shape (n, S), NaN where not measured.

        Args:
            archs: n architecture strings.
            values: Values of S tasks, higher is better; columns name the tasks as in `Labels.from_data`.

        Raises:
            ArchitectureError: If a string is not an architecture, or belongs to another space than the first.
            ValueError: If a value is infinite, or a task has no measured value.

        Example:
            >>> import pandas as pd
            >>> archs = ["64-2311-basic", "64-1234-basic", "64-3114-basic"]
            >>> source = SourceProcess.fit(archs, pd.DataFrame({"jigsaw": [1.0, 3.0, 2.0]}))
            >>> source.predict(["64-1234-basic", "64-2311-basic"]).round(1).tolist()
            [[0.8], [-0.8]]
        """
        labels, _ = Labels.from_data(archs, values).in_order()
        features = graph_features(labels.archs)
        centre = centre_and_spread(features)
        X = standardise(features, centre, CLIP)
        chosen = np.random.default_rng(0).permutation(len(X))[:_MOST_ROWS]
        means, count = pooled_scores(labels)
        Z = np.nan_to_num(means)
        scores, weights, lengths = np.empty(Z.shape), np.zeros((len(chosen), Z.shape[1])), np.empty(Z.shape[1])
        patterns, pattern_of = np.unique(count, axis=1, return_inverse=True)
        for p, replicates in enumerate(patterns.T):  # tasks measured on the same architectures share a decomposition
            tasks = np.flatnonzero(pattern_of.reshape(-1) == p)
            scores[:, tasks], weights[:, tasks], lengths[tasks] = _fit_tasks(X, Z[:, tasks], replicates, chosen)
        columns = [column[~np.isnan(column)] for column in labels.values.T]
        levels = np.stack([NormalScores(column).backward(LEVEL_SCORES) for column in columns])
        return cls(labels.space, labels.tasks, labels.archs, scores, centre, X[chosen], weights, lengths, levels)

    def predict(self, archs: Sequence[str]) -> Float:
        """Scores of shape (n, S) of n simplest forms; each row depends only on its architecture."""
        row_of = {arch: row for row, arch in enumerate(self.archs)}
        rows = np.array([row_of.get(arch, -1) for arch in archs], dtype=np.int64)
        found = self.scores[rows] if len(rows) else np.zeros((0, len(self.tasks)))
        if (new := np.flatnonzero(rows < 0)).size:
            features = graph_features([archs[row] for row in new.tolist()])
            distance = scaled_distances(standardise(features, self.centre, CLIP), self.rows)
            for length in np.unique(self.lengths):
                columns = np.flatnonzero(self.lengths == length)
                found[np.ix_(new, columns)] = matern52(distance, length) @ self.weights[:, columns]
        return found

    def only(self, tasks: Sequence[str]) -> SourceProcess:
        """The process restricted to some of the tasks, in the order given.

        Raises:
            UnknownNameError: If there is no such task; the message names the nearest one.

        Example:
            >>> import pandas as pd
            >>> values = pd.DataFrame({"jigsaw": [1.0, 2.0], "normal": [2.0, 1.0]})
            >>> SourceProcess.fit(["64-2311-basic", "64-1234-basic"], values).only(["normal"]).tasks
            ('normal',)
        """
        columns = [self.tasks.index(choice(task, self.tasks, "source task")) for task in tasks]
        scores, weights, lengths = self.scores[:, columns], self.weights[:, columns], self.lengths[columns]
        levels = self.levels[columns]
        return replace(self, tasks=tuple(tasks), scores=scores, weights=weights, lengths=lengths, levels=levels)

    def pack(self) -> Pack:
        """The fitted state, for storage without pickle."""
        settings = {"space": self.space, "tasks": list(self.tasks), "archs": list(self.archs)}
        return Pack(settings, {name: getattr(self, name) for name in _ARRAYS})

    @classmethod
    def unpack(cls, pack: Pack) -> SourceProcess:
        """Inverse of `pack`."""
        settings = pack.settings
        unknown = np.full((len(settings["tasks"]), len(LEVEL_SCORES)), np.nan)  # in artefacts of earlier versions
        arrays = {name: pack.arrays.get(name, unknown) for name in _ARRAYS}
        return cls(settings["space"], tuple(settings["tasks"]), tuple(settings["archs"]), **arrays)


@cached_by_content(maxsize=64)
def _fit_tasks(X: Float, Z: Float, count: Float, chosen: NDArray[np.int64]) -> tuple[Float, Float, Float]:
    """Fit s tasks with the same numbers of replicates, `count` of shape (m,).

    Posterior means decide between splits of trees (`FeatureMap`), so their correlations have the same bits on all CPUs.

    Returns:
        Posterior means of shape (m, s), kernel weights of the chosen rows (0 for those not measured) of shape (r, s),
        length scales of shape (s,).
    """
    rows = chosen[count[chosen] > 0]
    means, weights, lengths = Z.copy(), np.zeros((len(chosen), Z.shape[1])), np.ones(Z.shape[1])
    if not len(rows):  # no chosen row was measured
        return means, weights, lengths
    replicates = np.clip(count, 1, _MOST_REPLICATES)
    some = rows[:_CHOOSE_ON]
    distance = scaled_distances(X[some], X[some])
    evidence = [
        evidence_by_cholesky(Cholesky.from_kernel(matern52(distance, length), noise / replicates[some]), Z[some]).log
        for noise, length in _GRID
    ]
    best = np.argmax(evidence, axis=0)  # (s,)
    distance = scaled_distances(X, X[rows])
    others = np.setdiff1d(np.flatnonzero(count > 0), rows)
    for setting in np.unique(best):
        (noise, length), tasks = _GRID[setting], np.flatnonzero(best == setting)
        across = matern52(distance, length, portable_exp)
        covariance = Cholesky.from_kernel(across[rows], noise / replicates[rows])
        alpha = covariance.solve(Z[np.ix_(rows, tasks)])
        mean = across @ alpha
        if len(others):  # each is also conditioned on its own measurement
            explained = (covariance.whiten(across[others].T) ** 2).sum(axis=0)
            variance = np.maximum(1.0 - explained, JITTER)
            gain = variance / (variance + noise / replicates[others])
            mean[others] += gain[:, None] * (Z[np.ix_(others, tasks)] - mean[others])
        means[:, tasks], lengths[tasks] = mean, length
        weights[np.ix_(count[chosen] > 0, tasks)] = alpha
    return means, weights, lengths
