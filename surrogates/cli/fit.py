"""``surrogates fit``: a surrogate for a table of results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from surrogates.cli.arguments import SpaceName, TableFile, TaskNames, table_of_one_space
from surrogates.cli.help import examples
from surrogates.cli.output import print_table, stderr
from surrogates.registry import BASELINES, STORABLE_MODELS

__all__ = ["EXAMPLES", "fit"]


EXAMPLES = examples(
    "surrogates fit results.csv --out model",
    "surrogates fit transnas-bench_v10141024.pth --space transnas101-micro --task jigsaw --out jigsaw-model",
)


def fit(
    table: TableFile,
    out: Annotated[Path, typer.Option("--out", "-o", help="Directory to write; one of ours there is replaced.")],
    model: Annotated[str, typer.Option(help=f"One of {', '.join(STORABLE_MODELS)}.")] = "ensemble",
    task: TaskNames = None,
    space: SpaceName = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 0,
) -> None:
    """Fit a surrogate to all rows of a table and store it; the directory appears when all is done, or not at all."""
    from surrogates.registry import make_model
    from surrogates.store.artefact import check_target
    from surrogates.store.save import save_surrogate

    if model in BASELINES:
        raise typer.BadParameter(
            f"{model!r} is there to compare with and has no form without pickle; expected one of "
            + ", ".join(STORABLE_MODELS)
        )
    check_target(out)
    surrogate = make_model(model, seed)
    results = table_of_one_space(table, space, task or [])
    with stderr().status(f"fitting {len(results):,} architectures, {len(results.tasks)} tasks"):
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
