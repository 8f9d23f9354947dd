"""The one door for labels: n rows, T tasks, each row belonging to one of m distinct functions, or strings."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.directions import Directions, declared
from benchmarks.errors import UnknownNameError
from benchmarks.frames import ARCH_COLUMNS
from benchmarks.interchange import as_frame
from benchmarks.numbers import check_magnitude, out_of_bounds, reads_as_fractions, real_numbers
from benchmarks.row_order import check_order
from benchmarks.short_repr import ShortRepr
from benchmarks.spaces.registry import get_space, infer_space
from benchmarks.task_names import name_tasks, warn_of_left_out
from benchmarks.tasks import Task, find_task, is_minimized, metric_column
from benchmarks.user_warnings import warn_user
from encoders.base import as_strings
from surrogates.equivalence import Equivalence, forms

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

    from benchmarks.spaces.space import Space

__all__ = ["Labels"]


@dataclass(frozen=True, repr=False)
class Labels(ShortRepr):
    """Training labels, grouped by the function that an architecture computes, or by its string.

    Architectures that compute the same function (`Space.simplify`) share a group: their rows are replicates, which
    surrogates pool. Labels that dead operations change, such as latency, are grouped by string instead (`select`).

    Attributes:
        space: Name of the space.
        tasks: Names of the T tasks.
        archs: The m distinct simplest forms (or strings), in order of first appearance.
        group: Index into `archs` of every row, of shape (n,).
        values: Labels in the metrics' own units, NaN where not measured, of shape (n, T).
        one_task: Whether the labels were a vector; predictions are then vectors as well.
        strings: The n architectures as given.
        minimize: Those of the tasks that are the user's own and better when lower.
        equivalence: What a group has in common: its ``"function"`` or its ``"string"``.
    """

    space: str
    tasks: tuple[str, ...]
    archs: tuple[str, ...]
    group: NDArray[np.int64]
    values: NDArray[np.float64]
    one_task: bool
    strings: tuple[str, ...]
    minimize: tuple[str, ...] = ()
    equivalence: Equivalence = "function"

    @classmethod
    def from_data(
        cls,
        archs: Sequence[str],
        Y: ArrayLike | pd.DataFrame | pd.Series[Any],
        minimize: Collection[str] | str = (),
        maximize: Collection[str] = (),
    ) -> Labels:
        """Check n architectures and their labels.

        Args:
            archs: n architecture strings of one space; duplicates are allowed.
            Y: Labels of shape (n, T) or (n,), NaN where not measured. Columns of a DataFrame (or of a table of pyarrow
                or polars), or the name of a Series, name the tasks (`benchmarks.task_names`); bookkeeping columns are
                left out. Architectures in an index or column must be those of the rows.
            minimize: Names of the user's own tasks that are better when lower.
            maximize: Names of results that are better when higher, whatever they say.

        Raises:
            ArchitectureError: If `archs` is empty, a set, mixes spaces, or contains an invalid string.
            ValueError: If lengths differ, a label is infinite or not a number, too large or too near the others for
                variances in double precision, a task has no label or a name that is refused, or architectures of the
                labels are others than `archs`.

        Warns:
            UserWarning: If columns are left out, a metric in percent holds fractions, `archs` and `Y` are pandas
                objects with different indexes, or a column named after a task contains another metric than the task's
                primary one (as recorded by `Table.to_frame`).

        Example:
            >>> labels = Labels.from_data(["64-41414-3_00_300", "64-41414-0_00_300"], [1.0, 3.0])
            >>> labels.archs, labels.group.tolist()
            (('64-41414-0_00_300',), [0, 0])
        """
        strings = as_strings(archs)
        space = infer_space(strings)
        if hasattr(Y, "columns") and (not hasattr(Y, "iloc") or Y.columns.nlevels > 1):  # of pyarrow, polars; a pivot
            Y = as_frame(Y)
        check_order(archs, strings, Y)
        tasks, matrix, one_task = _matrix(strings, Y, minimize, maximize)
        _check_values(strings, matrix, [task.name for task in tasks])
        grouped, group = _groups(space, strings, "function")
        lowered = tuple(task.name for task in tasks if is_minimized(task))
        names = tuple(task.name for task in tasks)
        return cls(space.name, names, grouped, group, matrix, one_task, tuple(strings), lowered)

    @classmethod
    def without_rows(
        cls, space: str, Y: ArrayLike | pd.DataFrame | pd.Series[Any], minimize: Collection[str] | str = ()
    ) -> Labels:
        """The names of tasks, without architectures and values.

        Args:
            space: Name of a space.
            Y: Empty labels of shape (0, T) or (0,), with names as in `from_data`.
            minimize: As in `from_data`.

        Raises:
            ValueError: If there are labels, or a task has a name that is refused.

        Example:
            >>> import pandas as pd
            >>> Labels.without_rows("transnas101-macro", pd.DataFrame(columns=["jigsaw", "normal"])).tasks
            ('jigsaw', 'normal')
        """
        tasks, matrix, one_task = _matrix([], Y, minimize, ())
        names = tuple(task.name for task in tasks)
        lowered = tuple(task.name for task in tasks if is_minimized(task))
        return cls(space, names, (), np.zeros(0, dtype=np.int64), matrix, one_task, (), lowered)

    def check_bounds(self) -> None:
        """Refuse labels outside the bounds of their metric: errors, of another metric, or with the other sign.

        Raises:
            ValueError: If there are such labels; names the first row.

        Example:
            >>> import pandas as pd
            >>> Labels.from_data(["64-2311-basic"], pd.Series([2.0], name="room_layout")).check_bounds()
            Traceback (most recent call last):
            ...
            ValueError: 'room_layout': expected values of valid_neg_loss, from -inf to 0, got 2 at row 0 (64-2311-basic)
        """
        for name, column in zip(self.tasks, self.values.T, strict=True):
            task = find_task(name)
            low, high = task.metric.bounds
            for row in np.flatnonzero(out_of_bounds(column, task.metric.bounds)):
                raise ValueError(
                    f"{name!r}: expected values of {task.column}, from {low:g} to {high:g}, got {column[row]:g} at row "
                    f"{row} ({self.strings[row]})"
                )

    def in_order(self) -> tuple[Labels, NDArray[np.int64]]:
        """The same rows in an order that depends only on them, so that a fit does not depend on the order given.

        Returns:
            The labels, by architecture string and then by value; and the place of each given row there, of shape (n,).

        Example:
            >>> labels, place = Labels.from_data(["64-2311-basic", "64-1234-basic"], [1.0, 3.0]).in_order()
            >>> labels.strings, place.tolist()
            (('64-1234-basic', '64-2311-basic'), [1, 0])
        """
        values = np.where(np.isnan(self.values), np.inf, self.values).tolist()
        order = sorted(range(len(self.strings)), key=lambda row: (self.strings[row], values[row]))
        strings = tuple(self.strings[row] for row in order)
        archs, group = _groups(get_space(self.space), strings, self.equivalence)
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        return replace(self, archs=archs, group=group, values=self.values[order], strings=strings), place

    def select(self, tasks: Sequence[str], equivalence: Equivalence) -> Labels:
        """The labels of some of the tasks, with all rows, grouped by function or by string.

        Example:
            >>> labels = Labels.from_data(["64-41414-3_00_300", "64-41414-0_00_300"], [1.0, 3.0])
            >>> labels.select(labels.tasks, "string").group.tolist()
            [0, 1]
        """
        columns = [self.tasks.index(task) for task in tasks]
        archs, group = self.archs, self.group
        if equivalence != self.equivalence:
            archs, group = _groups(get_space(self.space), self.strings, equivalence)
        return replace(
            self,
            tasks=tuple(tasks),
            archs=archs,
            group=group,
            values=self.values if tuple(tasks) == self.tasks else self.values[:, columns],
            minimize=tuple(task for task in self.minimize if task in tasks),
            equivalence=equivalence,
        )


def _groups(
    space: Space, strings: Sequence[str], equivalence: Equivalence
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Distinct forms of n architectures, in order of first appearance, and the index of each, of shape (n,)."""
    order: dict[str, int] = {}
    group = np.array([order.setdefault(form, len(order)) for form in forms(space, strings, equivalence)], np.int64)
    return tuple(order), group


