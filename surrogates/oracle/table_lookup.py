"""Look-up of a table's values by architecture string."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import UnknownNameError

if TYPE_CHECKING:
    from benchmarks.table import Table

__all__ = ["Measured"]


class Measured:
    """Final values of the tasks of a table, in the metrics' own units.

    Args:
        table: Measured results of one space.

    Attributes:
        tasks: The tasks with a primary metric; of others, each metric as ``task/metric``.

    Example:
        >>> from benchmarks.table import Table
        >>> table = Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_top1": [90.0], "valid_loss": [0.3]}})
        >>> Measured(table).values(["64-2311-basic", "64-1234-basic"], ["jigsaw", "jigsaw/valid_loss"]).tolist()
        [[90.0, 0.3], [nan, nan]]
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._rows = {arch: row for row, arch in enumerate(table.archs)}
        self.tasks = tuple(name for task in table.tasks for name in _readable(table, task))
        self._columns: dict[str, NDArray[np.float64] | None] = {}

    def values(self, archs: Sequence[str], tasks: Sequence[str]) -> NDArray[np.float64]:
        """Values of n architectures on some tasks, of shape (n, len(tasks)); NaN where the table has none."""
        rows = np.array([self._rows.get(arch, -1) for arch in archs], dtype=np.int64)
        found = np.full((len(archs), len(tasks)), np.nan)
        for place, task in enumerate(tasks):
            column = self._column(task)
            if column is not None:
                found[:, place] = np.where(rows >= 0, column[rows], np.nan)
        return found

    def _column(self, task: str) -> NDArray[np.float64] | None:
        """All values of a task, read once; None if the table does not have it."""
        if task not in self._columns:
            try:
                self._columns[task] = self._table.column(task)
            except UnknownNameError:
                self._columns[task] = None
        return self._columns[task]


def _readable(table: Table, task: str) -> list[str]:
    metrics = table.metrics(task)
    return [task] if table.task(task).column in metrics else [f"{task}/{metric}" for metric in metrics]
