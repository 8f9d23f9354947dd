"""Whether values of pandas, which carry their architectures and epochs, stand in the order of these."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.errors import ArchitectureError, shown
from benchmarks.frames import ARCH_COLUMNS
from benchmarks.spaces.registry import infer_space
from benchmarks.user_warnings import warn_user

__all__ = ["check_epochs_in_order", "check_order"]


def check_order(archs: Any, strings: Sequence[str], values: Any, what: str = "labels") -> None:
    """Check that architectures in the index or a column of pandas values are those of the rows.

    Args:
        archs: The n architectures as given; if they have an index of their own, it is compared as well.
        strings: The same n architectures as strings.
        values: Values of n rows; anything without an index is taken by position.
        what: What the values are, for messages.

    Raises:
        ValueError: If they are other architectures, or the same in another order.

    Warns:
        UserWarning: If `archs` and `values` are pandas objects with different indexes.

    Example:
        >>> import pandas as pd
        >>> archs = ["64-2311-basic", "64-1234-basic"]
        >>> check_order(archs, archs, pd.Series([1.0, 2.0], index=archs[::-1]))
        Traceback (most recent call last):
        ...
        ValueError: expected labels of '64-2311-basic' at row 0, got those of '64-1234-basic'
    """
    index = getattr(values, "index", None)
    if index is None or callable(index) or not len(index):
        return
    levels = [index.get_level_values(level) for level in range(index.nlevels)]
    levels += [values[name] for name in getattr(values, "columns", ()) if str(name).casefold() in ARCH_COLUMNS]
    found = [list(level) for level in levels if _holds_architectures(level, strings)]
    for level in found:
        for row, (arch, label) in enumerate(zip(strings, level, strict=False)):
            if arch != label and (not isinstance(label, str) or arch not in (label.strip(), _respelled(label))):
                raise ValueError(f"expected {what} of {arch!r} at row {row}, got those of {label!r:.200}")
    of_archs = getattr(archs, "index", None)
    if found or of_archs is None or callable(of_archs) or len(of_archs) != len(index) or of_archs.equals(index):
        return
    warn_user(
        f"the indexes of architectures and {what} differ, and rows are matched by position: if one of them was sorted "
        f"or filtered, bring them together first, as in {what.split()[0]}.loc[archs.index]"
    )


def check_epochs_in_order(values: Any, what: str) -> None:
    """Check that numbered columns of a DataFrame, one per epoch, are numbered from 0 or 1 on, one after the other.

    Args:
        values: Values of shape (n, E); anything without numbered columns is taken by position.
        what: What they are, for messages.

    Raises:
        ValueError: If an epoch is missing or stands in another place.

    Example:
        >>> import pandas as pd
        >>> check_epochs_in_order(pd.DataFrame([[1.0, 2.0]], columns=[2, 1]), "values")
        Traceback (most recent call last):
        ...
        ValueError: expected values of one epoch after the other, in columns numbered from 0 or 1, got 2, 1
    """
    columns = list(getattr(values, "columns", ()))
    try:
        numbers = [int(str(column)) for column in columns]
    except ValueError:
        return
    if numbers and numbers not in (list(range(len(numbers))), list(range(1, len(numbers) + 1))):
        came = ", ".join(map(shown, columns[:20]))
        raise ValueError(f"expected {what} of one epoch after the other, in columns numbered from 0 or 1, got {came}")


def _respelled(label: str) -> str:
    """An architecture in the benchmark's spelling; any other text as it is."""
    try:
        return infer_space(label.strip()).validate(label.strip())
    except ArchitectureError:
        return label


def _holds_architectures(level: Any, strings: Sequence[str]) -> bool:
    known = set(strings)
    for entry in level:
        if not isinstance(entry, str):
            return False
        if entry.strip() in known:
            return True
    try:
        infer_space(str(level[0]) if not hasattr(level, "iloc") else str(level.iloc[0]))
    except ArchitectureError:
        return False
    return True
