"""Tables as DataFrames: one row per architecture; columns ``task``, ``task/metric`` and ``task/info``."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.errors import TableError, shown
from benchmarks.interchange import as_frame
from benchmarks.limits import STRING
from benchmarks.task_log import EXTRA, EXTRA_INFO, INFO_NAMES, Epoch, TaskLog, check_epoch
from benchmarks.tasks import find_metric, find_task, list_tasks

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ARCH_COLUMNS", "parse_frame", "to_frame"]

ARCH_COLUMNS = ("arch", "architecture", "arch_str")
"""Accepted names of the column of architecture strings; case is ignored."""

_LISTED = 50  # columns listed in one message
Columns = dict[str, dict[str, object]]

_LOWER_IS_BETTER = ("loss", "error", "err", "mse", "mae", "latency", "time", "perplexity", "ppl", "std", "seconds")


def parse_frame(frame: object) -> tuple[list[str], Columns, Columns]:
    """Split a DataFrame into architectures, metrics and model facts.

    Args:
        frame: A table that `as_frame` reads; architectures in a column or index named as in `ARCH_COLUMNS`; every other
            column holds numbers. A column without a name (the row numbers pandas writes) is ignored.

    Returns:
        The n architectures; task -> metric -> values of shape (n,); task -> model fact -> values of shape
        (n,).

    Raises:
        TableError: If there is no architecture column, no other column, a duplicate column, or text instead of a
            number.

    Warns:
        UserWarning: If the name of a user-defined task suggests that lower is better: a loss, an error, a latency.

    Example:
        >>> import pandas as pd
        >>> archs, metrics, info = parse_frame(pd.DataFrame({"arch": ["64-2311-basic"], "jigsaw": [90.1]}))
        >>> archs, list(metrics["jigsaw"])
        (['64-2311-basic'], ['valid_top1'])
    """
    frame = _arch_as_column(as_frame(frame))
    arch_column = next(name for name in frame.columns if _is_arch(name))
    metrics: Columns = {}
    info: Columns = {}
    for position, column in enumerate(frame.columns):
        label = str(column).strip()
        if column == arch_column or label.startswith("Unnamed: "):
            continue
        if len(label) > STRING:
            raise TableError(f"expected names of columns of at most {STRING:,} characters, got {shown(label)}")
        task, _, name = label.partition("/")
        _check_spelling(task)
        target = info if name in INFO_NAMES or name.startswith(EXTRA_INFO) else metrics
        if not name:
            _warn_of_losses(task)
        name = name or find_task(task).column
        if name in target.setdefault(task, {}):
            raise TableError(f"column {label!r}: {task}/{name} occurs twice")
        target[task][name] = _numbers(frame.iloc[:, position], label)
    if not metrics:
        raise TableError(
            f"expected a column for at least one task, got only {', '.join(map(shown, frame.columns[:_LISTED]))}"
        )
    for task in set(info) - set(metrics):
        raise TableError(f"{task}: expected a column of results beside the model info, such as {task!r}")
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
                warnings.warn(f"{task}/{name} is left out: it has no known direction, so no best epoch", stacklevel=3)
                continue
            column = task if name == primary else f"{task}/{EXTRA * extra}{name}"
            columns[column] = log.select(name, epoch)
        for name, values in log.info.items():
            columns[f"{task}/{'' if name in INFO_NAMES else EXTRA_INFO}{name}"] = values
    return pd.DataFrame(columns)


def _is_arch(column: object) -> bool:
    return str(column).strip().casefold() in ARCH_COLUMNS


def _check_spelling(task: str) -> None:
    """A known task in another spelling is an error, not a user-defined task."""
    plain = task.casefold().replace("-", "_")
    for known in list_tasks():
        if task != known and plain == known.casefold().replace("-", "_"):
            raise TableError(f"column {task!r}: did you mean the task {known!r}?")


def _warn_of_losses(task: str) -> None:
    """Warn if the name of a user-defined task contradicts the default that higher is better."""
    words = re.split(r"[^a-z]+", task.casefold())
    lower = any(word.endswith(_LOWER_IS_BETTER) for word in words) and not {"neg", "negative", "minus"} & set(words)
    if find_task(task).benchmark == "user" and lower:
        warnings.warn(
            f"column {task!r} is not a known task, so it is read as a user-defined task, higher is better; "
            "if lower is better, pass its negative",
            stacklevel=3,
        )


def _arch_as_column(frame: pd.DataFrame) -> pd.DataFrame:
    found = [str(column) for column in frame.columns if _is_arch(column)]
    if len(found) > 1:
        raise TableError(f"expected one column of architectures, got {', '.join(found)}")
    if found:
        return frame
    strings = len(frame) > 0 and all(isinstance(entry, str) for entry in frame.index)
    if strings or _is_arch(frame.index.name):
        return frame.rename_axis("arch").reset_index()
    came = ", ".join(map(shown, frame.columns[:_LISTED])) or "none"
    raise TableError(
        f"expected a column of architecture strings named {' or '.join(map(repr, ARCH_COLUMNS))}; "
        f"the columns are {came}"
    )


def _numbers(values: pd.Series[float], label: str) -> object:
    import pandas as pd

    if values.dtype.kind in "iuf":
        return values.to_numpy(dtype=np.float64, na_value=np.nan) if values.hasnans else values.to_numpy()
    if values.dtype.kind in "bmM":  # numpy's bool, timedelta and datetime
        wrong = [0]
    else:
        numbers = pd.to_numeric(values, errors="coerce")
        wrong = np.flatnonzero(numbers.isna() & values.notna()).tolist()
    if len(wrong):
        raise TableError(
            f"column {shown(label)}, row {wrong[0]}: expected a number, got {shown(values.iloc[wrong[0]])}; "
            "every column except the architectures must hold results of a task (drop the others)"
        )
    if numbers.dtype.kind in "iu":
        return numbers.to_numpy()
    return np.array(values.fillna("nan").tolist(), dtype=np.float64)  # exact, unlike pandas < 3's own conversion
