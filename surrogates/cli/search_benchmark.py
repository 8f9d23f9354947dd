"""``surrogates search-benchmark``: compare searchers on a surrogate and on the table it was fitted to."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surrogates.cli.arguments import SEARCHERS, AsJson, SpaceName, TableFile, TaskNames, integers, table_of_one_space
from surrogates.cli.help import examples
from surrogates.cli.models import model_hash, open_model
from surrogates.cli.output import can_plot, no_plots_note, print_json, print_table, progress_bar, score, working
from surrogates.registry import MODELS, make_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.table import Table
    from surrogates.oracle.predictors import Predictor
    from surrogates.search.studies.fidelity import Fidelity

__all__ = ["EXAMPLES", "search_benchmark"]

EXAMPLES = examples(
    "surrogates search-benchmark results.csv --methods random,local,evolution --out fidelity",
    "surrogates search-benchmark results.csv --model my-model --out fidelity",
    "surrogates search-benchmark results.csv --methods evolution,predictor --train-rows 200 --out fidelity --json",
)


def search_benchmark(
    table: TableFile,
    out: Annotated[Path, typer.Option("--out", "-o", help="Directory to write; the same study in it is resumed.")],
    methods: Annotated[str, typer.Option(help=f"Searchers, comma-separated: {SEARCHERS}")] = "random,local,evolution",
    budget: Annotated[int, typer.Option(help="Number of architectures to query per search.")] = 100,
    seeds: Annotated[
        str, typer.Option("--seeds", "--seed", help="Random seeds, comma-separated; one search per seed.")
    ] = "0,1,2,3,4,5,6,7,8,9",
    train_rows: Annotated[int, typer.Option(help="Number of table rows the surrogate is fitted to.")] = 500,
    model: Annotated[
        str, typer.Option(help=f"Surrogate to fit: one of {', '.join(MODELS)}; or the directory of a stored one.")
    ] = "ensemble",
    fit_seed: Annotated[int, typer.Option(help="Random seed of the training rows and of the fit.")] = 0,
    bundled: Annotated[
        bool,
        typer.Option("--bundled", help="Use the bundled surrogate, which was fitted to all published values, instead."),
    ] = False,
    task: TaskNames = None,
    space: SpaceName = None,
    as_json: AsJson = False,
) -> None:
    """Run the same searchers on a surrogate and on a table of true values, and compare the results.

    The surrogate is fitted to some rows of the table and predicts all of them; a stored one (--model DIR) is used as it
    is, and may have seen any of the rows. Two questions: does the order of the
    searchers agree (Kendall's tau; searches on the surrogate are scored by the surrogate; for comparison, the table
    against itself with other seeds), and how much true regret does the surrogate add at the same number of queries? The
    directory holds the searches, which are not repeated, all their steps (curves.csv), regret.csv, agreement.csv and,
    if matplotlib is installed, a figure of the curves (curves.png).
    """
    from benchmarks.files import RunDirectory
    from surrogates.search.studies.fidelity import ON_SURROGATE, ON_TABLE, Fidelity, predicted_table
    from surrogates.search.studies.grid import run_grid

    numbers = integers(seeds, "--seeds", 0)
    chosen = [name.strip() for name in dict.fromkeys(methods.split(","))]
    values = table_of_one_space(table, space, task or [])
    kept = out / "searches"
    on_table = run_grid(values, chosen, numbers, budget, kept / ON_TABLE)
    how: dict[str, Any] = {"surrogate": model, "train_rows": train_rows, "fit_seed": fit_seed}
    if bundled:
        how, fit = {"surrogate": "bundled"}, _bundled(values)
    elif model not in MODELS and Path(model).exists():
        how, fit = {"surrogate": model_hash(model)}, partial(open_model, model)
    else:
        fit = _fitted(values, model, train_rows, fit_seed)
    RunDirectory(out, "study").claim({"study": "search-benchmark", "table": values.hash, **how})
    with working("fitting the surrogate"):
        predicted = predicted_table(fit(), values)
    searches = []
    with progress_bar() as progress:
        bar = progress.add_task("searching", total=2 * len(chosen) * len(values.tasks) * len(numbers))
        on_surrogate = run_grid(predicted, chosen, numbers, budget, kept / ON_SURROGATE)
        for source, running in ((ON_TABLE, on_table), (ON_SURROGATE, on_surrogate)):
            for done in running:
                searches.append((source, done))
                progress.update(bar, advance=1, description=f"{done.method} on the {source}: {done.task}")
    study = Fidelity.from_searches(values, predicted, searches)
    files = study.save(out, plots=can_plot())
    if as_json:
        found = {"regret": study.regrets(), "agreement": study.agreement()}
        about = {"table_hash": values.hash, "space": values.space.name, **how, "budget": budget, "seeds": numbers}
        print_json(
            {**about, **{k: v.to_dict(orient="records") for k, v in found.items()}, "files": list(map(str, files))}
        )
        return
    _show(study, budget, len(numbers))
    typer.echo(f"Wrote {out}: {len(files)} files{no_plots_note()}.")


def _fitted(table: Table, model: str, train_rows: int, seed: int) -> Callable[[], Predictor]:
    """Function that fits the surrogate; invalid names and sizes raise here, before anything is written."""
    from benchmarks.protocols import split

    labels = table.to_frame().iloc[split(table, train_rows, seed).train]
    unfitted = make_model(model, seed)
    return lambda: unfitted.fit(list(labels.index), labels)


def _bundled(table: Table) -> Callable[[], Predictor]:
    """Function that returns the bundled surrogate; tables of other trainings than the published ones are refused."""
    from surrogates.oracle.oracle import Oracle

    surrogate = Oracle.from_pretrained(table.space, table).surrogate
    assert surrogate is not None
    return lambda: surrogate


def _show(study: Fidelity, budget: int, seeds: int) -> None:
    typer.echo(f"Order of the searchers after {budget} queries, surrogate against table (Kendall's tau)")
    agreement = study.agreement().to_dict(orient="records")
    rows = [[row["task"], score(row["tau"]), score(row["tau_seeds"])] for row in agreement]
    print_table(["task", "tau", "table, other seeds"], rows)
    typer.echo(f"\nTrue regret and rank of the best found, mean of {seeds} seeds")
    cells = [
        [
            row["method"],
            row["task"],
            *(f"{value:.3g}" for value in (row["regret_table"], row["regret_surrogate"])),
            f"{row['added']:+.3g}",
            *(f"{value:,.1f}" for value in (row["rank_table"], row["rank_surrogate"])),
        ]
        for row in study.regrets().to_dict(orient="records")
    ]
    print_table(["method", "task", "regret: table", "surrogate", "added", "rank: table", "surrogate"], cells, left=2)
