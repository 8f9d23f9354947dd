"""Tables of measured results: architectures x tasks x metrics x epochs, missing = NaN."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.directions import declare
from benchmarks.errors import TableError, check_type, choice, shown
from benchmarks.forks import cached_property
from benchmarks.frames import parse_frame
from benchmarks.limits import SHOWN
from benchmarks.spaces.registry import get_space
from benchmarks.spaces.space import Space
from benchmarks.table_checks import Duplicates, check_logs
from benchmarks.table_summary import content_hash, describe_logs, summarise
from benchmarks.task_log import Epoch, TaskLog, check_epoch
from benchmarks.task_names import choose_task
from benchmarks.tasks import (
    SPLITS,
    TIME,
    Task,
    find_metric,
    find_task,
    is_minimized,
    metric_column,
    minimized,
    result_columns,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Table"]


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """Measured results, created and validated by `load_table`, `Table.from_frame` and `Table.from_logs`.

    Values are looked up by the exact string: architectures that compute the same function but were trained separately
    keep their own values. A table is immutable; `where` returns a smaller one, `save_table` writes it.

    Attributes:
        archs: The n architecture strings, in file order.
        row_spaces: Name of the search space of each of them.
        logs: Task -> recorded metrics and model facts.
        provenance: Where the values come from (`table_provenance`); empty if unknown. `where` keeps all of it.

    Example:
        >>> import pandas as pd
        >>> measured = pd.DataFrame({"arch": ["64-2311-basic", "64-1234-basic"], "jigsaw": [90.1, 94.2]})
        >>> table = Table.from_frame(measured)
        >>> table.best("jigsaw").index[0], table.value("64-2311-basic", "jigsaw"), table.space.name
        ('64-1234-basic', 90.1, 'transnas101-macro')
    """

    archs: tuple[str, ...]
    row_spaces: tuple[str, ...]
    logs: Mapping[str, TaskLog]
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_frame(
        cls,
        frame: object,
        space: str | Space | None = None,
        duplicates: Duplicates = "error",
        *,
        minimize: Collection[str] | str = (),
    ) -> Table:
        """Create a table from a DataFrame with one row per architecture.

        Args:
            frame: A DataFrame, a table of pyarrow or polars, or a dictionary of columns. It has a column or index
                ``arch`` (or ``architecture``, ``arch_str``) and numeric columns: ``class_scene`` (the task's primary
                metric), ``class_scene/valid_loss`` (another one), ``class_scene/model_params`` (a model fact) or
                ``class_scene/extra_NAME`` (a metric of unknown direction). Any other name is a user-defined task,
                better when higher unless it is in `minimize`; names that say otherwise (a latency) are refused.
                Bookkeeping (seeds, identifiers) is left out.
            space: Keep only the rows of this search space.
            duplicates: Rows of one architecture that disagree are an ``"error"`` or replaced by their ``"mean"``.
            minimize: Columns of user-defined tasks that are better when lower.

        Raises:
            TableError: If there is no architecture column, a name is refused, or a value is invalid; names the row and
                the column.
            ArchitectureError: If a string is not an architecture; names the row.

        Warns:
            UserWarning: If columns are left out, or a metric in percent holds fractions.

        Example:
            >>> import pandas as pd
            >>> measured = pd.DataFrame({"arch": ["64-2311-basic", "64-1234-basic"], "latency_ms": [3.0, 2.0]})
            >>> Table.from_frame(measured, minimize=["latency_ms"]).best("latency_ms").index[0]
            '64-1234-basic'
        """
        archs, metrics, info = parse_frame(frame, minimize)
        table = cls.from_logs(archs, metrics, info, duplicates=duplicates)
        return table if space is None else table.where(space=space)

    @classmethod
    def from_logs(
        cls,
        archs: Sequence[str],
        metrics: Mapping[str, Mapping[str, object]],
        info: Mapping[str, Mapping[str, object]] | None = None,
        duplicates: Duplicates = "error",
    ) -> Table:
        """Create a table from per-epoch arrays.

        Args:
            archs: n architecture strings.
            metrics: Task -> metric with its split (``"valid_top1"``) -> values of shape (n, E) or (n,), NaN = missing.
                E may differ between tasks.
            info: Task -> model fact (``"model_params"``) -> values of shape (n,).
            duplicates: As in `from_frame`.

        Raises:
            TableError: If a shape or value is invalid; names the row and the column.
            ArchitectureError: If a string is not an architecture; names the row.

        A metric ``extra_NAME`` or model fact ``info_NAME`` is kept as ``NAME``, without unit, bounds or direction.

        Example:
            >>> table = Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_loss": [[3.0, 1.0, 2.0]]}})
            >>> table.value("64-2311-basic", "jigsaw", "valid_loss", epoch="best")
            1.0
        """
        return cls(*check_logs(archs, metrics, info or {}, duplicates))

    # -- content --------------------------------------------------------------------------------------------

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks, in file order."""
        return tuple(self.logs)

    @cached_property
    def spaces(self) -> tuple[str, ...]:
        """Names of the search spaces that occur, in file order."""
        return tuple(dict.fromkeys(self.row_spaces))

    @property
    def space(self) -> Space:
        """The search space, if there is only one.

        Raises:
            TableError: If there are several; select one with `where`.
        """
        if len(self.spaces) != 1:
            raise TableError(f"expected one search space, got {', '.join(self.spaces)}; select one: where(space=...)")
        return get_space(self.spaces[0])

    def metrics(self, task: str) -> tuple[str, ...]:
        """Names of the metrics recorded for a task, with their split."""
        return tuple(self.logs[choose_task(task, self.logs)].metrics)

    def task(self, name: str) -> Task:
        """The task of a name, with the metric, unit and direction that it has in this table.

        Args:
            name: One of `tasks`, or ``task/metric`` for another metric or model fact that is recorded for it.

        Raises:
            UnknownNameError: If this table has no such task or metric; names the nearest one.

        Example:
            >>> table = Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_loss": [0.2]}})
            >>> table.task("jigsaw/valid_loss").metric.higher_is_better
            False
        """
        if isinstance(name, str) and name in self.logs:
            return self._primary[name]
        of = str(name).rpartition("/")[0]
        log = self.logs.get(of)
        own = [] if log is None else [f"{of}/{column}" for column in (*log.metrics, *log.info)]
        chosen = choose_task(name, (*self.tasks, *own))
        if chosen in self.logs:
            return self._primary[chosen]
        column = chosen.rpartition("/")[2]
        if column in result_columns():
            return find_task(chosen)
        split = column.partition("_")[0]
        return replace(find_task(of), name=chosen, metric=find_metric(column), split=split if split in SPLITS else "")

    @cached_property
    def results(self) -> tuple[str, ...]:
        """Names of the results: the tasks, and of a task without its primary metric each other one, as ``task/metric``.

        Metrics without a known direction, and time, are no results if the task has others.

        Example:
            >>> Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_loss": [0.2], "time_elapsed": [9.0]}}).results
            ('jigsaw/valid_loss',)
        """
        names: list[str] = []
        for name, log in self.logs.items():
            others = [m for m in log.metrics if m != TIME and find_metric(m).higher_is_better is not None]
            primary = self._primary[name].column in log.metrics
            names += [name] if primary or not others else [f"{name}/{metric}" for metric in others]
        return tuple(names)

    @property
    def minimize(self) -> tuple[str, ...]:
        """Names of the user-defined tasks that are better when lower."""
        return tuple(name for name, task in self._primary.items() if is_minimized(task))

    def column(self, name: str) -> NDArray[np.float64]:
        """Final values of a task, or of ``task/metric``, in the metric's own unit, of shape (n,); NaN where missing.

        Raises:
            UnknownNameError: If this table has no such task or metric; names the nearest one.

        Example:
            >>> table = Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_loss": [[0.3, 0.2]]}})
            >>> table.column("jigsaw/valid_loss")
            array([0.2])
        """
        task = self.task(name)
        _, log = self._log_of(task.name)
        if task.column in log.info:
            return np.asarray(log.info[task.column], dtype=np.float64)
        return log.select(task.column) if task.column in log.metrics else np.full(len(self), np.nan)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of architectures and values: the same in every process and file format."""
        return content_hash(self.archs, self.logs)

    def __len__(self) -> int:
        return len(self.archs)

    def __iter__(self) -> Iterator[str]:
        return iter(self.archs)

    def __contains__(self, arch: object) -> bool:
        return arch in self._row_of

    def __repr__(self) -> str:
        return summarise(self.archs, self.spaces, *self._described)

    # -- values ---------------------------------------------------------------------------------------------

    def to_frame(self, metric: str | None = None, epoch: Epoch = "final", split: str | None = None) -> pd.DataFrame:
        """One value per architecture and task, in the metric's own unit and direction.

        Args:
            metric: ``"valid_loss"``, or ``"loss"`` with `split`; None for each task's primary metric, or `results` if
                some task does not have it and `split` is not given.
            epoch: ``"final"`` (the last recorded), ``"best"`` (the best value of this metric on this split, by the
                metric's direction) or a number: from 0, or backwards from the last if negative.
            split: ``"train"``, ``"valid"`` or ``"test"``; ``"valid"`` if neither this nor the name gives one.

        Returns:
            DataFrame of shape (n, T), indexed by architecture, with a column for each task (or of `results`); NaN where
            missing. `attrs` lists metrics that are not primary.

        Raises:
            UnknownNameError: If no task has the metric; names the nearest one.
            TableError: If no task has the epoch, or the metric's name and `split` contradict each other.
        """
        if metric is None and split is None and self.results != self.tasks:
            return self._results_frame(epoch)
        names = {task: self._metric_column(task, metric, split) for task in self.tasks}
        having = [task for task in self.tasks if names[task] in self.logs[task].metrics]
        if not having:
            existing = dict.fromkeys(name for log in self.logs.values() for name in log.metrics)
            choice(names[self.tasks[0]], existing, "metric" if metric else f"metric (of column {self.tasks[0]!r})")
        epoch = check_epoch(epoch, [self.logs[task].epochs for task in having])
        frame = self._frame({t: log.select(names[t], epoch) if t in having else None for t, log in self.logs.items()})
        others = {t: name for t, name in names.items() if find_metric(name) != find_metric(self.task(t).column)}
        frame.attrs.update({"metric": others} if others else {})
        declare(frame, [task for name, task in self._primary.items() if names[name] == task.column])
        return frame

    def oriented(self, metric: str | None = None, epoch: Epoch = "final") -> pd.DataFrame:
        """Like `to_frame`, multiplied by the metric's sign: higher is better in every column."""
        frame = self.to_frame(metric, epoch)
        columns = {t: self.task(t).column if metric is None else metric_column(t, metric) for t in frame.columns}
        frame = frame * [find_metric(column).sign for column in columns.values()]
        declare(frame, [task for t, task in self._primary.items() if columns.get(t) == task.column], oriented=True)
        return frame

    def value(self, arch: str, task: str, metric: str | None = None, epoch: Epoch = "final") -> float:
        """One value, looked up in constant time; arguments as in `to_frame`.

        Raises:
            TableError: If the architecture is not in this table.
            UnknownNameError: If there is no such task or metric; names the nearest one.
        """
        if metric is None and task not in self.logs and epoch == "final":
            return float(self.column(task)[self.row(arch)])
        task = choose_task(task, self.logs)
        log = self.logs[task]
        name = choice(self._metric_column(task, metric), log.metrics, f"metric of {task}")
        row = self.row(arch)
        return float(log.select(name, check_epoch(epoch, [log.epochs]), slice(row, row + 1))[0])

    def best(self, task: str, k: int = 1, metric: str | None = None, epoch: Epoch = "final") -> pd.Series[float]:
        """The k best architectures of a task, by the metric's direction; other arguments as in `to_frame`.

        Returns:
            Series of shape (k,), best first, indexed by architecture, in the metric's own unit; shorter if fewer were
            measured. Ties keep the order of the table.

        Raises:
            ValueError: If k < 1.
            TypeError: If k is no integer.
        """
        check_type(k, Integral, "k", "an integer")
        if k < 1:
            raise ValueError(f"expected k >= 1, got {k}")
        chosen = self.task(task)
        column = chosen.column if metric is None else metric_column(chosen.name, metric)
        of, log = self._log_of(chosen.name)
        choice(column, log.metrics, f"metric of {of}")
        values = self.where(tasks=[of]).to_frame(column, epoch)[of].dropna().rename(chosen.name)
        rising = find_metric(column).sign < 0
        return values.sort_values(ascending=rising, kind="stable")[: int(k)]

    def info(self, name: str) -> pd.DataFrame:
        """A model fact, e.g. ``"model_params"``, of shape (n, T); NaN where unknown.

        Raises:
            UnknownNameError: If no task has it; names the nearest one.
        """
        choice(name, dict.fromkeys(fact for log in self.logs.values() for fact in log.info), "model info")
        return self._frame({task: log.info.get(name) for task, log in self.logs.items()})

    def describe(self) -> pd.DataFrame:
        """One row for each of `results`: metric, unit, direction, number measured and missing, epochs kept, range."""
        return describe_logs(*self._described)

    def row(self, arch: str) -> int:
        """Position of an architecture in the table.

        Raises:
            TableError: If it is not in the table; names the nearest one.
        """
        try:
            return self._row_of[arch]
        except KeyError:
            (near,) = difflib.get_close_matches(str(arch)[:SHOWN], self.archs, n=1, cutoff=0)
            raise TableError(
                f"{shown(arch)} is not in this table of {len(self):,} rows; the nearest is {near!r}"
            ) from None

    # -- selection ------------------------------------------------------------------------------------------

    def where(
        self,
        archs: Iterable[str] | None = None,
        tasks: Iterable[str] | None = None,
        space: str | Space | None = None,
    ) -> Table:
        """The table restricted to some architectures and tasks.

        Args:
            archs: One or several, in the order given; repeats are ignored.
            tasks: One or several, in the order given; ``task/metric`` for only this metric of a task, or only this fact
                about its model (``jigsaw/inference_time``), which is then a result as metrics are.
            space: Keep only architectures of this search space.

        Raises:
            TableError: If an architecture is not in the table, or no row or task is selected.
            UnknownNameError: If a task or space does not exist; names the nearest one.
        """
        archs, tasks = (
            given if given is None or (isinstance(given, Iterable) and not isinstance(given, str)) else [given]
            for given in (archs, tasks)
        )
        rows = list(range(len(self))) if archs is None else [self.row(arch) for arch in dict.fromkeys(archs)]
        if space is not None:
            name = get_space(space).name
            rows = [row for row in rows if self.row_spaces[row] == name]
        logs = self.logs if tasks is None else self._logs_of(tasks)
        if not rows or not logs:
            raise TableError(f"the selection from {', '.join(self.spaces)} and {', '.join(self.tasks)} is empty")
        together = rows[-1] - rows[0] == len(rows) - 1 and rows == list(range(rows[0], rows[-1] + 1))
        taken = slice(rows[0], rows[-1] + 1) if together else np.array(rows)
        return Table(
            tuple(self.archs[row] for row in rows),
            tuple(self.row_spaces[row] for row in rows),
            {task: log.take(taken) for task, log in logs.items()},
            self.provenance,
        )

    def _logs_of(self, tasks: Iterable[str]) -> dict[str, TaskLog]:
        """The logs of some tasks, or of single metrics of them."""
        asked: dict[str, list[str]] = {}  # task -> metrics, "" for all of them
        for task in tasks:
            name = self.task(task).name
            of, log = self._log_of(name)
            column = name.removeprefix(f"{of}/")
            whole = column in (of, self._primary[of].column)
            if not whole and column not in log.metrics and column not in log.info:
                choice(name, self.tasks, "task")
            asked.setdefault(of, []).append("" if whole else column)
        found: dict[str, TaskLog] = {}
        for of, columns in asked.items():
            log, single = self.logs[of], [column for column in columns if column]
            if 0 < len(single) < len(columns):
                raise TableError(f"expected {of!r} with all its metrics, or only '{of}/{single[0]}', got both")
            facts = [column for column in single if column not in log.metrics]
            if 0 < len(facts) < len(single):
                raise TableError(f"{of}: expected metrics, or facts about the model such as {facts[0]!r}, got both")
            if facts:
                arrays = {fact: np.asarray(log.info[fact], dtype=np.float64)[:, None] for fact in facts}
                found[of] = TaskLog.from_arrays(arrays)
                continue
            found[of] = replace(log, metrics={name: log.metrics[name] for name in single}, info={}) if single else log
        return found

    def _log_of(self, task: str) -> tuple[str, TaskLog]:
        """Name and log of the task that a name of this table, ``task`` or ``task/metric``, belongs to."""
        of = task if task in self.logs else task.rpartition("/")[0]
        return of, self.logs[of]

    def _results_frame(self, epoch: Epoch) -> pd.DataFrame:
        """One value per architecture and result."""
        epoch = check_epoch(epoch, [log.epochs for log in self.logs.values()])
        columns = {}
        for name in self.results:
            log, column = self._log_of(name)[1], self.task(name).column
            columns[name] = log.select(column, epoch) if column in log.metrics else None
        frame = self._frame(columns)
        declare(frame, [task for name, task in self._primary.items() if name in columns])
        return frame

    @cached_property
    def _primary(self) -> dict[str, Task]:
        """The tasks, with the metric and direction that each has here."""
        found = {}
        for name, log in self.logs.items():
            task = find_task(name)
            lowered = minimized(task)
            found[name] = lowered if task.column not in log.metrics and lowered.column in log.metrics else task
        return found

    @property
    def _described(self) -> tuple[dict[str, TaskLog], dict[str, Task]]:
        """Log and task of every result."""
        return {name: self._log_of(name)[1] for name in self.results}, {n: self.task(n) for n in self.results}

    def _metric_column(self, task: str, metric: str | None, split: str | None = None) -> str:
        """Name of a metric, by default of the task's primary metric in this table."""
        check_type(metric, str | None, "metric", "a name")
        primary = self.task(task)
        if metric is None and primary != find_task(task):
            return f"{split or primary.split}_{primary.metric.name}"
        return metric_column(task, metric, split)

    def _frame(self, columns: Mapping[str, NDArray[Any] | None]) -> pd.DataFrame:
        """One column per task, NaN where there is none."""
        import pandas as pd

        nothing = np.full(len(self), np.nan)
        values = {task: nothing if column is None else column for task, column in columns.items()}
        return pd.DataFrame(values, index=pd.Index(self.archs, name="arch"))

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {arch: row for row, arch in enumerate(self.archs)}
