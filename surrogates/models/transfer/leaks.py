"""Labels that are a source: the target under another name, or without one, must not predict itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.spaces.registry import infer_space
from benchmarks.table import Table
from surrogates.base import Surrogate

__all__ = ["same_source"]

Float = NDArray[np.float64]
_FEWEST = 3
_UNITS = (1.0, 100.0, 0.01)


def same_source(sources: Sequence[Any], archs: Sequence[str], values: Float, task: str) -> str | None:
    """The name of a source task whose values equal the labels at the same architectures, None if there is none.

    Args:
        sources: Tables, DataFrames indexed by architecture, and fitted surrogates; others are not compared.
        archs: The n labelled architectures.
        values: Their labels, NaN where not measured, of shape (n,).
        task: Name of the target; a source of this name is not compared, since it is not used.

    Returns:
        The first source task that has at least three of the labels, not all equal, and has them all; fractions and
        percentages of each other count as equal.

    Example:
        >>> archs = ["64-2311-basic", "64-1234-basic", "64-111111-basic"]
        >>> table = Table.from_logs(archs, {"a": {"valid_value": [1, 2, 3]}})
        >>> same_source([table], archs, np.array([1.0, 2.0, 3.0]), "b")
        'a'
    """
    for source in sources:
        for name, known in _columns(source, archs):
            both = ~np.isnan(known) & ~np.isnan(values)
            if name == task or both.sum() < _FEWEST or np.ptp(values[both]) == 0:
                continue
            if any(np.allclose(unit * values[both], known[both], rtol=1e-6, atol=0) for unit in _UNITS):
                return name
    return None


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
