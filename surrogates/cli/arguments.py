"""Arguments that several commands share, and what commands read from them: tables, lists of integers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from benchmarks.protocols import Protocol
    from benchmarks.table import Table

__all__ = [
    "ALONE",
    "SEARCHERS",
    "AsJson",
    "SpaceName",
    "TableFile",
    "TableOption",
    "TaskNames",
    "integers",
    "table_of_one_space",
    "training_sizes",
]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
SpaceName = Annotated[str | None, typer.Option("--space", help="Only this space, where the table holds several.")]
# Written out, because asking the registry would import what this command may never need; a test compares the two.
ALONE = "random, local, evolution, reinforce, ddpnas, pnas, bananas, predictor, attentive, front, nsga2."
SEARCHERS = ALONE.replace(".", ", transfer.")
_TABLE_HELP = "csv, parquet, the published .pth, or the name of a bundled table (rooms-mini)."


def _find(path: Path | None) -> Path | None:
    """The file of a bundled table's name; any other path as it is, if it exists."""
    if path is None:
        return None
    from benchmarks.errors import TableNotFoundError
    from benchmarks.formats.bundled import find_table

    try:
        return find_table(path)
    except TableNotFoundError as error:
        raise typer.BadParameter(str(error)) from error


TableFile = Annotated[Path, typer.Argument(metavar="TABLE", callback=_find, help=_TABLE_HELP)]
TableOption = Annotated[
    Path | None, typer.Option("--table", metavar="TABLE", callback=_find, help=f"Measured results: {_TABLE_HELP}")
]
TaskNames = Annotated[list[str] | None, typer.Option("--task", "-t", help="Only this task; may be repeated.")]


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
