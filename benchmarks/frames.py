"""Tables as DataFrames: one row per architecture; columns ``task``, ``task/metric`` and ``task/info``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.directions import declared
from benchmarks.errors import ArchitectureError, TableError, UnknownNameError, shown
from benchmarks.interchange import as_frame
from benchmarks.limits import STRING
from benchmarks.long_frames import from_long
from benchmarks.spaces.registry import infer_space
from benchmarks.task_log import EXTRA, EXTRA_INFO, Epoch, TaskLog, check_epoch
from benchmarks.task_names import name_tasks, read_task, reads_plainly, warn_of_left_out
from benchmarks.tasks import INFO_NAMES, find_metric, find_task
from benchmarks.user_warnings import warn_user

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ARCH_COLUMNS", "parse_frame", "to_frame"]

ARCH_COLUMNS = ("arch", "architecture", "arch_str")
"""Accepted names of the column of architecture strings; case is ignored."""

_LISTED = 50  # columns listed in one message
Columns = dict[str, dict[str, object]]


def parse_frame(frame: object, minimize: Collection[str] | str = ()) -> tuple[list[str], Columns, Columns]:
    """Split a DataFrame into architectures, metrics and model facts.

    Args:
        frame: A table that `as_frame` reads; architectures in a column or index named as in `ARCH_COLUMNS`, or without
            a name; every other column holds numbers. Or a long table (`benchmarks.long_frames`).
        minimize: Columns of tasks of the user's own that are better when lower.

    Returns:
        The n architectures; task -> metric -> values of shape (n,); task -> model fact -> values of shape
        (n,).

    Raises:
        TableError: If there is no architecture column, no other column, a duplicate column, text instead of a
            number, or a name that is refused (`benchmarks.task_names`).

    Warns:
        UserWarning: If columns that hold no results of a task are left out: seeds, identifiers, ranks.

    Example:
        >>> import pandas as pd
        >>> archs, metrics, info = parse_frame(pd.DataFrame({"arch": ["64-2311-basic"], "jigsaw": [90.1]}))
        >>> archs, list(metrics["jigsaw"])
        (['64-2311-basic'], ['valid_top1'])
    """
    frame = _arch_as_column(as_frame(frame))
    frame = from_long(frame, next(name for name in frame.columns if _is_arch(name)))
    arch_column = next(name for name in frame.columns if _is_arch(name))
    labels = {str(column).strip(): position for position, column in enumerate(frame.columns) if column != arch_column}
    if too_long := [name for name in labels if len(name) > STRING]:
        raise TableError(f"expected names of columns of at most {STRING:,} characters, got {shown(too_long[0])}")
    extras = {name: name.rpartition("/") for name in labels}
    extras = {name: parts for name, parts in extras.items() if parts[0] and parts[2].startswith((EXTRA, EXTRA_INFO))}
    if len(labels) < frame.shape[1] - 1:
        names = [str(column).strip() for column in frame.columns]
        twice = next(name for name in names if names.count(name) > 1)
        raise TableError(f"column {twice!r}: {twice} occurs twice")
    try:
        stated = declared(frame)
        lowered = {minimize} if isinstance(minimize, str) else set(minimize)
        tasks = name_tasks([name for name in labels if name not in extras], lowered | stated.minimize, stated.maximize)
        for of, _, _ in extras.values():
            read_task(f"{of}/valid_loss")
    except UnknownNameError as error:
        raise TableError(f"column {error}") from None
    known = {*tasks, *extras}
    warn_of_left_out([name for name in labels if name not in known and not name.startswith("Unnamed: ")])
    metrics: Columns = {}
    info: Columns = {}
    for label, task in tasks.items():
        of = task.name.removesuffix(f"/{task.column}")
        target = info if task.column in INFO_NAMES else metrics
        target.setdefault(of, {})[task.column] = _numbers(frame.iloc[:, labels[label]], label)
    for label, (of, _, name) in extras.items():
        target = info if name.startswith(EXTRA_INFO) else metrics
        target.setdefault(of, {})[name] = _numbers(frame.iloc[:, labels[label]], label)
    if not metrics:
        raise TableError(
            f"expected a column for at least one task, got only {', '.join(map(shown, frame.columns[:_LISTED]))}"
        )
    for lonely in set(info) - set(metrics):
        raise TableError(f"{lonely}: expected a column of results beside the model info, such as {lonely!r}")
    archs = [arch.strip() if isinstance(arch, str) else arch for arch in frame[arch_column]]
    return archs, metrics, info


def to_frame(archs: Sequence[str], logs: Mapping[str, TaskLog], epoch: Epoch = "final") -> pd.DataFrame:
    """One epoch of every metric, and all model facts, in the format that `parse_frame` reads.

    Args:
        archs: n architecture strings.
        logs: Task -> log of these architectures.
        epoch: As in `TaskLog.select`.

    Returns:
        n rows: a column ``arch``, and one column per metric and model fact.

    Raises:
        TableError: If no task has the epoch.

    Warns:
        UserWarning: If `epoch` is ``"best"`` and the direction of a metric is not known; it is left out.

    Example:
        >>> log = TaskLog.from_arrays({"valid_top1": np.array([[90.0]]), "valid_loss": np.array([[0.5]])})
        >>> list(to_frame(["64-2311-basic"], {"jigsaw": log}))
        ['arch', 'jigsaw', 'jigsaw/valid_loss']
    """
    import pandas as pd

    epoch = check_epoch(epoch, [log.epochs for log in logs.values()])
    columns: dict[str, object] = {"arch": list(archs)}
    for task, log in logs.items():
        primary = find_task(task).column
        for name in log.metrics:
            extra = find_metric(name).higher_is_better is None
            if extra and epoch == "best":
                warn_user(f"{task}/{name} is left out: it has no known direction, so no best epoch")
                continue
            plain = name == primary and reads_plainly(task)
            columns[task if plain else f"{task}/{EXTRA * extra}{name}"] = log.select(name, epoch)
        for name, values in log.info.items():
            columns[f"{task}/{'' if name in INFO_NAMES else EXTRA_INFO}{name}"] = values
    return pd.DataFrame(columns)


def _is_arch(column: object) -> bool:
    return str(column).strip().casefold() in ARCH_COLUMNS


def _arch_as_column(frame: pd.DataFrame) -> pd.DataFrame:
    frame = _levels_as_columns(frame)
    found = [str(column) for column in frame.columns if _is_arch(column)]
    if len(found) > 1:
        raise TableError(f"expected one column of architectures, got {', '.join(found)}")
    strings = len(frame) > 0 and all(isinstance(entry, str) for entry in frame.index)
    if found:
        (column,) = [name for name in frame.columns if _is_arch(name)]
        rows = [index != arch for index, arch in zip(frame.index, frame[column], strict=True)] if strings else []
        if any(rows) and set(frame.index) & set(frame[column]):
            row = rows.index(True)
            raise TableError(
                f"row {row}: the index says {shown(frame.index[row])}, the column {column!r} "
                f"{shown(frame[column].iloc[row])}; expected the same architectures in the same order"
            )
        return frame
    unnamed = [name for name in frame.columns if _is_unnamed(name) and _holds_archs(frame[name])]
    if len(unnamed) == 1:
        return frame.rename(columns={unnamed[0]: "arch"})
    if strings or _is_arch(frame.index.name):
        return frame.rename_axis("arch").reset_index()
    came = ", ".join(map(shown, frame.columns[:_LISTED])) or "none"
    raise TableError(
        f"expected a column of architecture strings named {' or '.join(map(repr, ARCH_COLUMNS))}; "
        f"the columns are {came}"
    )


def _levels_as_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the levels of its index as columns, if there are several, such as architecture and seed.

    A level without a name that holds architectures is called ``arch``, another one is left out.
    """
    import pandas as pd

    if frame.index.nlevels == 1:
        return frame
    columns = {}
    for level, name in enumerate(frame.index.names):
        values = frame.index.get_level_values(level)
        if name is not None or _holds_archs(values.to_series()):
            columns["arch" if name is None else name] = values
    twice = [name for name in columns if name in frame.columns]
    if twice:
        raise TableError(f"expected different names of columns and levels of the index, got {shown(twice[0])} in both")
    levels = pd.DataFrame({name: values.to_numpy() for name, values in columns.items()}, dtype=object)
    plain = frame.reset_index(drop=True)
    for place, name in enumerate(levels):
        plain.insert(place, name, levels[name].infer_objects())
    return plain


