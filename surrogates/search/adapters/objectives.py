"""The objectives of an optimiser: task values from an oracle, and costs of an architecture."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.spaces.space import Space
from surrogates.oracle.oracle import Oracle
from surrogates.search.adapters.decisions import Decisions
from surrogates.search.constraints import Constraint
from surrogates.search.objective import check_different, open_objective
from surrogates.search.quantities import cost_to_minimise

__all__ = ["Objectives"]


class Objectives:
    """The K = T + C objectives of architectures of one space: T tasks, then C costs.

    Args:
        oracle: An `Oracle`, a `Table` (only measured architectures are searched), or a function from a list of n
            architectures to values of shape (n,) or (n, T) in the tasks' own units.
        tasks: One task or several. The metric of a task gives its direction; a task of no benchmark is maximised.
        costs: ``"params"`` and ``"multiply_adds"`` of the backbone, and tasks of an oracle that are better when lower,
            each an objective to minimise.
        space: The space to search; required if the oracle is a function.
        constraint: Bounds on an architecture.
        constraints: Further bounds as strings, such as ``["params<=1e6", "latency_ms<=5"]``, as in `run_search`.
        minimize: As in `run_search`.

    Attributes:
        objective: The task values.
        decisions: Encoding of the architectures that have values and costs, and meet the constraints.
        names: Names of the K objectives.
        signs: +1 for an objective that is better when higher, else -1, of shape (K,).

    Raises:
        ValueError: If there is no task, an objective is named twice (also in two spellings), a function is given
            without a space, or the space is not the oracle's.
        ConstraintError: If no architecture meets the constraint; names the nearest bounds that one meets.
        UnknownNameError: If there is no such task, cost or space; names the nearest one.

    Example:
        >>> objectives = Objectives(Oracle.from_pretrained("transnas101-micro"), "jigsaw", costs=["params"])
        >>> objectives.names, objectives.signs.tolist()
        (('jigsaw', 'params'), [1.0, -1.0])
        >>> objectives.measure(["64-41414-0_00_100", "64-41414-3_33_333"]).shape
        (2, 2)
    """

    def __init__(
        self,
        oracle: object,
        tasks: str | Sequence[str],
        costs: str | Sequence[str] = (),
        *,
        space: str | Space | None = None,
        constraint: Constraint | None = None,
        constraints: str | Iterable[str] = (),
        minimize: Collection[str] | str = (),
    ) -> None:
        self.objective = open_objective(
            oracle, tasks, space=space, constraint=constraint, constraints=constraints, minimize=minimize
        )
        costs = (costs,) if isinstance(costs, str) else tuple(costs)
        self._oracle = oracle
        over = self.objective.oracle or self.objective.space
        columns = [cost_to_minimise(over, cost) for cost in costs]
        self._charged = np.column_stack(columns) if columns else np.zeros((len(self.objective.space), 0))
        allowed = self.objective.allowed & np.isfinite(self._charged).all(axis=1)
        self.decisions = Decisions(self.objective.space, allowed)
        self.names = (*self.objective.tasks, *costs)
        check_different(self.names, "objectives")
        self.signs = np.append(self.objective.signs, [-1.0] * len(costs))

    def measure(self, archs: Sequence[str]) -> NDArray[np.float64]:
        """The objectives of n architectures, each in its own unit, of shape (n, K), with a single oracle call.

        Raises:
            ArchitectureError: If a string is not one of the published architectures.
            ValueError: If the oracle returns a value that is not finite.
        """
        space, tasks = self.objective.space, self.objective.tasks
        if isinstance(self._oracle, Oracle):
            values = self._oracle.answers(archs, tasks).value
        else:
            values = self.objective.measure(list(archs))
        if not np.isfinite(values).all():
            row, column = np.argwhere(~np.isfinite(values))[0]
            raise ValueError(f"the oracle returned {values[row, column]} for {archs[row]!r} on {tasks[column]}")
        charged = self._charged[[space.index(arch) for arch in archs]]
        return np.column_stack([values, charged])
