"""Long tables: one row per architecture and task, with the task in a column, as `DataFrame.melt` makes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmarks.errors import TableError, UnknownNameError, shown
from benchmarks.quantities import is_bookkeeping
from benchmarks.task_names import warn_of_left_out
from benchmarks.tasks import infer_metric
from benchmarks.user_warnings import warn_user

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["from_long"]

_TASK, _METRIC = "task", "metric"
_VALUES = frozenset({"value", "result", "score", "performance"})
_ADVICE = 'frame.pivot(index="arch", columns="task", values="value")'


def from_long(frame: pd.DataFrame, arch: str = "arch") -> pd.DataFrame:
    """A long table as a wide one; any other table as it is.

    A table is long if its column ``task`` holds text. Beside it there may be a column ``metric``, and there is either
    one of values (``value``, ``score``, ``result``, ``performance``), or one for each of some metrics
    (``valid_top1``, ``valid_loss``). Of several rows of one architecture and task, each has a row in the result.

    Args:
        frame: DataFrame with a column of architectures.
        arch: Name of that column.

    Raises:
        TableError: If it is long, but has other columns.

    Warns:
        UserWarning: If it is long, that it was read so.

    Example:
        >>> import pandas as pd
        >>> long = pd.DataFrame({"arch": ["a", "a", "b"], "task": ["jigsaw", "normal", "jigsaw"], "value": [9.0, 1, 8]})
        >>> import warnings
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     from_long(long).to_dict("list")
        {'arch': ['a', 'b'], 'jigsaw': [9.0, 8.0], 'normal': [1.0, nan]}
    """
    named = {str(name).strip().casefold(): name for name in frame.columns}
    if _TASK not in named or not _is_text(frame[named[_TASK]]):
        return frame
    known = (arch, named[_TASK], named.get(_METRIC))
    aside = [name for key, name in named.items() if name not in known and is_bookkeeping(key)]
    values = [name for name in frame.columns if name not in (*known, *aside)]
    _check(values, _METRIC in named)
    warn_of_left_out(list(map(str, aside)))
    tasks = frame[named[_TASK]].str.strip()
    if _METRIC in named:
        if not _is_text(frame[named[_METRIC]]):
            row = next(row for row, entry in enumerate(frame[named[_METRIC]]) if not isinstance(entry, str))
            raise TableError(
                f"row {row}: expected the name of a metric, such as 'valid_top1', in the column "
                f"{shown(named[_METRIC])} of a long table, got {shown(frame[named[_METRIC]].iloc[row])}"
            )
        tasks = tasks + "/" + frame[named[_METRIC]].str.strip()
    place = frame.groupby([frame[arch], tasks], sort=False).cumcount()  # 0 for the first row of a pair, 1 for the next
    parts = {}
    for name in values:
        of = tasks if str(name).strip().casefold() in _VALUES else tasks + f"/{str(name).strip()}"
        for task in dict.fromkeys(of):
            rows = of == task
            parts[task] = frame[name][rows].set_axis([frame[arch][rows], place[rows]])
    import pandas as pd

    order = pd.MultiIndex.from_frame(pd.DataFrame({"arch": frame[arch], "copy": place}).drop_duplicates())
    wide = pd.DataFrame({task: part.reindex(order) for task, part in parts.items()}, index=order)
    warn_user(
        f"read as a long table: column 'task' names the task of each row, {', '.join(map(repr, values))} the value"
    )
    return wide.reset_index(level="copy", drop=True).rename_axis("arch").reset_index()


def _is_text(column: pd.Series[str]) -> bool:
    return len(column) > 0 and all(isinstance(entry, str) for entry in column)


def _check(values: Sequence[object], has_metric: bool) -> None:
    """Refuse value columns whose meaning is not clear."""
    plain = [name for name in values if str(name).strip().casefold() in _VALUES]
    others = [name for name in values if name not in plain and (has_metric or not _is_metric(str(name).strip()))]
    if len(values) == 0 or others or (plain and len(values) > 1):
        raise TableError(
            "a long table, with a column 'task': expected one column 'value', or columns of metrics such as "
            f"'valid_top1', got {', '.join(map(shown, values)) or 'none'}; drop the others, or make it wide yourself: "
            f"{_ADVICE}"
        )


def _is_metric(name: str) -> bool:
    try:
        infer_metric(name)
    except UnknownNameError:
        return False
    return True
