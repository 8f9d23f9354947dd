"""``surrogates leaderboard``: compare all surrogates and baselines on one table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surrogates.cli.arguments import (
    AsJson,
    Minimize,
    SpaceName,
    TableFile,
    integers,
    table_of_one_space,
    training_sizes,
)
from surrogates.cli.help import examples
from surrogates.cli.models import OWN_MODEL, model_named
from surrogates.cli.out_files import writable
from surrogates.cli.output import print_json, print_table, progress_bar, score
from surrogates.registry import MODELS

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.protocols import Protocol

__all__ = ["EXAMPLES", "leaderboard"]

EXAMPLES = examples(
    "surrogates leaderboard results.csv --train-sizes 32,128 --models boosted,forest,linear",
    "surrogates leaderboard results.csv --models ensemble,sklearn.svm:SVR,mine:MyRegressor",
    "surrogates leaderboard results.csv --protocols all --out leaderboard.csv",
)


def leaderboard(
    table: TableFile,
    models: Annotated[
        str, typer.Option(help=f"Models, comma-separated: {', '.join(MODELS)}, {OWN_MODEL}. Default: all named.")
    ] = "",
    train_sizes: Annotated[
        str | None,
        typer.Option(
            help="Numbers of training rows, comma-separated. Default: those of 32,128,512 below the size of the table.",
            show_default=False,
        ),
    ] = None,
    seeds: Annotated[str, typer.Option(help="Seeds of the train/test splits, comma-separated.")] = "0,1,2",
    protocols: Annotated[
        str,
        typer.Option(help="Rows to use, comma-separated: all, distinct (one row per canonical form)."),
    ] = "all,distinct",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", callback=writable, help="CSV file for the scores of every run; updated after each run."
        ),
    ] = None,
    space: SpaceName = None,
    minimize: Minimize = None,
    as_json: AsJson = False,
) -> None:
    """Fit every model on the same rows, predict all others, and rank the models by Kendall's tau.

    Tau is the mean over tasks and seeds; CPU s the CPU time of a fit and the prediction of all other rows, its median
    over seeds. Published results are included where they exist for a training size (one task at a time, protocol all)
    and the table holds all published architectures of the space. The noise ceiling is the tau of a perfect predictor
    under training noise, estimated from equivalent architectures that were trained separately: with few of them a rough
    guide, which a model may exceed.
    """
    from typing import cast, get_args

    import pandas as pd

    from benchmarks.errors import choice
    from benchmarks.files import write_beside
    from benchmarks.noise import noise_ceiling
    from benchmarks.protocols import Protocol as ProtocolName
    from surrogates.evaluation.leaderboard import leaderboard_runs, standings

    names = [name.strip() for name in models.split(",")] if models else MODELS
    chosen = {name: model_named(name) for name in names}
    numbers = integers(seeds, "--seeds", 0)
    ways = [choice(name.strip(), get_args(ProtocolName), "protocol") for name in protocols.split(",")]
    results = table_of_one_space(table, space, [], minimize)
    sizes = training_sizes(train_sizes, (32, 128, 512), results, cast("list[Protocol]", ways))
    runs: list[pd.DataFrame] = []
    with progress_bar() as progress:
        bar = progress.add_task("fitting", total=len(chosen) * len(sizes) * len(numbers) * len(ways))
        for run in leaderboard_runs(results, chosen, sizes, numbers, cast("list[Protocol]", ways)):
            runs.append(run)
            if out is not None:  # rewritten after every run, so that it is complete when interrupted
                with write_beside(out) as beside:
                    pd.concat(runs, ignore_index=True).to_csv(beside, index=False)
            progress.update(bar, advance=1, description=f"{run['model'].iloc[0]}, {run['protocol'].iloc[0]}")
    whole = pd.concat(runs, ignore_index=True)
    ranked = standings(whole, results)
    ceilings = {way: noise_ceiling(results, protocol=cast("Protocol", way), rng=0) for way in ways}
    if as_json:
        known = {way: {"mean": float(ceiling.mean()), **ceiling.to_dict()} for way, ceiling in ceilings.items()}
        print_json({"table_hash": results.hash, "standings": ranked.to_dict(orient="records"), "ceiling": known})
        return
    for (way, n_train), rows in ranked.groupby(["protocol", "n_train"], sort=False):
        _show(str(way), int(str(n_train)), rows, list(results.results), ceilings[str(way)])


def _show(protocol: str, n_train: int, rows: pd.DataFrame, tasks: list[str], ceiling: pd.Series[Any]) -> None:
    typer.echo(f"protocol {protocol}, n = {n_train}")
    columns = ["tau", "tau_sd", "coverage"]
    cells = [
        [str(row["model"]), *map(score, row[columns]), _seconds(row["seconds"]), *map(score, row[tasks])]
        for _, row in rows.iterrows()
    ]
    top = ["noise ceiling", score(ceiling.mean()), "", "", "", *(score(ceiling[task]) for task in tasks)]
    print_table(["model", "tau", "± sd", "coverage", "CPU s", *tasks], [top, *cells])


def _seconds(value: float) -> str:
    """CPU time with one decimal; a dash for published results."""
    return "-" if value != value else f"{value:.1f}"
