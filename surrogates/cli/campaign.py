"""``surrogates campaign``: train many architectures from a plan file."""

from __future__ import annotations

import math
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from surrogates.cli.arguments import AsJson
from surrogates.cli.failures import FAILED
from surrogates.cli.help import NamedCommands, examples
from surrogates.cli.launchers import GpusPerWorker, RayAddress, SlurmParameters, launcher_of
from surrogates.cli.out_files import TableOut, writable
from surrogates.cli.output import counted, duration, print_json, print_table, progress_bar, stderr
from surrogates.cli.trainings import Device, Threads

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from benchmarks.training.campaign import Progress

__all__ = ["RetryFailed", "Workers", "campaign_app", "count_of_workers", "failures", "show_progress"]

campaign_app = typer.Typer(
    cls=NamedCommands,
    help="Train many architectures from a plan file; campaigns can be interrupted and resumed.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

PlanFile = Annotated[
    Path,
    typer.Argument(
        metavar="PLAN", exists=True, dir_okay=False, help="Plan file (JSON), as described under 'campaign run --help'."
    ),
]
Folder = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the training records. Default: the path of PLAN without its suffix.", show_default=False
    ),
]
Workers = Annotated[
    str,
    typer.Option(
        "--workers",
        "-w",
        metavar="N|auto",
        help="Number of trainings to run in parallel; auto: one per core, or as many as are fastest on the GPU.",
    ),
]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Run trainings that failed before again.")]

_REASONS = 5


