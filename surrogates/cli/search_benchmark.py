"""``surrogates search-benchmark``: compare searchers on a surrogate and on the table it was fitted to."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from surrogates.cli.arguments import (
    SEARCHERS,
    AsJson,
    BudgetOrHours,
    Hours,
    Minimize,
    OptionalTable,
    SearchSeeds,
    SpaceName,
    TaskNames,
    integers,
    table_of_one_space,
)
from surrogates.cli.costs import CostFiles, CostSource, cost_files, hash_of_costs, with_costs
from surrogates.cli.help import examples
from surrogates.cli.models import model_hash, open_model, open_oracle
from surrogates.cli.objects import own_searcher
from surrogates.cli.oracles import Constraints, read_constraints
from surrogates.cli.output import can_plot, no_plots_note, print_json, print_table, progress_bar, score, working
from surrogates.registry import MODELS, make_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.table import Table
    from surrogates.oracle.oracle import Oracle
    from surrogates.oracle.predictors import Predictor
    from surrogates.search.constraints import Constraint
    from surrogates.search.registry import SearcherLike
    from surrogates.search.studies.comparison import SearcherComparison
    from surrogates.search.studies.fidelity import Fidelity
    from surrogates.search.studies.grid import FinishedSearch

__all__ = ["EXAMPLES", "search_benchmark"]

EXAMPLES = examples(
    "surrogates search-benchmark --space transnas101-micro --methods random,my_searchers:Climber --out study",
    "surrogates search-benchmark results.csv --methods random,local,evolution --out fidelity",
    "surrogates search-benchmark results.csv --model my-model --out fidelity",
    "surrogates search-benchmark results.csv --methods random,evolution --constraint 'params<=1e6' --out small",
    "surrogates search-benchmark results.csv --methods evolution,predictor --hours 100 --train-rows 200 --out fidelity",
)
_BUDGET = 100
_ABOUT_FIT = ("train_rows", "fit_seed", "bundled")


def search_benchmark(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option("--out", "-o", help="Directory to write; the same study in it is resumed.")],
    table: OptionalTable = None,
    methods: Annotated[
        str,
        typer.Option(help=f"Searchers, comma-separated: {SEARCHERS[:-1]}; or one's own, as module:Class."),
    ] = "random,local,evolution",
    budget: BudgetOrHours = None,
    hours: Hours = None,
    seeds: SearchSeeds = "0,1,2,3,4,5,6,7,8,9",
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
    minimize: Minimize = None,
    constraint: Constraints = None,
    cost: CostFiles = None,
    as_json: AsJson = False,
) -> None:
    """Compare searchers on a table of true values, or without one on the surrogate of --space or --model.

    Every searcher runs on the same tasks with the same seeds. They are ordered by the mean rank of what they found,
    with a 95 % bootstrap interval over the seeds; p is that of Wilcoxon's signed-rank test against the best searcher,
    over tasks and seeds, with Holm's correction.

    With a table, the same searches also run on a surrogate, which is fitted to some of its rows and predicts all of
    them; a stored one (--model DIR) is used as it is, and may have seen any of the rows. Two questions: does the order
    of the searchers agree (Kendall's tau; searches on the surrogate are scored by the surrogate; for comparison, the
    table against itself with other seeds), and how much true regret does the surrogate add?

    With --constraint, only architectures that meet the bounds are searched, and of a table only their rows are used.

    The directory holds the searches, which are not repeated; searchers.csv, searches.csv and searcher_regret.csv; with
    a table also curves.csv, regret.csv and agreement.csv; and, if matplotlib is installed, figures.
    """
    from benchmarks.run_directory import RunDirectory
    from surrogates.pretrained.load import is_stored
    from surrogates.search.studies.comparison import SearcherComparison
    from surrogates.search.studies.fidelity import ON_SURROGATE, ON_TABLE, Fidelity, predicted_table
    from surrogates.search.studies.grid import run_grid

    numbers = integers(seeds, "--seeds", 0)
    chosen = _searchers(methods)
    limits: dict[str, Any] = {"budget": _BUDGET if budget is None and hours is None else budget}
    limits["max_seconds"] = None if hours is None else 3600 * hours
    kept = out / "searches"
    if table is None:
        bounded = _Bounded(read_constraints(constraint), cost_files(cost, space))
        _without_table(ctx, chosen, numbers, limits, task, _surrogate(space, model), out, as_json, bounded)
        return
    values = table_of_one_space(table, space, task or [], minimize)
    bounded = _Bounded(read_constraints(constraint), cost_files(cost, values.space.name))
    values = bounded.rows(values)
    on_table = run_grid(values, chosen, numbers, folder=kept / ON_TABLE, **limits)
    how: dict[str, Any] = {"surrogate": model, "train_rows": train_rows, "fit_seed": fit_seed}
    if bundled:
        how, fit = {"surrogate": "bundled"}, _bundled(values)
    elif model not in MODELS and is_stored(model):
        how, fit = {"surrogate": model_hash(model)}, partial(open_model, model)
    else:
        fit = _fitted(values, model, train_rows, fit_seed)
    RunDirectory(out, "study").claim({"study": "search-benchmark", "table": values.hash, **how, **bounded.about()})
    with working("fitting the surrogate"):
        predicted = predicted_table(fit(), values)
    on_surrogate = run_grid(predicted, chosen, numbers, folder=kept / ON_SURROGATE, **limits)
    searches = _finished(
        {ON_TABLE: on_table, ON_SURROGATE: on_surrogate}, len(chosen) * len(values.results) * len(numbers)
    )
    found = [done for source, done in searches if source == ON_TABLE]
    comparison = SearcherComparison.from_searches(found, values.oriented())
    study = Fidelity.from_searches(values, predicted, searches)
    files = comparison.save(out, plots=can_plot()) + study.save(out, plots=can_plot())
    about = {"table_hash": values.hash, "space": values.space.name, **how, **limits, "seeds": numbers}
    if as_json:
        frames = {"searchers": comparison.ranking(), "regret": study.regrets(), "agreement": study.agreement()}
        _print_json(about, frames, files)
        return
    _show_ranking(comparison, len(values.results), len(numbers))
    _show(study, len(numbers))
    typer.echo(f"Wrote {out}: {len(files)} files{no_plots_note()}.")


def _without_table(
    ctx: typer.Context,
    chosen: dict[str, SearcherLike],
    seeds: list[int],
    limits: dict[str, Any],
    tasks: list[str] | None,
    oracle: Oracle,
    out: Path,
    as_json: bool,
    bounded: _Bounded,
) -> None:
    """Compare the searchers on the predictions of a surrogate."""
    from benchmarks.run_directory import RunDirectory
    from surrogates.search.studies.comparison import SearcherComparison, allowed_values
    from surrogates.search.studies.grid import run_grid

    for name in (*_ABOUT_FIT, *(["model"] if ctx.params["model"] in MODELS else [])):
        source = ctx.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise typer.BadParameter(f"--{name.replace('_', '-')} needs a table, which the surrogate is fitted to")
    tasks = tasks or list(oracle.tasks)
    oracle, bounds = with_costs(oracle, bounded.files), bounded.bounds
    kept = out / "searches" / "surrogate"
    running = run_grid(oracle, chosen, seeds, folder=kept, tasks=tasks, constraint=bounds, **limits)
    model = ctx.params["model"]
    about = {"space": oracle.space.name, "surrogate": "bundled" if model in MODELS else model_hash(model)}
    about |= bounded.about()
    RunDirectory(out, "study").claim({"study": "search-benchmark", **about})
    count = len(tasks)
    searches = [done for _, done in _finished({"surrogate": running}, len(chosen) * count * len(seeds))]
    comparison = SearcherComparison.from_searches(searches, allowed_values(oracle, searches, bounds))
    files = comparison.save(out, plots=can_plot())
    if as_json:
        found = {"searchers": comparison.ranking(), "regret": comparison.regrets()}
        _print_json({**about, **limits, "seeds": seeds}, found, files)
        return
    _show_ranking(comparison, count, len(seeds))
    typer.echo(f"Wrote {out}: {len(files)} files{no_plots_note()}.")


class _Bounded(NamedTuple):
    """Bounds on what is searched, and the files of the costs that they name."""

    bounds: Constraint | None
    files: list[CostSource]

    def rows(self, values: Table) -> Table:
        """The rows of a table that meet the bounds.

        Raises:
            ConstraintError: If there is none; names the nearest bounds that one meets.
        """
        import numpy as np

        from surrogates.oracle.oracle import Oracle

        if self.bounds is None:
            return values
        oracle = with_costs(Oracle.from_table(values), self.files)
        known = np.isin(np.array(oracle.space.archs), np.array(values.archs))
        allowed = np.flatnonzero(self.bounds.check(oracle, known)).tolist()
        return values.where(archs=[oracle.space[row] for row in allowed])

    def about(self) -> dict[str, str]:
        """What a study records of them; nothing if there are no bounds."""
        return {} if self.bounds is None else {"constraint": str(self.bounds), "costs": hash_of_costs(self.files)}


def _surrogate(space: str | None, model: str) -> Oracle:
    """The stored surrogate --model, or the bundled one of --space."""
    from benchmarks.spaces.registry import get_space
    from surrogates.oracle.oracle import Oracle
    from surrogates.pretrained.load import list_pretrained

    if model not in MODELS:
        oracle = open_oracle(model)
        if space not in (None, oracle.space.name):
            raise typer.BadParameter(f"expected a model of {space}, got one of {oracle.space.name}")
        return oracle
    if space is None:
        names = ", ".join(list_pretrained())
        raise typer.BadParameter(f"expected a table, --space (one of {names}) or --model DIR, got none of them")
    return Oracle.from_pretrained(get_space(space))


def _searchers(methods: str) -> dict[str, SearcherLike]:
    """Name -> searcher; one's own is named after its class or function."""
    chosen: dict[str, SearcherLike] = {}
    for method in dict.fromkeys(name.strip() for name in methods.split(",")):
        name = method.rpartition(":")[2]
        if name in chosen:
            raise typer.BadParameter(f"expected searchers of different names, got two {name!r:.200}")
        chosen[name] = own_searcher(method, "--methods") if ":" in method else method
    return chosen


