"""An oracle's trainings of a task, epoch by epoch, for tools that stop trainings early."""

from __future__ import annotations

import numpy as np

from benchmarks.errors import check_type
from surrogates.oracle.oracle import Oracle
from surrogates.oracle.training_cost import partial_seconds

__all__ = ["Trainings"]


class Trainings:
    """The value of a task after every epoch, in its own unit, and the simulated seconds until then.

    Args:
        oracle: An `Oracle` that knows epochs of the task: of a table with every epoch, or with `curves`.
        task: The task.

    Raises:
        TypeError: If the oracle is none, or the task no name.

    Example:
        >>> from benchmarks.table import Table
        >>> curves = {"valid_top1": [[50.0, 70.0]], "time_elapsed": [[5.0, 10.0]]}
        >>> table = Table.from_logs(["64-2311-basic"], {"jigsaw": curves})
        >>> trainings = Trainings(Oracle.from_table(table), "jigsaw")
        >>> trainings.epochs, trainings.value("64-2311-basic", 1), trainings.seconds("64-2311-basic", 1)
        (2, 50.0, 5.0)
    """

    def __init__(self, oracle: Oracle, task: str) -> None:
        check_type(oracle, Oracle, "oracle", "an Oracle")
        check_type(task, str, "task", "a name")
        self.oracle, self.task = oracle, task

    @property
    def epochs(self) -> int:
        """Epochs of a training, E.

        Raises:
            TableError: If the oracle knows no epochs of the task.
        """
        return self.oracle.epochs(self.task)

    def value(self, arch: str, epochs: int) -> float:
        """Value of an architecture after some epochs, from 1 to E.

        Raises:
            TableError: If it was neither measured nor is predicted.
        """
        return float(self.oracle.answers([arch], self.task, epoch=epochs - 1).value[0, 0])

    def seconds(self, arch: str, epochs: int) -> float:
        """Simulated seconds until then; one for each epoch, if they are not known."""
        found = partial_seconds([arch], self.task, [epochs], self.oracle.table, self.epochs)[0]
        return float(epochs if np.isnan(found) else found)
