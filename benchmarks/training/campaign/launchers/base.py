"""What starts the workers of a campaign elsewhere. Records and locks in the shared folder are the only truth."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

from benchmarks.training.campaign.launchers.remote_worker import WorkOrder

__all__ = ["Launcher", "WorkerEnd"]


@dataclass(frozen=True)
class WorkerEnd:
    """How a worker ended.

    Attributes:
        kind: ``"done"``: it found nothing more to do. ``"lost"``: it died, or its machine did. ``"refused"``: its
            machine has another version of this package. ``"disk"``: it could not write. ``"failed"``: it gave up.
        where: Name of its machine, as far as known.
        text: Why, in one line.
        disk: Number, text and file of the error of writing.
    """

    kind: Literal["done", "lost", "refused", "disk", "failed"]
    where: str = ""
    text: str = ""
    disk: tuple[int, str, str] | None = None


class Launcher(ABC):
    """Starts workers that pull the trainings of a campaign from its folder, which they share with this machine."""

    @abstractmethod
    def room(self) -> int:
        """Number of workers that run at a time.

        Raises:
            CampaignError: If nobody answers, or no machine has room for one.
            ValueError: If the launcher cannot know.
        """

    @abstractmethod
    def start(self, order: WorkOrder, count: int) -> None:
        """Start `count` workers; returns at once."""

    @abstractmethod
    def ended(self) -> list[WorkerEnd]:
        """The workers that ended since the last call."""

    @abstractmethod
    def running(self) -> int:
        """Number of workers that are running, or wait for a place."""

    @abstractmethod
    def stop(self) -> None:
        """End all workers; their trainings in progress are discarded."""
