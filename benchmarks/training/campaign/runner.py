"""Runner of a campaign: distributes missing trainings to worker processes and reports progress."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from joblib import effective_n_jobs

from benchmarks.training.campaign.plan import Plan, Trial
from benchmarks.training.campaign.pool import GIVE_UP as _GIVE_UP
from benchmarks.training.campaign.pool import CampaignError, WorkerPool
from benchmarks.training.campaign.records import Record, check_settings, keep_settings, read_records
from benchmarks.training.campaign.sizing import Sizing
from benchmarks.training.campaign.status import TimeLeft
from benchmarks.training.campaign.trainer import ImageTrainer, Trainer
from benchmarks.training.campaign.worker import Job, Outcome, Report
from benchmarks.training.device import torch_device

if TYPE_CHECKING:
    from benchmarks.training.campaign.launchers.base import Launcher

__all__ = ["Progress", "run_campaign"]

_MOST_ON_A_GPU = 32


@dataclass(frozen=True)
class Progress:
    """Progress of a campaign after a training.

    Attributes:
        total: Number of trainings in the plan.
        finished: Number of trainings with a record, done or failed.
        trial: The last training; None at the beginning.
        outcome: Outcome of `trial`.
        record: Record of `trial`.
        seconds_left: Expected remaining seconds; None before the first training is done.
    """

    total: int
    finished: int
    trial: Trial | None = None
    outcome: Outcome | None = None
    record: Record | None = None
    seconds_left: float | None = None


def run_campaign(
    plan: Plan,
    folder: str | Path,
    trainer: Trainer | None = None,
    workers: int | Literal["auto"] = 1,
    retry_failed: bool = False,
    max_seconds: float = math.inf,
    launcher: Launcher | None = None,
) -> Generator[Progress, None, None]:
    """Run every training of a plan that has no record in the folder.

    The campaign runs while the iterator is consumed; closing the iterator stops it and discards the trainings in
    progress. Trainings in progress in another process on the same folder are skipped.

    Args:
        plan: The trainings.
        folder: Folder of the records; created if needed, resumed if it has records.
        trainer: Runs a training; `ImageTrainer` by default.
        workers: Number of worker processes; ``"auto"`` uses one per core on a CPU, and on a GPU the number measured
            to be fastest (`Sizing`).
        retry_failed: Whether to repeat trainings that failed before.
        max_seconds: Stop after this time; trainings in progress are discarded, as after any interruption.
        launcher: Starts the workers on other machines, which share the folder (`RayLauncher`, `SlurmLauncher`); on this
            machine if not given. Then ``"auto"`` is as many workers as there is room for.

    Yields:
        One at the beginning, then one after every training.

    Raises:
        ArtefactError: If the folder was created with another recipe or other images; names what changed.
        CampaignError: If worker processes do not start, or 10 trainings in a row fail.
        OSError: If records cannot be written (a full disk); earlier records are intact.
        ValueError: If `workers` is less than 1, `max_seconds` is not positive, or the trainer's device does not exist.
    """
    if workers != "auto" and workers < 1:
        raise ValueError(f"expected at least 1 worker, or 'auto', got {workers}")
    if not max_seconds > 0:
        raise ValueError(f"expected a positive number of seconds as max_seconds, got {max_seconds}")
    until = time.monotonic() + max_seconds
    folder, trainer = Path(folder), ImageTrainer() if trainer is None else trainer
    folder.mkdir(parents=True, exist_ok=True)
    check_settings(folder, plan)
    known, _ = read_records(folder, plan)
    jobs = deque(_jobs(plan, known, retry_failed))
    total, finished = len(plan.trials()), len(plan.trials()) - len(jobs)
    yield Progress(total, finished)
    if not jobs:
        return
    if launcher is not None:
        keep_settings(folder, plan)
        yield from _elsewhere(launcher, plan, folder, trainer, list(jobs), workers, known, until)
        return
    trainer = trainer.prepare(plan)
    keep_settings(folder, plan)  # only now: a campaign that cannot start leaves no settings behind
    left = TimeLeft(record for record in known.values() if record.failure is None)
    failures = 0
    sizing = _sizing(trainer, workers, len(jobs))
    pool = WorkerPool(plan, folder, trainer, sizing.size)
    try:
        for job, report in _reports(pool, jobs, until):
            if report.error is not None:
                raise OSError(*report.error)
            failures = failures + 1 if report.outcome is Outcome.FAILED else 0
            if report.record is not None:
                finished += 1
                left.add(report.record)
                _tell(sizing, plan, report.record)
                pool.size = min(sizing.size, max(len(jobs) + len(pool.busy()), 1))
            ahead = [pending.trial for pending in (*jobs, *pool.busy())]
            yield Progress(total, finished, job.trial, report.outcome, report.record, left.seconds(ahead, pool.size))
            if failures == _GIVE_UP and report.record is not None:
                raise CampaignError(
                    f"{_GIVE_UP} trainings in a row failed, the last one with: {report.record.failure}; they are "
                    "recorded and only repeated with --retry-failed"
                )
    finally:
        pool.end()


def _elsewhere(
    launcher: Launcher,
    plan: Plan,
    folder: Path,
    trainer: Trainer,
    jobs: list[Job],
    workers: int | Literal["auto"],
    known: dict[Trial, Record],
    until: float,
) -> Iterator[Progress]:
    """Progress of workers on other machines."""
    from benchmarks.training.campaign.launchers.watch import watch_workers

    count = min(launcher.room() if workers == "auto" else workers, len(jobs))
    left = TimeLeft(record for record in known.values() if record.failure is None)
    total, ahead = len(plan.trials()), {job.trial: None for job in jobs}
    for record in watch_workers(launcher, plan, folder, trainer, jobs, count, until):
        del ahead[record.trial]
        left.add(record)
        outcome = Outcome.DONE if record.failure is None else Outcome.FAILED
        yield Progress(total, total - len(ahead), record.trial, outcome, record, left.seconds(list(ahead), count))


def _sizing(trainer: Trainer, workers: int | Literal["auto"], jobs: int) -> Sizing:
    """Number of workers, now and later."""
    if workers != "auto":
        return Sizing.fixed(min(workers, jobs))
    device, threads = getattr(trainer, "device", "cpu"), getattr(trainer, "threads", 1)
    name = torch_device(device)
    if name == "cpu":
        return Sizing.fixed(min(max(effective_n_jobs(-1) // threads, 1), jobs))
    import torch

    return Sizing(min(_MOST_ON_A_GPU, jobs), lambda: float(torch.cuda.mem_get_info(name)[0]), time.monotonic)


def _tell(sizing: Sizing, plan: Plan, record: Record) -> None:
    """Update the sizing of the pool with the result of a training."""
    if any("out of memory" in text for text in (record.failure or "", *record.notes)):
        sizing.out_of_memory()
    elif record.failure is None:
        sizing.report((plan.recipe_for(record.trial.task).n_train or 1) * record.epochs)


def _jobs(plan: Plan, known: dict[Trial, Record], retry_failed: bool) -> Iterator[Job]:
    for trial in plan.trials():
        record = known.get(trial)
        if record is None:
            yield Job(trial)
        elif record.failure is not None and retry_failed:
            yield Job(trial, replaces=record.started)


def _reports(pool: WorkerPool, jobs: deque[Job], until: float) -> Iterator[tuple[Job, Report]]:
    """Reports of all jobs; jobs taken by other processes are tried once more at the end."""
    taken: deque[Job] = deque()
    for job, report in pool.reports(jobs, until):
        if report.outcome is Outcome.TAKEN:
            taken.append(job)
        else:
            yield job, report
    yield from pool.reports(taken, until)
