"""Summaries of a table: one row per task, a short text, and a content hash."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.task_log import TaskLog
from benchmarks.tasks import Task, find_task

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["content_hash", "describe_logs", "summarise"]

_SHOWN = 12


def describe_logs(logs: Mapping[str, TaskLog], tasks: Mapping[str, Task] | None = None) -> pd.DataFrame:
    """One row per task: its primary metric at the final epoch.

    Args:
        logs: Task -> log; the same architectures for all tasks.
        tasks: Task -> its primary metric and direction; those of `find_task` if not given.

    Returns:
        DataFrame indexed by task with the columns metric, unit, higher_is_better, measured and missing (architectures),
        epochs_kept (1 for csv and parquet files, which store a single epoch), min, median and max (in the metric's
        unit, NaN if nothing was measured).

    Example:
        >>> log = TaskLog.from_arrays({"valid_top1": np.array([[90.0]])})
        >>> describe_logs({"jigsaw": log}).loc["jigsaw", ["metric", "unit"]].tolist()
        ['valid_top1', '%']
    """
    import pandas as pd

    rows = []
    for name, log in logs.items():
        task = find_task(name) if tasks is None else tasks[name]
        values = log.select(task.column) if task.column in log.metrics else np.empty(0)
        values = values[~np.isnan(values)]
        low, middle, high = np.percentile(values, [0, 50, 100]) if len(values) else (np.nan,) * 3
        rows.append(
            {
                "task": name,
                "metric": task.column,
                "unit": task.metric.unit,
                "higher_is_better": task.metric.higher_is_better,
                "measured": len(values),
                "missing": len(log.lengths) - len(values),
                "epochs_kept": log.epochs,
                "min": low,
                "median": middle,
                "max": high,
            }
        )
    return pd.DataFrame(rows).set_index("task")


def summarise(
    archs: Sequence[str],
    spaces: Sequence[str],
    logs: Mapping[str, TaskLog],
    tasks: Mapping[str, Task] | None = None,
) -> str:
    """A few lines of text about a table; of many tasks, the first twelve.

    Args:
        archs: The n architecture strings.
        spaces: Names of their search spaces.
        logs: Task -> log of these architectures.
        tasks: As in `describe_logs`.

    Example:
        >>> log = TaskLog.from_arrays({"valid_top1": np.array([[90.0]])})
        >>> print(summarise(["64-2311-basic"], ["transnas101-macro"], {"jigsaw": log}))
        Table: 1 architecture x 1 task (transnas101-macro)
          jigsaw  valid_top1           1 measured  90 .. 90 %
    """
    n, t = len(archs), len(logs)
    counts = f"{n:,} architecture{'s' * (n != 1)} x {t} task{'s' * (t != 1)}"
    lines = [f"Table: {counts} ({', '.join(spaces)})"]
    shown = dict(itertools.islice(logs.items(), _SHOWN))
    width = max(map(len, shown))
    for name, row in describe_logs(shown, tasks).iterrows():
        unit = "" if row["unit"] == "-" else f" {row['unit']}"
        span = f"{row['min']:.4g} .. {row['max']:.4g}{unit}" if row["measured"] else ""
        lines.append(f"  {name:<{width}}  {row['metric']:<14} {row['measured']:>7,} measured  {span}".rstrip())
    return "\n".join([*lines, f"  ... and {t - _SHOWN} other tasks"] if t > _SHOWN else lines)


def content_hash(archs: Sequence[str], logs: Mapping[str, TaskLog]) -> str:
    """SHA-256 over the architectures in order and every value; the same in every process and file format.

    Example:
        >>> content_hash(["64-2311-basic"], {"jigsaw": TaskLog.from_arrays({"valid_top1": np.array([[90.0]])})})[:8]
        '1e15fae0'
    """
    digest = hashlib.sha256("\n".join(archs).encode())
    for task, log in sorted(logs.items()):
        for name, values in sorted({**log.metrics, **log.info}.items()):
            digest.update(f"\n{task}/{name} {values.shape}\n".encode())
            numbers = values.astype("<f8")
            numbers[np.isnan(numbers)] = np.nan  # one NaN, one bit pattern
            digest.update(numbers.tobytes())
    return digest.hexdigest()
