"""``surrogates fit``: fit a surrogate to a table of results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from surrogates.cli.arguments import SpaceName, TableFile, TaskNames, table_of_one_space
from surrogates.cli.help import examples
from surrogates.cli.output import print_table, working
from surrogates.registry import BASELINES, STORABLE_MODELS

__all__ = ["EXAMPLES", "fit"]


EXAMPLES = examples(
    "surrogates fit results.csv --out model",
    "surrogates fit transnas-bench_v10141024.pth --space transnas101-micro --task jigsaw --out jigsaw-model",
)


def fit(
    table: TableFile,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Directory to write; an existing stored surrogate is replaced.")
    ],
    model: Annotated[str, typer.Option(help=f"Model: one of {', '.join(STORABLE_MODELS)}.")] = "ensemble",
    task: TaskNames = None,
    space: SpaceName = None,
    seed: Annotated[int, typer.Option(help="Random seed of the fit; the same seed gives the same files.")] = 0,
) -> None:
    """Fit a surrogate to all rows of a table and store it. The directory is written atomically after the fit.

    Shows the cross-validated Kendall's tau and coverage of the 90 % interval of every task.
    """
    from surrogates.registry import make_model
    from surrogates.store.artefact import check_target
    from surrogates.store.save import save_surrogate

    if model in BASELINES:
        raise typer.BadParameter(
            f"expected one of {', '.join(STORABLE_MODELS)}, got {model!r}, a baseline that cannot be stored without "
            "pickle"
        )
    check_target(out)
    surrogate = make_model(model, seed)
    results = table_of_one_space(table, space, task or [])
    with working(f"fitting {len(results):,} architectures, {len(results.tasks)} tasks"):
        surrogate.fit(list(results.archs), results.to_frame())
        save_surrogate(surrogate, out, results)
    scores = surrogate.cv_scores_
    rows = [
        [
            name,
            *(f"{scores[name][score]:.3f}" if score in scores.get(name, {}) else "-" for score in ("tau", "coverage")),
        ]
        for name in surrogate.tasks_
    ]
    print_table(["task", "cv tau", "cv coverage of 90 %"], rows)
    typer.echo(f"Wrote {out}: {model}, {surrogate.n_archs_:,} distinct architectures of {surrogate.space_}.")
