"""Checked training labels: n rows, T tasks, each row belonging to one of m distinct functions, or strings."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.spaces.registry import get_space, infer_space
from benchmarks.tasks import metric_column
from encoders.base import as_strings
from surrogates.equivalence import Equivalence, forms

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

    from benchmarks.spaces.space import Space

__all__ = ["Labels"]


@dataclass(frozen=True)
class Labels:
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
        strings: The n architecture strings.
        equivalence: What a group has in common: its ``"function"`` or its ``"string"``.
    """

    space: str
    tasks: tuple[str, ...]
    archs: tuple[str, ...]
    group: NDArray[np.int64]
    values: NDArray[np.float64]
    one_task: bool
    strings: tuple[str, ...]
    equivalence: Equivalence = "function"

    @classmethod
    def from_data(cls, archs: Sequence[str], Y: ArrayLike | pd.DataFrame | pd.Series[Any]) -> Labels:
        """Check n architectures and their labels.

        Args:
            archs: n architecture strings of one space; duplicates are allowed.
            Y: Labels of shape (n, T) or (n,), NaN where not measured; a DataFrame's columns name the tasks.

        Raises:
            ArchitectureError: If `archs` is empty, mixes spaces, or contains an invalid string.
            ValueError: If lengths differ, a label is infinite or not a number, a task has no label, or the index of a
                DataFrame does not match `archs`.

        Warns:
            UserWarning: If a column named after a task contains another metric than the task's primary one (as
                recorded by `Table.to_frame`).

        Example:
            >>> labels = Labels.from_data(["64-41414-3_00_300", "64-41414-0_00_300"], [1.0, 3.0])
            >>> labels.archs, labels.group.tolist()
            (('64-41414-0_00_300',), [0, 0])
        """
        strings = as_strings(archs)
        space = infer_space(strings)
        tasks, matrix, one_task = _matrix(strings, Y)
        grouped, group = _groups(space, strings, "function")
        return cls(space.name, tasks, grouped, group, matrix, one_task, tuple(strings))

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
        values = self.values if tuple(tasks) == self.tasks else self.values[:, columns]
        return replace(self, tasks=tuple(tasks), archs=archs, group=group, values=values, equivalence=equivalence)


def _groups(
    space: Space, strings: Sequence[str], equivalence: Equivalence
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Distinct forms of n architectures, in order of first appearance, and the index of each, of shape (n,)."""
    order: dict[str, int] = {}
    group = np.array([order.setdefault(form, len(order)) for form in forms(space, strings, equivalence)], np.int64)
    return tuple(order), group


def _matrix(archs: list[str], Y: Any) -> tuple[tuple[str, ...], NDArray[np.float64], bool]:
    """Task names, labels of shape (n, T), and whether the labels were a vector."""
    columns = [str(name) for name in Y.columns] if hasattr(Y, "columns") else None
    try:
        given = np.ma.filled(Y.astype(np.float64), np.nan) if isinstance(Y, np.ma.MaskedArray) else Y
        matrix = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"expected numeric labels, got {type(Y).__name__}: {error}") from None
    one_task = matrix.ndim == 1
    if matrix.ndim not in (1, 2):
        raise ValueError(f"expected labels of shape (n,) or (n, T), got {matrix.shape}")
    if len(matrix) != len(archs):
        raise ValueError(f"expected one row of labels for each of {len(archs)} architectures, got {len(matrix)}")
    matrix = matrix.reshape(len(archs), -1)
    _check_index(archs, Y)
    if columns is None:
        name = getattr(Y, "name", None)
        columns = [str(name)] if one_task and name is not None else [f"y{t}" for t in range(matrix.shape[1])]
    if len(set(columns)) < len(columns) or not columns:
        raise ValueError(f"expected distinct task columns, at least one, got {columns}")
    for row, column in np.argwhere(np.isinf(matrix)):
        raise ValueError(
            f"expected finite labels or NaN, got {matrix[row, column]} for {archs[row]!r}, {columns[column]}"
        )
    for column in np.flatnonzero(np.isnan(matrix).all(axis=0)):
        name = columns[column]
        raise ValueError(
            f"expected at least one label of task {name!r} ({metric_column(name)}), got none; drop the column"
        )
    others = getattr(Y, "attrs", {}).get("metric", {})
    for name in columns:
        if name in others:
            warnings.warn(
                f"column {name!r} contains {others[name]}, but a task name without a metric means "
                f"{metric_column(name)}: rename it '{name}/{others[name]}', as in frame.add_suffix('/{others[name]}')",
                stacklevel=4,
            )
    return tuple(columns), matrix, one_task


def _check_index(archs: list[str], Y: Any) -> None:
    index = getattr(Y, "index", None)
    if index is None or callable(index) or not len(index) or not isinstance(index[0], str):
        return
    for row, (arch, label) in enumerate(zip(archs, index, strict=True)):
        if arch != label:
            raise ValueError(f"expected labels of {arch!r} at row {row}, got those of {label!r}")
