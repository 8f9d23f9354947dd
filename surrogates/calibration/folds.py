"""Calibration of all tasks of a surrogate from out-of-fold scores, with the functions seen in training."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from surrogates.calibration.calibration import Calibration, left_out_means
from surrogates.calibration.error_correlation import ErrorCorrelation
from surrogates.calibration.normal_scores import NormalScores
from surrogates.calibration.shift import ShiftCalibration
from surrogates.labels import Labels

__all__ = ["FoldCalibration", "normal_scores", "pooled_scores"]

Float = NDArray[np.float64]


def normal_scores(values: Float) -> Float:
    """Normal scores of labels of shape (n, T), computed per task; NaN stays NaN.

    Example:
        >>> normal_scores(np.array([[10.0], [20.0], [np.nan], [30.0]])).round(2).T.tolist()
        [[-0.97, 0.0, nan, 0.97]]
    """
    return np.stack([NormalScores(column[~np.isnan(column)]).forward(column) for column in values.T], axis=1)


def pooled_scores(labels: Labels) -> tuple[Float, Float]:
    """Mean normal score of m functions on T tasks, NaN where not measured, and its replicates; each of shape (m, T).

    Example:
        >>> labels = Labels.from_data(["64-2311-basic", "64-1234-basic"], [10.0, 20.0])
        >>> [array.round(2).tolist() for array in pooled_scores(labels)]
        [[[-0.67], [0.67]], [[1.0], [1.0]]]
    """
    m, Z = len(labels.archs), normal_scores(labels.values)
    sums, counts = np.zeros((2, m, Z.shape[1]))
    for t, z in enumerate(Z.T):
        known = ~np.isnan(z)
        counts[:, t] = np.bincount(labels.group[known], minlength=m)
        sums[:, t] = np.bincount(labels.group[known], z[known], minlength=m)
    return sums / np.where(counts, counts, np.nan), counts


class FoldCalibration:
    """Maps normal scores of T tasks to labels and standard deviations in the metrics' own units.

    Args:
        tasks: The calibration of each task.
        seen: Hashes of the functions seen in training.
        shift: Widens the intervals of architectures unlike the training rows; none are if not given.
        errors: Correlations of the errors of predictions; not known if not given.
    """

    def __init__(
        self,
        tasks: Sequence[Calibration],
        seen: NDArray[np.uint64],
        shift: ShiftCalibration | None = None,
        errors: ErrorCorrelation | None = None,
    ) -> None:
        self.tasks = list(tasks)
        self.seen = seen
        self.shift = shift
        self.errors = errors

    @classmethod
    def fit(
        cls, labels: Labels, scores: Float, fold: NDArray[np.int64], own_unit: Sequence[bool] = ()
    ) -> tuple[FoldCalibration, dict[str, dict[str, float]]]:
        """Fit to n rows.

        With leave-one-out folds, the map from score to label that gives a row's residual is also fitted to the other
        rows only (`left_out_means`).

        Args:
            labels: Labels of n rows and T tasks.
            scores: Out-of-fold normal scores, of shape (n, T).
            fold: The fold of every row, of shape (n,).
            own_unit: For each task whether its scores are predictions in the label's own unit, put on the scale of
                normal scores by `NormalScores.extrapolate`; of none if empty.

        Returns:
            The calibrations, and for every task Kendall's ``tau`` and the ``coverage`` of the 90 % interval (an empty
            dictionary for a task whose labels are all equal).
        """
        twin = _seen_elsewhere(labels.group, fold)
        one_by_one = len(np.unique(fold)) == len(fold)
        tasks, found = [], {}
        for t, (task, values) in enumerate(zip(labels.tasks, labels.values.T, strict=True)):
            rows = ~np.isnan(values)
            known, score = values[rows], scores[rows, t]
            own = bool(own_unit) and own_unit[t]
            expected = left_out_means(known, score) if one_by_one and not own else None
            calibration = Calibration.fit(NormalScores(known), known, score, twin[rows], expected, own)
            tasks.append(calibration)
            found[task] = calibration.cv_scores(known, score, twin[rows], expected)
        return cls(tasks, _hashes(labels.archs)), found

    def with_shift(self, labels: Labels) -> FoldCalibration:
        """The same calibration, with wider intervals for architectures unlike the n rows that it was fitted to.

        The correlation of errors is estimated as well.
        """
        means, _ = pooled_scores(labels)
        spread = np.nanstd(labels.values, axis=0)
        shift = ShiftCalibration.fit(labels.space, labels.archs, means, spread)
        rows = {arch: row for row, arch in enumerate(labels.archs)}
        errors = ErrorCorrelation.fit(shift, means[[rows[arch] for arch in shift.archs]])
        return FoldCalibration(self.tasks, self.seen, shift, errors)

    def novelty(self, archs: Sequence[str]) -> Float:
        """Novelty of m simplest forms (see `ShiftCalibration`), of shape (m,): 0 if seen in training."""
        if self.shift is None:
            return np.full(len(archs), np.nan)
        return np.where(np.isin(_hashes(archs), self.seen), 0.0, self.shift.novelty(archs))

    def unfamiliar(self, arch: str) -> str:
        """What is unlike the training rows about a simplest form, in words; empty if nothing is, or it was seen."""
        seen = bool(np.isin(_hashes([arch]), self.seen)[0])
        return "" if self.shift is None or seen else self.shift.unfamiliar(arch)

    def error_correlation(self, archs: Sequence[str]) -> Float:
        """Correlations of the errors of m simplest forms, of shape (T, m, m); NaN beside the diagonal if not known."""
        if self.errors is None:
            unknown = np.where(np.equal.outer(np.array(archs, object), np.array(archs, object)), 1.0, np.nan)
            return np.tile(unknown, (len(self.tasks), 1, 1))
        return self.errors.matrix(archs, np.isin(_hashes(archs), self.seen))

    def predict(self, archs: Sequence[str], scores: Float) -> tuple[Float, Float]:
        """Labels and standard deviations of m simplest forms with normal scores of shape (m, T), each (m, T)."""
        seen = np.isin(_hashes(archs), self.seen)
        columns = list(zip(self.tasks, scores.T, strict=True))
        mean = np.stack([calibration.mean(column) for calibration, column in columns], axis=1)
        std = np.stack([calibration.std(column, seen) for calibration, column in columns], axis=1)
        new = np.flatnonzero(~seen)
        if self.shift is not None and len(new):
            std[new] = self.shift.widened([archs[row] for row in new.tolist()], std[new])
        return mean, std

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Arrays for `Pack.arrays`."""
        arrays: dict[str, NDArray[np.generic]] = {"seen": self.seen}
        arrays |= {} if self.shift is None else self.shift.to_arrays()
        arrays |= {} if self.errors is None else self.errors.to_arrays()
        for t, calibration in enumerate(self.tasks):
            arrays |= {f"task{t}_{name}": array for name, array in calibration.to_arrays().items()}
        return arrays

    @classmethod
    def from_arrays(cls, n_tasks: int, arrays: Mapping[str, NDArray[np.generic]]) -> FoldCalibration:
        """Inverse of `to_arrays`; other arrays are ignored."""
        tasks = []
        for t in range(n_tasks):
            prefix = f"task{t}_"
            own = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
            tasks.append(Calibration(**{name: np.asarray(array, dtype=np.float64) for name, array in own.items()}))
        shift = ShiftCalibration.from_arrays(arrays)
        errors = ErrorCorrelation.from_arrays(shift, n_tasks, arrays)
        return cls(tasks, np.asarray(arrays["seen"], dtype=np.uint64), shift, errors)


def _hashes(archs: Sequence[str]) -> NDArray[np.uint64]:
    """A 64-bit hash of each string, the same in every process, of shape (m,)."""
    digests = (hashlib.blake2b(arch.encode(), digest_size=8).digest() for arch in archs)
    return np.frombuffer(b"".join(digests), dtype="<u8")


def _seen_elsewhere(group: NDArray[np.int64], fold: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether a row's function also occurs in another fold, of shape (n,)."""
    pairs = np.unique(np.stack([group, fold], axis=1), axis=0)
    return np.asarray(np.bincount(pairs[:, 0])[group] > 1)
