"""The objective of a search: a common interface to an oracle, a table or any function."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import UnknownNameError, check_type, choice
from benchmarks.numbers import real_numbers
from benchmarks.short_repr import ShortRepr
from benchmarks.spaces.memo import cached_by_space
from benchmarks.spaces.registry import get_space
from benchmarks.spaces.space import Space
from benchmarks.task_names import choose_task, name_tasks
from benchmarks.tasks import TIME, find_task, minimized, trained_task
from surrogates.oracle.training_cost import training_seconds
from surrogates.search.constraints import Constraint, as_constraint
from surrogates.search.quantities import Quantities, cost_series
from surrogates.search.space_arrays import COSTS

if TYPE_CHECKING:
    from benchmarks.table import Table
    from surrogates.search.base import Searcher

__all__ = ["Objective", "check_different", "open_objective"]

Values = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Objective(ShortRepr):
    """The values that a search queries.

    Attributes:
        space: The space that is searched, of N published architectures.
        tasks: Names of the T tasks.
        measure: Function from a list of n architectures to their values in the metrics' own units, of shape (n, T).
        known: Mask of the architectures that have values, of shape (N,).
        allowed: Mask of the known architectures that meet the constraint, of shape (N,).
        constraint: Bounds on costs and tasks of an architecture, if any.
        oracle: The oracle, whose other tasks can be bounded and charged; None for a function.
        table: Table of measured training times, if any.
        remembers: Whether values are stored, so that querying again is free.
        minimize: Those of the tasks that are the user's own and better when lower.
    """

    space: Space
    tasks: tuple[str, ...]
    measure: Callable[[list[str]], Values]
    known: NDArray[np.bool_]
    allowed: NDArray[np.bool_]
    constraint: Constraint | None = None
    oracle: Quantities | None = None
    table: Table | None = None
    remembers: bool = False
    minimize: tuple[str, ...] = ()

    @property
    def signs(self) -> Values:
        """+1 for a task whose metric is better when higher, else -1; of shape (T,)."""
        return np.array([-1.0 if task in self.minimize else find_task(task).metric.sign for task in self.tasks])

    def only(self, task: str) -> Objective:
        """The objective of one of the tasks; the others are measured too, and dropped."""
        column = self.tasks.index(choice(task, self.tasks, "task"))
        minimize = tuple(name for name in self.minimize if name == task)
        return replace(self, tasks=(task,), measure=_OneColumn(self.measure, column), minimize=minimize)

    def seconds(self, archs: Sequence[str]) -> Values:
        """Simulated seconds of training n architectures on all tasks, of shape (n,); NaN where unknown."""
        if not archs:
            return np.zeros(0)
        total = np.zeros(len(archs))
        rows = [self.space.index(arch) for arch in archs]
        for task in self.tasks:
            of = trained_task(task)
            if self.table is not None and of in self.table.tasks and TIME in self.table.metrics(of):
                total += training_seconds(archs, task, self.table)
            else:
                total += _estimate(self.space, task)[rows]
        return total

    def charge(self, searcher: Searcher) -> Searcher:
        """A searcher whose ``cost``, if it names a task of the oracle, is replaced by the values of that task.

        Raises:
            UnknownNameError: If there is no such task; names the nearest one.
            ValueError: If the task is better when higher.
        """
        params = searcher.get_params(deep=False)
        cost = params.get("cost")
        if not isinstance(cost, str) or cost in COSTS or self.oracle is None:
            return searcher
        return type(searcher)(**{**params, "cost": cost_series(self.oracle, cost)})


def open_objective(
    oracle: object,
    tasks: str | Sequence[str],
    *,
    space: str | Space | None = None,
    constraint: Constraint | None = None,
    constraints: str | Iterable[str] = (),
    minimize: Collection[str] | str = (),
) -> Objective:
    """The objective behind an oracle, a table or a function.

    With a table, only the architectures measured on all the tasks are searched.

    Args:
        oracle: An `Oracle`, a `Table`, or a function from a list of n architectures to values of shape (n,) or (n, T)
            in the tasks' own units.
        tasks: One task or several.
        space: The space to search; required if the oracle is a function.
        constraint: Bounds on an architecture.
        constraints: Further bounds as strings, such as ``["params<=1e6", "latency_ms<=5"]`` (`Bound.parse`): on costs
            of the backbone, and on tasks of an oracle or table.
        minimize: Tasks of a function that are the user's own and better when lower; names that say so are refused
            without it. An oracle or table knows its directions.

    Raises:
        ValueError: If there is no task, a constraint is not readable, a function is given without a space, or the space
            is not the oracle's.
        ConstraintError: If no architecture meets the constraints; names the nearest bounds that one meets.
        UnknownNameError: If the oracle does not know a task, a name is refused, or there is no such space.
        TypeError: If an argument has the wrong type.

    Example:
        >>> objective = open_objective(lambda archs: [len(arch) for arch in archs], "length", space="transnas101-micro")
        >>> objective.measure(["64-41414-3_33_333"]).tolist()
        [[17.0]]
    """
    check_type(constraint, Constraint | None, "constraint", "a Constraint or None")
    objective = _without_constraint(oracle, tasks, space, minimize)
    bounds = as_constraint(constraint, constraints)
    if bounds is None:
        return objective
    allowed = bounds.check(objective.oracle or objective.space, objective.known)
    return replace(objective, allowed=allowed, constraint=bounds)


def check_different(names: Sequence[str], what: str) -> None:
    """Refuse names of which two are equal: what is kept by name would be lost.

    Raises:
        ValueError: If a name is repeated.
    """
    if repeated := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"expected different {what}, got {repeated[0]!r} more than once")


def _without_constraint(
    oracle: object, tasks: str | Sequence[str], space: str | Space | None, minimize: Collection[str] | str
) -> Objective:
    from benchmarks.table import Table
    from surrogates.oracle.oracle import Oracle

    check_type(tasks, str | Iterable, "task", "a name or a list of names")
    names = (tasks,) if isinstance(tasks, str) else tuple(tasks)
    for name in names:
        check_type(name, str, "task", "a name or a list of names")
    if not names:
        raise ValueError("expected at least one task, got none")
    check_different(names, "tasks")
    if isinstance(oracle, Table):
        oracle = Oracle.from_table(oracle if space is None else oracle.where(space=space))
    if isinstance(oracle, Oracle):
        return _of_oracle(oracle, names, space, minimize)
    if not callable(oracle):
        raise TypeError(f"expected an Oracle, a Table or a function of architectures, got {type(oracle).__name__}")
    if space is None:
        raise ValueError("expected a space for an oracle that is a function, got space=None")
    found = get_space(space)
    known = np.ones(len(found), dtype=bool)
    named = name_tasks(names, minimize)
    if unnamed := [name for name in names if name not in named]:
        raise UnknownNameError(f"expected the name of a task, got {unnamed[0]!r}, the name of bookkeeping")
    lowered = tuple(task.name for task in named.values() if task.benchmark == "user" and task == minimized(task))
    canonical = tuple(task.name for task in named.values())
    check_different(canonical, "tasks")
    return Objective(found, canonical, _FunctionValues(oracle, len(names)), known, known, minimize=lowered)


def _of_oracle(
    oracle: Any, names: tuple[str, ...], space: str | Space | None, minimize: Collection[str] | str
) -> Objective:
    if space is not None and get_space(space) != oracle.space:
        raise ValueError(f"expected the space of the oracle, {oracle.space}, got space={str(space)!r}")
    for name in names:
        if "/" not in name:  # a metric of its table is known to the oracle only
            choose_task(name, oracle.tasks, "task of the oracle")
    found = {name: oracle.task(name) for name in names}
    tasks = tuple(task.name for task in found.values())
    check_different(tasks, "tasks")
    for name in (minimize,) if isinstance(minimize, str) else minimize:
        if oracle.task(name).metric.higher_is_better:
            raise ValueError(f"{name!r} is better when higher in the oracle: expected no minimize={name!r}")
    known = np.ones(len(oracle.space), dtype=bool)
    predicted = () if oracle.surrogate is None or oracle.source == "table" else oracle.surrogate.tasks_
    if only_measured := [task for task in tasks if task not in predicted]:
        complete = ~np.isnan([oracle.table.column(task) for task in only_measured]).any(axis=0)
        known = np.isin(np.array(oracle.space.archs), np.array(oracle.table.archs)[complete])
    lowered = tuple(task.name for task in found.values() if task.benchmark == "user" and task == minimized(task))
    measure, table = _OracleValues(oracle, tasks), oracle.table
    return Objective(oracle.space, tasks, measure, known, known, None, oracle, table, remembers=True, minimize=lowered)


@dataclass(frozen=True)
class _OracleValues:
    """Values of n architectures on T tasks of an oracle, of shape (n, T); picklable, as the oracle is."""

    oracle: Any
    tasks: tuple[str, ...]

    def __call__(self, archs: list[str]) -> Values:
        if len(archs) > 1:
            return np.asarray(self.oracle.answers(archs, self.tasks).value, dtype=np.float64)
        return np.array([[self.oracle(arch, task) for task in self.tasks] for arch in archs], dtype=np.float64)


@dataclass(frozen=True)
class _FunctionValues:
    """Values of n architectures by a function, of shape (n, T); picklable if the function is."""

    function: Callable[[list[str]], Any]
    n_tasks: int

    def __call__(self, archs: list[str]) -> Values:
        found = self.function(list(archs))
        index = getattr(found, "index", None)
        if index is not None and not callable(index) and list(index) != archs and set(index) == set(archs):
            raise ValueError("expected values in the order of the architectures, got a pandas object in another order")
        values = real_numbers(found, "values of the function")
        if values.shape != (len(archs), self.n_tasks) and not (self.n_tasks == 1 and values.shape == (len(archs),)):
            raise ValueError(f"expected values of shape {(len(archs), self.n_tasks)}, got {values.shape}")
        return values.reshape(len(archs), self.n_tasks)


@dataclass(frozen=True)
class _OneColumn:
    """Values of n architectures on one of several tasks, of shape (n, 1)."""

    measure: Callable[[list[str]], Values]
    column: int

    def __call__(self, archs: list[str]) -> Values:
        return self.measure(archs)[:, [self.column]]


@cached_by_space(maxsize=64)
def _estimate(space: Space, task: str) -> Values:
    """Estimated seconds of every published architecture on a task, of shape (N,)."""
    return training_seconds(space.archs, task)
