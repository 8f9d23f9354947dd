"""Validation of measured results before they become a `Table`; messages name the row and the value given."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import ArchitectureError, TableError, UnknownNameError, shown
from benchmarks.numbers import out_of_bounds, reads_as_fractions, real_numbers
from benchmarks.row_order import check_epochs_in_order, check_order
from benchmarks.spaces.registry import infer_space, naslib_hint
from benchmarks.task_log import EXTRA, EXTRA_INFO, TaskLog
from benchmarks.tasks import INFO_NAMES, find_metric, infer_metric
from benchmarks.user_warnings import warn_user

__all__ = [
    "Duplicates",
    "check_archs",
    "check_info",
    "check_logs",
    "check_metric",
    "merge_duplicates",
    "warn_of_fractions",
]

Duplicates: TypeAlias = Literal["error", "mean"]


def check_logs(
    archs: Sequence[str],
    metrics: Mapping[str, Mapping[str, object]],
    info: Mapping[str, Mapping[str, object]],
    duplicates: Duplicates,
) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, TaskLog]]:
    """Return the architectures, their spaces and the logs of a table, without duplicates.

    Args:
        archs: n architecture strings.
        metrics: Task -> metric with its split -> values of shape (n, E) or (n,).
        info: Task -> model fact -> values of shape (n,).
        duplicates: As in `merge_duplicates`.

    Raises:
        TableError: If a shape or value is invalid; names the row (from 0) and the column.
        ArchitectureError: If a string is not an architecture; names the row.

    Warns:
        UserWarning: If all values of a metric in percent are fractions.

    Example:
        >>> check_logs(["64-2311-basic"], {"jigsaw": {"valid_top1": [90.0]}}, {}, "error")[2]["jigsaw"].epochs
        1
    """
    strings, spaces = check_archs(archs)
    if not metrics or not all(metrics.values()):
        raise TableError("expected at least one task, and at least one metric for each")
    logs = {}
    for task, columns in metrics.items():
        arrays = _kept(EXTRA, {name: check_metric(task, name, values, strings) for name, values in columns.items()})
        if len({array.shape for array in arrays.values()}) > 1:
            shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
            raise TableError(f"{task}: expected the same number of epochs for every metric, got {shapes}")
        facts = {name: check_info(task, name, values, strings) for name, values in info.get(task, {}).items()}
        logs[task] = TaskLog.from_arrays(arrays, _kept(EXTRA_INFO, facts))
        warn_of_fractions(task, arrays)
    rows, merged = merge_duplicates(strings, logs, duplicates)
    return tuple(strings[row] for row in rows), tuple(spaces[row] for row in rows), merged


def check_archs(archs: Sequence[object]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the architectures in the benchmark's spelling, and the name of each one's space.

    Raises:
        TableError: If the list is empty.
        ArchitectureError: If a string is not an architecture; names its row (from 0).

    Example:
        >>> check_archs(["64-2311-basic"])
        (('64-2311-basic',), ('transnas101-macro',))
    """
    if isinstance(archs, str):
        raise TableError(f"expected a list of architecture strings, got the string {shown(archs)}")
    if isinstance(archs, (set, frozenset)):
        raise TableError(f"expected a list of architecture strings, got a {type(archs).__name__}, without order")
    if not len(archs):
        raise TableError("expected at least one row, got none")
    strings: list[str] = []
    spaces: list[str] = []
    for row, arch in enumerate(archs):
        if not isinstance(arch, str):
            raise ArchitectureError(f"row {row}: expected an architecture string, got {shown(arch)}{naslib_hint(arch)}")
        try:
            space = infer_space(arch)
            strings.append(space.validate(arch))
        except ArchitectureError as error:
            raise ArchitectureError(f"row {row}: {error}") from None
        spaces.append(space.name)
    return tuple(strings), tuple(spaces)


