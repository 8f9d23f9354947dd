"""Trainers: the work of a campaign's worker for one training; other trainers can be passed to a campaign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from benchmarks.optional import needs_extra
from benchmarks.training.campaign.images import CampaignImages, ImageNeeds
from benchmarks.training.campaign.plan import Plan, Trial
from benchmarks.training.data.images import TASK_DOMAINS
from benchmarks.training.device import torch_device, training_process

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

    def prepare(self, plan: Plan) -> Trainer:
        """Do shared work once, before the workers start; raise errors that would make every training fail.

        Returns:
            The trainer to send to the workers: this one, or one with shared data.
        """

    def train(self, plan: Plan, trial: Trial, scratch: Path) -> FinishedTraining:
        """Run one training; `scratch` is its own folder, which may not exist yet and is kept until it has a record."""


@dataclass(frozen=True)
class ImageTrainer:
    """Trains on images with `benchmarks.training.train.train_architecture`.

    Attributes:
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.
        threads: Number of CPU threads per worker.
        checkpoints: Whether an interrupted training resumes from its last epoch.
        images: Image requirements -> opened images, on a GPU that all workers share; set by `prepare`.

    Example:
        >>> ImageTrainer(device="cpu").threads
        1
    """

    device: str = "auto"
    threads: int = 1
    checkpoints: bool = False
    images: Mapping[ImageNeeds, Mapping[str, ImageSource]] | None = None

    def prepare(self, plan: Plan) -> ImageTrainer:
        """Check the device and open the images once: workers read them from disk, or share them on the GPU.

        Raises:
            MissingExtraError: If torch or lightning is not installed.
            OSError: If images cannot be read.
            ValueError: If images are damaged, or the device does not exist.
        """
        with needs_extra("A campaign", "training", "torch", "lightning"):
            import lightning  # noqa: F401
            import torch.multiprocessing  # noqa: F401  # makes GPU tensors picklable, by handle
        device = torch_device(self.device)  # with a missing device every training would fail and be recorded
        opened = {}
        for task in plan.tasks:
            needs = ImageNeeds.from_recipe(plan.recipe_for(task))
            opened[needs] = _sources(plan.images, needs, _domains(plan, needs))
        if device == "cpu":  # the files are memory-mapped and shared by all workers
            return self
        from benchmarks.training.data.images import ImageSet

        on_device = {
            needs: {
                split: source.to(device) if isinstance(source, ImageSet) else source for split, source in of.items()
            }
            for needs, of in opened.items()
        }
        return replace(self, images=on_device)

    def train(self, plan: Plan, trial: Trial, scratch: Path) -> FinishedTraining:
        """Train on the plan's images; each worker opens them once."""
        from benchmarks.training.train import train_architecture

        training_process(self.threads)
        recipe = plan.recipe_for(trial.task)
        needs = ImageNeeds.from_recipe(recipe)
        images = _sources(plan.images, needs, _domains(plan, needs)) if self.images is None else self.images[needs]
        options: dict[str, Any] = {"seed": trial.seed, "device": self.device}
        if self.checkpoints:
            options["checkpoint_dir"] = scratch
        return train_architecture(trial.arch, trial.task, recipe, images, **options)


@lru_cache(maxsize=2)
def _sources(images: CampaignImages, needs: ImageNeeds, domains: tuple[str, ...]) -> Mapping[str, ImageSource]:
    return images.open(needs, domains)


def _domains(plan: Plan, needs: ImageNeeds) -> tuple[str, ...]:
    """Domains that any task of the plan reads from images with these requirements."""
    tasks = [task for task in plan.tasks if ImageNeeds.from_recipe(plan.recipe_for(task)) == needs]
    return tuple(dict.fromkeys(name for task in tasks for name in TASK_DOMAINS[task]))
