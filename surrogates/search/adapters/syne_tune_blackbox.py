"""An oracle as a syne-tune blackbox, for its simulator of many workers with simulated training times."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from syne_tune.blackbox_repository.blackbox import Blackbox
from syne_tune.config_space import choice, randint

from benchmarks.spaces.space import Space
from surrogates.search.adapters.objectives import Objectives
from surrogates.search.constraints import Constraint

__all__ = ["SyneTuneBlackbox"]


class SyneTuneBlackbox(Blackbox):  # type: ignore[misc]
    """The final values of T tasks, in their own units, and ``"elapsed_time"``, the simulated seconds of training.

    The metric of every task is better when higher: pass ``do_minimize=False`` to schedulers. There is one fidelity, a
    full training (``"training"`` = 1). A training of unknown duration takes one second. Combinations that are not a
    published and allowed architecture are evaluated as the nearest one (see `Decisions`).

    Args:
        oracle: An `Oracle`, a `Table`, or a function of architectures (see `Objectives`).
        tasks: One task or several.
        space: The space to search; required if the oracle is a function.
        constraint: Bounds on an architecture.
        constraints: Further bounds as strings, such as ``["params<=1e6", "latency_ms<=5"]``, as in `run_search`.
        minimize: As in `run_search`.

    Attributes:
        objectives: The objectives and the encoding of architectures.

    Raises:
        ValueError, UnknownNameError, ConstraintError: As `Objectives`.

    Example:
        >>> from surrogates import Oracle
        >>> blackbox = SyneTuneBlackbox(Oracle.from_pretrained("transnas101-micro"), "jigsaw")
        >>> named = blackbox.objectives.decisions.describe("64-41414-3_33_333")
        >>> sorted(blackbox(named, fidelity=1))
        ['elapsed_time', 'jigsaw']
        >>> blackbox.architecture(named)
        '64-41414-3_33_333'
    """

    def __init__(
        self,
        oracle: object,
        tasks: str | Sequence[str],
        *,
        space: str | Space | None = None,
        constraint: Constraint | None = None,
        constraints: str | Iterable[str] = (),
        minimize: Collection[str] | str = (),
    ) -> None:
        self.objectives = Objectives(
            oracle, tasks, space=space, constraint=constraint, constraints=constraints, minimize=minimize
        )
        super().__init__(
            configuration_space={
                name: choice(list(options)) for name, options in self.objectives.decisions.options.items()
            },
            fidelity_space={"training": randint(1, 1)},
            objectives_names=[*self.objectives.names, "elapsed_time"],
        )

    @property
    def fidelity_values(self) -> NDArray[np.int64]:
        """The one fidelity, of shape (1,)."""
        return np.ones(1, dtype=np.int64)

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
        archs = [self.architecture(configuration)]
        seconds = np.nan_to_num(self.objectives.objective.seconds(archs), nan=1.0)
        values = np.append(self.objectives.measure(archs)[0], seconds)
        if fidelity is None:  # syne-tune requests all fidelities at once
            return values[None]
        return dict(zip(self.objectives_names, values.tolist(), strict=True))
