"""Worker process: receives trainings from its campaign one by one and writes their records."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import Any

from benchmarks.errors import ArtefactError
from benchmarks.file_locks import file_lock
from benchmarks.spaces.registry import register_again
from benchmarks.spaces.space import Space
from benchmarks.training.campaign.machine import describe_machine
from benchmarks.training.campaign.plan import Plan, Trial, fingerprint
from benchmarks.training.campaign.records import Record, lock_path, read_record, record_path, write_record
from benchmarks.training.campaign.trainer import Trainer
from benchmarks.training.run import TrainingFailed

__all__ = ["READY", "Job", "Outcome", "Report", "do", "known_record", "work"]

READY = "ready"
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


class Outcome(str, Enum):
    """Outcome of a job."""

    DONE = "done"
    FAILED = "failed"
    TAKEN = "taken by another process"
    KNOWN = "done by another process"
    DISK = "cannot write"


@dataclass(frozen=True)
class Job:
    """One training to run.

    Attributes:
        trial: The training.
        replaces: Start time of the failed training to repeat; None if there is no earlier one.
    """

    trial: Trial
    replaces: str | None = None


@dataclass(frozen=True)
class Report:
    """A worker's report on a job.

    Attributes:
        outcome: Outcome of the job.
        record: The record, written now or found.
        error: Number, text and file of an `OSError` that stops the campaign.
    """

    outcome: Outcome
    record: Record | None = None
    error: tuple[int, str, str] | None = None


def work(link: connection.Connection, plan: Plan, folder: Path, trainer: Trainer, spaces: Sequence[Space] = ()) -> None:
    """Main loop of a worker process.

    Args:
        link: Connection for jobs and reports; the loop ends at a None, or when the other end is closed.
        plan: The campaign.
        folder: Folder of the campaign.
        trainer: Runs the trainings.
        spaces: The user's own spaces of the plan, which a process that starts afresh does not know.
    """
    for space in spaces:
        register_again(space)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the campaign handles Ctrl-C and ends its workers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        link.send(READY)
        while (job := link.recv()) is not None:
            link.send(do(job, plan, folder, trainer))
    except (EOFError, BrokenPipeError):
        return


def do(job: Job, plan: Plan, folder: Path, trainer: Trainer) -> Report:
    """Lock a training, run it, and write its record.

    A training that fails is recorded as failed; only errors of writing, such as a full disk, are reported instead.
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
    except OSError as error:  # from locks and records: the folder is not writable
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
    except Exception as error:  # the campaign continues after any failure
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
    """A record that makes the job unnecessary: neither damaged nor the failure that the job repeats."""
    try:
        record = read_record(record_path(folder, job.trial))
    except (FileNotFoundError, ArtefactError):
        return None
    usable = record.settings == fingerprint(plan.settings(job.trial.task))
    return record if usable and (record.failure is None or record.started != job.replaces) else None


def _reason(error: Exception) -> str:
    """Reason in one line, with the exception's type unless the text is enough."""
    text = " ".join(str(error).split())
    name = type(error).__name__
    return text if isinstance(error, TrainingFailed) else f"{name}: {text}" if text else name


def _end_with_parent() -> None:
    """End this process when the campaign that started it is killed."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
