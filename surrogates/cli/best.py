"""``surrogates best``: the best architectures of a whole space, exact, as distinct functions, within constraints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from surrogates.cli.arguments import AsJson, Minimize, TableOption
from surrogates.cli.costs import CostNames, naming_costs, open_costs, with_costs
from surrogates.cli.help import examples
from surrogates.cli.oracles import Constraints, ModelOption, oracle_of_sources, read_constraints
from surrogates.cli.output import counted, measurement, print_csv, print_json, print_table

if TYPE_CHECKING:
    import pandas as pd

    from surrogates.oracle.oracle import Oracle
    from surrogates.search.constraints import Constraint

__all__ = ["EXAMPLES", "best"]

EXAMPLES = examples(
    "surrogates best jigsaw --space transnas101-micro --constraint 'params<=1e6'",
    "surrogates best cifar10 -n 20 --constraint 'multiply_adds<50M' --constraint 'cifar100>=70' --csv",
    "surrogates best cifar10 --model latency --constraint 'latency_ms<=5'",
    "surrogates best cifar10 --cost costs.csv:fpga_latency --constraint 'fpga_latency<=5'",
    "surrogates best jigsaw --table results.csv --all",
)


def best(
    task: Annotated[str, typer.Argument(metavar="TASK", help="The task.")],
    space: Annotated[
        str | None, typer.Option(help="The space; required if several have the task, or if the table holds several.")
    ] = None,
    n: Annotated[int, typer.Option("-n", metavar="N", min=1, help="Number of architectures to show.")] = 10,
    constraint: Constraints = None,
    table: TableOption = None,
    minimize: Minimize = None,
    model: ModelOption = None,
    cost: CostNames = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Show every architecture, not one of those that compute the same function.")
    ] = False,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the results as CSV.")] = False,
) -> None:
    """Show the best of all published architectures on one task: exact, without a search; works offline.

    Values are measured ones if --table is given, those of stored surrogates with --model (measured ones preferred, if
    both are given), and predictions of the bundled surrogate otherwise. Of architectures that compute the same function
    the best is shown, of equally good ones the cheapest; the column twins counts the others that meet the constraints.
    Ranks are among all architectures with a value, 1 is best. Values are in the unit of the metric; predictions have a
    standard deviation, measured values have none.

    With --cost, costs have a column and can be bounded: those in a table of costs (an architecture that the table lacks
    meets no bound), or predicted by a stored surrogate.
    """
    if as_json and as_csv:
        raise typer.BadParameter("expected one of --json and --csv, got both")
    bounds = read_constraints(constraint)
    shown, files = open_costs(cost, space)
    from_files = [name for source in files for name in source.names]
    names = [*shown, *([] if bounds is None else [bound.quantity for bound in bounds.bounds])]
    asked = [task, *(name for name in names if name not in from_files)]
    costs = dict.fromkeys([*shown, *from_files])
    with naming_costs(names, files):
        oracle = with_costs(oracle_of_sources(space, table, model or [], asked, minimize), files)
        everyone = oracle.best(task, len(oracle.space), constraints=bounds or (), distinct=not everything, costs=costs)
    found = everyone[:n]
    if as_csv:
        print_csv(list(found.columns), found.itertuples(index=False))
    elif as_json:
        print_json([_record(oracle, task, row) for row in _rows(found)])
    else:
        _show(oracle, task, found)
        typer.echo(_summary(everyone, len(found), oracle, bounds, everything))


def _record(oracle: Oracle, task: str, row: dict[str, Any]) -> dict[str, Any]:
    ranking = oracle.ranking(task)
    about = {"arch": row.pop("arch"), "space": oracle.space.name, "task": task}
    value, std, rank = (row.pop(name) for name in ("value", "std", "rank"))
    measured = {
        "value": value,
        "std": std,
        "unit": oracle.task(task).metric.unit,
        "higher_is_better": ranking.higher_is_better,
    }
    return {**about, **measured, "rank": rank, "of": len(ranking), **row}


def _show(oracle: Oracle, task: str, found: pd.DataFrame) -> None:
    from surrogates.search.space_arrays import COSTS

    fixed = ["arch", "value", "std", "rank", "twins"]
    fixed += [name for name in COSTS if name in found.columns and oracle.space.has_networks]
    more = [str(name) for name in found.columns if name not in fixed and name != task]
    rows = []
    for row in _rows(found):
        value, std = measurement(row["value"], row["std"], oracle.task(task).metric.unit)
        counts = [f"{row[name]:,}" for name in fixed[3:]]
        rows.append(
            [row["arch"], value, std, *counts]
            + [measurement(row[name], float("nan"), oracle.task(name).metric.unit)[0] for name in more]
        )
    heads = ["arch", task, "± std", f"rank of {len(oracle.ranking(task)):,}", *fixed[4:], *more]
    print_table(heads, rows)


def _rows(found: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in found.to_dict(orient="records")]


def _summary(everyone: pd.DataFrame, shown: int, oracle: Oracle, bounds: Constraint | None, everything: bool) -> str:
    total = len(everyone) if everything else int((everyone["twins"] + 1).sum())
    which = counted(total, "architecture") + f" of {oracle.space.name}" + (f" with {bounds}" if bounds else "")
    what = which if everything else f"{counted(len(everyone), 'different function')} of {which}"
    if len(everyone) == 1:
        return f"The only {what.removeprefix('1 ')}." if total == 1 else f"One function, that of all {which}."
    return f"All {what}." if shown == len(everyone) else f"{shown:,} of {'' if everything else 'the '}{what}."
