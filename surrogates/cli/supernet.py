"""``surrogates supernet``: train a supernet on a task or without labels, probe it, rank with it, derive from it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.tasks import TRANSNAS_TASKS
from surrogates.cli import derive, front
from surrogates.cli.arguments import AsJson
from surrogates.cli.estimating import (
    Folders,
    Metric,
    NormStatistics,
    Sample,
    SampleSeed,
    asked_archs,
    estimates_of,
    scoring,
)
from surrogates.cli.help import NamedCommands, examples
from surrogates.cli.output import counted, measurement, print_json, print_table
from surrogates.cli.probe import probe, show_supernet
from surrogates.cli.trainings import Device, Epochs, Preset, Threads, on_device, training

__all__ = ["supernet_app"]

_ROUNDING = 1e-6
"""Relative difference of two losses that are the same, summed in another order."""

supernet_app = typer.Typer(
    cls=NamedCommands,
    help="Shared weights of all architectures of a space: train them once, and rank architectures without labels.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

supernet_app.command(
    short_help="Train a decoder of a task on a supernet's frozen weights.",
    epilog=examples(
        "surrogates supernet probe unlabelled scene-probe --task class_scene",
        "surrogates supernet rank scene-probe -n 20",
    ),
)(probe)

supernet_app.command(
    short_help="Search an architecture with shared weights inside: EnTranNAS, DARTS, DDPNAS.", epilog=derive.EXAMPLES
)(derive.derive)


@supernet_app.command(
    short_help="Train a supernet, or resume its training.",
    epilog=examples(
        "surrogates supernet train scene --task class_scene",
        "surrogates supernet train scene-1 --task class_scene --sampler fair --seed 1",
        "surrogates supernet train macro --space transnas101-macro --task jigsaw --epochs 2 --json",
        "surrogates supernet train unlabelled --task contrast",
        "surrogates supernet train wide --space transnas101-macro --task class_scene --sharing sliced "
        "--sampler best_up --objective distillation",
    ),
)
def train(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder of the supernet; an interrupted training continues there.")
    ],
    task: Annotated[
        str,
        typer.Option(
            "--task",
            "-t",
            metavar="TASK",
            help=f"Task: one of {', '.join(TRANSNAS_TASKS)}; or contrast, without labels.",
        ),
    ],
    space: Annotated[
        str, typer.Option(help="Space: transnas101-micro, transnas101-macro or nasbench201.")
    ] = "transnas101-micro",
    preset: Preset = "mini",
    sampler: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Which architectures a step trains: uniform (one), fair (one per operation), sandwich (largest, two "
            "random ones, smallest), best_up or worst_up (sandwich, with the best or worst of three of a random cost), "
            "disjoint (two without a common operation). Default: uniform; disjoint for the task contrast.",
        ),
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What a step minimises: supervised (the loss on the labels), distillation (the largest learns from "
            "the labels, the others from it), distillation_mean (the random ones learn from the labels, the largest "
            "and the smallest from them), or contrast for the task contrast. Distillation needs a sandwich, and not "
            "room_layout. Default: supervised.",
        ),
    ] = None,
    sharing: Annotated[
        str,
        typer.Option(
            help="Which weights architectures share: separate (a module of its own for each width) or sliced (macro "
            "space: narrow modules are the leading channels of wide ones)."
        ),
    ] = "separate",
    epochs: Epochs = None,
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="Random seed of weights, architectures, images and augmentation.")
    ] = 0,
    device: Device = "auto",
    threads: Threads = 1,
    as_json: AsJson = False,
) -> None:
    """Train the shared weights of all architectures of a space on a task, on synthetic Rooms images.

    The task contrast has no labels (Pi-NAS): one such supernet serves all tasks, by "supernet probe".

    Interrupt it at any time; the same command resumes it after its last epoch with the same result.
    """
    from benchmarks.errors import choice
    from benchmarks.optional import needs_extra
    from benchmarks.spaces.registry import get_space
    from benchmarks.training.recipe import CONTRAST
    from benchmarks.training.supernet.presets import supernet_recipe, with_epochs
    from surrogates.supernet.samplers import supernet_sampler

    found = get_space(space)
    recipe = supernet_recipe(choice(task, (*TRANSNAS_TASKS, CONTRAST), "task"), preset)
    if epochs is not None:
        recipe = with_epochs(recipe, epochs)
    with needs_extra("Training", "training", "torch", "lightning", "pillow"):
        from benchmarks.training.supernet.train import train_supernet
    on_device(device, threads)
    with training(f"training a supernet of {found.name} on {task}") as shows:
        train_supernet(
            found,
            task,
            recipe,
            None if sampler is None else supernet_sampler(sampler, found),
            objective,
            seed,
            folder,
            sharing=sharing,
            device=device,
            progress=shows,
        )
    show_supernet(folder, f"Supernet of {found.name} on {task}, seed {seed}", as_json)


@supernet_app.command(
    short_help="Rank architectures with trained supernets.",
    epilog=examples(
        "surrogates supernet rank scene -n 20",
        "surrogates supernet rank scene scene-1 scene-2 --sample 200",
        "surrogates supernet rank scene --arch 64-41414-3_33_333 --arch 64-41414-0_00_100 --json",
    ),
)
def rank(
    folders: Folders,
    arch: Annotated[
        list[str] | None,
        typer.Option(metavar="ARCH", help="Architecture to rank; repeatable. Default: all functions of the space."),
    ] = None,
    sample: Sample = None,
    n: Annotated[int, typer.Option("-n", metavar="N", min=1, help="Number of architectures to show.")] = 10,
    seed: SampleSeed = 0,
    metric: Metric = "loss",
    statistics: NormStatistics = "batch",
    threads: Threads = 1,
    as_json: AsJson = False,
) -> None:
    """Rank architectures by their validation metric with shared weights, best first; no labels are needed.

    Scores are stored in the folders of the supernets, so an interrupted ranking continues where it stopped.
    """
    import numpy as np

    from benchmarks.tasks import find_task

    estimates = estimates_of(folders, metric, statistics)
    archs = asked_archs(estimates, arch, sample, seed)
    with scoring(estimates, len(archs), threads):
        mean, std = estimates.predict(archs, return_std=True)
        constant = float(estimates.constant()[0])
    (name,) = estimates.tasks_
    task = find_task(name)
    median = float(np.median(mean[:, 0]))
    gain = median - constant if task.metric.higher_is_better else constant - median
    if gain <= _ROUNDING * abs(constant):
        typer.echo(
            f"warning: the median architecture ({median:.4g}) is not better than the best answer that is the same for "
            f"all images ({constant:.4g}): the supernet has learnt little, and its ranks mean little",
            err=True,
        )
    order = (-mean[:, 0] if task.metric.higher_is_better else mean[:, 0]).argsort(kind="stable")[:n]
    rows = [{"arch": archs[row], "value": float(mean[row, 0]), "std": float(std[row, 0])} for row in order]
    if as_json:
        print_json({"task": name, "of": len(archs), "unit": task.metric.unit, "constant": constant, "ranking": rows})
        return
    shown = [(row["arch"], *measurement(row["value"], row["std"] or float("nan"), task.metric.unit)) for row in rows]
    print_table(["rank", "arch", name, "± std"], [[str(place), *row] for place, row in enumerate(shown, 1)], left=2)
    typer.echo(f"The best answer that is the same for all images has {constant:.4g}.")
    typer.echo(f"{len(rows):,} of {counted(len(archs), 'architecture')}, with {counted(len(folders), 'supernet')}.")


supernet_app.command(
    short_help="Pareto front of estimates against a cost.",
    epilog=front.EXAMPLES,
)(front.front)
