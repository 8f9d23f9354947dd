"""``surrogates table``: inspect and convert tables of results."""

from __future__ import annotations

import typer

from surrogates.cli.arguments import AsJson, Minimize, SpaceName, TableFile
from surrogates.cli.help import examples
from surrogates.cli.out_files import TableOut
from surrogates.cli.output import counted, print_json, print_table

__all__ = ["table_app"]

table_app = typer.Typer(help="Inspect and convert tables of results.", no_args_is_help=True, rich_markup_mode=None)


@table_app.command(
    short_help="Show the contents of a table.",
    epilog=examples(
        "surrogates table info results.csv",
        "surrogates table info transnas-bench_v10141024.pth --space transnas101-micro --json",
    ),
)
def info(table: TableFile, space: SpaceName = None, minimize: Minimize = None, as_json: AsJson = False) -> None:
    """Show the contents of a table: tasks, metrics, units, number of measured architectures, ranges of values."""
    from benchmarks.formats.load import load_table

    results = load_table(table, space=space, minimize=minimize or ())
    rows = results.describe().reset_index().to_dict(orient="records")
    if as_json:
        print_json({"archs": len(results), "spaces": results.spaces, "hash": results.hash, "tasks": rows})
        return
    typer.echo(
        f"{counted(len(results), 'architecture')} of {', '.join(results.spaces)}, {counted(len(results.tasks), 'task')}"
    )
    columns = ["task", "metric", "unit", "measured", "missing", "epochs_kept", "min", "median", "max"]
    titles = [column.replace("_", " ") for column in columns]
    print_table(titles, [[_cell(row[column]) for column in columns] for row in rows], left=3)
    typer.echo(f"SHA-256 of the content: {results.hash}")


@table_app.command(
    short_help="Convert a table to another format.",
    epilog=examples(
        "surrogates table convert transnas-bench_v10141024.pth --space transnas101-micro --out micro.parquet",
        "surrogates table convert results.csv --out results.pth",
    ),
)
def convert(
    table: TableFile,
    out: TableOut,
    space: SpaceName = None,
    minimize: Minimize = None,
) -> None:
    """Convert a table to another format; the file is written atomically.

    CSV and Parquet hold the last epoch of every metric, .pth all epochs (and needs torch). Only Parquet keeps the
    provenance of the values.
    """
    from benchmarks.formats import load_table, save_table, table_suffix
    from benchmarks.formats.load import PROVENANCE_READERS

    suffix = table_suffix(out)
    results = load_table(table, space=space, minimize=minimize or ())
    save_table(results, out)
    typer.echo(f"Wrote {out}: {counted(len(results), 'architecture')}, {counted(len(results.tasks), 'task')}.")
    if results.provenance and suffix not in PROVENANCE_READERS:
        able = ", ".join(PROVENANCE_READERS)
        typer.echo(f"note: {out} does not hold the provenance recorded in {table}; use {able} to keep it", err=True)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if value == value else "-"
    return f"{value:,}" if isinstance(value, int) else str(value)
