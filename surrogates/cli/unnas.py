"""``surrogates unnas``: search on one task and evaluate on the others, with label-free and supervised tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from surrogates.cli.arguments import ALONE, AsJson, SpaceName, TableFile, TaskNames, integers, table_of_one_space
from surrogates.cli.help import examples
from surrogates.cli.output import can_plot, no_plots_note, print_json, print_table, progress_bar, score

__all__ = ["EXAMPLES", "unnas"]

EXAMPLES = examples(
    "surrogates unnas results.csv --out unnas",
    "surrogates unnas results.csv --method local --budget 200 --seeds 0,1,2 --out unnas --json",
)


def unnas(
    table: TableFile,
    out: Annotated[Path, typer.Option("--out", "-o", help="Directory to write; an existing study is replaced.")],
    method: Annotated[str, typer.Option(help=f"Searcher: {ALONE}")] = "evolution",
    budget: Annotated[int, typer.Option(help="Number of architectures to query per search.")] = 100,
    seeds: Annotated[
        str, typer.Option("--seeds", "--seed", help="Random seeds, comma-separated; one search per seed.")
    ] = "0,1,2,3,4,5,6,7,8,9",
    task: TaskNames = None,
    space: SpaceName = None,
    as_json: AsJson = False,
) -> None:
    """UnNAS study: search on every task of a table of true values, and evaluate the result on every other task.

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
    results = table_of_one_space(table, space, task or [])
    searches = []
    with progress_bar() as progress:
        bar = progress.add_task("searching", total=len(results.tasks) * len(numbers))
        for done in unnas_searches(results, method, budget, numbers):
            searches.append(done)
            progress.update(bar, advance=1, description=f"on {done.task}")
    study = UnNASStudy.from_searches(results, searches)
    files = study.save(out, plots=can_plot())
    sources = study.by_source()
    if as_json:
        about = {"table_hash": results.hash, "space": results.space.name, "method": method, "budget": budget}
        rows = {"sources": sources.to_dict(orient="records"), "pairs": study.to_frame().to_dict(orient="records")}
        print_json({**about, "seeds": numbers, **rows, "files": list(map(str, files))})
        return
    typer.echo(f"True rank of the best found with {budget} queries by {method}, mean of {len(numbers)} seeds")
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