def _finished(running: dict[str, Iterator[FinishedSearch]], each: int) -> list[tuple[str, FinishedSearch]]:
    """Pairs of a source and a finished search."""
    searches = []
    with progress_bar() as progress:
        bar = progress.add_task("searching", total=len(running) * each)
        for source, grid in running.items():
            for done in grid:
                searches.append((source, done))
                progress.update(bar, advance=1, description=f"{done.method} on the {source}: {done.task}")
    return searches


def _fitted(table: Table, model: str, train_rows: int, seed: int) -> Callable[[], Predictor]:
    """Function that fits the surrogate; invalid names and sizes raise here, before anything is written."""
    from benchmarks.protocols import split

    labels = table.to_frame().iloc[split(table, train_rows, seed).train]
    unfitted = make_model(model, seed)
    return lambda: unfitted.fit(list(labels.index), labels)


def _bundled(table: Table) -> Callable[[], Predictor]:
    """Function that returns the bundled surrogate; tables of other trainings than the published ones are refused."""
    from benchmarks.errors import TableError
    from benchmarks.provenance import unlike_published
    from surrogates.pretrained.load import load_answers

    answers = load_answers(table.space)
    if how := unlike_published(table, answers.tasks_):
        raise TableError(
            "expected a table of trainings like the published ones, which the bundled surrogate predicts, got "
            f"different trainings: {how}. Fit a surrogate to the table instead of --bundled"
        )
    return lambda: answers


def _print_json(about: dict[str, Any], frames: dict[str, Any], files: list[Path]) -> None:
    found = {name: frame.to_dict(orient="records") for name, frame in frames.items()}
    print_json({**about, **found, "files": list(map(str, files))})


def _show_ranking(comparison: SearcherComparison, tasks: int, seeds: int) -> None:
    typer.echo(f"Searchers by the mean rank of what they found, {tasks * seeds} pairs of a task and a seed")
    rows = [
        [
            row["searcher"],
            f"{row['mean_rank']:.2f}",
            "-" if row["low"] != row["low"] else f"{row['low']:.2f} to {row['high']:.2f}",
            f"{row['top_percent']:.3g} %",
            f"{row['wins']}/{row['ties']}/{row['losses']}" if row["p"] == row["p"] else "-",
            "-" if row["p_holm"] != row["p_holm"] else f"{row['p_holm']:.2g}",
        ]
        for row in comparison.ranking().to_dict(orient="records")
    ]
    print_table(["searcher", "mean rank", "95 % interval", "found: top", "win/tie/loss to the best", "p (Holm)"], rows)


def _show(study: Fidelity, seeds: int) -> None:
    typer.echo("\nOrder of the searchers, surrogate against table (Kendall's tau)")
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
