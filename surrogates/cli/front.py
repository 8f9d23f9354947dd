"""``surrogates supernet front``: the Pareto front of a supernet's estimates against a cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surrogates.cli.arguments import AsJson
from surrogates.cli.estimating import (
    Folders,
    Metric,
    NormStatistics,
    Sample,
    SampleSeed,
    asked_archs,
    estimates_of,
    scoring,
)
from surrogates.cli.help import examples
from surrogates.cli.out_files import writable
from surrogates.cli.output import check_figure_file, counted, measurement, print_json, print_table
from surrogates.cli.trainings import Threads

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EXAMPLES", "front"]

EXAMPLES = examples(
    "surrogates supernet front wide --sample 300",
    "surrogates supernet front wide wide-1 --cost params --plot front.png --out front.csv",
    "surrogates supernet front wide --arch 64-2311-basic --arch 64-1234-basic --json",
)


def front(
    folders: Folders,
    cost: Annotated[
        str, typer.Option(help="Cost of the backbone, lower is better: multiply_adds or params.")
    ] = "multiply_adds",
    arch: Annotated[
        list[str] | None,
        typer.Option(metavar="ARCH", help="Architecture to compare; repeatable. Default: all functions of the space."),
    ] = None,
    sample: Sample = None,
    seed: SampleSeed = 0,
    metric: Metric = "loss",
    statistics: NormStatistics = "batch",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", callback=writable, help="CSV file to write: all compared, not only the front."),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(callback=writable, help="Figure to write, e.g. front.png (needs [plots]).")
    ] = None,
    threads: Threads = 1,
    as_json: AsJson = False,
) -> None:
    """Show the architectures that no other one beats in both the estimate and the cost, cheapest first.

    Estimates are validation metrics with shared weights: they rank architectures, and are worse than those of networks
    trained alone. They are stored in the folders of the supernets, so an interrupted command continues where it
    stopped.
    """
    from benchmarks.errors import choice
    from benchmarks.files import write_beside
    from benchmarks.tasks import find_task
    from surrogates.search.space_arrays import COSTS
    from surrogates.supernet.front import costed_estimates

    choice(cost, COSTS, "cost")
    if plot is not None:
        check_figure_file(plot, "--plot")
    estimates = estimates_of(folders, metric, statistics)
    archs = asked_archs(estimates, arch, sample, seed)
    with scoring(estimates, len(archs), threads):
        found = costed_estimates(estimates, cost, archs)
    (task,) = estimates.tasks_
    unit = find_task(task).metric.unit
    if out is not None:
        with write_beside(out) as beside:
            found.to_csv(beside, index=False)
    if plot is not None:
        _draw(plot, found, task, cost, unit)
    best = found[found["on_front"]]
    rows = best.rename(columns={task: "value"}).drop(columns="on_front").to_dict(orient="records")
    if as_json:
        print_json({"task": task, "of": len(found), "unit": unit, "cost": cost, "front": rows})
        return
    cells = [
        [row["arch"], f"{row[cost]:,}", *measurement(row["value"], row["std"] or float("nan"), unit)] for row in rows
    ]
    print_table(["arch", cost, task, "± std"], cells)
    for path in (out, plot):
        if path is not None:
            typer.echo(f"Wrote {path}.")
    typer.echo(f"{len(best):,} of {counted(len(found), 'architecture')}, with {counted(len(folders), 'supernet')}.")


def _draw(path: Path, found: pd.DataFrame, task: str, cost: str, unit: str) -> None:
    """Write the figure: all estimates against the cost, and the front as a line."""
    from benchmarks.files import write_beside
    from surrogates.figures import new_figure

    figure = new_figure((6, 4))
    axes = figure.subplots()
    best = found[found["on_front"]]
    axes.scatter(found[cost], found[task], s=8, color="0.7", label="estimates")
    axes.plot(best[cost], best[task], marker="o", markersize=4, drawstyle="steps-post", label="front")
    axes.set_xscale("log")
    axes.set_xlabel(cost.replace("_", "-"))
    axes.set_ylabel(task + ("" if unit == "-" else f" ({unit})"))
    axes.legend()
    with write_beside(path) as beside:
        figure.savefig(beside, dpi=150)
