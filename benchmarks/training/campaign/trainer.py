"""Trainers: the work of a campaign's worker for one training; other trainers can be passed to a campaign."""

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
    """Result of a training, such as `benchmarks.training.run.Run`."""

    @property
    def metrics(self) -> Mapping[str, list[float]]:
        """Metric with its split -> one value per epoch."""

    @property
    def info(self) -> Mapping[str, float]:
        """Model facts."""

    @property
    def epochs(self) -> int:
        """Number of epochs completed."""

    @property
    def notes(self) -> list[str]:
        """Remarks on the training."""


class Trainer(Protocol):
    """Runs trainings; it is pickled and sent to worker processes."""

    def prepare(self, plan: Plan) -> None:
        """Do shared work once, before the workers start; raise errors that would make every training fail."""

    def train(self, plan: Plan, trial: Trial, scratch: Path) -> FinishedTraining:
        """Run one training; `scratch` is its own folder, which may not exist yet and is kept until it has a record."""


@dataclass(frozen=True)
class ImageTrainer:
    """Trains on images with `benchmarks.training.train.train_architecture`.

    Attributes:
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.
        threads: Number of CPU threads per worker.
        checkpoints: Whether an interrupted training resumes from its last epoch.

    Example:
        >>> ImageTrainer(device="cpu").threads
        1
    """

    device: str = "auto"
    threads: int = 1
    checkpoints: bool = False

    def prepare(self, plan: Plan) -> None:
        """Check the device, and render the images once, so that workers read them from disk.

        Raises:
            MissingExtraError: If torch or lightning is not installed.
            OSError: If images cannot be read.
            ValueError: If images are damaged, or the device does not exist.
        """
        try:
            import lightning  # noqa: F401
            import torch  # noqa: F401
        except ImportError as error:
            raise MissingExtraError("A campaign", error.name or "torch", "training") from error
        device_options(self.device)  # with a missing device every training would fail and be recorded
        for needs in {ImageNeeds.from_recipe(plan.recipe_for(task)) for task in plan.tasks}:
            plan.images.open(needs, _domains(plan))

    def train(self, plan: Plan, trial: Trial, scratch: Path) -> FinishedTraining:
        """Train on the plan's images; each worker opens them once."""
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
    """Domains that any task of the plan reads."""
    from benchmarks.training.data.images import TASK_DOMAINS

    return tuple(dict.fromkeys(name for task in plan.tasks for name in TASK_DOMAINS[task]))