def _matrix(
    archs: list[str], Y: Any, minimize: Collection[str] | str, maximize: Collection[str]
) -> tuple[list[Task], NDArray[np.float64], bool]:
    """Tasks, labels of shape (n, T), and whether the labels were a vector."""
    columns = [str(name) for name in Y.columns] if hasattr(Y, "columns") else None
    if columns is not None:
        if len(set(columns)) < len(columns) or not columns:
            raise ValueError(f"expected distinct task columns, at least one, got {columns}")
        own = [name for name in columns if name.casefold() not in ARCH_COLUMNS]
        if any(name.casefold() == "task" and Y[name].dtype.kind not in "iuf" for name in own if name in Y):
            raise ValueError(
                "expected one row per architecture and one column per task, got a long table, with a column 'task': "
                'frame.pivot(index="arch", columns="task", values="value") makes it wide; Table.from_frame reads both'
            )
        named = _name(own, minimize, maximize, Y)
        Y = Y[[name for name in Y.columns if str(name) in named]]
    matrix = real_numbers(Y, "labels")
    one_task = matrix.ndim == 1
    if matrix.ndim not in (1, 2):
        raise ValueError(f"expected labels of shape (n,) or (n, T), got {matrix.shape}")
    if len(matrix) != len(archs):
        raise ValueError(f"expected one row of labels for each of {len(archs)} architectures, got {len(matrix)}")
    matrix = matrix.reshape(len(archs), 1 if one_task else matrix.shape[1])
    if columns is None:
        name = getattr(Y, "name", None)
        names = [str(name)] if one_task and name is not None else [f"y{t}" for t in range(matrix.shape[1])]
        if not names:
            raise ValueError("expected distinct task columns, at least one, got []")
        named = _name(names, minimize, maximize, Y if one_task and name is not None else None)
    _warn_of_units(named, matrix)
    _warn_of_metrics(list(named), getattr(Y, "attrs", {}))
    return list(named.values()), matrix, one_task


