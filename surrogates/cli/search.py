"""``surrogates search``: neural architecture search on one task or several."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surrogates.cli.arguments import (
    SEARCHERS,
    AsJson,
    BudgetOrHours,
    Hours,
    Minimize,
    SearchSeeds,
    TableOption,
    integers,
)
from surrogates.cli.costs import CostFiles, cost_files, hash_of_costs, naming_costs, with_costs
from surrogates.cli.help import examples
from surrogates.cli.objects import own_searcher
from surrogates.cli.oracles import Constraints, ModelOption, oracle_of_sources, read_constraints, sources_hash
from surrogates.cli.out_files import writable
from surrogates.cli.output import check_figure_file, duration, measurement, print_json, print_table, progress_bar

if TYPE_CHECKING:
    import pandas as pd

    from surrogates.oracle.oracle import Oracle
    from surrogates.search.history import History

__all__ = ["EXAMPLES", "search"]

EXAMPLES = examples(
    "surrogates search --space transnas101-micro --task jigsaw",
    "surrogates search --space transnas101-macro --task normal --task jigsaw --method evolution --max-params 5e6",
    "surrogates search --model my-model --task jigsaw --method predictor --budget 200",
    "surrogates search --table results.csv --task jigsaw --method nsga2 --objective params --plot found.png",
    "surrogates search --task cifar10 --model latency --constraint 'latency_ms<=5'",
    "surrogates search --task cifar10 --model latency --method front --objective latency_ms",
    "surrogates search --task cifar10 --cost costs.csv --constraint 'fpga_latency<=5'",
    "surrogates search --space transnas101-micro --task jigsaw --method my_searchers:Climber --hours 48",
)
_BUDGET = 100


def search(
    task: Annotated[
        list[str], typer.Option("--task", "-t", metavar="TASK", help="Task to optimise; repeatable for several tasks.")
    ],
    space: Annotated[
        str | None,
        typer.Option(help="Space to search; required if several have the tasks, or if the table holds several."),
    ] = None,
    method: Annotated[
        str, typer.Option(help=f"Searcher: {SEARCHERS[:-1]}; or one's own, as module:Class.")
    ] = "predictor",
    budget: BudgetOrHours = None,
    hours: Hours = None,
    seeds: SearchSeeds = "0",
    table: TableOption = None,
    minimize: Minimize = None,
    model: ModelOption = None,
    costs: CostFiles = None,
    objective: Annotated[
        str | None,
        typer.Option(
            metavar="COST",
            help="Cost to minimise as a second objective, with nsga2, attentive or front: params, multiply_adds, or a "
            "task that is better when lower. Default: none for nsga2, multiply_adds for attentive and front.",
        ),
    ] = None,
    constraint: Constraints = None,
    max_params: Annotated[float | None, typer.Option(help="Maximum number of parameters of the backbone.")] = None,
    max_multiply_adds: Annotated[
        float | None, typer.Option(help="Maximum number of multiply-adds of the backbone for one image.")
    ] = None,
    top: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=1,
            help="Number of architectures to show, of different functions; a Pareto front is always shown in full.",
        ),
    ] = 5,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Directory to store the searches in, and to resume them from.")
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            callback=writable,
            help="Figure file (png, pdf, svg): the best value so far against queries, or simulated time with --hours; "
            "with a second objective, the Pareto front.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Search for the best architectures on one task or several, on a surrogate or a table.

    What is searched: the bundled surrogate of --space, your own surrogate with --model, or with --table only what was
    measured. With both, measured values are preferred over predictions. Tasks that only --constraint or --objective
    name may be of another --model, or costs in a --cost table; what none of them has, the bundled surrogate predicts.

    Values are in the unit of the metric; predictions have a standard deviation, measured values have none. Ranks are
    among all architectures with values, 1 is best. With several tasks, architectures are ordered by their mean rank
    among the queried ones. With a second objective, the Pareto front of the tasks and the cost is shown, with one of
    equal architectures. The training time of the queried architectures is simulated.
    """
    from benchmarks.tasks import trained_task
    from surrogates.search.constraints import Constraint, as_constraint
    from surrogates.search.quantities import cost_series
    from surrogates.search.registry import informed_searcher, searcher_cost
    from surrogates.search.run import check_search, search_objective
    from surrogates.search.space_arrays import COSTS

    numbers = integers(seeds, "--seeds", 0)
    bounded = max_params is not None or max_multiply_adds is not None
    largest = Constraint(max_params=max_params, max_multiply_adds=max_multiply_adds) if bounded else None
    bounds = as_constraint(largest, read_constraints(constraint))
    budget = _BUDGET if budget is None and hours is None else budget
    max_seconds = None if hours is None else 3600 * hours
    own = own_searcher(method, "--method") if ":" in method else None
    if own is not None and objective is not None:
        raise typer.BadParameter("expected a searcher of this package with --objective, got one's own")
    cost = None if own is not None else searcher_cost(method, objective)
    named = [
        *([] if bounds is None else [bound.quantity for bound in bounds.bounds]),
        *([] if cost is None else [cost]),
    ]
    files = cost_files(costs, space)
    from_files = {name for source in files for name in source.names}
    needed = [name for name in (*task, *named) if name not in from_files]
    with naming_costs(named, files):
        oracle = with_costs(oracle_of_sources(space, table, model or [], needed, minimize), files)
        asked = check_search(oracle, task, budget, max_seconds=max_seconds, constraint=bounds)
        charged = None if cost is None else cost if cost in COSTS else cost_series(oracle, cost)
    params = {} if cost is None else {"cost": cost}
    searched = set(map(trained_task, asked.tasks))  # no source, also under the name of another metric
    others = [name for name in oracle.tasks if trained_task(name) not in searched]
    searcher = own or informed_searcher(method, 0, lambda: oracle.oriented(others), **params)
    if plot is not None:
        check_figure_file(plot, "--plot")
    if out is not None:
        from benchmarks.run_directory import RunDirectory

        known = " ".join(filter(None, [sources_hash(oracle.table, model or []), hash_of_costs(files)]))
        study = {"space": oracle.space.name, "tasks": task, "method": method, "oracle": known}
        RunDirectory(out, "study").claim({"study": "search", **study, "constraint": str(bounds), "objective": cost})
    histories = []
    with progress_bar() as progress:
        bar = progress.add_task("searching", total=len(numbers))
        for seed in numbers:
            kept = None if out is None else out / f"seed-{seed}"
            histories.append(search_objective(searcher, asked, budget, seed, max_seconds=max_seconds, folder=kept))
            progress.update(bar, advance=1, description=f"seed {seed}")
    records = _best(histories, numbers, oracle, charged, top)
    if plot is not None:
        _draw(plot, histories, f"{method} on {oracle.space.name}", charged, None if hours is None else "time")
    if as_json:
        about: dict[str, Any] = {"space": oracle.space.name, "tasks": task, "method": method}
        about |= {"budget": budget, "hours": hours, "searches": _runs(histories, numbers)}
        print_json({**about, "front" if cost else "best": records})
        return
    _show(records, histories, method, cost)


