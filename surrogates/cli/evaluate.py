"""``surrogates evaluate``: held-out accuracy of a model on a table."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any

import typer

from surrogates.cli.arguments import (
    AsJson,
    Minimize,
    SpaceName,
    TableFile,
    TaskNames,
    integers,
    table_of_one_space,
    training_sizes,
)
from surrogates.cli.help import examples
from surrogates.cli.models import OWN_MODEL, model_named
from surrogates.cli.output import print_json, print_table, progress_bar, score
from surrogates.registry import MODELS

__all__ = ["EXAMPLES", "evaluate"]


class _Protocol(str, Enum):
    all = "all"
    distinct = "distinct"


EXAMPLES = examples(
    "surrogates evaluate results.csv --train-sizes 50,100 --seeds 0,1,2,3,4",
    "surrogates evaluate results.csv --model mine:MyRegressor --task jigsaw",
    "surrogates evaluate results.csv --protocol distinct --json > scores.json",
)


def evaluate(
    table: TableFile,
    model: Annotated[str, typer.Option(help=f"Model: one of {', '.join(MODELS)}, {OWN_MODEL}.")] = "ensemble",
    train_sizes: Annotated[
        str | None,
        typer.Option(
            help="Numbers of training rows, comma-separated. Default: those of 50,100,400 below the size of the table.",
            show_default=False,
        ),
    ] = None,
    seeds: Annotated[str, typer.Option(help="Seeds of the train/test splits, comma-separated.")] = "0,1,2",
    protocol: Annotated[
        _Protocol, typer.Option(help="Rows to use: all, or one per canonical form (distinct).")
    ] = _Protocol.all,
    task: TaskNames = None,
    space: SpaceName = None,
    minimize: Minimize = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate a model on held-out rows: Kendall's tau, Spearman's rho and coverage of the 90 % interval.

    The model is fitted to some rows of the table and predicts all others. Scores are means over the seeds, tau with its
    standard deviation. The ceiling is the tau of a perfect predictor under training noise, estimated from equivalent
    architectures that were trained separately: with few of them a rough guide, which a model may exceed; - if there are
    none.

    Runs without training labels of a task are left out of the means of this task; a line below the scores reports them.
    """
    import pandas as pd

    from benchmarks.noise import noise_ceiling
    from surrogates.evaluation.held_out import held_out_runs, means_over_seeds

    numbers = integers(seeds, "--seeds", 0)
    surrogate = model_named(model)
    whole = table_of_one_space(table, space, [], minimize)
    results = whole.where(tasks=task) if task else whole
    sizes = training_sizes(train_sizes, (50, 100, 400), results, [protocol.value])
    runs = []
    with progress_bar() as progress:
        bar = progress.add_task(f"{model}, {protocol.value}", total=len(sizes) * len(numbers))
        for run in held_out_runs(results.to_frame(), {model: surrogate}, sizes, numbers, protocol.value):
            runs.append(run)
            progress.advance(bar)
    ceiling = noise_ceiling(whole, protocol=protocol.value, rng=0)[list(results.results)].to_dict()
    scores = means_over_seeds(pd.concat(runs, ignore_index=True))
    scores["ceiling"] = scores["task"].map({**ceiling, "mean": float(pd.Series(ceiling).mean())})
    summary = scores.to_dict(orient="records")
    if as_json:
        about = {"table_hash": results.hash, "space": results.space.name, "model": model, "protocol": protocol.value}
        print_json({**about, "train_sizes": sizes, "seeds": numbers, "results": summary})
    else:
        _show(summary, sizes, len(numbers))


def _show(summary: list[dict[Any, Any]], sizes: list[int], n_runs: int) -> None:
    names = ("tau", "tau_sd", "rho", "coverage", "ceiling")
    for n_train in sizes:
        typer.echo(f"n = {n_train}")
        rows = [[row["task"], *(score(row[name]) for name in names)] for row in summary if row["n_train"] == n_train]
        print_table(["task", "tau", "± sd", "rho", "coverage", "ceiling"], rows)
        for row in summary:
            if row["n_train"] == n_train and row["runs"] < n_runs:
                typer.echo(
                    f"{row['task']}: mean of {row['runs']} of {n_runs} runs; the others had no labels to fit or test."
                )
