"""Where the values of an oracle come from: measured where the table has them, predicted otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import TableError, UnknownNameError, choice
from benchmarks.quantities import is_cost
from benchmarks.task_names import choose_task
from benchmarks.tasks import Task, find_task, minimized
from surrogates.oracle.answers import Answers
from surrogates.oracle.exact_costs import exact_costs, is_exact_cost
from surrogates.oracle.mixing import check_mixture
from surrogates.oracle.partial import PartialTrainings
from surrogates.oracle.predictors import (
    CachedSurrogate,
    error_correlation_of,
    novelty_of,
    predict_matrix,
    unfamiliar_in,
)
from surrogates.oracle.table_lookup import Measured
from surrogates.oracle.tabulated import TabulatedSurrogate
from surrogates.search.space_arrays import COSTS, cost_column

if TYPE_CHECKING:
    from benchmarks.spaces.space import Space
    from benchmarks.table import Table
    from surrogates.models.learning_curves import LearningCurveSurrogate
    from surrogates.oracle.predictors import Predictor

__all__ = ["ValueSources"]


class ValueSources:
    """Measured and predicted values of the architectures of one space; counts no queries.

    Args:
        space: The space.
        predictor: Predicts what is not measured; None if only measured values are wanted.
        table: Measured results of the space; None if only predictions are wanted.
        curves: Learning curves of the space; they predict values during trainings.
        minimize: Those of the predictor's tasks that are the user's own and better when lower.
        cache_size: Maximum number of classes of architectures with cached predictions.

    Attributes:
        tasks: Names of the tasks: the predictor's, then those that only the table has.
        trainings: Values during trainings.

    Example:
        >>> from benchmarks.table import Table
        >>> table = Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_top1": [90.0]}})
        >>> sources = ValueSources(table.space, None, table)
        >>> sources.find(("64-2311-basic", "64-1234-basic"), ("jigsaw",)).value.tolist()
        [[90.0], [nan]]
    """

    def __init__(
        self,
        space: Space,
        predictor: Predictor | None,
        table: Table | None,
        curves: LearningCurveSurrogate | None = None,
        minimize: tuple[str, ...] = (),
        cache_size: int = 1 << 16,
    ) -> None:
        if predictor is not None and not isinstance(predictor, TabulatedSurrogate):
            predictor = CachedSurrogate(predictor, cache_size)
        self.space, self.predictor, self.minimize = space, predictor, minimize
        self._table = table
        self._measured = None if table is None else Measured(table)
        self.trainings = PartialTrainings(table, curves, cache_size)
        predicted = () if predictor is None else predictor.tasks_
        known = () if self._measured is None else self._measured.tasks
        self.tasks: tuple[str, ...] = tuple(dict.fromkeys((*predicted, *known)))

    def check_mixture(self) -> None:
        """Compare what is both measured and predicted (`surrogates.oracle.mixing.check_mixture`)."""
        if self._table is not None and self.predictor is not None:
            check_mixture(self._table, self.predictor, self.minimize)

    # -- tasks --------------------------------------------------------------------------------------------------

    def choose(self, name: str) -> str:
        """The task of a name: of the predictor or the table, or any metric of the table.

        Raises:
            UnknownNameError: If there is no such task; the message names the nearest one.
        """
        if name in self.tasks:
            return name
        if self._table is not None and isinstance(name, str) and "/" in name:
            with suppress(UnknownNameError):
                return self._table.task(name).name
        return choose_task(name, self.tasks)

    def choose_all(self, names: Iterable[str] | str | None) -> tuple[str, ...]:
        """The tasks of names, one name or several; all tasks if None."""
        if names is None:
            return self.tasks
        listed = list(names) if isinstance(names, Iterable) and not isinstance(names, str) else [names]
        return tuple(self.choose(name) for name in listed)

    def task(self, name: str) -> Task:
        """The task of a name, with its metric, unit and direction; raises as `choose`."""
        chosen = self.choose(name)
        if chosen in self.minimize:
            return minimized(find_task(chosen))
        predicted = () if self.predictor is None else self.predictor.tasks_
        return find_task(chosen) if chosen in predicted or self._table is None else self._table.task(chosen)

    def choose_cost(self, name: str) -> str:
        """The cost of a name: an exact one of the backbone, or a task that is better when lower or named after a cost.

        Raises:
            UnknownNameError: If there is no such cost; the message names the nearest one.
            SpaceError: If it is a cost of the backbone, and the space has no networks.
            ValueError: If it is a task that is better when higher, and no cost by name.
        """
        if is_exact_cost(self.space, name, self.tasks):
            return name
        if name in COSTS and not self._has(name):
            cost_column(self.space, name)  # raises: there are no networks
        if not self._has(name):
            choice(name, dict.fromkeys((*COSTS, *self.tasks)), "cost or task of the oracle")  # names the costs as well
        task = self.task(name)
        if task.metric.higher_is_better and not is_cost(task.name):
            raise ValueError(f"{task.name!r:.200} is better when higher, and no cost: ask for it as a task")
        return task.name

    def _has(self, name: str) -> bool:
        try:
            self.choose(name)
        except UnknownNameError:
            return False
        return True

    # -- values -------------------------------------------------------------------------------------------------

    def find(self, archs: tuple[str, ...], tasks: tuple[str, ...]) -> Answers:
        """Answers for n valid architectures on known tasks: measured, else predicted, else NaN."""
        value, std = np.full((2, len(archs), len(tasks)), np.nan)
        if self._measured is not None:
            value = self._measured.values(archs, tasks)
        measured = ~np.isnan(value)
        if self.predictor is not None:
            order = self.predictor.tasks_
            columns = [column for column, task in enumerate(tasks) if task in order]
            rows = np.flatnonzero(~measured[:, columns].all(axis=1)).tolist()
            if rows:
                means, stds = predict_matrix(self.predictor, [archs[row] for row in rows])
                wanted = [order.index(tasks[column]) for column in columns]
                block = np.ix_(np.array(rows), np.array(columns))
                value[block] = np.where(measured[block], value[block], means[:, wanted])
                std[block] = np.where(measured[block], np.nan, stds[:, wanted])
        return Answers(archs, tasks, value, std, measured, self._published(archs))

    def require(self, archs: tuple[str, ...], tasks: tuple[str, ...], advice: str = "") -> Answers:
        """As `find`, without missing values.

        Args:
            archs: n valid architectures.
            tasks: Known tasks.
            advice: What to do about a missing value if nothing predicts.

        Raises:
            TableError: If a value was neither measured nor predicted.
        """
        answers = self.find(archs, tasks)
        for row, column in np.argwhere(np.isnan(answers.value)):
            predicted = "" if self.predictor is None else ", ".join(self.predictor.tasks_)
            why = f"the surrogate predicts only {predicted}" if predicted else advice
            raise TableError(f"{archs[row]!r} was not measured on {tasks[column]}; {why}")
        return answers

    def costs(self, archs: tuple[str, ...], names: tuple[str, ...], advice: str = "") -> Answers:
        """Costs of n valid architectures (`choose_cost`): exact, measured or predicted; raises as `require`."""
        exact = tuple(name for name in names if is_exact_cost(self.space, name, self.tasks))
        others = self.require(archs, tuple(name for name in names if name not in exact), advice)
        value = exact_costs(self.space, archs, exact)
        std, known = np.full(value.shape, np.nan), np.ones(value.shape, dtype=bool)
        return Answers(archs, exact, value, std, known, others.in_domain, exact=exact).beside(others)

    def error_correlation(self, archs: tuple[str, ...], tasks: tuple[str, ...]) -> NDArray[np.float64]:
        """Correlations of the errors of n predictions on T tasks, of shape (T, n, n); NaN if not known."""
        found = np.full((len(tasks), len(archs), len(archs)), np.nan)
        order = () if self.predictor is None else self.predictor.tasks_
        known = [column for column, task in enumerate(tasks) if task in order]
        if self.predictor is not None and known:
            rho = error_correlation_of(self.predictor, archs)
            found[known] = rho[[order.index(tasks[column]) for column in known]]
        return found

    def after(self, archs: tuple[str, ...], tasks: tuple[str, ...], positions: Sequence[int]) -> Answers:
        """Answers after an epoch of each task, counted from 0.

        Raises:
            TableError: If a value was neither measured nor predicted.
        """
        value, std = np.full((2, len(archs), len(tasks)), np.nan)
        measured = np.zeros(value.shape, dtype=bool)
        for column, (task, position) in enumerate(zip(tasks, positions, strict=True)):
            value[:, column], std[:, column], measured[:, column] = self.trainings.values(archs, task, position)
            if np.isnan(value[:, column]).any():
                arch = archs[int(np.isnan(value[:, column]).argmax())]
                raise TableError(
                    f"{arch!r} was not measured on {task} after epoch {position}; learning curves would predict it: "
                    "Oracle(surrogate, table, curves=LearningCurveSurrogate().fit(table))"
                )
        return Answers(archs, tasks, value, std, measured, self._published(archs), np.full(len(archs), np.nan))

    def novelty(self, answers: Answers) -> NDArray[np.float64]:
        """Novelty of the n architectures of answers, of shape (n,); NaN if all of one is measured, or not known."""
        novelty = np.full(len(answers.archs), np.nan)
        rows = np.flatnonzero(~answers.measured.all(axis=1)).tolist()
        if self.predictor is not None and rows:
            novelty[rows] = novelty_of(self.predictor, [answers.archs[row] for row in rows])
        return novelty

    def unfamiliar(self, arch: str) -> str:
        """What is unlike all training rows of the predictor about a valid architecture; empty if nothing is."""
        return "" if self.predictor is None else unfamiliar_in(self.predictor, arch)

    def _published(self, archs: tuple[str, ...]) -> NDArray[np.bool_]:
        return np.array([arch in self.space for arch in archs], dtype=bool)
