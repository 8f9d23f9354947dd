"""``surrogates transfer``: which task teaches which."""

from __future__ import annotations

import re
import shutil
import uuid
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surrogates.cli.help import AsJson, SpaceName, TableFile, TaskNames, examples
from surrogates.cli.output import print_json, print_table, progress_bar

if TYPE_CHECKING:
    import pandas as pd

    from surrogates.evaluation.transfer_matrix import TransferMatrix

__all__ = ["EXAMPLES", "transfer"]

_MAP_FILE = re.compile(r"transfer(_correlation|_tau_\d+|_gain_\d+)?\.(csv|png)")

EXAMPLES = examples(
    "surrogates transfer results.csv --out map",
    "surrogates transfer results.csv --k 16 --seeds 0 --task jigsaw --task normal --out map --json",
)


def transfer(
    table: TableFile,
    out: Annotated[Path, typer.Option("--out", "-o", help="Directory to write; an older map there is replaced.")],
    k: Annotated[str, typer.Option("--k", help="Numbers of labels of the target, separated by commas.")] = "16,32,128",
    seeds: Annotated[str, typer.Option(help="Seeds of the splits, separated by commas.")] = "0,1,2",
    task: TaskNames = None,
    space: SpaceName = None,
    as_json: AsJson = False,
) -> None:
    """Transfer every task of a table to every other one, with k labels of the target, and compare with no transfer.

    Tau on all rows but the k, mean over the seeds: with all other tasks as sources, with the labels alone, the gain,
    and the best single source. The directory holds every run (transfer.csv) and the source x target matrices of the
    rank correlation of the truth, tau and gain, as csv and, where matplotlib is installed, as heatmaps. It is written
    when all is done.
    """
    import pandas as pd

    from benchmarks.protocols import split
    from surrogates.cli.arguments import integers, table_of_one_space
    from surrogates.evaluation.transfer_matrix import TransferMatrix, transfer_runs

    sizes, numbers = integers(k, "--k", 1), integers(seeds, "--seeds", 0)
    _check_writable(out)
    results = table_of_one_space(table, space, task or [])
    split(results, max(sizes))  # too many labels are refused before the work
    runs: list[pd.DataFrame] = []
    with progress_bar() as progress:
        bar = progress.add_task("", total=len(results.tasks) * len(sizes) * len(numbers))
        for run in transfer_runs(results, sizes, numbers):
            runs.append(run)
            progress.update(bar, advance=1, description=f"to {run['target'].iloc[0]}, k = {run['k'].iloc[0]}")
    whole = pd.concat(runs, ignore_index=True)
    files = _save(TransferMatrix(whole), out)
    summary = _summarise(whole)
    if as_json:
        about = {"table_hash": results.hash, "space": results.space.name, "k": sizes, "seeds": numbers}
        print_json({**about, "results": summary, "files": [str(path) for path in files]})
        return
    _show(summary, sizes)
    plots = "" if _can_plot() else " (no heatmaps without matplotlib: pip install 'transnas-surrogates[plots]')"
    typer.echo(f"Wrote {out}: {len(files)} files{plots}.")


def _summarise(runs: pd.DataFrame) -> list[dict[str, Any]]:
    """A row for every k and target, and one for the mean over the targets."""
    import pandas as pd

    from surrogates.evaluation.transfer_matrix import ALL_OTHERS

    rows: list[dict[str, Any]] = []
    for n, of_k in runs.groupby("k", sort=False):
        means = of_k.groupby(["target", "source"], sort=False)[["tau", "alone", "gain"]].mean()
        found = []
        for target in dict.fromkeys(of_k["target"]):
            by_source = means.loc[target]
            single = by_source["tau"].drop(ALL_OTHERS, errors="ignore").dropna()
            together = by_source.loc[ALL_OTHERS if ALL_OTHERS in by_source.index else by_source.index[0]]
            best = {"best_source": single.idxmax(), "best_tau": float(single.max())} if len(single) else {}
            nothing = {"best_source": None, "best_tau": float("nan")}
            values = {name: float(together[name]) for name in ("tau", "alone", "gain")}
            found.append({"k": n, "target": target, **values, **nothing, **best})
        means_of_targets = pd.DataFrame(found)[["tau", "alone", "gain", "best_tau"]].mean()
        average = {str(name): float(mean) for name, mean in means_of_targets.items()}
        rows += [*found, {"k": n, "target": "mean", **average, "best_source": None}]
    return rows


def _show(summary: list[dict[str, Any]], sizes: list[int]) -> None:
    for n in sizes:
        typer.echo(f"k = {n}")
        rows = [
            [
                row["target"],
                *(_cell(row[name]) for name in ("tau", "alone")),
                _cell(row["gain"], "+"),
                _cell(row["best_tau"]),
                row["best_source"] or "",
            ]
            for row in summary
            if row["k"] == n
        ]
        print_table(["target", "all others", "no transfer", "gain", "best single", "source"], rows)


def _cell(value: float, sign: str = "") -> str:
    return f"{value:{sign}.3f}" if value == value else "-"


def _can_plot() -> bool:
    return find_spec("matplotlib") is not None


def _check_writable(out: Path) -> None:
    """Say before the work if the directory cannot be made.

    Raises:
        ArtefactError: If a file is in the way, also one that is named like ours and is not, or the folder around it
            cannot be written.
    """
    from benchmarks.errors import ArtefactError
    from surrogates.store.artefact import check_target

    if not out.is_dir():
        check_target(out)
        return
    runs = out / "transfer.csv"
    if runs.exists() and not (runs.is_file() and runs.read_bytes().startswith(b"source,target,k,seed,")):
        raise ArtefactError(f"{runs} is no map of ours and would be replaced; choose another --out")


def _save(found: TransferMatrix, out: Path) -> list[Path]:
    """Write all files beside the directory, then put them in the place of an older map."""
    target = out.resolve()
    beside = target.with_name(f".{uuid.uuid4().hex[:8]}-{target.name}")
    try:
        names = [path.name for path in found.save(beside, plots=_can_plot())]
        if not target.exists():
            beside.rename(target)
        else:
            for name in names:
                (beside / name).replace(target / name)
            for path in target.iterdir():
                if _MAP_FILE.fullmatch(path.name) and path.name not in names:
                    path.unlink()
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return [out / name for name in names]
