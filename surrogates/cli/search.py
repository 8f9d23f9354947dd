"""``surrogates search``: find good architectures."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surrogates.cli.formatting import duration
from surrogates.cli.help import SEARCHERS, AsJson, TableOption, examples
from surrogates.cli.output import print_json, print_table, progress_bar

if TYPE_CHECKING:
    from surrogates.oracle.oracle import Oracle
    from surrogates.search.history import History

__all__ = ["EXAMPLES", "search"]

EXAMPLES = examples(
    "surrogates search --space transnas101-micro --task jigsaw",
    "surrogates search --space transnas101-macro --task normal --task jigsaw --method evolution --max-params 5e6",
    "surrogates search --table results.csv --task jigsaw --method nsga2 --objective params --plot found.png",
)


class _Objective(str, Enum):
    params = "params"
    multiply_adds = "multiply_adds"


def search(
    task: Annotated[list[str], typer.Option("--task", "-t", help="What to be good at; may be repeated.")],
    space: Annotated[str | None, typer.Option(help="What to search; a table of one space says so itself.")] = None,
    method: Annotated[str, typer.Option(help=SEARCHERS)] = "predictor",
    budget: Annotated[int, typer.Option(help="Architectures each search may ask about.")] = 100,
    seeds: Annotated[str, typer.Option("--seeds", "--seed", help="One search each, separated by commas.")] = "0",
    table: TableOption = None,
    objective: Annotated[
        _Objective | None,
        typer.Option(
            help="A second aim: as little of this as possible (nsga2; attentive and front always have one, "
            "multiply_adds if not said)."
        ),
    ] = None,
    max_params: Annotated[float | None, typer.Option(help="Most parameters of the backbone.")] = None,
    max_multiply_adds: Annotated[float | None, typer.Option(help="Most multiply-adds of the backbone.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many architectures to show; a front is shown whole.")] = 5,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Keep the searches here, and take them up.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the best so far against queries (png, pdf, svg).")] = None,
    as_json: AsJson = False,
) -> None:
    """Search for architectures that are good at one task or several, and show the best.

    Values are in each metric's unit with one standard deviation (none where measured); ranks are among all
    architectures the oracle knows, 1 is best. Of several tasks the best have the highest mean rank among those asked.
    With a second objective the front is shown: what no other one beats on the tasks and in cost, one of equals. The
    cost of training what was asked is simulated.
    """
    from benchmarks.errors import choice
    from surrogates.cli.arguments import integers
    from surrogates.search.constraints import Constraint
    from surrogates.search.run import check_search, run_search
    from surrogates.search.studies.curves import history_figure
    from surrogates.search.studies.grid import claim_study_folder, informed_searcher

    numbers = integers(seeds, "--seeds", 0)
    bounded = max_params is not None or max_multiply_adds is not None
    constraint = Constraint(max_params, max_multiply_adds) if bounded else None
    oracle = _oracle(space, table)
    for name in task:
        choice(name, oracle.tasks, "task of the oracle")
    objective = objective or _own_aim(method)
    searchers = [
        informed_searcher(method, seed, _others(oracle, task, method), **_aims(method, objective)) for seed in numbers
    ]
    check_search(oracle, task, budget, constraint=constraint)
    if plot is not None:
        _check_plot(plot)
    if out is not None:
        known = "bundled" if oracle.table is None else oracle.table.hash
        about = {"space": oracle.space.name, "tasks": task, "method": method, "oracle": known}
        claim_study_folder(out, {"study": "search", **about, "constraint": str(constraint), "objective": objective})
    histories = []
    with progress_bar() as progress:
        bar = progress.add_task("", total=len(numbers))
        for seed, searcher in zip(numbers, searchers, strict=True):
            kept = None if out is None else out / f"seed-{seed}"
            histories.append(run_search(searcher, oracle, task, budget, seed, constraint=constraint, folder=kept))
            progress.update(bar, advance=1, description=f"seed {seed}")
    records = _best(histories, numbers, oracle, None if objective is None else objective.value, top)
    if plot is not None:
        from benchmarks.files import write_beside

        with write_beside(plot) as beside:
            history_figure(histories, f"{method} on {oracle.space.name}").savefig(beside, dpi=150)
    if as_json:
        found = {"searches": _runs(histories, numbers), "front" if objective else "best": records}
        print_json({"space": oracle.space.name, "tasks": task, "method": method, "budget": budget, **found})
        return
    _show(records, histories, oracle, method)


def _oracle(space: str | None, table: Path | None) -> Oracle:
    from surrogates.cli.arguments import table_of_one_space
    from surrogates.oracle.oracle import Oracle

    if table is not None:
        return Oracle.from_table(table_of_one_space(table, space, []))
    if space is None:
        from benchmarks.spaces.registry import list_spaces

        raise typer.BadParameter(f"expected --space ({', '.join(list_spaces())}) or --table, got neither")
    return Oracle.from_pretrained(space)


def _own_aim(method: str) -> _Objective | None:
    """The cost that a searcher minds without being told."""
    from inspect import signature

    from surrogates.search.registry import searcher_class

    cost = signature(searcher_class(method)).parameters.get("cost")
    return None if cost is None or cost.default is None else _Objective(cost.default)


def _aims(method: str, objective: _Objective | None) -> dict[str, str]:
    """Parameters of the searcher that make it mind a cost.

    Raises:
        typer.BadParameter: If it has none.
    """
    from inspect import signature

    from surrogates.search.registry import list_searchers, searcher_class

    if objective is None:
        return {}
    if "cost" in signature(searcher_class(method)).parameters:
        return {"cost": objective.value}
    able = [name for name in list_searchers() if "cost" in signature(searcher_class(name)).parameters]
    raise typer.BadParameter(
        f"{method!r} has one aim; for a second one take --method {', '.join(able[:-1])} or {able[-1]}, "
        f"or bound the cost: --max-{objective.value.replace('_', '-')}",
        param_hint="--objective",
    )


def _others(oracle: Oracle, tasks: list[str], method: str) -> Any:
    """What the oracle knows of the tasks that are not searched, for `transfer`; higher is better."""
    import pandas as pd

    from benchmarks.tasks import find_task

    names = [task for task in oracle.tasks if task not in tasks] if method == "transfer" else []
    columns = {task: find_task(task).metric.sign * oracle.ranking(task).values for task in names}
    return pd.DataFrame(columns, index=pd.Index(oracle.space.archs, name="arch"))


def _check_plot(path: Path) -> None:
    """Say before the search if there can be no picture of it.

    Raises:
        MissingExtraError: If matplotlib is not installed.
        typer.BadParameter: If the folder does not exist, or matplotlib does not write such files.
    """
    from surrogates.search.studies.curves import new_figure

    formats = sorted(new_figure((1, 1)).canvas.get_supported_filetypes())
    if path.suffix[1:].lower() not in formats:
        raise typer.BadParameter(
            f"expected a file name that ends in one of {', '.join(formats)}, got {path.name!r}", param_hint="--plot"
        )
    if not path.parent.is_dir():
        raise typer.BadParameter(f"expected an existing folder, got {str(path.parent)!r}", param_hint="--plot")


def _runs(histories: list[History], seeds: list[int]) -> list[dict[str, Any]]:
    """What each search found; of several tasks the best value of each, and the best architecture on average."""
    return [
        {
            "seed": seed,
            "best_arch": history.best_arch(),
            "best": dict(zip(history.tasks, history.best[-1].tolist(), strict=True)),
            "training_seconds": float(history.cost.sum()),
        }
        for seed, history in zip(seeds, histories, strict=True)
    ]


def _best(
    histories: list[History], seeds: list[int], oracle: Oracle, cost: str | None, top: int
) -> list[dict[str, Any]]:
    """The best architectures of all searches together, or their front if there is a cost."""
    import numpy as np

    from surrogates.search.history import History
    from surrogates.search.pareto import front
    from surrogates.search.ranks import scores

    first = histories[0]
    rows = {arch: row for history in histories for arch, row in zip(history.archs, history.values, strict=True)}
    archs, values = list(rows), np.array(list(rows.values()))
    if cost is not None:
        together = History(first.space, first.tasks, archs, values, np.full(len(archs), np.nan), {})
        found = front(together, cost).drop_duplicates([*first.tasks, cost]).set_index("arch")
        chosen = [str(arch) for arch in found.index]
        costs: list[dict[str, int]] = [{cost: int(value)} for value in found[cost]]
    else:
        order = np.argsort(-scores(values * first.signs), kind="stable")[:top]
        chosen, costs = [archs[row] for row in order], [{} for _ in order]
    records: list[dict[str, Any]] = []
    for arch, charged in zip(chosen, costs, strict=True):
        asked = [seed for seed, history in zip(seeds, histories, strict=True) if arch in history.archs]
        answers = {
            answer.task: {"value": answer.value, "std": answer.std, "rank": oracle.rank(arch, answer.task)}
            for answer in oracle.answers([arch], first.tasks)
        }
        records.append({"arch": arch, **charged, "tasks": answers, "seeds": asked})
    return records


def _show(records: list[dict[str, Any]], histories: list[History], oracle: Oracle, method: str) -> None:
    import numpy as np

    tasks, (first, *_) = histories[0].tasks, records
    extra = [name for name in ("params", "multiply_adds") if name in first]
    heads = [head for task in tasks for head in (task, "± std", f"rank of {len(oracle.ranking(task)):,}")]
    rows = []
    for record in records:
        cells = [f"{record[name]:,}" for name in extra]
        for task in tasks:
            answer = record["tasks"][task]
            std = answer["std"]
            cells += [f"{answer['value']:.5g}", "-" if std != std else f"± {std:.2g}", f"{answer['rank']:,}"]
        rows.append([record["arch"], *cells, f"{len(record['seeds'])} of {len(histories)}"])
    print_table(["arch", *extra, *heads, "seeds"], rows)
    seconds = float(np.mean([history.cost.sum() for history in histories]))
    spent = "" if np.isnan(seconds) else f"; training what one asked would take {duration(seconds)}"
    count = f"{len(histories)} searches" if len(histories) > 1 else "One search"
    typer.echo(f"{count} by {method}, {len(histories[0])} queries each{spent}.")
