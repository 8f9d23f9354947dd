"""A worker on any machine: pulls trainings from the campaign's folder until there is none left."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import benchmarks
from benchmarks.errors import SurrogatesError
from benchmarks.extras import DISTRIBUTION
from benchmarks.spaces.registry import register_again
from benchmarks.spaces.space import Space
from benchmarks.training.campaign.plan import Plan
from benchmarks.training.campaign.pool import GIVE_UP, WorkerPool
from benchmarks.training.campaign.trainer import Trainer
from benchmarks.training.campaign.worker import Job, Outcome
from benchmarks.training.recipe import VERSION

__all__ = ["WorkOrder", "own_version", "pull_trainings", "refusal"]


def own_version() -> str:
    """The version of this package, and that of its trainings: machines that differ in one do not work together.

    Example:
        >>> own_version().count(", trainings ")
        1
    """
    return f"{benchmarks.__version__}, trainings {VERSION}"


def refusal(where: str, found: str, expected: str) -> str:
    """What is said of a machine of another version.

    Example:
        >>> refusal("node7", "0.0.9", "0.1.0")
        "node7 has version 0.0.9 of transnas-surrogates, expected this machine's, 0.1.0"
    """
    return f"{where} has version {found} of {DISTRIBUTION}, expected this machine's, {expected}"


@dataclass(frozen=True)
class WorkOrder:
    """What a worker is told.

    Attributes:
        plan: The campaign.
        folder: Its folder, by an absolute path that is the same on all machines.
        trainer: Runs the trainings.
        jobs: The trainings that had no record.
        spaces: The user's own spaces of the plan.
        version: `own_version` of the machine that gives the order.
    """

    plan: Plan
    folder: Path
    trainer: Trainer
    jobs: tuple[Job, ...]
    spaces: Sequence[Space] = ()
    version: str = field(default_factory=own_version)


def pull_trainings(order: WorkOrder) -> dict[str, Any]:
    """Run the trainings of an order that nobody has done or is doing, one after another.

    A training runs in a process of its own, as on one machine: if it dies, that is its result.

    Returns:
        The fields of a `WorkerEnd`.
    """
    where = socket.gethostname()
    if (own := own_version()) != order.version:
        return {"kind": "refused", "where": where, "text": refusal(where, own, order.version)}
    for space in order.spaces:
        register_again(space)
    try:
        return {"where": where, **_pull(order)}
    except OSError as error:
        disk = (error.errno or 0, error.strerror or str(error), str(error.filename or order.folder))
        return {"kind": "disk", "where": where, "text": str(error), "disk": disk}
    except (SurrogatesError, ValueError) as error:  # no such device, images that cannot be read
        return {"kind": "failed", "where": where, "text": " ".join(str(error).split())}


def _pull(order: WorkOrder) -> dict[str, Any]:
    failures, jobs = 0, deque(order.jobs)
    pool = WorkerPool(order.plan, order.folder, order.trainer.prepare(order.plan), 1)
    try:
        for _, report in pool.reports(jobs):
            if report.error is not None:
                return {"kind": "disk", "text": report.error[1], "disk": report.error}
            if report.outcome in (Outcome.DONE, Outcome.FAILED):
                failures = failures + 1 if report.outcome is Outcome.FAILED else 0
            if failures == GIVE_UP and report.record is not None:
                return {
                    "kind": "failed",
                    "text": f"{GIVE_UP} trainings in a row failed, the last one with: {report.record.failure}; they "
                    "are recorded and only repeated with --retry-failed",
                }
    finally:
        pool.end()
    return {"kind": "done"}
