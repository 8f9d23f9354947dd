"""``surrogates search-benchmark``: can a surrogate stand in for the table when searchers are compared?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surrogates.cli.help import SEARCHERS, AsJson, SpaceName, TableFile, TaskNames, examples
from surrogates.cli.output import print_json, print_table, progress_bar, score, stderr

if TYPE_CHECKING:
    from benchmarks.table import Table
    from surrogates.search.studies.fidelity import Fidelity

__all__ = ["EXAMPLES", "search_benchmark"]

EXAMPLES = examples(
    "surrogates search-benchmark results.csv --methods random,local,evolution --out fidelity",
    "surrogates search-benchmark results.csv --methods evolution,predictor --train-rows 200 --out fidelity --json",
)


def search_benchmark(
    table: TableFile,
    out: Annotated[Path, typer.Option("--out", "-o", help="Directory to write; the same study there is taken up.")],
    methods: Annotated[str, typer.Option(help=f"Separated by commas. {SEARCHERS}")] = "random,local,evolution",
    budget: Annotated[int, typer.Option(help="Queries of each search.")] = 100,
    seeds: Annotated[str, typer.Option(help="Seeds of the searches, separated by commas.")] = "0,1,2,3,4,5,6,7,8,9",
    train_rows: Annotated[int, typer.Option(help="Rows of the table the surrogate is fitted to.")] = 500,
    model: Annotated[str, typer.Option(help="Which surrogate.")] = "ensemble",
    fit_seed: Annotated[int, typer.Option(help="Draws the rows, and fits.")] = 0,
    bundled: Annotated[
        bool,
        typer.Option("--bundled", help="Search the bundled surrogate instead, which has seen all published values."),
    ] = False,
    task: TaskNames = None,
    space: SpaceName = None,
    as_json: AsJson = False,
) -> None:
    """Run the same searchers on a surrogate and on a table of true values.

    The surrogate is fitted to some rows of the table and predicts all. Does the order of the searchers agree (Kendall's
    tau, each source judging its own searches; beside it the table against itself with other seeds), and how much regret
    does the surrogate add at equal queries (true value of what was found)? The directory holds the searches, which are
    not run again, every step of them (curves.csv), regret.csv, agreement.csv and, where matplotlib is installed, the
    curves.
    """
    from benchmarks.errors import choice
    from surrogates.cli.arguments import integers, table_of_one_space
    from surrogates.cli.plots import can_plot, no_plots_note
    from surrogates.oracle.oracle import Oracle
    from surrogates.search.registry import list_searchers
    from surrogates.search.run import check_search
    from surrogates.search.studies.fidelity import ON_SURROGATE, ON_TABLE, Fidelity
    from surrogates.search.studies.grid import claim_study_folder, informed_searcher, run_grid

    numbers = integers(seeds, "--seeds", 0)
    chosen = [choice(name.strip(), list_searchers(), "searcher") for name in dict.fromkeys(methods.split(","))]
    truth = table_of_one_space(table, space, task or [])
    for name in truth.tasks:
        check_search(truth, name, budget)
    for method in chosen:
        informed_searcher(method, 0, truth.oriented().iloc[:, 1:])  # refuses what has nothing to learn from
    if bundled:
        Oracle.from_pretrained(truth.space, truth)  # refuses trainings that it does not predict
    how = {"surrogate": "bundled"} if bundled else {"surrogate": model, "train_rows": train_rows, "fit_seed": fit_seed}
    fitted = None if bundled else _unfitted(truth, model, train_rows, fit_seed)
    claim_study_folder(out, {"study": "search-benchmark", "table": truth.hash, **how})
    with stderr().status("fitting the surrogate"):
        predicted = _predicted(truth, fitted, train_rows, fit_seed)
    searches = []
    with progress_bar() as progress:
        bar = progress.add_task("", total=2 * len(chosen) * len(truth.tasks) * len(numbers))
        for source, values in ((ON_TABLE, truth), (ON_SURROGATE, predicted)):
            for done in run_grid(values, chosen, numbers, budget, out / "searches" / source):
                searches.append((source, done))
                progress.update(bar, advance=1, description=f"{done.method} on the {source}: {done.task}")
    study = Fidelity.from_searches(truth, predicted, searches)
    files = study.save(out, plots=can_plot())
    if as_json:
        found = {"regret": study.regrets(), "agreement": study.agreement()}
        about = {"table_hash": truth.hash, "space": truth.space.name, **how, "budget": budget, "seeds": numbers}
        print_json(
            {**about, **{k: v.to_dict(orient="records") for k, v in found.items()}, "files": list(map(str, files))}
        )
        return
    _show(study, budget, len(numbers))
    typer.echo(f"Wrote {out}: {len(files)} files{no_plots_note()}.")


def _unfitted(truth: Table, model: str, train_rows: int, seed: int) -> Any:
    """The surrogate to fit; bad names and sizes are refused before anything is written."""
    from benchmarks.protocols import split
    from surrogates.registry import make_model

    split(truth, train_rows, seed)
    return make_model(model, seed)


def _predicted(truth: Table, unfitted: Any, train_rows: int, seed: int) -> Table:
    from benchmarks.protocols import split
    from surrogates.pretrained.load import load_answers
    from surrogates.search.studies.fidelity import predicted_table

    if unfitted is None:
        return predicted_table(load_answers(truth.space), truth)
    labels = truth.to_frame().iloc[split(truth, train_rows, seed).train]
    return predicted_table(unfitted.fit(list(labels.index), labels), truth)


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
