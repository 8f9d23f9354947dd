"""``surrogates table``: inspect, convert and describe tables of results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from surrogates.cli.arguments import AsJson, Minimize, SpaceName, TableFile
from surrogates.cli.help import NamedCommands, examples
from surrogates.cli.out_files import TableOut, writable
from surrogates.cli.output import counted, print_json, print_table

__all__ = ["table_app"]

table_app = typer.Typer(
    cls=NamedCommands, help="Inspect and convert tables of results.", no_args_is_help=True, rich_markup_mode=None
)


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


@table_app.command(
    short_help="Describe a table's file as Croissant metadata.",
    epilog=examples(
        "surrogates table croissant results.parquet --out results.croissant.json",
        "surrogates table croissant results.csv --license CC-BY-4.0 --url https://example.org/results",
    ),
)
def croissant(
    table: TableFile,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", callback=writable, help="JSON file to write; default: standard output."),
    ] = None,
    license: Annotated[str | None, typer.Option("--license", help="License: a name of spdx.org or an address.")] = None,
    url: Annotated[str | None, typer.Option("--url", help="Address of the table's page.")] = None,
    minimize: Minimize = None,
) -> None:
    """Describe a table's file as Croissant metadata, which data set hubs read.

    Every column with its metric, unit and direction, and the SHA-256 of the file, which is named without its folder:
    keep the two together.
    """
    import json

    from benchmarks.files import write_beside
    from benchmarks.formats import croissant_metadata

    if out is not None and out.suffix.casefold() != ".json":
        raise typer.BadParameter(f"expected a .json file, got {str(out)!r:.200}", param_hint="--out")
    metadata = croissant_metadata(table, license=license, url=url, minimize=minimize or ())
    if out is None:
        print_json(metadata)
        return
    with write_beside(out) as beside:
        beside.write_text(json.dumps(metadata, indent=2) + "\n", encoding="utf-8")
    typer.echo(f"Wrote {out}: it describes {metadata['distribution'][0]['name']}, to be kept in the same folder.")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if value == value else "-"
    return f"{value:,}" if isinstance(value, int) else str(value)