def _draw(
    path: Path, histories: list[History], title: str, cost: str | pd.Series[float] | None, over: str | None
) -> None:
    """Write the figure: the front if there is a cost, else the best value so far."""
    from benchmarks.files import write_beside
    from surrogates.search.studies.figures import front_figure, history_figure

    figure = history_figure(histories, title, over) if cost is None else front_figure(histories, cost, title)
    with write_beside(path) as beside:
        figure.savefig(beside, dpi=150)


def _runs(histories: list[History], seeds: list[int]) -> list[dict[str, Any]]:
    """Summary of each search: the best value of each task, and the best architecture (by mean rank over tasks)."""
    return [
        {
            "seed": seed,
            "best_arch": history.best_arch(),
            "best": dict(zip(history.tasks, history.best[-1].tolist(), strict=True)),
            "queries": len(history),
            "training_seconds": float(history.cost.sum()),
        }
        for seed, history in zip(seeds, histories, strict=True)
    ]


def _best(
    histories: list[History], seeds: list[int], oracle: Oracle, cost: str | pd.Series[float] | None, top: int
) -> list[dict[str, Any]]:
    """The best architectures of all searches together, or their Pareto front if there is a cost."""
    from surrogates.search.history import History
    from surrogates.search.pareto import front

    together = History.from_histories(histories)
    if cost is None:
        ordered = together.best_archs(len(together))
        functions: dict[str, str] = {}  # the best of each function
        for arch, function in zip(ordered, oracle.space.simplify(ordered), strict=True):
            functions.setdefault(function, arch)
        chosen: dict[str, dict[str, float]] = {arch: {} for arch in list(functions.values())[:top]}
    else:
        found = front(together, cost, distinct=True)
        name = str(found.columns[-1])
        paid = found.set_index("arch")[name].to_dict()  # integers of params and multiply_adds
        chosen = {str(arch): {name: value} for arch, value in paid.items()}
    tasks: dict[str, dict[str, Any]] = {arch: {} for arch in chosen}
    for answer in oracle.answers(chosen, together.tasks, rank=True):
        unit = oracle.task(answer.task).metric.unit
        about = {"value": answer.value, "std": answer.std, "unit": unit, "rank": answer.rank, "of": answer.of}
        tasks[answer.arch][answer.task] = about
    asked_by = {
        arch: [seed for seed, history in zip(seeds, histories, strict=True) if arch in history.archs] for arch in chosen
    }
    return [{"arch": arch, **chosen[arch], "tasks": tasks[arch], "seeds": asked_by[arch]} for arch in chosen]


def _show(records: list[dict[str, Any]], histories: list[History], method: str, cost: str | None) -> None:
    import numpy as np

    tasks, (first, *_) = histories[0].tasks, records
    extra = [] if cost is None else [cost]
    heads = [head for task in tasks for head in (task, "± std", f"rank of {first['tasks'][task]['of']:,}")]
    rows = []
    for record in records:
        cells = [f"{record[name]:,}" if isinstance(record[name], int) else f"{record[name]:.6g}" for name in extra]
        for task in tasks:
            answer = record["tasks"][task]
            cells += [*measurement(answer["value"], answer["std"], answer["unit"]), f"{answer['rank']:,}"]
        rows.append([record["arch"], *cells, f"{len(record['seeds'])} of {len(histories)}"])
    print_table(["arch", *extra, *heads, "seeds"], rows)
    seconds = float(np.mean([history.cost.sum() for history in histories]))
    spent = "" if np.isnan(seconds) else f"; simulated training time per search: {duration(seconds)}"
    count = f"{len(histories)} searches" if len(histories) > 1 else "One search"
    least, most = min(map(len, histories)), max(map(len, histories))
    queries = f"{least} queries" if least == most else f"{least} to {most} queries"
    typer.echo(f"{count} by {method}, {queries} each{spent}.")
