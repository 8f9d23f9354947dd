"""What a campaign's worker does for one training; tests and refinements may give it another trainer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from benchmarks.errors import MissingExtraError
from benchmarks.training.campaign.images import CampaignImages, ImageNeeds
from benchmarks.training.campaign.plan import Plan, Trial
from benchmarks.training.device import device_options, training_process

if TYPE_CHECKING:
    from benchmarks.training.data.images import ImageSource

__all__ = ["FinishedTraining", "ImageTrainer", "Trainer"]


class FinishedTraining(Protocol):
    """What a training gives; `benchmarks.training.train.Run` is one."""

    @property
    def metrics(self) -> Mapping[str, list[float]]:
        """Metric with its split -> one value an epoch."""

    @property
    def info(self) -> Mapping[str, float]:
        """Facts about the model."""

    @property
    def epochs(self) -> int:
        """Epochs done."""

    @property
    def notes(self) -> list[str]:
        """What happened on the way."""


class Trainer(Protocol):
    """Trains; goes to worker processes by pickle."""

    def prepare(self, plan: Plan) -> None:
        """Do once, before the workers start, what all of them need; raise what would make every training fail."""

    def train(self, plan: Plan, trial: Trial, scratch: Path) -> FinishedTraining:
        """Do one training; `scratch` is a folder of its own that need not exist, kept until it has a record."""


@dataclass(frozen=True)
class ImageTrainer:
    """Trains on images with `benchmarks.training.train.train_architecture`.

    Attributes:
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.
        threads: Of each worker on the CPU.
        checkpoints: Whether a training that is interrupted goes on from its last epoch.

    Example:
        >>> ImageTrainer(device="cpu").threads
        1
    """

    device: str = "auto"
    threads: int = 1
    checkpoints: bool = False

    def prepare(self, plan: Plan) -> None:
        """Check the device, and render the images once, so that workers find them on disk.

        Raises:
            MissingExtraError: If torch or lightning is not installed.
            OSError: If images cannot be read.
            ValueError: If they are damaged, or there is no such device here.
        """
        try:
            import lightning  # noqa: F401
            import torch  # noqa: F401
        except ImportError as error:
            raise MissingExtraError("A campaign", error.name or "torch", "training") from error
        device_options(self.device)  # where it is missing, every training would fail and be recorded
        for needs in {ImageNeeds.from_recipe(plan.recipe_for(task)) for task in plan.tasks}:
            plan.images.open(needs, _domains(plan))

    def train(self, plan: Plan, trial: Trial, scratch: Path) -> FinishedTraining:
        """Train on the plan's images; a worker opens them once."""
        from benchmarks.training.train import train_architecture

        training_process(self.threads)
        recipe = plan.recipe_for(trial.task)
        sources = _sources(plan.images, ImageNeeds.from_recipe(recipe), _domains(plan))
        options: dict[str, Any] = {"seed": trial.seed, "device": self.device}
        if self.checkpoints:
            options["checkpoint_dir"] = scratch
        return train_architecture(trial.arch, trial.task, recipe, sources, **options)


@lru_cache(maxsize=2)
def _sources(images: CampaignImages, needs: ImageNeeds, domains: tuple[str, ...]) -> Mapping[str, ImageSource]:
    return images.open(needs, domains)


def _domains(plan: Plan) -> tuple[str, ...]:
    """All that some task of the plan reads."""
    from benchmarks.training.data.images import TASK_DOMAINS

    return tuple(dict.fromkeys(name for task in plan.tasks for name in TASK_DOMAINS[task]))
