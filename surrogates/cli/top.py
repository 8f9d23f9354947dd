"""``surrogates top``: the best architectures of all shards of predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from surrogates.cli.arguments import AsJson
from surrogates.cli.help import examples
from surrogates.cli.output import measurement, print_csv, print_json, print_table

__all__ = ["EXAMPLES", "top"]

_SHOWN = 10
EXAMPLES = examples("surrogates top predictions", "surrogates top predictions --task jigsaw -n 20 --csv")


def top(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder of shards, written by 'surrogates predict --space'.")
    ],
    task: Annotated[str | None, typer.Option("--task", "-t", help="Show only this task. Default: all.")] = None,
    n: Annotated[
        int | None,
        typer.Option(
            "-n",
            metavar="N",
            min=1,
            help="Number of rows of each task. Default: 10, or all that are kept.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the results as CSV.")] = False,
) -> None:
    """Show the best architectures of every task over all finished shards: exact, of equal values the first row.

    A row stands for all architectures of its function among those that were predicted; archs is their number.
    """
    from surrogates.shards.folder import ShardFolder
    from surrogates.shards.top import top_rows

    if as_json and as_csv:
        raise typer.BadParameter("expected one of --json and --csv, got both")
    found = top_rows(folder, task, min(_SHOWN, ShardFolder.open(folder).top) if n is None else n)
    records = [{str(name): value for name, value in row.items()} for row in found.to_dict(orient="records")]
    if as_json:
        print_json(records)
    elif as_csv:
        print_csv(list(found.columns), (list(record.values()) for record in records))
    else:
        _show(records)
        shards = ShardFolder.open(folder)
        done = len(shards.finished())
        typer.echo(
            f"Best of {shards.about['n_rows']:,} rows."
            if done == shards.shards
            else f"Best of {done:,} of {shards.shards:,} shards; the others are not finished."
        )


def _show(records: list[dict[str, Any]]) -> None:
    from benchmarks.tasks import find_task

    rows = []
    for record in records:
        unit = find_task(record["task"]).metric.unit
        value, std = measurement(record["value"], record["std"], unit)
        novelty = record["novelty"]
        rows.append(
            [
                record["task"],
                record["arch"],
                str(record["rank"]),
                value,
                std,
                "yes" if record["in_domain"] else "no",
                "-" if novelty != novelty else f"{novelty:.2f}",
                f"{record['n_archs']:,}",
            ]
        )
    print_table(["task", "arch", "rank", "value", "± std", "published", "novelty", "archs"], rows, left=2)
