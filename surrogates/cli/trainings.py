"""What commands that train have in common: their options, the device, progress, and the metrics they print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surrogates.cli.output import counted, duration, print_json, print_table, stderr, working

if TYPE_CHECKING:
    from benchmarks.training.weight_sharing.folder import NetworkFolder

__all__ = [
    "Device",
    "Epochs",
    "Preset",
    "Threads",
    "on_device",
    "show_metrics",
    "show_trained",
    "training",
]

Device = Annotated[str, typer.Option(help="Device: auto (a GPU if available), cpu, cuda or cuda:N.")]
Preset = Annotated[str, typer.Option(help="Training recipe: paper (as published), quick or mini.")]
Threads = Annotated[int, typer.Option(metavar="N", min=1, help="Number of CPU threads per training.")]
Epochs = Annotated[int | None, typer.Option(metavar="N", min=1, help="Number of epochs. Default: that of the recipe.")]


def on_device(device: str, threads: int) -> None:
    """Check the device, before images are rendered, and train with a number of CPU threads from now on.

    Raises:
        ValueError: If there is no such device.
    """
    from benchmarks.training.device import device_options, training_process

    device_options(device)
    training_process(threads)


@contextmanager
def training(what: str) -> Iterator[bool]:
    """Show the progress of a training within the context; the value is whether it shows a bar of its own.

    Args:
        what: What is done, e.g. "training a supernet"; written elsewhere than on a terminal.
    """
    if stderr().is_terminal:
        yield True
        return
    with working(what):
        yield False


def show_trained(folder: NetworkFolder, given: Path, scored: str, what: str, following: str, as_json: bool) -> None:
    """Say what was trained, and what to do next.

    Args:
        folder: Folder of the finished training.
        given: It, as the user wrote it.
        scored: What the validation metrics are of.
        what: What was trained.
        following: What to do next.
        as_json: Whether to print JSON.
    """
    about, metrics = folder.about(), folder.metrics()
    if as_json:
        print_json({**about, "folder": str(given), "metrics": metrics})
        return
    show_metrics(scored, metrics)
    seconds = duration(metrics["time_elapsed"][-1])
    typer.echo(f"{what}: {counted(about['recipe']['epochs'], 'epoch')} in {seconds}.")
    typer.echo(f"Wrote {given}. {following}")


def show_metrics(title: str, metrics: Mapping[str, Sequence[Any]]) -> None:
    """Print the values of the last epoch: one row per metric and one column per split.

    Args:
        title: Title of the first column.
        metrics: ``{split}_{metric}`` -> one value per epoch.
    """
    from benchmarks.tasks import SPLITS, TIME

    last = {name: values[-1] for name, values in metrics.items() if values}
    names = dict.fromkeys(name.partition("_")[2] for name in last if name != TIME)
    print_table(
        [title, *SPLITS],
        [
            [name, *(f"{last[column]:.4g}" if (column := f"{split}_{name}") in last else "-" for split in SPLITS)]
            for name in names
        ],
    )
