"""``surrogates pretrain``: pre-train on some tables, fine-tune on another, as a small config says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surrogates.cli.arguments import AsJson
from surrogates.cli.help import examples
from surrogates.cli.output import print_json, print_table, progress_bar, score_and_sd

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EXAMPLES", "pretrain"]

EXAMPLES = examples(
    "surrogates pretrain experiment.json --out results",
    "NAS_DATA=/data surrogates pretrain perf/cross_space/nasbench201_to_micro.json --out results --json",
)


def pretrain(
    config: Annotated[
        Path,
        typer.Argument(metavar="CONFIG", exists=True, dir_okay=False, help="JSON or TOML, see below."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Directory of this experiment; goes on if it was begun.")],
    as_json: AsJson = False,
) -> None:
    """Pre-train a graph network on some tables, fine-tune it on a target with k labels, and show what that gained.

    CONFIG: {"sources": [{"table": "a.csv"}], "target": {"table": "b.csv", "tasks": ["jigsaw"]}, "k": [16, 32],
    "seeds": [0, 1, 2]}, and if wanted "space" beside a table, "n_steps" (of the pre-training), "label_free" (learn
    parameters and multiply-adds, too) and "update" (auto, head, adapter or full). Paths are relative to CONFIG. Target
    tasks on the target's space are never learned from sources.

    Tau on all rows but the k, mean ± standard deviation over the seeds: pretrained (fine-tuned), scratch (the same
    network without sources), boosted (trees). The directory keeps the pre-trained network and one row for every
    finished run in results.csv; what is there is not run again.
    """
    import pandas as pd

    from surrogates.evaluation.pretraining import RESULTS, experiment_runs, pretraining_gain
    from surrogates.evaluation.pretraining_config import load_experiment

    experiment = load_experiment(config)
    runs: list[pd.DataFrame] = []
    with progress_bar() as progress:
        bar = progress.add_task("pre-training", total=len(experiment.runs()))
        for run in experiment_runs(experiment, out):
            runs.append(run)
            last = run.iloc[0]
            progress.update(bar, advance=1, description=f"{last['task']}, k = {last['k']}, {last['method']}")
    table = pretraining_gain(pd.concat(runs, ignore_index=True))
    if as_json:
        print_json({"experiment": experiment.describe(), "summary": table.to_dict(orient="records")})
        return
    _show(table)
    typer.echo(f"Wrote {out / RESULTS}: {len(runs):,} runs on {experiment.target.space.name}.")


def _show(table: pd.DataFrame) -> None:
    names = [name for name in table.columns if f"{name}_sd" in table.columns]
    rows = []
    for row in table.to_dict(orient="records"):
        scores = [score_and_sd(row[name], row[f"{name}_sd"], signed=name == "gain") for name in names]
        rows.append([str(row["task"]), str(row["k"]), *scores])
    print_table(["task", "k", *names[:-1], "gain over scratch"], rows)
