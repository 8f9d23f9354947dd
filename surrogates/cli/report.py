"""``surrogates report``: all architectures of a space in one page, to look at in a browser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surrogates.cli.arguments import Minimize, TableOption, TaskNames
from surrogates.cli.help import examples
from surrogates.cli.models import StoredModel, open_predictor
from surrogates.cli.out_files import writable
from surrogates.cli.output import counted, progress_bar

if TYPE_CHECKING:
    from benchmarks.table import Table
    from surrogates.evaluation.agreement import Agreement
    from surrogates.evaluation.transfer_matrix import TransferMatrix
    from surrogates.oracle.predictors import Predictor
    from surrogates.search.history import History

__all__ = ["EXAMPLES", "report"]

EXAMPLES = examples(
    "surrogates report --space nasbench201 --out report.html",
    "surrogates report --table results.csv --model my-model --out report.html",
    "surrogates report --space transnas101-micro --search found --transfer matrix --out report.html",
    "surrogates --spaces graphs.jsonl report --table results.csv --out report.html",
)
_RUN = "history.json"


def report(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", callback=writable, help="Page to write: an .html file.")
    ],
    space: Annotated[
        str | None, typer.Option("--space", help="The space; not needed with --model, or a table of one space.")
    ] = None,
    table: TableOption = None,
    minimize: Minimize = None,
    model: StoredModel = None,
    task: TaskNames = None,
    search: Annotated[
        list[str] | None,
        typer.Option(
            "--search",
            metavar="RUN",
            help="Stored search whose curve is shown: a file of one, or the folder of surrogates search --out; "
            "repeatable.",
        ),
    ] = None,
    transfer: Annotated[
        Path | None,
        typer.Option("--transfer", metavar="DIR", help="Transfer matrix to show: the folder of surrogates transfer."),
    ] = None,
) -> None:
    """Write the explorer: one page that shows every architecture of a space, and needs no network.

    Two quantities at a time (predicted or measured values of tasks, parameters, multiply-adds, novelty), the Pareto
    front of both, parallel coordinates and a table, linked by brushes and filters; the drawing, intervals, ranks and
    twins of an architecture; predicted against measured values; search curves; a transfer matrix. What is selected can
    be saved as csv, and the address keeps the view.

    Predictions are those of --model, else of the bundled surrogate of the space.
    """
    from surrogates.report import collect_report, write_report

    if out.suffix.casefold() not in (".html", ".htm"):
        raise typer.BadParameter(f"expected a file ending in .html as --out, got {str(out)!r:.200}")
    runs = [run for name in search or [] for run in _histories(Path(name))]
    matrix = None if transfer is None else _matrix(transfer)
    measured = None if table is None else _table(table, space, minimize)
    predictor, agreement = _predictor(model, space or (None if measured is None else measured.space.name))
    name = predictor.space_ if predictor is not None else measured.space.name if measured is not None else ""
    if space is not None and space != name:
        raise typer.BadParameter(f"expected {name}, the space of the model, got {space!r:.200}", param_hint="--space")
    with progress_bar() as progress:
        bar = progress.add_task("predicting", total=None)
        data = collect_report(
            name,
            predictor,
            measured,
            tasks=task or (),
            agreement=agreement,
            transfer=matrix,
            searches=runs,
            step=lambda done, total: progress.update(bar, completed=done, total=total),
        )
        write_report(data, out)
    size = out.stat().st_size / 1e6
    typer.echo(f"Wrote {out}: {counted(data.total, 'architecture')} of {name}, {size:.1f} MB.")


def _table(path: Path, space: str | None, minimize: list[str] | None) -> Table:
    from surrogates.cli.arguments import table_of_one_space

    return table_of_one_space(path, space, minimize=minimize)


def _predictor(model: str | None, space: str | None) -> tuple[Predictor | None, Agreement | None]:
    """What predicts, and how it agrees with held-out values if it is a bundled surrogate."""
    from benchmarks.spaces.registry import get_space
    from surrogates.pretrained.load import is_stored, list_pretrained, load_agreement, load_answers

    if model is not None:
        return open_predictor(model), None if is_stored(model) else load_agreement(model)
    if space is None:
        raise typer.BadParameter("expected --space, --table or --model, got none of them")
    name = get_space(space).name
    return (load_answers(name), load_agreement(name)) if name in list_pretrained() else (None, None)


def _histories(path: Path) -> Sequence[History]:
    """The searches in a file, or below a folder.

    Raises:
        ArtefactError: If there is none, or one is damaged.
    """
    from benchmarks.errors import ArtefactError, shown
    from surrogates.search.history import History

    if not path.exists():
        raise typer.BadParameter(f"there is no {shown(str(path))}", param_hint="--search")
    found = sorted(path.rglob(_RUN)) if path.is_dir() else [path]
    if not found:
        raise ArtefactError(f"expected stored searches in {shown(str(path))}, got a folder without {_RUN}")
    return [History.load(file) for file in found]


def _matrix(path: Path) -> TransferMatrix:
    """The transfer matrix in a folder that ``surrogates transfer`` wrote, or in its transfer.csv.

    Raises:
        ArtefactError: If there is none.
    """
    import pandas as pd

    from benchmarks.errors import ArtefactError, shown
    from surrogates.evaluation.transfer_matrix import TransferMatrix

    file = path / "transfer.csv" if path.is_dir() else path
    wanted = ["source", "target", "k", "seed", "correlation", "tau", "alone", "gain"]
    try:
        runs = pd.read_csv(file, dtype={"source": str, "target": str})
    except (OSError, ValueError) as error:
        why = f"{error!s:.200}"
        raise ArtefactError(f"expected a folder of surrogates transfer, got {shown(str(path))}: {why}") from None
    if list(runs.columns) != wanted or runs.empty:
        raise ArtefactError(f"expected {', '.join(wanted)} as columns of {shown(str(file))}, got {shown(list(runs))}")
    return TransferMatrix(runs)
