"""A pool of worker processes; a worker that dies is replaced."""

from __future__ import annotations

import math
import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from benchmarks.errors import SurrogatesError
from benchmarks.file_locks import file_lock
from benchmarks.training.campaign.machine import describe_machine
from benchmarks.training.campaign.plan import Plan, fingerprint
from benchmarks.training.campaign.records import Record, lock_path, write_record
from benchmarks.training.campaign.trainer import Trainer
from benchmarks.training.campaign.worker import READY, Job, Outcome, Report, known_record, work

__all__ = ["GIVE_UP", "CampaignError", "WorkerPool"]

GIVE_UP = 10
"""Trainings that may fail in a row."""


class CampaignError(SurrogatesError, RuntimeError):
    """A campaign that cannot continue."""


class WorkerPool:
    """Up to `size` worker processes; each is started when there is a job for it.

    A worker that reports a failure is replaced, because an error on the GPU or lack of memory may leave it unusable.

    Args:
        plan: The campaign.
        folder: Folder of the campaign.
        trainer: Runs the trainings.
        size: Number of processes. It may be changed at any time; if it shrinks, workers end when their jobs are done.
    """

    def __init__(self, plan: Plan, folder: Path, trainer: Trainer, size: int) -> None:
        self.plan = plan
        self.folder = folder
        self.trainer = trainer
        self.size = size
        self._workers: list[_Worker] = []

    def busy(self) -> list[Job]:
        """The jobs in progress."""
        return [worker.job for worker in self._workers if worker.job is not None]

    def reports(self, jobs: deque[Job], until: float = math.inf) -> Iterator[tuple[Job, Report]]:
        """Run all jobs and yield one report per job as they complete.

        Args:
            jobs: Jobs to run; taken from the left.
            until: Time of `time.monotonic` at which to stop, even with jobs in progress.

        Raises:
            CampaignError: If a worker does not start, or is terminated from outside.
            OSError: If the record of a worker's death cannot be written.
        """
        while jobs or self.busy():
            left = until - time.monotonic()
            if left <= 0:
                return
            self._hand_out(jobs)
            wait = None if left == math.inf else left
            for link in connection.wait([worker.link for worker in self._workers], wait):
                worker = next(worker for worker in self._workers if worker.link is link)
                if (found := self._hear(worker)) is not None:
                    yield found

    def end(self) -> None:
        """Kill all workers."""
        for worker in self._workers:
            worker.process.kill()  # on SIGTERM, Lightning would print a traceback
        for worker in list(self._workers):
            self._dismiss(worker)

    def _hand_out(self, jobs: deque[Job]) -> None:
        idle = sorted((worker for worker in self._workers if worker.job is None), key=lambda worker: worker.ready)
        for worker in idle[: max(len(self._workers) - self.size, 0)]:  # those that are still starting first
            if not worker.ready:
                worker.process.kill()
            self._dismiss(worker)
        free = [worker for worker in self._workers if worker.job is None]
        for _ in range(min(self.size - len(self._workers), len(jobs) - len(free))):
            self._workers.append(_start(self.plan, self.folder, self.trainer))
        for worker in free:
            if worker.ready and jobs:
                worker.job = jobs.popleft()
                worker.link.send(worker.job)

    def _hear(self, worker: _Worker) -> tuple[Job, Report] | None:
        try:
            message = worker.link.recv()
        except (EOFError, ConnectionResetError):
            message = None
        if message is None:
            return self._bury(worker)
        if message == READY:
            worker.ready = True
            return None
        job, worker.job = worker.job, None
        if message.outcome is Outcome.FAILED:
            worker.process.kill()
            self._dismiss(worker)
        return None if job is None else (job, message)

    def _bury(self, worker: _Worker) -> tuple[Job, Report] | None:
        """Handle a dead process: the training that it was running has failed."""
        self._dismiss(worker)
        code = worker.process.exitcode
        if not worker.ready:
            raise CampaignError(
                f"a worker process ended during start-up with exit code {code}, see above; a script that runs a "
                "campaign needs \"if __name__ == '__main__':\" around it"
            )
        if code == -signal.SIGTERM:
            raise CampaignError("a worker process was terminated from outside")
        if worker.job is None:
            return None
        with file_lock(lock_path(self.folder, worker.job.trial)) as mine:
            if not mine:
                return worker.job, Report(Outcome.TAKEN)
            known = known_record(self.folder, worker.job, self.plan)
            if known is not None:  # it died after writing, or another process did the training in the meantime
                return worker.job, Report(Outcome.KNOWN, known)
            record = self._death(worker.job, code)
            write_record(self.folder, record)
        return worker.job, Report(Outcome.FAILED, record)

    def _death(self, job: Job, code: int | None) -> Record:
        killed = ": killed, probably out of memory" if code == -signal.SIGKILL else ""
        return Record(
            trial=job.trial,
            settings=fingerprint(self.plan.settings(job.trial.task)),
            started=datetime.now(timezone.utc).isoformat(timespec="microseconds"),
            seconds=0.0,
            failure=f"its process died with exit code {code}{killed}",
            machine=describe_machine(),
        )

    def _dismiss(self, worker: _Worker) -> None:
        worker.link.close()
        worker.process.join()
        self._workers.remove(worker)


@dataclass(eq=False)
class _Worker:
    process: BaseProcess
    link: connection.Connection
    ready: bool = False
    job: Job | None = None


def _start(plan: Plan, folder: Path, trainer: Trainer) -> _Worker:
    context = multiprocessing.get_context("spawn")  # a forked process cannot use CUDA
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs, plan, folder, trainer, plan.own_spaces()))
    process.start()
    theirs.close()  # so that the connection closes when the worker ends
    return _Worker(process, ours)