def check_metric(task: str, name: str, values: object, archs: Sequence[str]) -> NDArray[np.float64]:
    """Return the values of a metric as a new array of shape (n, E).

    Args:
        task: Task name for messages.
        name: Metric name with its split.
        values: Of shape (n,) or (n, E) in the metric's own unit; NaN = not measured.
        archs: The n architectures.

    Raises:
        TableError: If the metric is unknown, the shape is wrong, or a value is infinite or out of bounds.

    Example:
        >>> check_metric("jigsaw", "valid_top1", [140.0], ["64-2311-basic"])
        Traceback (most recent call last):
        ...
        benchmarks.errors.TableError: row 0 (64-2311-basic), jigsaw/valid_top1: expected a value from 0 to 100
        (%), ...
    """
    label = f"{task}/{name}"
    try:
        metric = find_metric(name) if name.startswith(EXTRA) else infer_metric(name)
    except UnknownNameError as error:
        raise TableError(f"{label}: {error}") from None
    _check_order(archs, values, label)
    array = _numbers(values, label)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or len(array) != len(archs) or not array.shape[1]:
        raise TableError(
            f"{label}: expected shape ({len(archs)}, epochs) or ({len(archs)},), got {np.asarray(values).shape}"
        )
    _refuse_infinite(array, label, archs)
    low, high = metric.bounds
    outside = np.argwhere(out_of_bounds(array, metric.bounds))
    if len(outside):
        row, epoch = outside[0]
        raise TableError(
            f"row {row} ({archs[row]}), {label}: expected a value from {low:g} to {high:g} ({metric.unit}), "
            f"got {array[row, epoch]:g}"
        )
    return array


def check_info(task: str, name: str, values: object, archs: Sequence[str]) -> NDArray[Any]:
    """Return a model fact as a new array of shape (n,): int64 if they are integers that fit, else float64.

    Raises:
        TableError: If the name is not one of `INFO_NAMES`, the shape is wrong, or a value is infinite or negative.

    Example:
        >>> check_info("jigsaw", "model_params", [19_282_952], ["64-41414-0_31_023"])
        array([19282952])
    """
    label = f"{task}/{name}"
    if name not in INFO_NAMES and not name.startswith(EXTRA_INFO):
        raise TableError(f"{label}: expected one of {', '.join(INFO_NAMES)}")
    _check_order(archs, values, label)
    array: NDArray[Any] = _numbers(values, label)
    if array.shape != (len(archs),):
        raise TableError(f"{label}: expected shape ({len(archs)},), got {array.shape}")
    _refuse_infinite(array[:, None], label, archs)
    if name in INFO_NAMES and (array < 0).any():
        row = int(np.flatnonzero(array < 0)[0])
        raise TableError(
            f"row {row} ({archs[row]}), {label}: expected a number >= 0, or NaN if it is not known, got {array[row]:g}"
        )
    whole = np.asarray(values)
    if whole.dtype.kind in "iu" and (not whole.size or int(whole.max()) <= np.iinfo(np.int64).max):
        array = whole.astype(np.int64)
    return array


