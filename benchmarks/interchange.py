"""Tables of other libraries as DataFrames: polars, pyarrow, whatever offers Arrow or the interchange protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.errors import TableError, UnknownNameError, shown
from benchmarks.tasks import INFO_NAMES, SPLITS, infer_metric

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["as_frame"]


def as_frame(data: object) -> pd.DataFrame:
    """A table of any library as a DataFrame with one level of columns.

    Args:
        data: A DataFrame of pandas; a Series, named after its task and indexed by architecture; an
            object with ``__arrow_c_stream__`` (pyarrow, polars) or ``__dataframe__``; a
            dictionary of columns; or a list of dictionaries, one per row. Two levels of columns, as `DataFrame.pivot`
            makes them, become ``task/metric`` if one of them holds metrics, and are dropped if all entries are equal.

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
    elif len(firsts) == 1 and len(pairs) > 0:
        names = [label[-1] for label in labels]
    elif len(seconds) == 1 and len(pairs) > 0:
        names = [label[0] for label in labels]
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
