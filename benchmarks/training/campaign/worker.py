"""A worker process: takes trainings from its campaign one after the other, writes their records itself."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import Any

from benchmarks.errors import ArtefactError
from benchmarks.files import file_lock
from benchmarks.training.campaign.machine import describe_machine
from benchmarks.training.campaign.plan import Plan, Trial, fingerprint
from benchmarks.training.campaign.records import Record, lock_path, read_record, record_path, write_record
from benchmarks.training.campaign.trainer import Trainer
from benchmarks.training.run import TrainingFailed

__all__ = ["READY", "Job", "Outcome", "Report", "do", "known_record", "work"]

READY = "ready"
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


class Outcome(str, Enum):
    """What became of a job."""

    DONE = "done"
    FAILED = "failed"
    TAKEN = "taken by another process"
    KNOWN = "done by another process"
    DISK = "cannot write"


@dataclass(frozen=True)
class Job:
    """One training to do.

    Attributes:
        trial: Which one.
        replaces: When the failed training began that this one is to replace; None for one that was never done.
    """

    trial: Trial
    replaces: str | None = None


@dataclass(frozen=True)
class Report:
    """What a worker says of a job.

    Attributes:
        outcome: What became of it.
        record: What was written, or was there already.
        error: Number, text and file of the error that forbids to go on.
    """

    outcome: Outcome
    record: Record | None = None
    error: tuple[int, str, str] | None = None


def work(link: connection.Connection, plan: Plan, folder: Path, trainer: Trainer) -> None:
    """The life of a worker process.

    Args:
        link: Jobs come from here, reports go there; ends at a None, or when the other end is closed.
        plan: The campaign.
        folder: Of the campaign.
        trainer: Does the trainings.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the campaign, which ends its workers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    link.send(READY)
    try:
        while (job := link.recv()) is not None:
            link.send(do(job, plan, folder, trainer))
    except (EOFError, BrokenPipeError):
        return


def do(job: Job, plan: Plan, folder: Path, trainer: Trainer) -> Report:
    """Lock a training, do it, write its record.

    A training that fails is recorded as failed; only what forbids to write at all, such as a full disk, is not.
    """
    try:
        with file_lock(lock_path(folder, job.trial)) as mine:
            if not mine:
                return Report(Outcome.TAKEN)
            known = known_record(folder, job, plan)
            if known is not None:
                return Report(Outcome.KNOWN, known)
            scratch = record_path(folder, job.trial).with_suffix(".part")
            record = _train(job.trial, plan, trainer, scratch)
            write_record(folder, record)
            shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:  # of locks and records: the folder cannot be written
        return Report(
            Outcome.DISK, error=(error.errno or errno.EIO, error.strerror or str(error), str(error.filename or folder))
        )
    return Report(Outcome.DONE if record.failure is None else Outcome.FAILED, record)


def _train(trial: Trial, plan: Plan, trainer: Trainer, scratch: Path) -> Record:
    started, clock = datetime.now(timezone.utc).isoformat(timespec="microseconds"), time.monotonic()
    failure: str | None = None
    result: dict[str, Any] = {}
    try:
        run = trainer.train(plan, trial, scratch)
        result = {"metrics": run.metrics, "info": run.info, "epochs": run.epochs, "notes": tuple(run.notes)}
    except Exception as error:  # whatever went wrong, the campaign goes on
        if isinstance(error, OSError) and error.errno in _DISK:
            raise
        failure = _reason(error)
    return Record(
        trial=trial,
        settings=fingerprint(plan.settings(trial.task)),
        started=started,
        seconds=time.monotonic() - clock,
        failure=failure,
        machine=describe_machine(),
        **result,
    )


def known_record(folder: Path, job: Job, plan: Plan) -> Record | None:
    """A record that makes the job needless; not a damaged one, nor the failure that it is to replace."""
    try:
        record = read_record(record_path(folder, job.trial))
    except (FileNotFoundError, ArtefactError):
        return None
    usable = record.settings == fingerprint(plan.settings(job.trial.task))
    return record if usable and (record.failure is None or record.started != job.replaces) else None


def _reason(error: Exception) -> str:
    """One line; the type where the text alone says little."""
    text = " ".join(str(error).split())
    name = type(error).__name__
    return text if isinstance(error, TrainingFailed) else f"{name}: {text}" if text else name


def _end_with_parent() -> None:
    """End this process at once when the campaign that started it was killed."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
