"""``surrogates pretrain``: pre-train on source tables and fine-tune on a target table, from a config file."""

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
        typer.Argument(
            metavar="CONFIG", exists=True, dir_okay=False, help="Config file (JSON or TOML), described above."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Directory of the experiment; resumed if it exists.")],
    as_json: AsJson = False,
) -> None:
    """Pre-train a graph network on source tables, fine-tune it on a target with k labels, and report the gain.

    CONFIG: {"sources": [{"table": "a.csv"}], "target": {"table": "b.csv", "tasks": ["jigsaw"]}, "k": [16, 32],
    "seeds": [0, 1, 2]}, and optionally "space" next to a "table", "n_steps" (pre-training steps), "label_free" (also
    learn parameters and multiply-adds) and "update" (fine-tuning: auto, head, adapter or full). Paths are relative to
    CONFIG. Values of the target tasks on the target's space are never used as sources.

    Shows Kendall's tau on all rows except the k training rows, mean ± standard deviation over the seeds, of pretrained
    (fine-tuned), scratch (the same network without sources) and boosted (boosted trees). The directory stores the
    pre-trained network and results.csv with one row per finished run; finished runs are not repeated.
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
