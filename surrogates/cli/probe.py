"""``surrogates supernet probe``: a decoder of a task on the frozen weights of a supernet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.tasks import TRANSNAS_TASKS
from surrogates.cli.arguments import AsJson
from surrogates.cli.trainings import Device, Epochs, Threads, on_device, show_trained, training

__all__ = ["probe", "show_supernet"]


def probe(
    backbone: Annotated[Path, typer.Argument(metavar="SUPERNET", help="Folder of the trained supernet.")],
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder of the probe; an interrupted training continues there.")
    ],
    task: Annotated[
        str, typer.Option("--task", "-t", metavar="TASK", help=f"Task: one of {', '.join(TRANSNAS_TASKS)}.")
    ],
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Preset: mini, quick or paper. Default: mini, with images as the supernet had them."
        ),
    ] = None,
    epochs: Epochs = None,
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="Random seed of the decoder, architectures, images, augmentation.")
    ] = 0,
    device: Device = "auto",
    threads: Threads = 1,
    as_json: AsJson = False,
) -> None:
    """Train a decoder of a task, one for all architectures, on the frozen weights of a supernet.

    The probe is a supernet of the task: rank architectures with it. Interrupt it at any time; the same command resumes.
    """
    from benchmarks.errors import choice
    from benchmarks.optional import needs_extra
    from benchmarks.training.recipe import Recipe
    from benchmarks.training.supernet.folder import SupernetFolder

    choice(task, TRANSNAS_TASKS, "task")
    about = SupernetFolder(backbone).about()
    with needs_extra("Training", "training", "torch", "lightning", "pillow"):
        from benchmarks.training.supernet.probe import probe_recipe, train_probe
    recipe = probe_recipe(task, preset, Recipe.from_dict(about["recipe"]))
    if epochs is not None:
        recipe = replace(recipe, epochs=epochs)
    on_device(device, threads)
    with training(f"training a probe of {backbone} on {task}") as shows:
        train_probe(backbone, task, recipe, seed, folder, device=device, progress=shows)
    show_supernet(folder, f"Probe of {backbone} on {task}, seed {seed}", as_json)


def show_supernet(folder: Path, what: str, as_json: bool) -> None:
    """Say what was trained, and how to rank with it."""
    from benchmarks.training.supernet.folder import SupernetFolder

    following = f"Rank architectures with: surrogates supernet rank {folder}"
    show_trained(SupernetFolder(folder), folder, "mean sub-network", what, following, as_json)
