"""What commands say of a supernet that they trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from surrogates.cli.output import counted, duration, print_json, print_table

__all__ = ["show_trained"]


def show_trained(folder: Path, what: str, as_json: bool) -> None:
    """Say what was trained, and what to do next."""
    from benchmarks.training.supernet.folder import SupernetFolder

    trained = SupernetFolder(folder)
    about, metrics = trained.about(), trained.metrics()
    if as_json:
        print_json({**about, "folder": str(folder), "metrics": metrics})
        return
    _show(metrics)
    seconds = duration(metrics["time_elapsed"][-1])
    typer.echo(f"{what}: {counted(about['recipe']['epochs'], 'epoch')} in {seconds}.")
    typer.echo(f"Wrote {folder}. Rank architectures with: surrogates supernet rank {folder}")


def _show(metrics: dict[str, Any]) -> None:
    """Print one row per metric: of training, and of the mean sub-network on validation and test images."""
    from benchmarks.tasks import SPLITS, TIME

    last = {name: values[-1] for name, values in metrics.items()}
    names = dict.fromkeys(name.partition("_")[2] for name in last if name != TIME)
    print_table(
        ["mean sub-network", *SPLITS],
        [
            [name, *(f"{last[column]:.4g}" if (column := f"{split}_{name}") in last else "-" for split in SPLITS)]
            for name in names
        ],
    )
