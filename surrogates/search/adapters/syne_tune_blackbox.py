"""An oracle as a syne-tune blackbox, for its simulator of many workers with simulated training times."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.spaces.space import Space
from surrogates.search.adapters.objectives import Objectives
from surrogates.search.adapters.syne_tune_decisions import ArchitectureBlackbox
from surrogates.search.constraints import Constraint

__all__ = ["SyneTuneBlackbox"]


class SyneTuneBlackbox(ArchitectureBlackbox):
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
        objectives = Objectives(
            oracle, tasks, space=space, constraint=constraint, constraints=constraints, minimize=minimize
        )
        super().__init__(objectives, "training", 1)

    def measured(self, arch: str, fidelity: int) -> NDArray[np.float64]:
        """Values of T tasks and seconds of an architecture, of shape (T + 1,)."""
        seconds = np.nan_to_num(self.objectives.objective.seconds([arch]), nan=1.0)
        return np.append(self.objectives.measure([arch])[0], seconds)
