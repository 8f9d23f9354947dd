"""What a table's DataFrame says of its tasks beyond their names: which are better when lower, or higher for sure.

A DataFrame that a `Table` made carries this in its `attrs`, with the values of each column: pandas keeps `attrs`
through arithmetic as well, and the negative of a latency is better when higher. Joins and concatenations lose it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import UnknownNameError
from benchmarks.task_names import reads_plainly
from benchmarks.tasks import Task, is_minimized

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Directions", "declare", "declared"]

_KEY = "directions"


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
            stated[task.name] = (is_minimized(task) and not oriented, _values(frame[[task.name]]).tobytes())
    if stated:
        frame.attrs[_KEY] = stated


def declared(frame: pd.DataFrame | pd.Series[Any]) -> Directions:
    """The directions that were stated of the columns of a DataFrame, or of rows or columns taken from it.

    Raises:
        UnknownNameError: If such a column has other values than it had: they are no longer those whose direction is
            known.

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
        benchmarks.errors.UnknownNameError: 'latency': its direction is known of values from 2 to 3, got others, ...
    """
    stated = getattr(frame, "attrs", {}).get(_KEY, {})
    names: tuple[set[str], set[str]] = set(), set()
    columns = {frame.name: frame} if frame.ndim == 1 else frame
    for name, (lower, before) in stated.items():
        if name not in columns:
            continue
        known, values = np.frombuffer(before), _values(columns[name])
        other = values[~np.isin(values, known)]
        if len(other):
            span = f"{known[0]:g} to {known[-1]:g}" if len(known) else "none"
            raise UnknownNameError(
                f"{name!r}: its direction is known of values from {span}, got others, such as {other[0]:g}; if they "
                f"were changed, name them {name + '/valid_value'!r} if higher is better now, else "
                f"{name + '/valid_cost'!r}"
            )
        names[0 if lower else 1].add(name)
    return Directions(frozenset(names[0]), frozenset(names[1]))


def _values(column: pd.DataFrame | pd.Series[Any]) -> NDArray[np.float64]:
    """The distinct values of a column, ascending, without NaN.

    Of a frame of this column when its `attrs` are still to come: pandas 2 hands out one object a column ever after.
    """
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.unique(values[~np.isnan(values)])
