"""Gaussian processes of costs: labels of architectures as written, mostly additive, with little noise.

One process per task: where noise is small and rows have all labels, other tasks add nothing (Bonilla, Chai and
Williams, NIPS 2007, section 2.3). Labels are used in their own unit, in which costs are sums over operations, or as
normal scores, whichever predicts left-out rows better; labels with outliers or failures need the latter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.metrics import kendall_tau
from benchmarks.short_repr import ShortRepr
from surrogates.calibration.folds import normal_scores
from surrogates.calibration.normal_scores import NormalScores
from surrogates.kernels.decompositions import Eigen
from surrogates.kernels.evidence import evidence_by_noise
from surrogates.kernels.features import written_features, written_groups
from surrogates.kernels.functions import weighted_sums
from surrogates.kernels.sum_kernel import Component, SumKernel
from surrogates.labels import Labels
from surrogates.store.nested import add_part, take_part
from surrogates.store.pack import Pack

__all__ = ["WrittenProcess"]

Float = NDArray[np.float64]
Ints = NDArray[np.int64]

_NOISES = np.logspace(-4, 0, 9)
_LENGTH_ROWS = 128
"""Rows that select length scales, the first ones."""
_DOUBT = 0.25
"""Normal scores are used if Kendall's tau of left-out rows is higher by more than this / sqrt(n)."""


@dataclass(frozen=True, repr=False)
class WrittenProcess(ShortRepr):
    """Posterior of T tasks on the features as written (`written_features`), each with a sum of kernels of its own.

    Attributes:
        space: Name of the space.
        archs: The u labelled strings of the posterior.
        components: The J kernels that are summed: a linear one on each group of features, and one of each shape on all
            that is written.
        tasks: The posterior of each task; None if its labels are all equal.

    Example:
        >>> archs = ["64-41414-3_00_300", "64-41414-0_00_300", "64-41414-0_00_301"]
        >>> labels = Labels.from_data(archs, [3.0, 1.0, 2.0]).select(["y0"], "string")
        >>> process, left_out = WrittenProcess.fit(labels, np.arange(3), ["matern"], [2.0], 3)
        >>> process.scores(archs).argsort(axis=0).ravel().tolist(), left_out.shape
        ([1, 2, 0], (3, 1))
    """

    space: str
    archs: tuple[str, ...]
    components: tuple[Component, ...]
    tasks: tuple[_Task | None, ...]

    @property
    def own_unit(self) -> tuple[bool, ...]:
        """For each task whether its process is one of labels in their own unit; if not, of normal scores."""
        return tuple(task is not None and task.own_unit for task in self.tasks)

    @classmethod
    def fit(
        cls, labels: Labels, rows: Ints, shapes: Sequence[str], lengths: Sequence[float], evidence_rows: int
    ) -> tuple[WrittenProcess, Float]:
        """Fit to k of the n labelled rows.

        Args:
            labels: Labels grouped by string, of T tasks.
            rows: The rows of the posterior, of shape (k,).
            shapes: Kernels besides the linear ones, keys of `surrogates.kernels.functions.CORRELATIONS`.
            lengths: Length scales; for each shape the one of highest evidence is used.
            evidence_rows: Number of rows that select kernels and learn their variances, the first of `rows`.

        Returns:
            The process, and the normal scores of the k rows, each predicted from all others, of shape (k, T).
        """
        used, inverse = np.unique(labels.group[rows], return_inverse=True)
        archs = tuple(labels.archs[i] for i in used)
        points = written_features(labels.space, archs)
        X, Y = points[inverse], labels.values[rows]
        start = min(evidence_rows, _LENGTH_ROWS)
        components = _components(labels.space, shapes, lengths, X[:start], normal_scores(Y)[:start])
        tasks: list[_Task | None] = []
        scores = np.zeros_like(Y)
        for t, column in enumerate(Y.T):
            known = ~np.isnan(column)
            if not known.any() or np.ptp(column[known]) == 0:
                tasks.append(None)
                continue
            task, scores[known, t] = _Task.fit(components, X[known], column[known], evidence_rows)
            weights = np.zeros(len(used))
            np.add.at(weights, inverse[known], task.weights)  # replicates share a point
            tasks.append(replace(task, weights=weights))
        process = cls(labels.space, archs, components, tuple(tasks))
        if np.isnan(Y).any():
            scores = np.where(np.isnan(Y), process.scores(archs)[inverse], scores)
        return process, scores

    def scores(self, archs: Sequence[str]) -> Float:
        """Normal scores of m strings, of shape (m, T)."""
        X, points = written_features(self.space, archs), written_features(self.space, self.archs)
        weights = np.stack([np.zeros(len(points)) if task is None else task.weights for task in self.tasks], axis=1)
        variances = np.stack(
            [np.zeros(len(self.components)) if task is None else task.variances for task in self.tasks], axis=1
        )
        means = np.zeros((len(X), len(self.tasks)))
        for component, variance in zip(self.components, variances, strict=True):  # variance: (T,)
            means += weighted_sums(component.matrix, X, points, weights * variance)
        columns = zip(self.tasks, means.T, strict=True)
        return np.stack([mean if task is None else task.to_scores(mean) for task, mean in columns], axis=1)

    def pack(self) -> Pack:
        """The state without that of the surrogate around it."""
        pack = Pack({"archs": list(self.archs), "components": [list(component) for component in self.components]})
        pack.settings["tasks"] = [
            None if task is None else add_part(pack, f"written{t}_", task.pack()) for t, task in enumerate(self.tasks)
        ]
        return pack

    @classmethod
    def unpack(cls, space: str, pack: Pack) -> WrittenProcess:
        """Inverse of `pack`."""
        tasks = [
            None if settings is None else _Task.unpack(take_part(pack, f"written{t}_", settings))
            for t, settings in enumerate(pack.settings["tasks"])
        ]
        components = tuple(Component(*component) for component in pack.settings["components"])
        return cls(space, tuple(pack.settings["archs"]), components, tuple(tasks))


