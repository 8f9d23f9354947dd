"""What commands read from their arguments: tables, lists of integers, lists of models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from benchmarks.protocols import Protocol
    from benchmarks.table import Table

__all__ = ["integers", "table_of_one_space", "training_sizes"]


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


def training_sizes(value: str | None, usual: Sequence[int], table: Table, protocols: Sequence[Protocol]) -> list[int]:
    """The training sizes in an option; where it is not given, the usual ones that leave rows to test.

    Raises:
        typer.BadParameter: If a size is no number, or leaves no rows to test; names the largest that is possible.

    Example:
        >>> from benchmarks.table import Table
        >>> table = Table.from_logs(["64-2311-basic", "64-1234-basic"], {"jigsaw": {"valid_top1": [90.0, 91.0]}})
        >>> training_sizes(None, [1, 50], table, ["all"])
        [1]
    """
    from benchmarks.protocols import eligible_rows
    from surrogates.evaluation.held_out import check_sizes

    if value is None:
        fewest = min(len(eligible_rows(table, protocol)) for protocol in protocols)
        return [size for size in usual if size < fewest] or [max(fewest // 2, 1)]
    sizes = integers(value, "--train-sizes", 1)
    try:
        for protocol in protocols:
            check_sizes(table, sizes, protocol)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--train-sizes") from None
    return sizes


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
