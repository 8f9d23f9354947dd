"""``surrogates transfer``: the transfer matrix of a table, how much each task helps to predict each other one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surrogates.cli.arguments import AsJson, Minimize, SpaceName, TableFile, TaskNames, integers, table_of_one_space
from surrogates.cli.help import examples
from surrogates.cli.output import can_plot, no_plots_note, print_json, print_table, progress_bar, score, score_and_sd

if TYPE_CHECKING:
    import pandas as pd

    from surrogates.evaluation.transfer_matrix import TransferMatrix

__all__ = ["EXAMPLES", "transfer"]

_FILE = re.compile(r"transfer(_correlation|_tau_\d+|_gain_\d+)?\.(csv|png)")

EXAMPLES = examples(
    "surrogates transfer results.csv --out matrix",
    "surrogates transfer results.csv --k 16 --seeds 0 --task jigsaw --task normal --out matrix --json",
)


def transfer(
    table: TableFile,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Directory to write; an existing transfer matrix is replaced.")
    ],
    k: Annotated[str, typer.Option("--k", help="Numbers of target labels, comma-separated.")] = "16,32,128",
    seeds: Annotated[str, typer.Option(help="Seeds of the train/test splits, comma-separated.")] = "0,1,2",
    task: TaskNames = None,
    space: SpaceName = None,
    minimize: Minimize = None,
    as_json: AsJson = False,
) -> None:
    """Transfer every task of a table to every other one with k target labels, and compare with no transfer.

    Shows Kendall's tau on all rows except the k training rows, mean ± standard deviation over the seeds: with all other
    tasks as sources, without sources, the gain, and the best single source. The directory holds every run
    (transfer.csv) and the source x target matrices of the rank correlation of the true values, of tau and of the gain,
    as CSV and, if matplotlib is installed, as heatmaps. It is written when all runs are finished.
    """
    import pandas as pd

    from surrogates.evaluation.held_out import check_sizes
    from surrogates.evaluation.transfer_matrix import TransferMatrix, transfer_runs

    sizes, numbers = integers(k, "--k", 1), integers(seeds, "--seeds", 0)
    _check_writable(out)
    results = table_of_one_space(table, space, task or [], minimize)
    check_sizes(results, sizes)  # raises before the computation if there are too few rows
    runs: list[pd.DataFrame] = []
    with progress_bar() as progress:
        sources = max(len(results.results) - 1, 0)
        sources += sources > 1  # all others together
        bar = progress.add_task("fitting", total=len(results.results) * len(sizes) * len(numbers) * sources)
        for run in transfer_runs(results, sizes, numbers):
            runs.append(run)
            progress.update(bar, advance=1, description=f"to {run['target'].iloc[0]}, k = {run['k'].iloc[0]}")
    found = TransferMatrix(pd.concat(runs, ignore_index=True))
    files, summary = _save(found, out), found.summary()
    if as_json:
        about = {"table_hash": results.hash, "space": results.space.name, "k": sizes, "seeds": numbers}
        rows = summary.astype(object).where(summary.notna(), None).to_dict(orient="records")
        print_json({**about, "results": rows, "files": [str(path) for path in files]})
        return
    _show(summary, sizes)
    typer.echo(f"Wrote {out}: {len(files)} files{no_plots_note()}.")


def _show(summary: pd.DataFrame, sizes: list[int]) -> None:
    for n in sizes:
        typer.echo(f"k = {n}")
        rows = []
        for row in summary[summary["k"] == n].to_dict(orient="records"):
            scores = [score_and_sd(row[name], row[f"{name}_sd"], name == "gain") for name in ("tau", "alone", "gain")]
            source = row["best_source"] if isinstance(row["best_source"], str) else ""
            rows.append([str(row["target"]), *scores, score(row["best_tau"]), source])
        print_table(["target", "all others", "no transfer", "gain", "best single", "source"], rows)


def _check_writable(out: Path) -> None:
    """Check before the computation that the directory can be written.

    Raises:
        ArtefactError: If `out` is a file, holds a transfer.csv that is not a transfer matrix, or its parent folder
            cannot be written to.
    """
    from benchmarks.errors import ArtefactError
    from surrogates.store.artefact import check_target

    if not out.is_dir():
        check_target(out)
        return
    runs = out / "transfer.csv"
    if runs.exists() and not (runs.is_file() and runs.read_bytes().startswith(b"source,target,k,seed,")):
        raise ArtefactError(f"{runs} is not a transfer matrix and would be overwritten; choose another --out")


def _save(found: TransferMatrix, out: Path) -> list[Path]:
    """Write all files, each replacing its earlier version; other files in the directory are kept.

    Everything is computed and written to a temporary directory first, so that an error leaves the old files.
    """
    from tempfile import TemporaryDirectory

    from benchmarks.files import write_beside

    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.resolve().parent, prefix=".") as temporary:
        files = found.save(temporary, plots=can_plot())
        out.mkdir(exist_ok=True)
        for path in files:
            with write_beside(out / path.name) as beside:
                beside.write_bytes(path.read_bytes())
    names = [path.name for path in files]
    for path in out.iterdir():
        if _FILE.fullmatch(path.name) and path.name not in names:  # of an earlier matrix
            path.unlink()
    return [out / name for name in names]
