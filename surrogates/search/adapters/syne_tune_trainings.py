"""Trainings with all their epochs as a syne-tune blackbox, for schedulers that stop early."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from surrogates.oracle.oracle import Oracle
from surrogates.search.adapters.objectives import Objectives
from surrogates.search.adapters.syne_tune_decisions import ArchitectureBlackbox
from surrogates.search.adapters.trainings import Trainings
from surrogates.search.constraints import Constraint

__all__ = ["SyneTuneTrainings"]


class SyneTuneTrainings(ArchitectureBlackbox):
    """The value of a task after every epoch, in its own unit, and ``"elapsed_time"``, the simulated seconds until then.

    The fidelity is ``"epoch"``, from 1 to E. An epoch of unknown duration takes one second. syne-tune asks for a whole
    curve when a trial begins, so `oracle.queries` counts whole trainings; what stopping early saves is in syne-tune's
    own simulated time.

    Args:
        oracle: An `Oracle` that knows epochs of the task: of a table with every epoch, or with `curves`.
        task: The task.
        constraint: Bounds on an architecture.
        constraints: Further bounds as strings, as in `SyneTuneBlackbox`.

    Attributes:
        objectives: The objective and the encoding of architectures.
        trainings: The values and seconds after every epoch.
        epochs: Epochs of a training, E: the `max_t` of schedulers.

    Raises:
        TypeError: If the oracle is none.
        TableError: If it knows no epochs of the task.
        ValueError, UnknownNameError, ConstraintError: As `Objectives`.

    Example:
        >>> from benchmarks.table import Table
        >>> curves = {"valid_top1": [[50.0, 70.0]], "time_elapsed": [[5.0, 10.0]]}
        >>> table = Table.from_logs(["64-2311-basic"], {"jigsaw": curves})
        >>> blackbox = SyneTuneTrainings(Oracle.from_table(table), "jigsaw")
        >>> blackbox(blackbox.objectives.decisions.describe("64-2311-basic"), fidelity=1)
        {'jigsaw': 50.0, 'elapsed_time': 5.0}
    """

    def __init__(
        self,
        oracle: Oracle,
        task: str,
        *,
        constraint: Constraint | None = None,
        constraints: str | Iterable[str] = (),
    ) -> None:
        self.trainings = Trainings(oracle, task)
        self.oracle = oracle
        objectives = Objectives(oracle, task, constraint=constraint, constraints=constraints)
        self.epochs = self.trainings.epochs
        super().__init__(objectives, "epoch", self.epochs)

    def measured(self, arch: str, fidelity: int) -> NDArray[np.float64]:
        """Value and seconds of an architecture after some epochs, of shape (2,)."""
        return np.array([self.trainings.value(arch, fidelity), self.trainings.seconds(arch, fidelity)])
