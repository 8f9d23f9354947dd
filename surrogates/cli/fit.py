"""``surrogates fit``: fit a surrogate to a table of results."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surrogates.cli.arguments import Minimize, OptionalTable, Sources, SpaceName, TaskNames, table_of_one_space
from surrogates.cli.costs import costs_to_fit
from surrogates.cli.help import examples
from surrogates.cli.models import open_source
from surrogates.cli.output import counted, print_table, score, working
from surrogates.registry import BASELINES, STORABLE_MODELS

if TYPE_CHECKING:
    from surrogates.base import Surrogate

__all__ = ["EXAMPLES", "fit"]

_TRANSFER = "transfer"
_ANY = "any"
_LEAST_ROWS, _ENOUGH_ROWS = 5, 20
"""From five rows on, a tau can differ from chance (one order in 120 has tau 1; of four rows, one in 24); from twenty,
chance alone stays within a tau of .33 in 19 of 20 cases."""

EXAMPLES = examples(
    "surrogates fit results.csv --out model",
    "surrogates fit few.csv --sources transnas101-micro --sources others.csv --out model",
    "surrogates fit --sources others.csv --task mine --out model",
    "surrogates fit transnas-bench_v10141024.pth --space transnas101-micro --task jigsaw --out jigsaw-model",
    "surrogates fit --cost costs.csv:fpga_latency --out latency",
)


def fit(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Directory to write; an existing stored surrogate is replaced.")
    ],
    table: OptionalTable = None,
    model: Annotated[
        str | None,
        typer.Option(
            help=f"Model: one of {', '.join(STORABLE_MODELS)}, or {_TRANSFER} (with --sources). Default: ensemble, or "
            f"{_TRANSFER} with --sources.",
            show_default=False,
        ),
    ] = None,
    sources: Sources = None,
    task: TaskNames = None,
    space: SpaceName = None,
    minimize: Minimize = None,
    cost: Annotated[
        str | None,
        typer.Option(
            "--cost",
            metavar="FILE",
            help="Table of costs to fit instead of TABLE (FILE, or FILE:COLUMN for one of them); their names say which "
            "way is better.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Random seed of the fit; the same seed gives the same files.")] = 0,
) -> None:
    """Fit a surrogate to all rows of a table and store it. The directory is written atomically after the fit.

    With --sources, each task is learnt from its rows (16, say) and from other tasks, weighted by how much these tell; a
    source task of the same name and space is left out. Without TABLE, or with a csv file that has a header and no rows,
    what the sources expect is stored, of the tasks in the header or of each --task (of a task called "any" if none is
    named): in the metric's unit if two sources have the metric, else as normal scores, which the name of the task says.

    With --cost, costs such as latencies are learnt: dead operations count, and cells of one function are told apart.

    Shows the number of rows, the cross-validated Kendall's tau and coverage of the 90 % interval of every task; of
    fewer than 5 rows they are not shown, and of fewer than 20 they say little.
    """
    from benchmarks.formats.csv import header_only
    from surrogates.store.artefact import check_target
    from surrogates.store.save import save_surrogate

    if model in BASELINES:
        raise typer.BadParameter(
            f"expected one of {', '.join((*STORABLE_MODELS, _TRANSFER))}, got {model!r}, a baseline that cannot be "
            "stored without pickle"
        )
    if cost is not None and (table is not None or sources or minimize):
        raise typer.BadParameter("expected --cost alone, got it beside TABLE, --sources or --minimize")
    if table is None and not sources and cost is None:
        raise typer.BadParameter("expected a TABLE, or --sources to fit without labels, got neither")
    check_target(out)
    name = model or ("transfer" if sources else "ensemble")
    surrogate = _unfitted(name, sources or [], seed)
    header = None
    if cost is None:
        header = [] if table is None else header_only(table) if sources else None
    if header is not None:
        _fit_without_labels(surrogate, header, task or [], space, minimize or [])
        save_surrogate(surrogate, out)
        print_table(["task", "rows"], [[known, "0"] for known in surrogate.tasks_])
        typer.echo(f"Wrote {out}: {name} without labels, of {surrogate.space_}.")
        return
    if cost is None:
        results = table_of_one_space(table, space, task or [], minimize)
    else:
        if not surrogate.tells_strings_apart():
            raise typer.BadParameter(
                f"expected a model that tells cells of one function apart for --cost, got --model {name}, which does "
                "not; boosted, gp and ensemble do"
            )
        results = costs_to_fit(cost, space, task or [])
        surrogate.set_params(equivalence="string")
    with working(f"fitting {counted(len(results), 'architecture')}, {counted(len(results.results), 'task')}"):
        surrogate.fit(list(results.archs), results.to_frame())
        save_surrogate(surrogate, out, results)
    _show(surrogate, {str(task): int(count) for task, count in results.to_frame().notna().sum().items()})
    typer.echo(f"Wrote {out}: {name}, {counted(surrogate.n_archs_, 'distinct architecture')} of {surrogate.space_}.")


def _fit_without_labels(
    surrogate: Surrogate, header: list[str], tasks: list[str], space: str | None, minimize: list[str]
) -> None:
    """Fit to the sources alone, for the given tasks, or those in the header of a table."""
    import pandas as pd

    from benchmarks.errors import choice

    tasks = [choice(task, header, "task") for task in tasks] if header and tasks else tasks or header
    surrogate.set_params(space=space)
    with working("fitting the sources"):
        surrogate.fit([], pd.DataFrame(columns=list(dict.fromkeys(tasks)) or [_ANY]), minimize=minimize)


def _unfitted(name: str, sources: list[str], seed: int) -> Surrogate:
    from benchmarks.errors import choice
    from surrogates.registry import make_model

    if name == _TRANSFER or sources:
        if name != _TRANSFER or not sources:
            came = f"--model {name}" if sources else "no --sources"
            raise typer.BadParameter(f"expected --sources together with --model {_TRANSFER}, got {came}")
        from surrogates.models.transfer.surrogate import TransferSurrogate

        return TransferSurrogate(sources=[open_source(source) for source in sources], random_state=seed)
    return make_model(choice(name, (*STORABLE_MODELS, _TRANSFER), "model"), seed)


def _show(surrogate: Surrogate, rows: dict[str, int]) -> None:
    """Print the scores of cross-validation that mean something, and how little they mean of few rows."""
    scores = surrogate.cv_scores_
    cells = []
    for task in surrogate.tasks_:
        found = scores.get(task, {}) if rows[task] >= _LEAST_ROWS else {}
        cells.append([task, f"{rows[task]:,}", *(score(found.get(name, math.nan)) for name in ("tau", "coverage"))])
    print_table(["task", "rows", "cv tau", "cv coverage of 90 %"], cells)
    fewest = min(rows[task] for task in surrogate.tasks_)
    if fewest < _LEAST_ROWS:
        typer.echo(f"warning: {counted(fewest, 'row')} cannot tell a good model from a bad one; train more.", err=True)
    elif fewest < _ENOUGH_ROWS:
        error = math.sqrt(2 * (2 * fewest + 5) / (9 * fewest * (fewest - 1)))
        typer.echo(
            f"warning: {fewest} rows say little: by chance alone, tau has a standard error of {error:.2f}.",
            err=True,
        )
