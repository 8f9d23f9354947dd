"""Look-up of a table's primary metrics by architecture string."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from benchmarks.table import Table

__all__ = ["Measured"]


class Measured:
    """Final values of the primary metric of each task of a table, in the metric's own unit.

    Args:
        table: Measured results of one space.

    Example:
        >>> from benchmarks.table import Table
        >>> table = Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_top1": [90.0]}})
        >>> Measured(table).values(["64-2311-basic", "64-1234-basic"], ["jigsaw", "normal"]).tolist()
        [[90.0, nan], [nan, nan]]
    """

    def __init__(self, table: Table) -> None:
        self.tasks = table.tasks
        self._rows = {arch: row for row, arch in enumerate(table.archs)}
        self._matrix = table.to_frame().to_numpy(dtype=np.float64)  # (N, T)

    def values(self, archs: Sequence[str], tasks: Sequence[str]) -> NDArray[np.float64]:
        """Values of n architectures on some tasks, of shape (n, len(tasks)); NaN where the table has none."""
        rows = np.array([self._rows.get(arch, -1) for arch in archs], dtype=np.int64)
        found = np.full((len(archs), len(tasks)), np.nan)
        for column, task in enumerate(tasks):
            if task in self.tasks:
                found[:, column] = np.where(rows >= 0, self._matrix[rows, self.tasks.index(task)], np.nan)
        return found
