"""What commands read from their arguments: tables, lists of integers, lists of models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from benchmarks.table import Table

__all__ = ["integers", "table_of_one_space"]


def integers(value: str, option: str, least: int) -> list[int]:
    """The different integers in a list separated by commas.

    Raises:
        typer.BadParameter: If there is something else in it, or a number below `least`.

    Example:
        >>> integers("50,100,50", "--train-sizes", 1)
        [50, 100]
    """
    found = [part.strip() for part in value.split(",")]
    if not all(part.isdigit() and int(part) >= least for part in found):
        raise typer.BadParameter(
            f"expected integers from {least} separated by commas, got {value!r}", param_hint=option
        )
    return list(dict.fromkeys(map(int, found)))


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
