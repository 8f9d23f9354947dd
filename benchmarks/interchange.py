"""Tables of other libraries as DataFrames: polars, pyarrow, whatever offers Arrow or the interchange protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.errors import TableError, UnknownNameError, shown
from benchmarks.quantities import is_bookkeeping, lower_is_better
from benchmarks.tasks import INFO_NAMES, SPLITS, infer_metric, list_tasks

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["as_frame"]

_VALUES = frozenset({"value", "values", "result", "score", "performance", "mean", "average", "median", "first", "last"})
"""What a level of equal entries may say of columns that are called after the other level."""
_SPREADS = frozenset({"ci", "cv", "kurt", "mad", "nunique", "prod", "se", "sem", "size", "skew", "sum", "var"})
"""What pandas aggregates rows to, other than one that is typical of them."""


def as_frame(data: object) -> pd.DataFrame:
    """A table of any library as a DataFrame with one level of columns.

    Args:
        data: A DataFrame of pandas; a Series, named after its task and indexed by architecture; an
            object with ``__arrow_c_stream__`` (pyarrow, polars) or ``__dataframe__``; a
            dictionary of columns; or a list of dictionaries, one per row. Two levels of columns, as `DataFrame.pivot`
            makes them, become ``task/metric`` if one of them holds metrics. One whose entries are all equal is dropped,
            unless its name says more than that there are values: a task, an error, a standard deviation.

    Raises:
        TableError: If it is something else, or two levels of columns are ambiguous.

    Example:
        >>> as_frame({"arch": ["64-2311-basic"], "jigsaw": [90.1]}).shape
        (1, 2)
    """
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return _one_level(data)
    if isinstance(data, pd.Series):
        if data.name is None:
            raise TableError("expected a Series with the name of its task, got one without: series.rename('jigsaw')")
        return data.to_frame()
    try:
        if hasattr(data, "__arrow_c_stream__"):
            import pyarrow

            return _one_level(pyarrow.table(data).to_pandas())
        if hasattr(data, "__dataframe__"):
            from pyarrow.interchange import from_dataframe

            return _one_level(from_dataframe(data).to_pandas())
        if isinstance(data, Mapping):
            return _one_level(pd.DataFrame({name: _column(values) for name, values in data.items()}))
        rows = isinstance(data, Sequence) and len(data) > 0 and all(isinstance(row, Mapping) for row in data)
        if rows:
            return _one_level(pd.DataFrame.from_records(list(data)))  # type: ignore[call-overload]
    except TableError:
        raise
    except Exception as error:  # of the other library
        reason = " ".join(str(error).split())
        raise TableError(f"a {type(data).__name__} cannot be read as a table ({reason:.200})") from error
    raise TableError(
        "expected a DataFrame, a table of pyarrow or polars, or a dictionary of columns, got "
        f"{type(data).__name__} {shown(data)}"
    )


def _column(values: Any) -> Any:
    """An array of shape (n, 1) as one of shape (n,)."""
    return values[:, 0] if getattr(values, "shape", (0,))[1:] == (1,) else values


def _one_level(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with one level of columns."""
    import pandas as pd

    if frame.columns.nlevels == 1:
        return frame
    labels = [tuple(str(part) for part in label if str(part)) for label in frame.columns]
    pairs = [label for label in labels if len(label) == 2]
    if any(len(label) > 2 for label in labels):
        raise TableError(f"expected columns of one or two levels, got {frame.columns.nlevels}; join their names first")
    firsts, seconds = dict.fromkeys(a for a, _ in pairs), dict.fromkeys(b for _, b in pairs)
    if pairs and all(map(_is_column, firsts)) and not any(map(_is_column, seconds)):
        names = ["/".join(reversed(label)) for label in labels]
    elif pairs and all(map(_is_column, seconds)) and not any(map(_is_column, firsts)):
        names = ["/".join(label) for label in labels]
    elif pairs and 1 in (len(firsts), len(seconds)):
        names = _without_equal(labels, list(firsts), list(seconds))
    elif not pairs:
        names = [label[0] if label else "" for label in labels]
    else:
        raise TableError(
            f"two levels of columns, such as {shown(pairs[0])}: expected tasks and metrics (valid_top1, ...), or one "
            "level of equal entries; name the columns 'task' or 'task/metric'"
        )
    flat = frame.copy(deep=False)
    flat.columns = pd.Index(names)
    return flat


def _without_equal(labels: list[tuple[str, ...]], firsts: list[str], seconds: list[str]) -> list[str]:
    """Names of columns of two levels without the level whose entries are all equal; one of values, if both are.

    Raises:
        TableError: If that level says what the values are, which would be lost.
    """
    alike = [(level, entries[0]) for level, entries in enumerate((firsts, seconds)) if len(entries) == 1]
    dropped, entry = next((pair for pair in alike if pair[1].casefold() in _VALUES), alike[0])
    said = entry in list_tasks() or entry.casefold() in _SPREADS or is_bookkeeping(entry) or lower_is_better(entry)
    if said or (len(alike) == 2 and entry.casefold() not in _VALUES):
        other = (seconds if dropped == 0 else firsts)[0]
        raise TableError(
            f"two levels of columns, one of them always {shown(entry)} (beside {shown(other)}): it would be lost; name "
            "the columns 'task' or 'task/metric' in one level, as in frame.columns = ['_'.join(pair) for pair in "
            "frame.columns]"
        )
    return [label[-1] if dropped == 0 or len(label) == 1 else label[0] for label in labels]


def _is_column(name: str) -> bool:
    """Whether it is a metric with its split, or a model fact."""
    if name in INFO_NAMES:
        return True
    if name.partition("_")[0] not in SPLITS:
        return False
    try:
        infer_metric(name)
    except UnknownNameError:
        return False
    return True
