"""What a search asks: an oracle, a table, or any function, made to look alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import check_type, choice
from benchmarks.spaces.registry import get_space
from benchmarks.spaces.space import Space
from benchmarks.tasks import TIME
from surrogates.oracle.training_cost import training_seconds
from surrogates.search.constraints import Constraint

if TYPE_CHECKING:
    from benchmarks.table import Table

__all__ = ["Objective", "open_objective"]

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Objective:
    """Where values come from.

    Attributes:
        space: The space it knows.
        tasks: Names of the T tasks.
        measure: Values of n architectures in the metrics' own units, of shape (n, T).
        known: Which of the N published architectures it has values for, of shape (N,).
        allowed: Which of those may be asked about, of shape (N,).
        constraint: What they may cost, if that is bounded.
        table: Measured training times, if any.
        remembers: Whether it answers from memory, so that asking again costs nothing.
    """

    space: Space
    tasks: tuple[str, ...]
    measure: Callable[[list[str]], Values]
    known: NDArray[np.bool_]
    allowed: NDArray[np.bool_]
    constraint: Constraint | None = None
    table: Table | None = None
    remembers: bool = False

    def seconds(self, archs: Sequence[str]) -> Values:
        """Simulated seconds of training n architectures on all tasks, of shape (n,); NaN where nobody knows."""
        if not archs:
            return np.zeros(0)
        total = np.zeros(len(archs))
        rows = [self.space.index(arch) for arch in archs]
        for task in self.tasks:
            if self.table is not None and task in self.table.tasks and TIME in self.table.metrics(task):
                total += training_seconds(archs, task, self.table)
            else:
                total += _estimate(self.space.name, task)[rows]
        return total


def open_objective(
    oracle: object,
    tasks: str | Sequence[str],
    *,
    space: str | Space | None = None,
    constraint: Constraint | None = None,
) -> Objective:
    """Look at an oracle, a table or a function.

    A table answers for what was measured on all the tasks, and only that is searched.

    Args:
        oracle: An `Oracle`, a `Table`, or a function: a list of n architectures in, values of shape (n,) or (n, T) in
            the tasks' own units out.
        tasks: One task or several.
        space: What to search; needed if the oracle is a function.
        constraint: What an architecture may cost.

    Raises:
        ValueError: If there is no task, a function comes without a space, or a space contradicts the oracle's.
        ConstraintError: If no architecture meets the constraint; names the smallest there is.
        UnknownNameError: If the oracle does not know a task, or there is no such space.
        TypeError: If something else is given for one of these.

    Example:
        >>> objective = open_objective(lambda archs: [len(arch) for arch in archs], "length", space="transnas101-micro")
        >>> objective.measure(["64-41414-3_33_333"]).tolist()
        [[17.0]]
    """
    check_type(constraint, Constraint | None, "constraint", "a Constraint or None")
    objective = _without_constraint(oracle, tasks, space)
    if constraint is None:
        return objective
    allowed = constraint.check(objective.space, objective.known)
    return replace(objective, allowed=allowed, constraint=constraint)


def _without_constraint(oracle: object, tasks: str | Sequence[str], space: str | Space | None) -> Objective:
    from benchmarks.table import Table
    from surrogates.oracle.oracle import Oracle

    check_type(tasks, str | Iterable, "task", "a name or several")
    names = (tasks,) if isinstance(tasks, str) else tuple(tasks)
    if not names:
        raise ValueError("expected at least one task, got none")
    if repeated := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"expected different tasks, got {repeated[0]!r} more than once")
    if isinstance(oracle, Table):
        oracle = Oracle.from_table(oracle if space is None else oracle.where(space=space))
    if isinstance(oracle, Oracle):
        return _of_oracle(oracle, names, space)
    if not callable(oracle):
        raise TypeError(f"expected an Oracle, a Table or a function of architectures, got {type(oracle).__name__}")
    if space is None:
        raise ValueError("an oracle that is a function does not say what it knows: expected space=..., got None")
    found = get_space(space)
    known = np.ones(len(found), dtype=bool)
    return Objective(found, names, _of_function(oracle, len(names)), known, known)


def _of_oracle(oracle: Any, tasks: tuple[str, ...], space: str | Space | None) -> Objective:
    if space is not None and get_space(space) != oracle.space:
        raise ValueError(f"the oracle knows {oracle.space}, got space={str(space)!r}")
    for task in tasks:
        choice(task, oracle.tasks, "task of the oracle")
    known = np.ones(len(oracle.space), dtype=bool)
    predicted = () if oracle.surrogate is None or oracle.source == "table" else oracle.surrogate.tasks_
    if only_measured := [task for task in tasks if task not in predicted]:
        measured = oracle.table.to_frame()[only_measured].dropna().index
        known = np.isin(np.array(oracle.space.archs), measured.to_numpy(dtype=str))

    def measure(archs: list[str]) -> Values:
        if len(archs) > 1:
            return np.asarray(oracle.answers(archs, tasks).value, dtype=np.float64)
        return np.array([[oracle(arch, task) for task in tasks] for arch in archs], dtype=np.float64)

    return Objective(oracle.space, tasks, measure, known, known, table=oracle.table, remembers=True)


def _of_function(function: Callable[[list[str]], Any], n_tasks: int) -> Callable[[list[str]], Values]:
    def measure(archs: list[str]) -> Values:
        values = np.asarray(function(list(archs)), dtype=np.float64)
        if values.shape != (len(archs), n_tasks) and not (n_tasks == 1 and values.shape == (len(archs),)):
            raise ValueError(f"expected values of shape {(len(archs), n_tasks)}, got {values.shape}")
        return values.reshape(len(archs), n_tasks)

    return measure


@lru_cache(maxsize=64)
def _estimate(space: str, task: str) -> Values:
    """Estimated seconds of every published architecture on a task, of shape (N,)."""
    return training_seconds(get_space(space).archs, task)