def _name(names: list[str], minimize: Collection[str] | str, maximize: Collection[str], frame: Any) -> dict[str, Task]:
    """The tasks of the names, without bookkeeping; directions that a table's frame knows are used as well."""
    stated = Directions(frozenset(), frozenset()) if frame is None else declared(frame)
    lowered = {minimize} if isinstance(minimize, str) else set(minimize)
    named = name_tasks(names, lowered | stated.minimize, stated.maximize | set(maximize))
    left_out = [name for name in names if name not in named]
    if not named:
        raise UnknownNameError(
            f"expected labels of a task, got {', '.join(map(repr, names))}, the name of bookkeeping; a task is written "
            f"{names[0] + '/valid_value'!r}"
            if names
            else "expected labels of a task, got only architectures"
        )
    warn_of_left_out(left_out)
    return named


def _check_values(archs: list[str], matrix: NDArray[np.float64], columns: list[str]) -> None:
    for row, column in np.argwhere(np.isinf(matrix)):
        raise ValueError(
            f"expected finite labels or NaN, got {matrix[row, column]} for {archs[row]!r}, {columns[column]}"
        )
    for column in np.flatnonzero(np.isnan(matrix).all(axis=0)):
        name = columns[column]
        raise ValueError(
            f"expected at least one label of task {name!r} ({metric_column(name)}), got none; drop the column"
        )
    for name, values in zip(columns, matrix.T, strict=True):
        check_magnitude(values, f"labels of {name!r:.200}")


def _warn_of_units(named: dict[str, Task], matrix: NDArray[np.float64]) -> None:
    for (name, task), column in zip(named.items(), matrix.T, strict=True):
        if task.metric.unit == "%" and reads_as_fractions(column):
            warn_user(
                f"{name!r}: all labels are within 0 to 1, but {task.column} is in percent; if they are fractions, "
                "multiply them by 100"
            )


def _warn_of_metrics(columns: list[str], attrs: Any) -> None:
    others = attrs.get("metric", {})
    for name in columns:
        if name in others:
            warn_user(
                f"column {name!r} contains {others[name]}, but a task name without a metric means "
                f"{metric_column(name)}: rename it '{name}/{others[name]}', as in frame.add_suffix('/{others[name]}')"
            )
