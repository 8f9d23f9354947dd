"""What a table's DataFrame says of its tasks beyond their names: which are better when lower, or higher for sure.

A DataFrame that a `Table` made carries this in its `attrs`, with the range of each column: pandas keeps `attrs` through
arithmetic as well, and the negative of a latency is better when higher.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks.errors import UnknownNameError
from benchmarks.task_names import reads_plainly
from benchmarks.tasks import Task, is_minimized

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Directions", "declare", "declared"]

_KEY = "directions"
_ROUNDING = 1e-6


class Directions(NamedTuple):
    """Names of columns whose direction is stated.

    Attributes:
        minimize: Those that are better when lower.
        maximize: Those that are better when higher, whatever their names say.
    """

    minimize: frozenset[str]
    maximize: frozenset[str]


def declare(frame: pd.DataFrame, tasks: Iterable[Task], oriented: bool = False) -> None:
    """State the directions of the columns of tasks whose names do not say them.

    Args:
        frame: DataFrame with a column per task, named after it.
        tasks: Those of the columns that hold the task's primary metric.
        oriented: Whether higher is better in every column by now.
    """
    stated = {}
    for task in tasks:
        if is_minimized(task) or not reads_plainly(task.name):
            values = frame[task.name].to_numpy(dtype=np.float64)
            low, high = (np.nanmin(values), np.nanmax(values)) if not np.isnan(values).all() else (0.0, 0.0)
            stated[task.name] = (is_minimized(task) and not oriented, float(low), float(high))
    if stated:
        frame.attrs[_KEY] = stated


def declared(frame: pd.DataFrame) -> Directions:
    """The directions that were stated of the columns of a DataFrame, or of one made of it.

    Raises:
        UnknownNameError: If values of such a column lie outside the range that it had: they are no longer those whose
            direction is known.

    Example:
        >>> import pandas as pd
        >>> from benchmarks.table import Table
        >>> measured = pd.DataFrame({"arch": ["64-2311-basic", "64-1234-basic"], "latency": [3.0, 2.0]})
        >>> frame = Table.from_frame(measured, minimize=["latency"]).to_frame()
        >>> sorted(declared(frame[:1]).minimize)
        ['latency']
        >>> declared(-frame)
        Traceback (most recent call last):
        ...
        benchmarks.errors.UnknownNameError: 'latency': its direction is known of values from 2 to 3, got -3; ...
    """
    stated = getattr(frame, "attrs", {}).get(_KEY, {})
    names: tuple[set[str], set[str]] = set(), set()
    for name, (lower, low, high) in stated.items():
        if name not in frame.columns:
            continue
        values = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
        slack = _ROUNDING * max(abs(low), abs(high))
        outside = values[(values < low - slack) | (values > high + slack)]
        if len(outside):
            raise UnknownNameError(
                f"{name!r}: its direction is known of values from {low:g} to {high:g}, got {outside.min():g}; if they "
                f"were changed, name them {name + '/valid_value'!r} if higher is better now, else "
                f"{name + '/valid_cost'!r}"
            )
        names[0 if lower else 1].add(name)
    return Directions(frozenset(names[0]), frozenset(names[1]))
