"""``surrogates unnas``: search on one task and evaluate on the others, with label-free and supervised tasks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surrogates.cli.arguments import (
    ALONE,
    AsJson,
    Minimize,
    OptionalTable,
    SearchSeeds,
    SpaceName,
    TaskNames,
    integers,
    table_of_one_space,
)
from surrogates.cli.help import examples
from surrogates.cli.models import StoredModel, model_hash, open_oracle
from surrogates.cli.output import can_plot, no_plots_note, print_json, print_table, progress_bar, score

if TYPE_CHECKING:
    from benchmarks.table import Table

__all__ = ["EXAMPLES", "unnas"]

EXAMPLES = examples(
    "surrogates unnas results.csv --out unnas",
    "surrogates unnas --model transnas101-micro --out unnas",
    "surrogates unnas results.csv --method local --budget 200 --seeds 0,1,2 --out unnas --json",
)


def unnas(
    out: Annotated[Path, typer.Option("--out", "-o", help="Directory to write; an existing study is replaced.")],
    table: OptionalTable = None,
    model: StoredModel = None,
    method: Annotated[str, typer.Option(help=f"Searcher: {ALONE}")] = "evolution",
    budget: Annotated[int, typer.Option(help="Number of architectures to query per search.")] = 100,
    seeds: SearchSeeds = "0,1,2,3,4,5,6,7,8,9",
    task: TaskNames = None,
    space: SpaceName = None,
    minimize: Minimize = None,
    as_json: AsJson = False,
) -> None:
    """UnNAS study: search on every task of a table of true values, and evaluate the result on every other task.

    With --model, the predictions of a surrogate are searched instead; what is found is still evaluated by the values of
    TABLE, or without a TABLE by the predictions for all architectures of the space.

    Compares label-free tasks (jigsaw, autoencoder) with supervised ones (after Liu et al., "Are labels necessary for
    neural architecture search?", ECCV 2020): rank correlations of every two tasks, over all architectures and among the
    top 10 %, and the regret and true rank, on one task, of architectures found by a search on another. Only
    architectures measured on all tasks are used. The directory holds all pairs (unnas.csv), all searches
    (unnas_searches.csv) and, if matplotlib is installed, a figure (unnas.png).
    """
    from surrogates.search.studies.unnas import UnNASStudy, unnas_searches
    from surrogates.store.artefact import check_target

    numbers = integers(seeds, "--seeds", 0)
    if not out.is_dir():
        check_target(out)
    results, searched = _values(table, model, space, task or [], minimize)
    searches = []
    with progress_bar() as progress:
        bar = progress.add_task("searching", total=len(results.results) * len(numbers))
        for done in unnas_searches(searched, method, budget, numbers):
            searches.append(done)
            progress.update(bar, advance=1, description=f"on {done.task}")
    study = UnNASStudy.from_searches(results, searches)
    files = study.save(out, plots=can_plot())
    sources = study.by_source()
    if as_json:
        about: dict[str, object] = {"table_hash": None if table is None else results.hash, "space": results.space.name}
        about |= {"method": method, "budget": budget} | ({} if model is None else {"model": model_hash(model)})
        rows = {"sources": sources.to_dict(orient="records"), "pairs": study.to_frame().to_dict(orient="records")}
        print_json({**about, "seeds": numbers, **rows, "files": list(map(str, files))})
        return
    true = "True" if table is not None else "Predicted"
    typer.echo(f"{true} rank of the best found with {budget} queries by {method}, mean of {len(numbers)} seeds")
    ranks = study.matrix("rank")
    found = [[str(name), *(f"{rank:,.1f}" for rank in ranks.loc[name])] for name in ranks.index]
    print_table(["searched on", *map(str, ranks.columns)], found)
    typer.echo("\nEach searched task, mean over the supervised target tasks (except itself)")
    cells = [
        [
            row["source"],
            "no" if row["label_free"] else "yes",
            *(score(row[name]) for name in ("kendall", "top_kendall", "top_overlap")),
            f"{row['rank']:,.1f}",
            f"{row['top_percent']:.2f} %",
        ]
        for row in sources.to_dict(orient="records")
    ]
    print_table(["searched on", "labels", "tau", "tau in top 10 %", "overlap of tops", "rank", "top"], cells)
    typer.echo(f"Wrote {out}: {len(files)} files{no_plots_note()}.")


def _values(
    table: Path | None, model: str | None, space: str | None, tasks: list[str], minimize: list[str] | None
) -> tuple[Table, Table]:
    """The values that say what is true, and those that are searched."""
    from surrogates.search.studies.fidelity import predicted_table

    if table is None and model is None:
        raise typer.BadParameter("expected TABLE, --model or both, got none")
    oracle = None if model is None else open_oracle(model)
    predictor = None if oracle is None else oracle.surrogate
    if table is not None:
        results = table_of_one_space(table, space, tasks, minimize)
        return results, results if predictor is None else predicted_table(predictor, results)
    assert predictor is not None
    if space is not None and space != predictor.space_:
        raise typer.BadParameter(
            f"expected {predictor.space_}, the space of the model, got {space:.200}", param_hint="--space"
        )
    predicted = predicted_table(predictor)
    predicted = predicted.where(tasks=tasks) if tasks else predicted
    return predicted, predicted