@campaign_app.command(
    short_help="Run all trainings of the plan that are not done yet.",
    epilog=examples(
        "surrogates campaign run plan.json --workers 4",
        "surrogates campaign run plan.json --device cuda --workers 8 --retry-failed",
        "surrogates campaign run plan.json --ray auto --gpus-per-worker 0.25",
        "surrogates campaign run plan.json --slurm partition=gpu --slurm timeout_min=240 --workers 16",
    ),
)
def run(
    plan: PlanFile,
    folder: Folder = None,
    workers: Annotated[
        str | None,
        typer.Option(
            "--workers",
            "-w",
            metavar="N|auto",
            help="Trainings in parallel; auto: one per core, or as many as are fastest on the GPU. Default: 1; with "
            "--ray, auto.",
            show_default=False,
        ),
    ] = None,
    device: Device = "auto",
    threads: Threads = 1,
    retry_failed: RetryFailed = False,
    ray: RayAddress = None,
    gpus_per_worker: GpusPerWorker = None,
    slurm: SlurmParameters = None,
    checkpoints: Annotated[
        bool, typer.Option(help="Save a checkpoint after every epoch, from which an interrupted training resumes.")
    ] = False,
    minutes: Annotated[
        float | None,
        typer.Option(help="End after so many minutes; what is in progress is lost.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run every training of a plan that has no record yet. It can be interrupted at any time; run it again to resume.

    PLAN: {"architectures": ["64-2311-basic", {"space": "transnas101-micro", "sample": 32, "distinct": true}]}, and
    optionally "tasks" (default: all seven), "seeds" (default: [666]), "preset" (default: "quick"), "recipe" (overrides
    for all tasks, such as {"epochs": 3}), "recipe_of" (overrides per task, such as {"jigsaw": {"epochs": 2}}) and
    "images" ({"rooms": {"seed": 0}}, {"taskonomy": "folder"}, or {"folder": "photos"} for any folder of pictures).

    'surrogates design SPACE --plan PLAN' writes a plan of the architectures to train first, the most informative first.

    Architectures, tasks and seeds may be added later; the recipe and images of a folder are fixed. Several processes,
    also on several machines that share the folder, can work on one plan. A training that fails (non-finite loss, out of
    memory) is recorded with its reason and only repeated with --retry-failed; the exit code is 1 while any training of
    the plan has failed.

    With --ray or --slurm the workers are started on other machines, which share the folder: docs/many_machines.md.
    """
    from benchmarks.training.campaign import FolderImages, ImageTrainer, campaign_status, load_plan, run_campaign

    whole, place = load_plan(plan), _folder(plan, folder)
    trainer = ImageTrainer(device, threads, checkpoints)
    count = count_of_workers(workers or ("1" if ray is None else "auto"))
    elsewhere = launcher_of(ray, gpus_per_worker, slurm or [], place, device, threads)
    limit = math.inf if minutes is None else 60 * minutes
    if not limit > 0:
        raise typer.BadParameter(f"expected a positive number, got {minutes:g}", param_hint="--minutes")
    if isinstance(whole.images, FolderImages):
        for about in dict.fromkeys(whole.images.summary(whole.recipe_for(task)) for task in whole.tasks):
            typer.echo(about, err=True)
    with closing(run_campaign(whole, place, trainer, count, retry_failed, limit, elsewhere)) as steps:
        show_progress(steps)
    status = campaign_status(whole, place)
    if as_json:
        print_json(status.reset_index().to_dict(orient="records"))
    counts = status.loc["all"]
    if not as_json:
        others = f", {counts['running']:,} in other processes" if counts["running"] else ""
        typer.echo(f"{place}: {counts['done']:,} done, {counts['failed']:,} failed{others}.")
    if counts["failed"]:
        for line in failures(status):
            typer.echo(line, err=True)
        raise typer.Exit(FAILED)


@campaign_app.command(short_help="Show the progress.", epilog=examples("surrogates campaign status plan.json"))
def status(plan: PlanFile, folder: Folder = None, as_json: AsJson = False) -> None:
    """Show the number of trainings done, failed, running and left per task, times, and the reasons of failures."""
    from benchmarks.training.campaign import campaign_status, load_plan

    found = campaign_status(load_plan(plan), _folder(plan, folder))
    if as_json:
        print_json(found.reset_index().to_dict(orient="records"))
        return
    _show(found)
    for line in failures(found):
        typer.echo(line)


@campaign_app.command(
    short_help="Write the results as a table.",
    epilog=examples(
        "surrogates campaign table plan.json --out results.parquet",
        "surrogates campaign table plan.json --out results.pth --seed 666",
    ),
)
def table(
    plan: PlanFile,
    out: TableOut,
    folder: Folder = None,
    seed: Annotated[
        int | None, typer.Option(help="Use only the trainings with this seed. Default: the mean over all seeds.")
    ] = None,
) -> None:
    """Write the results of the finished trainings as a table.

    Parquet and CSV hold the last epoch of every metric, Parquet also the provenance; .pth holds every epoch in the
    published layout.
    """
    from benchmarks.formats import save_table, table_suffix
    from benchmarks.training.campaign import campaign_table, load_plan

    table_suffix(out)
    made = campaign_table(load_plan(plan), _folder(plan, folder), seed)
    save_table(made, out)
    missing = int(made.describe()["missing"].sum())
    gaps = f", {counted(missing, 'value')} missing" if missing else ""
    typer.echo(f"Wrote {out}: {counted(len(made), 'architecture')}, {counted(len(made.tasks), 'task')}{gaps}.")


@campaign_app.command(
    short_help="All records in one file.", epilog=examples("surrogates campaign pack plan.json --out records.jsonl.gz")
)
def pack(
    plan: PlanFile,
    out: Annotated[
        Path, typer.Option("--out", "-o", callback=writable, help="File to write, usually ending in .jsonl.gz.")
    ],
    folder: Folder = None,
) -> None:
    """Write the records of a campaign to one file, to keep them or to carry them to another machine."""
    from benchmarks.training.campaign import load_plan, pack_records

    count = pack_records(load_plan(plan), _folder(plan, folder), out)
    typer.echo(f"Wrote {out}: {counted(count, 'record')}.")


@campaign_app.command(
    short_help="Records from a file.", epilog=examples("surrogates campaign unpack plan.json records.jsonl.gz")
)
def unpack(
    plan: PlanFile,
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="Written by 'pack'.")],
    folder: Folder = None,
) -> None:
    """Add the records of a file to a campaign's folder, so that 'run' goes on from there."""
    from benchmarks.training.campaign import load_plan, unpack_records

    place = _folder(plan, folder)
    count = unpack_records(load_plan(plan), file, place)
    typer.echo(f"{place}: {counted(count, 'new record')}.")


def count_of_workers(value: str) -> int | Literal["auto"]:
    """The value of ``--workers``.

    Raises:
        typer.BadParameter: If it is neither a number from 1 nor "auto".

    Example:
        >>> count_of_workers("4"), count_of_workers("auto")
        (4, 'auto')
    """
    if value == "auto":
        return "auto"
    if not value.isdigit() or int(value) < 1:
        raise typer.BadParameter(f"expected a number from 1, or auto, got {value!r}", param_hint="--workers")
    return int(value)


def show_progress(steps: Iterable[Progress]) -> None:
    """Show a progress bar with the time left (on a terminal), a line per failure, and a summary on interruption."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[left]}"))
    console, far = stderr(), ""
    try:
        with progress_bar(*columns, console=console) as progress:
            bar = progress.add_task("training", total=None, left="")
            for step in steps:
                far = f"{step.finished:,} of {counted(step.total, 'training')} finished"
                left = "" if step.seconds_left is None else f"{duration(step.seconds_left)} left"
                progress.update(bar, total=step.total, completed=step.finished, left=left)
                if step.trial is None:
                    progress.update(bar, before=step.finished)
                else:
                    progress.update(bar, description=str(step.trial))
                if step.record is not None and step.record.failure is not None:
                    console.print(f"failed: {step.trial}: {step.record.failure}", markup=False, soft_wrap=True)
    except KeyboardInterrupt:
        if far:
            typer.echo(f"{far}; run the same command again to resume", err=True)
        raise


def failures(status: pd.DataFrame) -> list[str]:
    """Message lines with the reasons of failed trainings and how to repeat them; empty if none failed.

    Args:
        status: The result of `campaign_status`.

    Example:
        >>> import pandas as pd
        >>> failures(pd.DataFrame({"reasons": {"all": {"out of memory": 2}}}))
        ['2 trainings failed: out of memory', 'use --retry-failed to run them again']
    """
    reasons: dict[str, int] = status["reasons"].to_dict()["all"]
    lines = [f"{counted(count, 'training')} failed: {reason}" for reason, count in reasons.items()]
    more = [f"and {counted(len(lines) - _REASONS, 'other reason')}"] if len(lines) > _REASONS else []
    return [*lines[:_REASONS], *more, "use --retry-failed to run them again"] if lines else []


def _show(found: pd.DataFrame) -> None:
    counts = ["done", "failed", "unusable", "running", "left"]
    rows = [
        [
            str(row["task"]),
            *(f"{row[name]:,}" for name in counts),
            duration(row["seconds"]),
            duration(row["seconds_left"] / max(row["running"], 1)),
        ]
        for row in found.reset_index().to_dict(orient="records")
    ]
    print_table(["task", *counts, "per training", "time left"], rows)


def _folder(plan: Path, folder: Path | None) -> Path:
    return plan.with_suffix("") if folder is None else folder
