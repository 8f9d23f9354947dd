"""Surrogates by the names the command line knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.errors import choice

if TYPE_CHECKING:
    from benchmarks.table import Table
    from surrogates.base import Surrogate

__all__ = ["MODELS", "make_model", "table_of_one_space"]

MODELS = {"boosted": "BoostedSurrogate"}
"""Name -> class in `surrogates`."""


def make_model(name: str, seed: int = 0) -> Surrogate:
    """An unfitted surrogate.

    Raises:
        UnknownNameError: If there is no model of that name; names the nearest one.

    Example:
        >>> make_model("boosted", seed=3).random_state
        3
    """
    import surrogates

    found: Any = getattr(surrogates, MODELS[choice(name, MODELS, "model")])
    made: Surrogate = found(random_state=seed)
    return made


def table_of_one_space(path: Any, space: str | None, tasks: list[str]) -> Table:
    """Load a table and keep one space and some tasks.

    Raises:
        TableError: If the table cannot be read, or is of several spaces and none was chosen.
    """
    from benchmarks.errors import TableError
    from benchmarks.formats.load import load_table

    table = load_table(path, space=space)
    if len(table.spaces) > 1:
        raise TableError(f"{path} is of {', '.join(table.spaces)}; choose one: --space {table.spaces[0]}")
    return table.where(tasks=tasks) if tasks else table