def merge_duplicates(
    archs: tuple[str, ...], logs: Mapping[str, TaskLog], duplicates: Duplicates
) -> tuple[NDArray[np.int64], dict[str, TaskLog]]:
    """Merge the rows of each architecture into one.

    Rows of one architecture that agree (a missing value agrees with any value) become one row, at the position of the
    first.

    Args:
        archs: n architecture strings, with repeats.
        logs: Task -> log of n rows.
        duplicates: For rows that disagree: ``"error"``, or ``"mean"`` over the measured values.

    Returns:
        The first row of each architecture, of shape (m,), and the logs of these m architectures.

    Raises:
        TableError: If rows disagree; names the architecture, the rows and the column.

    Example:
        >>> log = TaskLog.from_arrays({"valid_top1": np.array([[1.0], [3.0], [2.0]])})
        >>> rows, logs = merge_duplicates(("a", "b", "a"), {"jigsaw": log}, "mean")
        >>> rows, logs["jigsaw"].metrics["valid_top1"].ravel()
        (array([0, 1]), array([1.5, 3. ]))
    """
    if duplicates not in ("error", "mean"):
        raise TableError(f"expected duplicates='error' or 'mean', got {shown(duplicates)}")
    rows_of: dict[str, list[int]] = {}
    for row, arch in enumerate(archs):
        rows_of.setdefault(arch, []).append(row)
    firsts = np.array([rows[0] for rows in rows_of.values()], dtype=np.int64)
    if len(firsts) == len(archs):
        return firsts, dict(logs)
    repeated = [(place, arch, rows) for place, (arch, rows) in enumerate(rows_of.items()) if len(rows) > 1]

    def merged(label: str, values: NDArray[Any]) -> NDArray[Any]:
        result = values[firsts].astype(np.float64)
        for place, arch, rows in repeated:
            if duplicates == "error":
                _refuse_disagreement(values[rows], label, arch, rows)
            result[place] = _mean(values[rows])
        whole = values.dtype.kind == "i" and bool((result == np.rint(result)).all())
        return result.astype(values.dtype) if whole else result

    return firsts, {
        task: TaskLog.from_arrays(
            {name: merged(f"{task}/{name}", values) for name, values in log.metrics.items()},
            {name: merged(f"{task}/{name}", values) for name, values in log.info.items()},
        )
        for task, log in logs.items()
    }


def _kept(prefix: str, columns: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The columns without the prefix that marks what the package does not know."""
    return {name.removeprefix(prefix): values for name, values in columns.items()}


def warn_of_fractions(task: str, arrays: Mapping[str, NDArray[np.float64]]) -> None:
    """Warn of metrics in percent whose values look like fractions.

    Args:
        task: Task name for messages.
        arrays: Metric with its split -> values of any shape; NaN = not measured.

    Warns:
        UserWarning: One for each such metric.

    Example:
        >>> warn_of_fractions("jigsaw", {"valid_top1": np.array([0.9, 99.0]), "valid_loss": np.array([0.9, 0.2])})
    """
    for name, values in arrays.items():
        if find_metric(name).unit == "%" and reads_as_fractions(values):
            warn_user(
                f"{task}/{name}: all values are within 0 to 1, but the metric is in percent; if they are fractions, "
                "multiply them by 100"
            )


def _mean(group: NDArray[Any]) -> NDArray[np.float64]:
    """Mean of the measured values over the first axis; exact where all agree, NaN where none was measured."""
    lowest = np.fmin.reduce(group, axis=0)
    count = (~np.isnan(group)).sum(axis=0)
    above = np.where(np.isnan(group), 0.0, group - lowest).sum(axis=0)
    return np.asarray(lowest + above / np.maximum(count, 1), dtype=np.float64)


def _check_order(archs: Sequence[str], values: object, label: str) -> None:
    try:
        check_order(archs, archs, values, "values")
        check_epochs_in_order(values, "values")
    except ValueError as error:
        raise TableError(f"{label}: {error}") from None


def _numbers(values: object, label: str) -> NDArray[np.float64]:
    try:
        return real_numbers(values)
    except ValueError as error:
        raise TableError(f"{label}: expected numbers ({error})") from None


def _refuse_infinite(values: NDArray[np.float64], label: str, archs: Sequence[str]) -> None:
    infinite = np.argwhere(np.isinf(values))
    if len(infinite):
        row, epoch = infinite[0]
        raise TableError(
            f"row {row} ({archs[row]}), {label}: expected a finite number, or NaN if it was not measured, "
            f"got {values[row, epoch]}"
        )


def _refuse_disagreement(group: NDArray[Any], label: str, arch: str, rows: list[int]) -> None:
    for first, second in itertools.combinations(range(len(rows)), 2):
        a, b = np.atleast_1d(group[first]), np.atleast_1d(group[second])
        differ = np.flatnonzero((a != b) & ~np.isnan(a) & ~np.isnan(b))
        if len(differ):
            raise TableError(
                f"{arch} occurs in rows {rows[first]} and {rows[second]} with different values of {label}: "
                f"{a[differ[0]]:g} and {b[differ[0]]:g}; expected one row per architecture "
                "(duplicates='mean' averages them)"
            )
