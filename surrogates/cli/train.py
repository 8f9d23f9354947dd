"""``surrogates train``: train one architecture on one task."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmarks.tasks import TRANSNAS_TASKS
from surrogates.cli.arguments import AsJson
from surrogates.cli.help import examples
from surrogates.cli.out_files import writable
from surrogates.cli.output import counted, print_json, working
from surrogates.cli.trainings import Device, Epochs, Preset, Threads, on_device, show_metrics, training

if TYPE_CHECKING:
    from benchmarks.training.campaign import CampaignImages
    from benchmarks.training.run import Run

__all__ = ["EXAMPLES", "train"]

EXAMPLES = examples(
    "surrogates train 64-41414-3_33_333 --task class_scene --preset mini",
    "surrogates train 64-2311-basic --task jigsaw --epochs 2 --out run.json --json",
    "surrogates train 64-2311-basic --task normal --preset paper --data /data/taskonomy",
    "surrogates train 64-2311-basic --task class_object --preset mini --images photos --train-images 500",
)


def train(
    arch: Annotated[str, typer.Argument(metavar="ARCH", help="Architecture string.")],
    task: Annotated[
        str, typer.Option("--task", "-t", metavar="TASK", help=f"Task: one of {', '.join(TRANSNAS_TASKS)}.")
    ],
    preset: Preset = "quick",
    epochs: Epochs = None,
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="Random seed of initial weights, order of images and augmentation.")
    ] = 666,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Folder of images in Taskonomy's layout. Default: the synthetic Rooms images."
        ),
    ] = None,
    own: Annotated[
        Path | None,
        typer.Option(
            "--images",
            metavar="FOLDER",
            help="Any folder of pictures: for jigsaw and autoencoder, and with one sub-folder per class for the tasks "
            "class_object and class_scene. Sub-folders train and val are the splits; otherwise 20 % of the pictures "
            "are validation images, chosen by the hash of their names.",
        ),
    ] = None,
    train_images: Annotated[
        int | None,
        typer.Option(metavar="N", min=2, help="Number of training images. Default: that of the recipe, or all."),
    ] = None,
    valid_images: Annotated[
        int | None, typer.Option(metavar="N", min=2, help="Number of validation images. Default: likewise.")
    ] = None,
    device: Device = "auto",
    threads: Threads = 1,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", callback=writable, help="JSON file to write with all metrics of every epoch."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train an architecture on one task (backbone and decoder), and show the metrics of the last epoch."""
    from benchmarks.errors import choice
    from benchmarks.files import write_beside
    from benchmarks.optional import needs_extra
    from benchmarks.training.campaign import ROOMS, FolderImages, ImageNeeds, Plan, TaskonomyImages

    if data is not None and own is not None:
        raise ValueError("expected one of --data (Taskonomy's layout) and --images (any folder of pictures), got both")
    images: CampaignImages = ROOMS if data is None else TaskonomyImages(str(data))
    if own is not None:
        choice(task, TRANSNAS_TASKS, "task")  # before the images are read
        images = FolderImages(str(own))
    given = {"epochs": epochs, "n_train": train_images, "n_valid": valid_images}
    changes = {name: value for name, value in given.items() if value is not None}
    with working("reading the images"):
        plan = Plan((arch,), (task,), (seed,), preset, changes, images=images)
    recipe = plan.recipe_for(task)
    about = images.summary(recipe) if isinstance(images, FolderImages) else ""
    if about:
        typer.echo(about, err=True)
    with needs_extra("Training", "training", "torch", "lightning", "pillow"):
        from benchmarks.training.data.images import TASK_DOMAINS
        from benchmarks.training.train import train_architecture
    on_device(device, threads)
    with working("opening the images"):
        sources = images.open(ImageNeeds.from_recipe(recipe), TASK_DOMAINS[task])
    with training(f"training {plan.archs[0]} on {task}") as shows:
        run = train_architecture(plan.archs[0], task, recipe, sources, seed=seed, device=device, progress=shows)
    shown = run.notes
    if about:
        run = replace(run, notes=[about, *run.notes])
    if out is not None:
        with write_beside(out) as beside:
            beside.write_text(json.dumps(run.to_json(), indent=2) + "\n", encoding="utf-8")
    if as_json:
        print_json(run.to_json())
        return
    _show(run)
    for note in shown:
        typer.echo(f"Note: {note}.")
    if out is not None:
        typer.echo(f"Wrote {out}.")


def _show(run: Run) -> None:
    """Print one row per metric and one column per split."""
    from benchmarks.tasks import TIME

    show_metrics("metric", run.metrics)
    params = f"{run.info['model_params']:,.0f} parameters, " if "model_params" in run.info else ""
    effort = f"{params}{counted(run.epochs, 'epoch')} in {(run.metrics.get(TIME) or [0])[-1]:.0f} s"
    typer.echo(f"{run.arch} on {run.task}, seed {run.seed}: {effort}.")
