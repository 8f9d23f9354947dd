"""Gaussian processes on standardised graph features, all tasks at once, averaged over kernels by their evidence."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state, check_scalar
from threadpoolctl import threadpool_limits

from benchmarks.errors import choice
from surrogates.calibration.base import CalibratedSurrogate
from surrogates.calibration.folds import FoldCalibration, normal_scores
from surrogates.calibration.imputation import fill_missing
from surrogates.equivalence import Equivalence
from surrogates.kernels.coregion import Coregion
from surrogates.kernels.decompositions import Eigen
from surrogates.kernels.evidence import likeliest
from surrogates.kernels.feature_kernels import FeatureKernel, feature_kernels
from surrogates.kernels.features import standard_features
from surrogates.kernels.functions import CORRELATIONS, weighted_sums
from surrogates.labels import Labels
from surrogates.models.threads import thread_count
from surrogates.models.written_process import WrittenProcess
from surrogates.store.pack import Pack

__all__ = ["GaussianProcessSurrogate"]

Float = NDArray[np.float64]

_KEPT = 3
_FEW_ROWS = 400


class GaussianProcessSurrogate(CalibratedSurrogate):
    """Gaussian process averaged over kernels, with a covariance between tasks and exact leave-one-out calibration.

    A kernel decreases with the distance of standardised graph features, either as exp(-r) of the L1 distance or as a
    Matern 3/2 of the L2 distance, with features weighted by a power (0, 1 or 2) of their correlation with the labels.
    The kernels are averaged with weights proportional to their evidence. Accurate with few labels, and on macro spaces
    (skeletons), where performance is a smooth function of the features.

    For costs (`equivalence`) each task has a process of its own on the features as written, dead operations included,
    with a sum of linear kernels and the above, whose variances are learned (`surrogates.models.written_process`).

    Args:
        length_scales: Length scales of the kernels, in mean absolute (L1) or root mean square (L2) standard deviations
            per feature. For costs, one of them for each kernel.
        kernels: Names of the kernels, keys of `surrogates.kernels.functions.CORRELATIONS`.
        max_rows: Maximum number of labelled rows in the posterior; a random subset if there are more.
        evidence_rows: Number of rows for kernel selection, the first of those in the posterior.
        n_jobs: Threads of the linear algebra with 400 or more rows; all cores if -1. With one, the default, results on
            one machine are bitwise reproducible, whatever the environment variables.
        random_state: Seed of the random subset.
        equivalence: ``"function"`` pools architectures that compute the same function; ``"string"`` tells them apart,
            for costs such as latency, where dead operations count. If not given, each task's name decides, and a
            warning says so.

    Attributes:
        kernels_: The J kernels that are averaged (not for costs).
        shares_: Their weights, of shape (J,), with sum 1.
        archs_: Simplest forms of the architectures in the posterior (for costs their strings).

    Example:
        >>> from benchmarks import get_space
        >>> archs = get_space("transnas101-macro").sample(40, rng=0)
        >>> depth = [float(len(arch)) for arch in archs]
        >>> surrogate = GaussianProcessSurrogate().fit(archs, depth)
        >>> mean, std = surrogate.predict(["64-2311-basic", "64-231111-basic"], return_std=True)
        >>> bool(mean[1] > mean[0]), std.shape
        (True, (2,))
    """

    def __init__(
        self,
        *,
        length_scales: Sequence[float] = (1.0, 2.0, 4.0, 8.0),
        kernels: Sequence[str] = ("laplace", "matern"),
        max_rows: int = 2048,
        evidence_rows: int = 512,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = 0,
        equivalence: Equivalence | None = None,
    ) -> None:
        self.length_scales = length_scales
        self.kernels = kernels
        self.max_rows = max_rows
        self.evidence_rows = evidence_rows
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.equivalence = equivalence

    def fit_scores(self, labels: Labels) -> None:
        check_scalar(self.max_rows, "max_rows", Integral, min_val=1)
        if not len(self.length_scales) or min(self.length_scales) <= 0:
            raise ValueError(f"length_scales: expected positive numbers, at least one, got {self.length_scales!r}")
        if isinstance(self.kernels, str) or not len(self.kernels):
            raise ValueError(f"kernels: expected a list of names, at least one, got {self.kernels!r}")
        with self._threads(len(labels.values)):
            if labels.equivalence == "function":
                self._fit_rows(labels)
            else:
                self._fit_written(labels)

    def _fit_rows(self, labels: Labels) -> None:
        Z = normal_scores(labels.values)
        order = check_random_state(self.random_state).permutation(len(Z))[: self.max_rows]
        chosen = order if len(Z) > self.max_rows else np.arange(len(Z))
        missing = np.isnan(Z[chosen])
        self.centre_ = np.nanmean(Z, axis=0)
        R = fill_missing(Z)[chosen] - self.centre_
        used, inverse = np.unique(labels.group[chosen], return_inverse=True)
        self.archs_ = [labels.archs[i] for i in used]
        self._points = standard_features(labels.space, self.archs_)
        X = self._points[inverse]
        found, self.shares_ = self._choose(X, Z[chosen], R)
        self.kernels_, self.weights_ = [kernel for kernel, _ in found], []
        scores = np.zeros_like(R)
        for (kernel, tasks), share in zip(found, self.shares_, strict=True):
            eigen = Eigen.from_kernel(kernel.matrix(X, X))
            filled = tasks.fill(eigen, R, missing)
            weights = np.zeros((len(used), Z.shape[1]))
            np.add.at(weights, inverse, tasks.solve(eigen, filled))  # replicates share a point
            self.weights_.append(weights)
            scores += share * (self.centre_ + tasks.left_out(eigen, filled))
        unseen = self._posterior(standard_features(labels.space, labels.archs))[labels.group]  # rows outside the subset
        unseen[chosen] = scores
        self.calibrate(labels, unseen, np.arange(len(Z)))

    def _fit_written(self, labels: Labels) -> None:
        """One process per task on the features as written; the order of the rows makes no difference."""
        position = np.argsort(np.argsort(np.array(labels.archs)))[labels.group]
        ordered = np.lexsort((*labels.values.T, position))
        chosen = ordered[check_random_state(self.random_state).permutation(len(ordered))[: self.max_rows]]
        for shape in self.kernels:
            choice(shape, CORRELATIONS, "kernel")
        self.written_, scores = WrittenProcess.fit(labels, chosen, self.kernels, self.length_scales, self.evidence_rows)
        self.archs_ = list(self.written_.archs)
        unseen = np.empty_like(labels.values)
        if len(chosen) < len(unseen):
            unseen = self.written_.scores(labels.archs)[labels.group]
        unseen[chosen] = scores
        self.calibrate(labels, unseen, np.arange(len(unseen)), self.written_.own_unit)

    def _choose(self, X: Float, Z: Float, R: Float) -> tuple[list[tuple[FeatureKernel, Coregion]], Float]:
        """The kernels of highest evidence on the first rows, and their weights."""
        rows = slice(self.evidence_rows)
        found = [
            (kernel, Coregion.fit(Eigen.from_kernel(kernel.matrix(X[rows], X[rows])), R[rows]))
            for kernel in feature_kernels(X, Z, self.length_scales, self.kernels)
        ]
        kept, shares = likeliest(np.array([-tasks.loss for _, tasks in found]), _KEPT)
        return [found[j] for j in kept], shares

    def scores(self, archs: list[str]) -> Float:
        """Normal scores of m distinct simplest forms (or strings), of shape (m, T): the posterior mean."""
        with self._threads(len(archs)):
            if self.equivalence_ == "string":
                return self.written_.scores(archs)
            return self._posterior(standard_features(self.space_, archs))

    def _posterior(self, X: Float) -> Float:
        scores = np.tile(self.centre_, (len(X), 1))
        for kernel, weights, share in zip(self.kernels_, self.weights_, self.shares_, strict=True):
            scores += share * weighted_sums(kernel.matrix, X, self._points, weights)
        return scores

    def _threads(self, n_rows: int) -> threadpool_limits:
        """Limit the threads of the linear algebra; with few rows, several are slower than one."""
        every = thread_count(self.n_jobs, by_default=1)
        return threadpool_limits(limits=1 if n_rows < _FEW_ROWS else every, user_api="blas")

    def pack(self) -> Pack:
        if self.equivalence_ == "string":
            pack = self.written_.pack()
            pack.arrays |= self.calibration_.to_arrays()
            return pack
        pack = Pack(arrays={**self.calibration_.to_arrays(), "centre": self.centre_})
        pack.settings["archs"] = self.archs_
        shares = zip(self.kernels_, self.shares_.tolist(), strict=True)
        pack.settings["kernels"] = [[kernel.shape, kernel.length, share] for kernel, share in shares]
        for i, (kernel, weights) in enumerate(zip(self.kernels_, self.weights_, strict=True)):
            pack.arrays |= {f"kernel{i}_features": kernel.weights, f"kernel{i}_weights": weights}
        return pack

    def unpack(self, pack: Pack) -> None:
        self.calibration_ = FoldCalibration.from_arrays(len(self.tasks_), pack.arrays)
        if self.equivalence_ == "string":
            self.written_ = WrittenProcess.unpack(self.space_, pack)
            self.archs_ = list(self.written_.archs)
            return
        self.centre_, self.archs_ = pack.arrays["centre"], pack.settings["archs"]
        self._points = standard_features(self.space_, self.archs_)
        kernels = list(enumerate(pack.settings["kernels"]))
        self.kernels_ = [
            FeatureKernel(shape, length, pack.arrays[f"kernel{i}_features"]) for i, (shape, length, _) in kernels
        ]
        self.shares_ = np.array([share for _, (_, _, share) in kernels])
        self.weights_ = [pack.arrays[f"kernel{i}_weights"] for i, _ in kernels]
