"""``surrogates campaign``: many trainings by a plan."""

from __future__ import annotations

import math
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from surrogates.cli.arguments import AsJson
from surrogates.cli.failures import FAILED
from surrogates.cli.help import examples
from surrogates.cli.output import counted, duration, print_json, print_table, stderr
from surrogates.cli.train import Device, Threads

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from benchmarks.training.campaign import Progress

__all__ = ["RetryFailed", "Workers", "campaign_app", "count_of_workers", "failures", "show_progress"]

campaign_app = typer.Typer(
    help="Train many architectures by a plan, in any number of pieces.", no_args_is_help=True, rich_markup_mode=None
)

PlanFile = Annotated[Path, typer.Argument(metavar="PLAN", exists=True, dir_okay=False, help="JSON, see 'run --help'.")]
Folder = Annotated[
    Path | None, typer.Option(help="Where records are kept; by default PLAN without its ending.", show_default=False)
]
Workers = Annotated[
    str,
    typer.Option("--workers", "-w", metavar="N|auto", help="Trainings at the same time; auto: as many as are fastest."),
]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Do those again that failed before.")]

_REASONS = 5


@campaign_app.command(
    short_help="Do what is missing.",
    epilog=examples(
        "surrogates campaign run plan.json --workers 4",
        "surrogates campaign run plan.json --device cuda --workers 8 --retry-failed",
    ),
)
def run(
    plan: PlanFile,
    folder: Folder = None,
    workers: Workers = "1",
    device: Device = "auto",
    threads: Threads = 1,
    retry_failed: RetryFailed = False,
    checkpoints: Annotated[
        bool, typer.Option(help="Keep the state after every epoch, so that an interrupted training goes on from there.")
    ] = False,
    minutes: Annotated[
        float | None,
        typer.Option(help="End after so many minutes; what is in progress is lost.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Do every training of a plan that has no record yet; stop it at any moment and start it again.

    PLAN: {"architectures": ["64-2311-basic", {"space": "transnas101-micro", "sample": 32, "distinct": true}]}, and if
    wanted "tasks" (all seven), "seeds" ([666]), "preset" ("quick"), "recipe" ({"epochs": 3}, for all tasks),
    "recipe_of" ({"jigsaw": {"epochs": 2}}) and "images" ({"rooms": {"seed": 0}} or {"taskonomy": "folder"}).

    Architectures, tasks and seeds may be added later; recipe and images of a folder stay. Several processes, on several
    machines that share the folder, may work on one plan. What fails (a loss that is not finite, too little memory) is
    recorded with its reason, and done again with --retry-failed only; as long as something has failed, the exit code is
    1.
    """
    from benchmarks.training.campaign import ImageTrainer, campaign_status, load_plan, run_campaign

    whole, place = load_plan(plan), _folder(plan, folder)
    trainer = ImageTrainer(device, threads, checkpoints)
    limit = math.inf if minutes is None else 60 * minutes
    if not limit > 0:
        raise typer.BadParameter(f"expected a positive number, got {minutes:g}", param_hint="--minutes")
    with closing(run_campaign(whole, place, trainer, count_of_workers(workers), retry_failed, limit)) as steps:
        show_progress(steps)
    status = campaign_status(whole, place)
    if as_json:
        print_json(status.reset_index().to_dict(orient="records"))
    counts = status.loc["all"]
    if not as_json:
        elsewhere = f", {counts['running']:,} in other processes" if counts["running"] else ""
        typer.echo(f"{place}: {counts['done']:,} done, {counts['failed']:,} failed{elsewhere}.")
    if counts["failed"]:
        for line in failures(status):
            typer.echo(line, err=True)
        raise typer.Exit(FAILED)


@campaign_app.command(short_help="How far it is.", epilog=examples("surrogates campaign status plan.json"))
def status(plan: PlanFile, folder: Folder = None, as_json: AsJson = False) -> None:
    """Show for every task what is done, failed, running and left, and for how long; and why trainings failed."""
    from benchmarks.training.campaign import campaign_status, load_plan

    found = campaign_status(load_plan(plan), _folder(plan, folder))
    if as_json:
        print_json(found.reset_index().to_dict(orient="records"))
        return
    _show(found)
    for line in failures(found):
        typer.echo(line)


@campaign_app.command(
    short_help="A table of what is done.",
    epilog=examples(
        "surrogates campaign table plan.json results.parquet",
        "surrogates campaign table plan.json results.pth --seed 666",
    ),
)
def table(
    plan: PlanFile,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="File to write, ending in .parquet, .csv or .pth.")],
    folder: Folder = None,
    seed: Annotated[int | None, typer.Option(help="Only this seed; else the mean over the seeds.")] = None,
) -> None:
    """Write the trainings that are done as a table.

    parquet and csv hold the last epoch of every metric, parquet also where it comes from; .pth holds every epoch in the
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
    short_help="All records in one file.", epilog=examples("surrogates campaign pack plan.json records.jsonl.gz")
)
def pack(
    plan: PlanFile,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="File to write, usually ending in .jsonl.gz.")],
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
    """A bar with the time left on a terminal; failures as lines; how far it came when it is interrupted."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[left]}"))
    console, far = stderr(), ""
    try:
        with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            bar = progress.add_task("starting", total=None, left="")
            for step in steps:
                far = f"{step.finished:,} of {counted(step.total, 'training')} finished"
                left = "" if step.seconds_left is None else f"{duration(step.seconds_left)} left"
                progress.update(bar, total=step.total, completed=step.finished, left=left)
                if step.trial is not None:
                    progress.update(bar, description=str(step.trial))
                if step.record is not None and step.record.failure is not None:
                    console.print(f"failed: {step.trial}: {step.record.failure}", markup=False, soft_wrap=True)
    except KeyboardInterrupt:
        if far:
            typer.echo(f"{far}; the same command goes on with the rest", err=True)
        raise


def failures(status: pd.DataFrame) -> list[str]:
    """Lines that say why trainings failed and what to do; none if none failed.

    Args:
        status: As `campaign_status` gives it.

    Example:
        >>> import pandas as pd
        >>> failures(pd.DataFrame({"reasons": {"all": {"out of memory": 2}}}))
        ['2 trainings failed: out of memory', '--retry-failed tries them again']
    """
    reasons: dict[str, int] = status["reasons"].to_dict()["all"]
    lines = [f"{counted(count, 'training')} failed: {reason}" for reason, count in reasons.items()]
    more = [f"and {counted(len(lines) - _REASONS, 'other reason')}"] if len(lines) > _REASONS else []
    return [*lines[:_REASONS], *more, "--retry-failed tries them again"] if lines else []


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
    print_table(["task", *counts, "a training", "time left"], rows)


def _folder(plan: Path, folder: Path | None) -> Path:
    return plan.with_suffix("") if folder is None else folder