def _is_unnamed(column: object) -> bool:
    """Whether a column is that of an index without a name, which pandas wrote to a file and read back."""
    return column is None or not str(column).strip() or str(column).startswith("Unnamed: ")


def _holds_archs(values: pd.Series[Any]) -> bool:
    """Whether there are values, all text, and the first one is an architecture."""
    if not len(values) or not all(isinstance(value, str) for value in values):
        return False
    try:
        infer_space(values.iloc[0].strip())
    except ArchitectureError:
        return False
    return True


def _numbers(values: pd.Series[float], label: str) -> object:
    import pandas as pd

    if values.dtype.kind in "iuf":
        return values.to_numpy(dtype=np.float64, na_value=np.nan) if values.hasnans else values.to_numpy()
    entries, missing = values.astype(object), values.isna().to_numpy()
    wrong = [row for row, entry in enumerate(entries) if not (missing[row] or _is_number(entry))]
    if values.dtype.kind in "mM" and len(values):  # also if each is missing
        wrong = [0]
    if not wrong:
        numbers = pd.to_numeric(entries, errors="coerce")
        text = entries.map(lambda entry: isinstance(entry, str))
        wrong = np.flatnonzero(numbers.isna() & text & ~missing).tolist()
    if len(wrong):
        raise TableError(
            f"column {shown(label)}, row {wrong[0]}: expected a number, got {shown(values.iloc[wrong[0]])}; "
            "every column except the architectures must hold results of a task (drop the others)"
        )
    if numbers.dtype.kind in "iu":
        return numbers.to_numpy()
    # exact, unlike pandas < 3's own conversion
    return np.array([np.nan if gone else float(entry) for entry, gone in zip(entries, missing, strict=True)])


def _is_number(entry: object) -> bool:
    """Whether it is a real number, or text, which may say one; dates, periods and arrays are neither."""
    if isinstance(entry, str):
        return True
    if isinstance(entry, (bool, np.bool_)) or not isinstance(entry, (Real, Decimal)):
        return False
    try:
        float(entry)
    except OverflowError:
        return False
    return True
