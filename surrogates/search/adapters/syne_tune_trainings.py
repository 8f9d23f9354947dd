"""Trainings with all their epochs as a syne-tune blackbox, for schedulers that stop early."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from syne_tune.blackbox_repository.blackbox import Blackbox
from syne_tune.config_space import choice, randint

from benchmarks.errors import check_type
from surrogates.oracle.oracle import Oracle
from surrogates.oracle.training_cost import partial_seconds
from surrogates.search.adapters.objectives import Objectives
from surrogates.search.constraints import Constraint

__all__ = ["SyneTuneTrainings"]


class SyneTuneTrainings(Blackbox):  # type: ignore[misc]
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
        check_type(oracle, Oracle, "oracle", "an Oracle")
        check_type(task, str, "task", "a name")
        self.objectives = Objectives(oracle, task, constraint=constraint, constraints=constraints)
        self.oracle = oracle
        self.epochs = oracle.epochs(task)
        options = self.objectives.decisions.options.items()
        super().__init__(
            configuration_space={name: choice(list(values)) for name, values in options},
            fidelity_space={"epoch": randint(1, self.epochs)},
            objectives_names=[*self.objectives.names, "elapsed_time"],
        )

    @property
    def fidelity_values(self) -> NDArray[np.int64]:
        """The numbers of epochs, of shape (E,)."""
        return np.arange(1, self.epochs + 1)

    def architecture(self, config: dict[str, Any]) -> str:
        """The architecture that a configuration encodes; other entries are ignored.

        Raises:
            ValueError: If decisions are missing.
            UnknownNameError: If a decision has no such option; names the nearest one.
        """
        return self.objectives.decisions.build(config)

    def _objective_function(
        self, configuration: dict[str, Any], fidelity: dict[str, Any] | None = None, seed: int | None = None
    ) -> dict[str, float] | NDArray[np.float64]:
        arch = self.architecture(configuration)
        if fidelity is None:  # syne-tune requests all fidelities at once
            return np.stack([self._after(arch, int(epochs)) for epochs in self.fidelity_values])
        return dict(zip(self.objectives_names, self._after(arch, int(fidelity["epoch"])).tolist(), strict=True))

    def _after(self, arch: str, epochs: int) -> NDArray[np.float64]:
        """Value and seconds after some epochs, of shape (2,)."""
        (task,) = self.objectives.names
        value = self.oracle.answers([arch], task, epoch=epochs - 1).value[0, 0]
        seconds = partial_seconds([arch], task, [epochs], self.oracle.table, self.epochs)[0]
        return np.array([value, epochs if np.isnan(seconds) else seconds])
