"""Values during trainings: measured from a table that has every epoch, else predicted by learning curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import TableError
from benchmarks.task_log import check_epoch
from benchmarks.tasks import trained_task

if TYPE_CHECKING:
    from benchmarks.table import Table
    from surrogates.models.learning_curves import LearningCurveSurrogate

__all__ = ["PartialTrainings"]

Float = NDArray[np.float64]


class PartialTrainings:
    """Values of architectures after any epoch of their training.

    Args:
        table: Measured results of one space.
        curves: Fitted to learning curves of the same space; they predict trainings of the table's length only.
        size: Number of predicted curves that are kept; more only while they are asked for at once.

    Example:
        >>> from benchmarks.table import Table
        >>> table = Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_top1": [[50.0, 70.0, 90.0]]}})
        >>> trainings = PartialTrainings(table, None)
        >>> trainings.epochs("jigsaw"), trainings.values(["64-2311-basic"], "jigsaw", 1)[0].tolist()
        (3, [70.0])
    """

    def __init__(self, table: Table | None, curves: LearningCurveSurrogate | None, size: int = 1 << 16) -> None:
        self._table = table
        self._size = size
        self._curves = curves
        self._predicted: dict[tuple[str, str], tuple[Float, Float]] = {}

    def epochs(self, task: str) -> int:
        """Epochs of a training: of most rows of the table that have several, else those of the learning curves.

        Raises:
            TableError: If neither has epochs of the task.
        """
        lengths = self._lengths(task)
        several = lengths[lengths > 1]
        if len(several):
            return int(np.bincount(several).argmax())
        if self._curves is not None and task in self._curves.schedules_:
            return self._curves.schedules_[task][0]
        raise TableError(
            f"{task}: expected a table with every epoch (a .pth file, a campaign) or learning curves, as in "
            "Oracle(surrogate, table, curves=LearningCurveSurrogate().fit(other)), got neither"
        )

    def position(self, task: str, epoch: object) -> int:
        """An epoch, from 0 or backwards from the last if negative, counted from 0.

        Raises:
            TableError: If there is no such epoch, or it is no integer.
        """
        epochs = self.epochs(task)
        checked = check_epoch(epoch, [epochs])
        if isinstance(checked, str):
            raise TableError(f"expected an integer from {-epochs} to {epochs - 1}, got epoch={checked!r}")
        return checked if checked >= 0 else epochs + checked

    def values(self, archs: Sequence[str], task: str, epoch: int) -> tuple[Float, Float, NDArray[np.bool_]]:
        """Values after an epoch.

        Args:
            archs: n architectures of the space.
            task: A task.
            epoch: From 0.

        Returns:
            Values in the metric's unit, their standard deviations (NaN where measured), and whether they were measured,
            each of shape (n,); values are NaN where they are neither measured nor predicted.
        """
        seen = self._measured(archs, task)
        value = seen[:, epoch] if epoch < seen.shape[1] else np.full(len(archs), np.nan)
        std, measured = np.full(len(archs), np.nan), ~np.isnan(value)
        rows = np.flatnonzero(~measured).tolist()
        if rows and self._curves is not None and self.epochs(task) in self._curves.schedules_.get(task, ()):
            self._predict([archs[row] for row in rows], task, seen[rows])
            for row in rows:
                mean, spread = self._predicted[archs[row], task]
                value[row], std[row] = mean[epoch], spread[epoch]
        return value, std, measured

    def _predict(self, archs: list[str], task: str, seen: Float) -> None:
        """Predict curves that were not yet, of n architectures with measured values of shape (n, E)."""
        assert self._curves is not None
        new = [row for row, arch in enumerate(archs) if (arch, task) not in self._predicted]
        if not new:
            return
        if len(self._predicted) + len(new) > self._size:
            self._predicted.clear()
            new = list(range(len(archs)))
        epochs, own = self.epochs(task), [archs[row] for row in new]
        mean, std = self._curves.predict(own, task, seen[new, :epochs], epochs, return_std=True)
        for row, arch in enumerate(own):
            self._predicted[arch, task] = mean[row], std[row]

    def _measured(self, archs: Sequence[str], task: str) -> Float:
        """Measured values of n architectures, of shape (n, E); NaN where there are none."""
        of = trained_task(task)
        if self._table is None or of not in self._table.logs:
            return np.empty((len(archs), 0))
        log, column = self._table.logs[of], self._table.task(task).column
        found = np.full((len(archs), log.epochs), np.nan)
        if column in log.metrics:
            for place, arch in enumerate(archs):
                if arch in self._table:
                    found[place] = log.metrics[column][self._table.row(arch)]
        return found

    def _lengths(self, task: str) -> NDArray[np.int64]:
        of = trained_task(task)
        none = np.zeros(0, dtype=np.int64)
        return none if self._table is None or of not in self._table.logs else self._table.logs[of].lengths
