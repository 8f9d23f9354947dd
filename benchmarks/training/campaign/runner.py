"""Runner of a campaign: distributes missing trainings to worker processes and reports progress."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.training.campaign.plan import Plan, Trial
from benchmarks.training.campaign.pool import CampaignError, WorkerPool
from benchmarks.training.campaign.records import Record, check_settings, keep_settings, read_records
from benchmarks.training.campaign.status import TimeLeft
from benchmarks.training.campaign.trainer import ImageTrainer, Trainer
from benchmarks.training.campaign.worker import Job, Outcome, Report

__all__ = ["Progress", "run_campaign"]

_GIVE_UP = 10


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
    workers: int = 1,
    retry_failed: bool = False,
) -> Generator[Progress, None, None]:
    """Run every training of a plan that has no record in the folder.

    The campaign runs while the iterator is consumed; closing the iterator stops it and discards the trainings in
    progress. Trainings in progress in another process on the same folder are skipped.

    Args:
        plan: The trainings.
        folder: Folder of the records; created if needed, resumed if it has records.
        trainer: Runs a training; `ImageTrainer` by default.
        workers: Number of worker processes.
        retry_failed: Whether to repeat trainings that failed before.

    Yields:
        One at the beginning, then one after every training.

    Raises:
        ArtefactError: If the folder was created with another recipe or other images; names what changed.
        CampaignError: If worker processes do not start, or 10 trainings in a row fail.
        OSError: If records cannot be written (a full disk); earlier records are intact.
        ValueError: If `workers` is less than 1, or the trainer's device does not exist.
    """
    if workers < 1:
        raise ValueError(f"expected at least 1 worker, got {workers}")
    folder, trainer = Path(folder), ImageTrainer() if trainer is None else trainer
    folder.mkdir(parents=True, exist_ok=True)
    check_settings(folder, plan)
    known, _ = read_records(folder, plan)
    jobs = deque(_jobs(plan, known, retry_failed))
    total, finished = len(plan.trials()), len(plan.trials()) - len(jobs)
    yield Progress(total, finished)
    if not jobs:
        return
    trainer.prepare(plan)
    keep_settings(folder, plan)  # only now: a campaign that cannot start leaves no settings behind
    left = TimeLeft(record for record in known.values() if record.failure is None)
    failures = 0
    pool = WorkerPool(plan, folder, trainer, min(workers, len(jobs)))
    try:
        for job, report in _reports(pool, jobs):
            if report.error is not None:
                raise OSError(*report.error)
            failures = failures + 1 if report.outcome is Outcome.FAILED else 0
            if report.record is not None:
                finished += 1
                left.add(report.record)
            ahead = [pending.trial for pending in (*jobs, *pool.busy())]
            yield Progress(total, finished, job.trial, report.outcome, report.record, left.seconds(ahead, pool.size))
            if failures == _GIVE_UP and report.record is not None:
                raise CampaignError(
                    f"{_GIVE_UP} trainings in a row failed, the last one with: {report.record.failure}; they are "
                    "recorded and only repeated with --retry-failed"
                )
    finally:
        pool.end()


def _jobs(plan: Plan, known: dict[Trial, Record], retry_failed: bool) -> Iterator[Job]:
    for trial in plan.trials():
        record = known.get(trial)
        if record is None:
            yield Job(trial)
        elif record.failure is not None and retry_failed:
            yield Job(trial, replaces=record.started)


def _reports(pool: WorkerPool, jobs: deque[Job]) -> Iterator[tuple[Job, Report]]:
    """Reports of all jobs; jobs taken by other processes are tried once more at the end."""
    taken: deque[Job] = deque()
    for job, report in pool.reports(jobs):
        if report.outcome is Outcome.TAKEN:
            taken.append(job)
        else:
            yield job, report
    yield from pool.reports(taken)
