"""Arguments and options shared by several commands, and their parsing into tables and lists of integers."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from surrogates.search.registry import INFORMED, list_searchers

if TYPE_CHECKING:
    from benchmarks.protocols import Protocol
    from benchmarks.table import Table

__all__ = [
    "ALONE",
    "OWN_MODEL",
    "SEARCHERS",
    "ArchNames",
    "AsJson",
    "SpaceName",
    "TableFile",
    "TableOption",
    "TaskNames",
    "integers",
    "model_named",
    "numbered_archs",
    "table_of_one_space",
    "training_sizes",
]

AsJson = Annotated[bool, typer.Option("--json", help="Print the results as JSON.")]
SpaceName = Annotated[
    str | None, typer.Option("--space", help="Use this space; required if the table holds several spaces.")
]
SEARCHERS = ", ".join(list_searchers()) + "."
ALONE = SEARCHERS.replace(f", {INFORMED}", "")
OWN_MODEL = (
    "or module:attribute for a scikit-learn regressor or pipeline, or a class of your own, e.g. mine:MyRegressor"
)
_TABLE_HELP = "CSV, Parquet or published .pth file, or the name of a bundled table (rooms-mini)."


ArchNames = Annotated[
    list[str],
    typer.Argument(metavar="ARCH|-", help="One or more architecture strings, or - to read one per line from stdin."),
]


def numbered_archs(archs: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Pairs of a prefix for error messages (the line number if read from stdin) and an architecture.

    Blank lines and a byte order mark are skipped.

    Raises:
        typer.BadParameter: If - is given beside architectures.

    Example:
        >>> list(numbered_archs(["64-2311-basic"]))
        [('', '64-2311-basic')]
    """
    if "-" not in archs:
        return (("", arch) for arch in archs)
    if len(archs) > 1:
        raise typer.BadParameter("expected either architectures or - (read them from stdin), got both")
    lines = ((number, line.lstrip("\ufeff").strip()) for number, line in enumerate(sys.stdin, start=1))
    return ((f"stdin, line {number}: ", arch) for number, arch in lines if arch)


def _find(path: Path | None) -> Path | None:
    """Resolve the name of a bundled table to its file; any other path must exist and is returned unchanged."""
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
    Path | None,
    typer.Option("--table", metavar="TABLE", callback=_find, help=f"Table of measured results: {_TABLE_HELP}"),
]
TaskNames = Annotated[
    list[str] | None,
    typer.Option("--task", "-t", metavar="TASK", help="Use only this task; repeatable. Default: all tasks."),
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


def model_named(name: str) -> object:
    """An unfitted model: one of this package by its name, or one of your own as ``module:attribute``.

    Modules of the working directory are found as well.

    Raises:
        UnknownNameError: If there is no such model; the message names the nearest one.
        ValueError: If the name has another form, the module cannot be imported, has no such attribute, or that is not a
            model.

    Example:
        >>> model_named("sklearn.linear_model:Ridge").__name__
        'Ridge'
    """
    import importlib

    from benchmarks.errors import did_you_mean
    from surrogates.evaluation.estimators import as_method
    from surrogates.registry import make_model

    if ":" not in name and not name.endswith(".py"):
        return make_model(name)
    module_name, _, attribute = name.partition(":")
    if not attribute or not all(part.isidentifier() for part in module_name.split(".")) or module_name.endswith(".py"):
        raise ValueError(
            f"expected module:attribute, such as mine:MyRegressor for a class in the file mine.py, got {name!r:.200}"
        )
    if "" not in sys.path:
        sys.path.append("")  # the working directory, after everything else
    try:
        found: Any = importlib.import_module(module_name)
    except Exception as error:  # whatever the user's module raises
        raise ValueError(f"cannot import {module_name!r:.200}: {type(error).__name__}: {error!s:.200}") from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise ValueError(f"{module_name!r:.200} has no {attribute!r:.200}{did_you_mean(part, dir(found))}")
        found = getattr(found, part)
    try:
        as_method(found)
    except TypeError as error:
        raise ValueError(f"{name}: {error}") from error
    return cast("object", found)


def table_of_one_space(path: Any, space: str | None, tasks: list[str]) -> Table:
    """Load a table and select one space and some tasks, all tasks if the list is empty.

    Raises:
        TableError: If the table cannot be read, or holds several spaces and none is selected.
    """
    from benchmarks.errors import TableError
    from benchmarks.formats.load import load_table

    table = load_table(path, space=space)
    if len(table.spaces) > 1:
        raise TableError(
            f"{path} holds the spaces {', '.join(table.spaces)}; select one of them, e.g. --space {table.spaces[0]}"
        )
    return table.where(tasks=tasks) if tasks else table
