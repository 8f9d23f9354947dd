"""``surrogates evaluate``: held-out accuracy of a model on a table."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surrogates.cli.help import AsJson, SpaceName, TableFile, TaskNames, examples
from surrogates.cli.output import progress_bar, score, write_json, write_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EXAMPLES", "evaluate"]


class _Protocol(str, Enum):
    all = "all"
    distinct = "distinct"


EXAMPLES = examples(
    "surrogates evaluate results.csv --train-sizes 50,100 --seeds 0,1,2,3,4",
    "surrogates evaluate results.csv --protocol distinct --json > scores.json",
)


def evaluate(
    table: TableFile,
    model: Annotated[str, typer.Option(help="Which surrogate.")] = "ensemble",
    train_sizes: Annotated[str, typer.Option(help="Rows to fit on, separated by commas.")] = "50,100,400",
    seeds: Annotated[str, typer.Option(help="Seeds of the splits, separated by commas.")] = "0,1,2",
    protocol: Annotated[
        _Protocol, typer.Option(help="All rows, or one for each class of equivalent architectures.")
    ] = _Protocol.all,
    task: TaskNames = None,
    space: SpaceName = None,
    as_json: AsJson = False,
) -> None:
    """Fit on some rows, predict all others: Kendall tau, Spearman rho and coverage of the 90 % interval.

    Means over the seeds, tau with its standard deviation. The ceiling is the tau that training noise would leave a
    perfect predictor, estimated from equivalent architectures that were trained separately; - where there are none.
    """
    from benchmarks.noise import noise_ceiling
    from surrogates.cli.arguments import integers, table_of_one_space
    from surrogates.evaluation import evaluate_runs
    from surrogates.models import make_model

    sizes, numbers = integers(train_sizes, "--train-sizes", 1), integers(seeds, "--seeds", 0)
    surrogate = make_model(model)
    results = table_of_one_space(table, space, task or [])
    runs = []
    with progress_bar() as progress:
        bar = progress.add_task(f"{model}, {protocol.value}", total=len(sizes) * len(numbers))
        for run in evaluate_runs(surrogate, results, sizes, numbers, protocol.value):
            runs.append(run)
            progress.advance(bar)
    ceiling = noise_ceiling(results, protocol=protocol.value).to_dict()
    summary = _summarise(runs, ceiling)
    if as_json:
        about = {"table_hash": results.hash, "space": results.space.name, "model": model, "protocol": protocol.value}
        write_json({**about, "train_sizes": sizes, "seeds": numbers, "results": summary})
    else:
        _show(summary, sizes)


def _summarise(runs: list[pd.DataFrame], ceiling: dict[Any, float]) -> list[dict[str, Any]]:
    """A row for every training size and task, and one for the mean over the tasks."""
    import pandas as pd

    frame = pd.concat(runs, ignore_index=True)
    means = frame.groupby(["n_train", "seed"], sort=False)[["tau", "rho", "coverage"]].mean().reset_index()
    frame = pd.concat([frame, means.assign(task="mean")], ignore_index=True)
    groups = frame.groupby(["n_train", "task"], sort=False)
    summary = groups[["tau", "rho", "coverage"]].mean().assign(tau_sd=groups["tau"].std()).reset_index()
    summary["ceiling"] = summary["task"].map({**ceiling, "mean": float(pd.Series(ceiling).mean())})
    rows: list[dict[Any, Any]] = summary.to_dict(orient="records")
    return rows


def _show(summary: list[dict[str, Any]], sizes: list[int]) -> None:
    names = ("tau", "tau_sd", "rho", "coverage", "ceiling")
    for n_train in sizes:
        typer.echo(f"n = {n_train}")
        rows = [[row["task"], *(score(row[name]) for name in names)] for row in summary if row["n_train"] == n_train]
        write_table(["task", "tau", "± sd", "rho", "coverage", "ceiling"], rows)
