"""``surrogates supernet derive``: search an architecture with shared weights inside the search."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchmarks.tasks import TRANSNAS_TASKS
from surrogates.cli.arguments import AsJson
from surrogates.cli.help import examples
from surrogates.cli.output import duration, print_json
from surrogates.cli.trainings import Device, Preset, Threads, on_device, training

if TYPE_CHECKING:
    from benchmarks.training.recipe import Recipe
    from surrogates.supernet import DDPNASResult, EnTranResult

__all__ = ["EXAMPLES", "METHODS", "derive"]

EXAMPLES = examples(
    "surrogates supernet derive cell --task class_scene",
    "surrogates supernet derive cell-1 --task class_scene --method darts --seed 1 --json",
    "surrogates supernet derive pruned --task jigsaw --method ddpnas --rounds 2",
)
_GRADIENT, _PRUNING = ("entrannas", "entrannas-base", "darts"), "ddpnas"
METHODS = (*_GRADIENT, _PRUNING)


def derive(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder of the search; an interrupted search continues there.")
    ],
    task: Annotated[
        str, typer.Option("--task", "-t", metavar="TASK", help=f"Task: one of {', '.join(TRANSNAS_TASKS)}.")
    ],
    method: Annotated[
        str,
        typer.Option(
            help="entrannas (EnTranNAS-DST), entrannas-base (without DST), darts: a mixture of operations, trained by "
            "gradient. ddpnas: an architecture an epoch, and fewer operations stage by stage."
        ),
    ] = "entrannas",
    space: Annotated[str, typer.Option(help="Space of cells: transnas101-micro or nasbench201.")] = "transnas101-micro",
    preset: Preset = "mini",
    epochs: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Number of epochs; not of ddpnas, where it follows from the operations. Default: that of the recipe.",
        ),
    ] = None,
    train_images: Annotated[
        int | None,
        typer.Option(metavar="N", min=4, help="Number of training images, of which half are for the architecture."),
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Rounds between two prunings, of ddpnas. Default: 3.")
    ] = None,
    share_features: Annotated[
        bool,
        typer.Option(
            "--share-features",
            help="Compute the same operation leaving a node once, for all later nodes: the derived network is then not "
            "that of the space. Not of ddpnas.",
        ),
    ] = False,
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="Random seed of weights, architectures, images and augmentation.")
    ] = 0,
    device: Device = "auto",
    threads: Threads = 1,
    as_json: AsJson = False,
) -> None:
    """Search one architecture of a space of cells on a task, with shared weights, on synthetic Rooms images.

    Interrupt it at any time; the same command resumes it after its last epoch with the same result.
    """
    from benchmarks.errors import choice
    from benchmarks.optional import needs_extra
    from benchmarks.spaces.registry import get_space
    from benchmarks.training.supernet.presets import supernet_recipe

    choice(method, METHODS, "method")
    _check_options(method, {"--epochs": epochs, "--share-features": share_features or None}, {"--rounds": rounds})
    found = get_space(space)
    recipe = supernet_recipe(choice(task, TRANSNAS_TASKS, "task"), preset)
    changes = {name: value for name, value in (("epochs", epochs), ("n_train", train_images)) if value is not None}
    recipe = replace(recipe, **changes)  # type: ignore[arg-type]
    with needs_extra("A search with shared weights", "training", "torch", "lightning", "pillow"):
        on_device(device, threads)
    options: dict[str, Any] = {"seed": seed, "folder": folder, "device": device}
    if method == _PRUNING:
        options["rounds"] = 3 if rounds is None else rounds
    else:
        options |= {"method": method, "share_features": share_features}
    with training(f"searching {found.name} on {task} with {method}") as shows:
        result = _run(found.name, recipe, {**options, "progress": shows})
    for note in result.notes:
        typer.echo(f"warning: {note}", err=True)
    following = f"surrogates train '{result.simplest}' --task {task} --preset {preset}"
    if as_json:
        print_json({**result.to_json(), "method": method, "folder": str(folder), "next": following})
        return
    _show(result, method)
    typer.echo(f"Wrote {folder}. Train it alone with: {following}")


def _check_options(method: str, of_gradient: dict[str, Any], of_pruning: dict[str, Any]) -> None:
    """Refuse options that the method does not have."""
    wrong = of_gradient if method == _PRUNING else of_pruning
    if given := [name for name, value in wrong.items() if value is not None]:
        instead = "; its number of epochs follows from the operations and --rounds" if given == ["--epochs"] else ""
        raise typer.BadParameter(f"expected no {given[0]} with --method {method}{instead}")


def _run(space: str, recipe: Recipe, options: dict[str, Any]) -> DDPNASResult | EnTranResult:
    import warnings

    from surrogates.supernet import search_ddpnas, search_entrannas

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the notes are printed
        search = search_entrannas if "method" in options else search_ddpnas
        return search(space, recipe.task, recipe, **options)


def _show(result: DDPNASResult | EnTranResult, method: str) -> None:
    """Print what was derived, and how."""
    from surrogates.supernet import EnTranResult

    typer.echo(f"Derived {result.arch} of {result.space} on {result.task}, seed {result.seed}, with {method}.")
    if result.simplest != result.arch:
        typer.echo(f"Simplest form: {result.simplest}")
    if isinstance(result, EnTranResult):
        typer.echo(
            f"Derivation gap: {result.gap:+.4g} (validation loss {result.search_loss:.4g} of the search's network, "
            f"{result.derived_loss:.4g} of the derived one with the same weights)."
        )
    else:
        typer.echo(
            f"{len(result.values)} architectures were trained for an epoch each; the last one reached a "
            f"{result.metric.partition('_')[2]} of {result.values[-1]:.4g} on the other half of the images."
        )
    typer.echo(f"{result.images:,} training images in {duration(result.seconds)}.")
