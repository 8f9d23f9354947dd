"""Campaigns on several machines: starts workers through a launcher, and watches the records that appear."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from pathlib import Path

from benchmarks.errors import ArtefactError
from benchmarks.file_locks import is_locked
from benchmarks.training.campaign.launchers.base import Launcher, WorkerEnd
from benchmarks.training.campaign.launchers.remote_worker import WorkOrder
from benchmarks.training.campaign.plan import Plan, Trial, fingerprint
from benchmarks.training.campaign.pool import CampaignError
from benchmarks.training.campaign.records import Record, lock_path, read_record, record_path
from benchmarks.training.campaign.trainer import Trainer
from benchmarks.training.campaign.worker import Job
from benchmarks.user_warnings import warn_user

__all__ = ["watch_workers"]

_PAUSE = 1.0
_END = 10.0
"""Seconds in which workers may end by themselves when all is done."""
_ROUNDS = 3
"""Times that workers are started again for trainings that are left, without a new record in between."""
_LOOKS = 3
"""Times that records are looked for, a pause apart, when all workers have ended, before others are started."""
_LOSSES = 3
"""Workers that may be lost for each one that was asked for, without a new record in between."""


def watch_workers(
    launcher: Launcher, plan: Plan, folder: Path, trainer: Trainer, jobs: list[Job], count: int, until: float
) -> Generator[Record, None, None]:
    """Have workers run jobs, and yield each new record.

    Workers that are lost are replaced. If all have ended and trainings are left, such as those of a lost machine, new
    workers are started for them.

    Args:
        launcher: Starts the workers.
        plan: The campaign.
        folder: Its folder.
        trainer: Runs the trainings, on the machines of the workers.
        jobs: The trainings to run.
        count: Number of workers.
        until: Time of `time.monotonic` at which to stop.

    Raises:
        CampaignError: If workers give up, are refused, or are lost again and again.
        OSError: If a worker cannot write.
    """
    open_ = {job.trial: job for job in jobs}
    losses, rounds, asked = 0, 0, count
    refused: list[WorkerEnd] = []  # of those that were asked for last
    try:
        launcher.start(_order(plan, folder, trainer, open_), count)
        while open_ and time.monotonic() < until:
            ends, over = launcher.ended(), not launcher.running()
            found = list(_new_records(folder, plan, open_)) or (_late_records(folder, plan, open_) if over else [])
            for record in found:
                del open_[record.trial]
                yield record
            lost = _lost(ends)
            refused += [end for end in ends if end.kind == "refused"]
            losses, rounds = (lost, 0) if found else (losses + lost, rounds)
            if losses > _LOSSES * count:
                raise CampaignError(f"{losses} workers in a row were lost, the last one: {_said(ends)}")
            if lost and open_ and not over:
                asked += lost
                launcher.start(_order(plan, folder, trainer, open_), lost)
            elif open_ and over:
                if all(is_locked(lock_path(folder, trial)) for trial in open_):
                    return  # in processes of others
                rounds += 1
                if rounds > _ROUNDS or len(refused) >= asked:
                    raise CampaignError(_stuck(refused, len(open_)))
                refused, asked = [], min(count, len(open_))
                launcher.start(_order(plan, folder, trainer, open_), asked)
            elif open_ and not found:
                time.sleep(min(_PAUSE, max(until - time.monotonic(), 0.0)))
        _let_end(launcher, min(until, time.monotonic() + _END))
    finally:
        launcher.stop()


def _let_end(launcher: Launcher, until: float) -> None:
    """Wait a little for workers that have nothing left to do."""
    while launcher.running() and time.monotonic() < until:
        launcher.ended()
        time.sleep(_PAUSE / 10)


def _order(plan: Plan, folder: Path, trainer: Trainer, open_: dict[Trial, Job]) -> WorkOrder:
    return WorkOrder(plan, folder.absolute(), trainer, tuple(open_.values()), plan.own_spaces())


def _late_records(folder: Path, plan: Plan, open_: dict[Trial, Job]) -> list[Record]:
    """Records that workers left behind when they ended, whatever a listing says: on NFS it may be a minute old."""
    for look in range(_LOOKS):
        if found := list(_new_records(folder, plan, open_, by_listing=False)):
            return found
        if all(is_locked(lock_path(folder, trial)) for trial in open_):
            break  # in processes of others
        time.sleep(_PAUSE * (look + 1 < _LOOKS))
    return []


def _new_records(folder: Path, plan: Plan, open_: dict[Trial, Job], by_listing: bool = True) -> Iterator[Record]:
    """Records of open trainings that were written since they were last looked for; listing first spares opening all."""
    present = {task: {file.name for file in (folder / task).glob("*.json")} for task in plan.tasks}
    for trial, job in open_.items():
        path = record_path(folder, trial)
        if by_listing and path.name not in present[trial.task]:
            continue
        try:
            record = read_record(path)
        except (FileNotFoundError, ArtefactError):
            continue
        usable = record.settings == fingerprint(plan.settings(trial.task))
        if usable and (record.failure is None or record.started != job.replaces):
            yield record


def _lost(ends: list[WorkerEnd]) -> int:
    """Number of workers to replace; raises if one ended for a reason that the others will meet as well."""
    for end in ends:
        if end.disk is not None:
            raise OSError(*end.disk)
        if end.kind == "failed":
            raise CampaignError(f"{end.where}: {end.text}" if end.where else end.text)
        if end.kind == "refused":
            warn_user(f"a worker was refused: {end.text}; the others go on")
    return sum(end.kind == "lost" for end in ends)


def _stuck(refused: list[WorkerEnd], left: int) -> str:
    """Why nothing goes on."""
    if refused:
        return f"no worker was accepted: {'; '.join(dict.fromkeys(end.text for end in refused))}"
    return f"workers end without a result, {left:,} trainings are left"


def _said(ends: list[WorkerEnd]) -> str:
    texts = [f"{end.text}{f' ({end.where})' if end.where else ''}" for end in ends if end.kind == "lost"]
    return texts[-1] if texts else "without a word"
