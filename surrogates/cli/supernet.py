"""``surrogates supernet``: train the supernet of a space on a task, and rank architectures with it, or derive one."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchmarks.tasks import TRANSNAS_TASKS
from surrogates.cli import derive
from surrogates.cli.arguments import AsJson
from surrogates.cli.help import examples
from surrogates.cli.output import counted, duration, measurement, print_json, print_table, progress_bar, stderr, working
from surrogates.cli.train import Device, Preset, Threads

if TYPE_CHECKING:
    from surrogates.supernet.estimates import SupernetEstimates

__all__ = ["supernet_app"]

_ROUNDING = 1e-6
"""Relative difference of two losses that are the same, summed in another order."""

supernet_app = typer.Typer(
    help="Shared weights of all architectures of a space: train them once, and rank architectures without labels.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

supernet_app.command(
    short_help="Search an architecture with shared weights inside: EnTranNAS, DARTS, DDPNAS.", epilog=derive.EXAMPLES
)(derive.derive)

NormStatistics = Annotated[
    str,
    typer.Option(help="Batch norm of an architecture: batch (statistics of each batch) or recalibrated (slower)."),
]
Metric = Annotated[
    str, typer.Option(help="Rank by the validation loss, which ranks better, or the primary metric: loss or primary.")
]


@supernet_app.command(
    short_help="Train a supernet, or resume its training.",
    epilog=examples(
        "surrogates supernet train scene --task class_scene",
        "surrogates supernet train scene-1 --task class_scene --sampler fair --seed 1",
        "surrogates supernet train macro --space transnas101-macro --task jigsaw --epochs 2 --json",
    ),
)
def train(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder of the supernet; an interrupted training continues there.")
    ],
    task: Annotated[
        str, typer.Option("--task", "-t", metavar="TASK", help=f"Task: one of {', '.join(TRANSNAS_TASKS)}.")
    ],
    space: Annotated[
        str, typer.Option(help="Space: transnas101-micro, transnas101-macro or nasbench201.")
    ] = "transnas101-micro",
    preset: Preset = "mini",
    sampler: Annotated[
        str, typer.Option(help="Which architectures a step trains: uniform (one), fair (one per operation).")
    ] = "uniform",
    objective: Annotated[str, typer.Option(help="What a step minimises: supervised.")] = "supervised",
    epochs: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Number of epochs. Default: that of the recipe.")
    ] = None,
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="Random seed of weights, architectures, images and augmentation.")
    ] = 0,
    device: Device = "auto",
    threads: Threads = 1,
    as_json: AsJson = False,
) -> None:
    """Train the shared weights of all architectures of a space on a task, on synthetic Rooms images.

    Interrupt it at any time; the same command resumes it after its last epoch with the same result.
    """
    from benchmarks.errors import choice
    from benchmarks.optional import needs_extra
    from benchmarks.spaces.registry import get_space
    from benchmarks.training.supernet.folder import SupernetFolder
    from benchmarks.training.supernet.presets import supernet_recipe

    found = get_space(space)
    recipe = supernet_recipe(choice(task, TRANSNAS_TASKS, "task"), preset)
    if epochs is not None:
        recipe = replace(recipe, epochs=epochs)
    with needs_extra("Training", "training", "torch", "lightning", "pillow"):
        from benchmarks.training.device import device_options, training_process
        from benchmarks.training.supernet.train import train_supernet
    device_options(device)  # before images are rendered
    training_process(threads)
    console = stderr()
    shows = console.is_terminal
    with nullcontext() if shows else working(f"training a supernet of {found.name} on {task}"):
        train_supernet(found, task, recipe, sampler, objective, seed, folder, device=device, progress=shows)
    trained = SupernetFolder(folder)
    metrics = trained.metrics()
    if as_json:
        print_json({**trained.about(), "folder": str(folder), "metrics": metrics})
        return
    _show(metrics)
    seconds = duration(metrics["time_elapsed"][-1])
    typer.echo(f"Supernet of {found.name} on {task}, seed {seed}: {counted(recipe.epochs, 'epoch')} in {seconds}.")
    typer.echo(f"Wrote {folder}. Rank architectures with: surrogates supernet rank {folder}")


@supernet_app.command(
    short_help="Rank architectures with trained supernets.",
    epilog=examples(
        "surrogates supernet rank scene -n 20",
        "surrogates supernet rank scene scene-1 scene-2 --sample 200",
        "surrogates supernet rank scene --arch 64-41414-3_33_333 --arch 64-41414-0_00_100 --json",
    ),
)
def rank(
    folders: Annotated[
        list[Path], typer.Argument(metavar="FOLDER...", help="Folders of supernets of one task; they are averaged.")
    ],
    arch: Annotated[
        list[str] | None,
        typer.Option(metavar="ARCH", help="Architecture to rank; repeatable. Default: all functions of the space."),
    ] = None,
    sample: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Rank a random sample of N functions of the space.")
    ] = None,
    n: Annotated[int, typer.Option("-n", metavar="N", min=1, help="Number of architectures to show.")] = 10,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Random seed of the sample.")] = 0,
    metric: Metric = "loss",
    statistics: NormStatistics = "batch",
    threads: Threads = 1,
    as_json: AsJson = False,
) -> None:
    """Rank architectures by their validation metric with shared weights, best first; no labels are needed.

    Scores are stored in the folders of the supernets, so an interrupted ranking continues where it stopped.
    """
    import numpy as np

    from benchmarks.optional import needs_extra
    from benchmarks.tasks import find_task
    from surrogates.supernet.estimates import SupernetEstimates

    if arch and sample is not None:
        raise typer.BadParameter("expected one of --arch and --sample, got both")
    estimates = SupernetEstimates(list(map(str, folders)), metric=metric, statistics=statistics)  # type: ignore[arg-type]
    if len(estimates.tasks_) > 1:
        raise ValueError(f"expected supernets of one task, got those of {' and '.join(estimates.tasks_)}")
    archs = list(dict.fromkeys(arch)) if arch else _functions(estimates, sample, seed)
    with needs_extra("Scores of a supernet", "training", "torch", "lightning", "pillow"):
        from benchmarks.training.device import training_process
    training_process(threads)
    with progress_bar(console=stderr()) as bar:
        line = bar.add_task("scoring", total=len(archs))
        estimates.progress = lambda done, of: bar.update(line, completed=done, total=of)
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


def _functions(estimates: SupernetEstimates, sample: int | None, seed: int) -> list[str]:
    """The functions of the space, or some of them."""
    import numpy as np

    from benchmarks.training.supernet.layouts import layout_of

    functions = layout_of(estimates.space_).functions
    if sample is None or sample >= len(functions):
        return list(functions)
    return [functions[row] for row in sorted(np.random.default_rng(seed).choice(len(functions), sample, replace=False))]


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
