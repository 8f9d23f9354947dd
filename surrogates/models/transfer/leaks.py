"""Labels that are a source: the target under another name, or in another unit, must not predict itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.spaces.registry import infer_space
from benchmarks.table import Table
from surrogates.base import Surrogate

__all__ = ["SourceColumn", "same_source", "source_columns"]

Float = NDArray[np.float64]
_FEWEST = 3
_FEWEST_DISTINCT = 5
_MOST_DIGITS = 7
_UNITS = (1.0, 100.0, 0.01)
_TOLERANCE = 1e-9


class SourceColumn(NamedTuple):
    """One task of a source, at n labelled architectures.

    Attributes:
        name: Name of the task.
        values: Its values, NaN where it has none, of shape (n,).
    """

    name: str
    values: Float


def same_source(columns: Sequence[SourceColumn], values: Float, task: str) -> str | None:
    """The name of a source task whose values are the labels at the same architectures, None if there is none.

    Args:
        columns: Tasks of the sources, at the n labelled architectures (`source_columns`).
        values: The labels, NaN where not measured, of shape (n,).
        task: Name of the target; a source of this name is not compared, since it is not used.

    Returns:
        The first source task that has at least three of the labels, not all equal, and has them all, or as fractions
        or percentages; or that has at least five different ones, and is an exactly linear function of them, such as
        their negative, or the error of an accuracy.

    Example:
        >>> column = SourceColumn("a", np.array([1.0, 2.0, 3.0, 4.0, 6.0]))
        >>> same_source([column], column.values, "b"), same_source([column], 100 - column.values, "b")
        ('a', 'a')
        >>> same_source([column], column.values**2, "b") is None
        True
    """
    for name, known in columns:
        both = ~np.isnan(known) & ~np.isnan(values)
        if name != task and both.sum() >= _FEWEST and _are_same(values[both], known[both]):
            return name
    return None


def _are_same(labels: Float, known: Float) -> bool:
    """Whether two vectors of one shape, of at least three finite values, are one in two units."""
    if np.ptp(labels) == 0:
        return False
    if any(np.allclose(unit * labels, known, rtol=1e-6, atol=0) for unit in _UNITS):
        return True
    digits = next((d for d in range(1, _MOST_DIGITS) if np.array_equal(np.round(labels, d), labels)), None)
    if digits is not None and np.allclose(labels, known, rtol=0, atol=0.51 * 10.0**-digits):
        return True  # rounded
    if np.ptp(known) == 0 or min(len(np.unique(labels)), len(np.unique(known))) < _FEWEST_DISTINCT:
        return False
    return bool(1 - abs(np.corrcoef(labels, known)[0, 1]) <= _TOLERANCE)


def source_columns(sources: Sequence[Any], archs: Sequence[str]) -> list[SourceColumn]:
    """The tasks of sources at n labelled architectures; a surrogate is asked once.

    Args:
        sources: Tables, DataFrames indexed by architecture, and fitted surrogates; others are not compared.
        archs: The n labelled architectures.

    Example:
        >>> archs = ["64-2311-basic", "64-1234-basic", "64-111111-basic"]
        >>> table = Table.from_logs(archs[:2], {"a": {"valid_value": [1, 2]}})
        >>> [column.values.tolist() for column in source_columns([table], archs)]
        [[1.0, 2.0, nan]]
    """
    return [SourceColumn(name, values) for source in sources for name, values in _columns(source, archs)]


def _columns(source: Any, archs: Sequence[str]) -> Iterator[tuple[str, Float]]:
    """Name and values of each task of a source at n architectures, NaN where it has none."""
    if isinstance(source, Surrogate):
        if infer_space(list(archs)).name == source.space_:
            predicted = source.predict(list(archs)).reshape(len(archs), -1)
            yield from zip(source.tasks_, predicted.T, strict=True)
    elif isinstance(source, Table):
        row_of = {arch: row for row, arch in enumerate(source.archs)}
        rows = np.array([row_of.get(arch, -1) for arch in archs])
        for task in source.tasks:
            yield task, np.where(rows >= 0, source.column(task)[rows], np.nan)
    elif hasattr(source, "columns") and hasattr(source, "reindex"):
        frame = source[~source.index.duplicated()].reindex(list(archs))
        yield from ((str(name), frame[name].to_numpy(dtype=np.float64, na_value=np.nan)) for name in frame.columns)