@dataclass(frozen=True)
class _Task:
    """The posterior of one task: variances (J,) of the kernels, weights (u,) of the points, and the unit of labels."""

    variances: Float
    weights: Float
    own_unit: bool
    centre: float
    labels: Float

    @classmethod
    def fit(cls, components: Sequence[Component], X: Float, labels: Float, evidence_rows: int) -> tuple[_Task, Float]:
        """The process that predicts left-out rows better, of labels or of normal scores, and these predictions."""
        found: list[tuple[_Task, Float]] = []
        for own_unit in (True, False):
            y = labels if own_unit else NormalScores(labels).forward(labels)
            first = y[:evidence_rows]
            if np.ptp(first) == 0:
                first, evidence_rows = y, len(y)
            kernel = SumKernel.fit(components, X[:evidence_rows], first - first.mean())
            r = y - y.mean()
            weights, left_out = kernel.solve(X, r)
            left_out = r - (r - left_out) * (1 + len(components) / len(y))  # all rows learned the J variances
            task = cls(kernel.variances, weights, own_unit, float(y.mean()), labels)
            found.append((task, task.to_scores(left_out)))
        taus = [kendall_tau(labels, scores) for _, scores in found]
        return found[int(taus[1] > taus[0] + _DOUBT / np.sqrt(len(labels)))]

    def to_scores(self, means: Float) -> Float:
        """Normal scores of posterior means around `centre`, of shape (m,)."""
        expected = self.centre + means
        return NormalScores(self.labels).extrapolate(expected) if self.own_unit else expected

    def pack(self) -> Pack:
        arrays = {"variances": self.variances, "weights": self.weights, "labels": self.labels}
        return Pack({"own_unit": self.own_unit, "centre": self.centre}, dict(arrays))

    @classmethod
    def unpack(cls, pack: Pack) -> _Task:
        settings, arrays = pack.settings, pack.arrays
        return cls(arrays["variances"], arrays["weights"], settings["own_unit"], settings["centre"], arrays["labels"])


def _components(
    space: str, shapes: Sequence[str], lengths: Sequence[float], X: Float, Z: Float
) -> tuple[Component, ...]:
    """A linear kernel on each group of features, and of each shape the one of highest evidence on all that is written.

    Args:
        space: Name of the space.
        shapes: Keys of `CORRELATIONS`.
        lengths: Length scales to choose from.
        X: Features of n rows, of shape (n, d).
        Z: Their normal scores, NaN where not measured, of shape (n, T).
    """
    groups = written_groups(space)
    found = [Component("linear", columns.start, columns.stop) for columns in groups.values()]
    written = groups["function"].start  # the groups before it
    for shape in shapes:
        choices = [Component(shape, 0, written, float(length)) for length in lengths]
        found.append(max(choices, key=lambda choice: _evidence(choice, X, Z)))
    return tuple(found)


def _evidence(component: Component, X: Float, Z: Float) -> float:
    """Log evidence of a kernel at the best noise, summed over tasks."""
    total, kernel = 0.0, component.matrix(X, X)
    for pattern in np.unique(~np.isnan(Z), axis=1).T:
        tasks = (~np.isnan(Z) == pattern[:, None]).all(axis=0)
        if pattern.any():
            eigen = Eigen.from_kernel(kernel[np.ix_(pattern, pattern)])
            total += sum(evidence_by_noise(eigen, z, _NOISES, 1.0).log.max() for z in Z[pattern][:, tasks].T)
    return float(total)
