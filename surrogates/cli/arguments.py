"""Arguments and options shared by several commands, and their parsing into tables and lists of integers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surrogates.search.registry import INFORMED, list_searchers

if TYPE_CHECKING:
    from benchmarks.protocols import Protocol
    from benchmarks.table import Table

__all__ = [
    "ALONE",
    "SEARCHERS",
    "AsJson",
    "BudgetOrHours",
    "Hours",
    "Minimize",
    "OptionalTable",
    "SearchSeeds",
    "Sources",
    "SpaceName",
    "TableFile",
    "TableOption",
    "TaskNames",
    "integers",
    "table_of_one_space",
    "training_sizes",
]

AsJson = Annotated[bool, typer.Option("--json", help="Print the results as JSON.")]
SpaceName = Annotated[
    str | None, typer.Option("--space", help="Use this space; required if the table holds several spaces.")
]
Minimize = Annotated[
    list[str] | None,
    typer.Option(
        "--minimize",
        metavar="TASK",
        help="Task of one's own in the table that is better when lower, such as a latency or an error; repeatable.",
    ),
]
BudgetOrHours = Annotated[
    int | None,
    typer.Option(
        "--budget", help="Number of architectures to query per search. Default: 100, or no bound with --hours."
    ),
]
Hours = Annotated[
    float | None,
    typer.Option(
        "--hours", help="Simulated training time per search; it ends before the training that would exceed it."
    ),
]
SearchSeeds = Annotated[
    str, typer.Option("--seeds", "--seed", help="Random seeds, comma-separated; one search per seed.")
]
Sources = Annotated[
    list[str] | None,
    typer.Option(
        "--sources",
        metavar="SOURCE",
        help="Results of other tasks, to learn from few rows: a table, the directory of a stored surrogate, or the "
        "name of a bundled table or surrogate (a space); repeatable.",
    ),
]
SEARCHERS = ", ".join(list_searchers()) + "."
ALONE = SEARCHERS.replace(f", {INFORMED}", "")
_TABLE_HELP = "CSV (also .tsv, .gz), Parquet or published .pth file, or the name of a bundled table (rooms-mini)."


def _find(path: Path | None) -> Path | None:
    """Resolve the name of a bundled table to its file; any other path must exist and is returned unchanged."""
    if path is None or path.is_dir():  # a folder of partitioned parquet
        return path
    from benchmarks.errors import TableNotFoundError
    from benchmarks.formats.bundled import find_table

    try:
        return find_table(path)
    except TableNotFoundError as error:
        raise typer.BadParameter(str(error)) from error


TableFile = Annotated[Path, typer.Argument(metavar="TABLE", callback=_find, help=_TABLE_HELP)]
OptionalTable = Annotated[Path | None, typer.Argument(metavar="TABLE", callback=_find, help=_TABLE_HELP)]
TableOption = Annotated[
    Path | None,
    typer.Option("--table", metavar="TABLE", callback=_find, help=f"Table of measured results: {_TABLE_HELP}"),
]
TaskNames = Annotated[
    list[str] | None,
    typer.Option("--task", "-t", metavar="TASK", help="Use only this task, or task/metric; repeatable. Default: all."),
]


def integers(value: str, option: str, least: int) -> list[int]:
    """The distinct integers in a comma-separated list.

    Raises:
        typer.BadParameter: If an entry is not an integer, or is below `least`.

    Example:
        >>> integers("50,100,50", "--train-sizes", 1)
        [50, 100]
    """
    found = [part.strip() for part in value.split(",")]
    if not all(part.isdigit() and int(part) >= least for part in found):
        raise typer.BadParameter(f"expected comma-separated integers >= {least}, got {value!r:.200}", param_hint=option)
    return list(dict.fromkeys(map(int, found)))


def training_sizes(value: str | None, usual: Sequence[int], table: Table, protocols: Sequence[Protocol]) -> list[int]:
    """The training sizes of ``--train-sizes``; by default those of `usual` that leave rows to test on.

    Raises:
        typer.BadParameter: If a size is not an integer, or leaves no rows to test on; names the largest possible size.

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


def table_of_one_space(
    path: Any, space: str | None, tasks: Sequence[str] = (), minimize: Sequence[str] | None = None
) -> Table:
    """Load a table and select one space and some tasks, all tasks if the list is empty.

    Raises:
        TableError: If the table cannot be read, or holds several spaces and none is selected.
    """
    from benchmarks.errors import TableError
    from benchmarks.formats.load import load_table

    table = load_table(path, space=space, minimize=minimize or ())
    if len(table.spaces) > 1:
        raise TableError(
            f"{path} holds the spaces {', '.join(table.spaces)}; select one of them, e.g. --space {table.spaces[0]}"
        )
    return table.where(tasks=tasks) if tasks else table
