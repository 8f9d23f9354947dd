"""Lightning module of a network with many paths: in each step a sampler draws some, and an objective trains them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.training.data.images import ImageSource
from benchmarks.training.recipe import Recipe
from benchmarks.training.task_module import TaskModule, several
from benchmarks.training.weight_sharing.objectives import StepObjective
from benchmarks.training.weight_sharing.samplers import BatchSampler, PathSampler
from benchmarks.training.weight_sharing.statistics import LEAST_IMAGES, batch_statistics

__all__ = ["PathModule"]


class PathModule(TaskModule):
    """A network with a task's images, loss, optimiser and metrics; in each step some of its paths are trained.

    Weights that no path of a step has get no gradient (None), so that neither momentum nor weight decay moves them.
    A subclass sets `network`, `sampler` and `objective`. The rest is as in `TaskModule`.

    Args:
        recipe: Task and training settings.
        sources: Images by split: ``"train"``, ``"valid"``, ``"test"``.
        seed: Seed of the weights, the paths, the order of images and the augmentation.
        accumulate: Number of parts into which a batch is split to save memory; their gradients are accumulated.

    Attributes:
        sampler: Draws the paths of a step.
        objective: What a step minimises.

    Raises:
        ValueError: As in `TaskModule`, or if batches have fewer than two images.
    """

    same_work = False
    sampler: PathSampler | BatchSampler
    objective: StepObjective[Any]

    def __init__(self, recipe: Recipe, sources: Mapping[str, ImageSource], *, seed: int, accumulate: int) -> None:
        if recipe.batch_size // accumulate < LEAST_IMAGES:
            raise ValueError(
                f"expected at least {LEAST_IMAGES} images at a time for batch statistics, got batches of "
                f"{recipe.batch_size} in {accumulate} parts"
            )
        super().__init__(recipe, sources, seed=seed, accumulate=accumulate)
        self._measures: dict[str, list[Tensor]] = {}  # of the epoch
        self._begun = 0  # steps before the epoch
        self._done = 0  # steps of the epoch

    def configure_optimizers(self) -> Any:
        """As in `TaskModule`; SGD starts from a momentum of zero, since torch's fused SGD wants all momenta or none."""
        optimisers, schedules = super().configure_optimizers()
        for optimiser in optimisers:
            if isinstance(optimiser, torch.optim.SGD):
                for weights in (weights for group in optimiser.param_groups for weights in group["params"]):
                    optimiser.state[weights]["momentum_buffer"] = torch.zeros_like(weights)
        return optimisers, schedules

    def on_train_epoch_start(self) -> None:
        """Seed the random numbers of the epoch; all devices draw the same paths."""
        super().on_train_epoch_start()
        self._path_rng = np.random.default_rng((self.seed, self.current_epoch, 0))
        self._begun, self._done = self.current_epoch * len(self.train_dataloader()), 0
        self._measures.clear()

    def step(self, parts: list[tuple[Tensor, Tensor]], n: int) -> Tensor:
        """Add the gradients of the paths of a step, and change the weights once."""
        paths = self._drawn(parts, n)
        if not paths:
            raise ValueError(
                f"expected at least one path a step, got none from the sampler {self.sampler.name!r} in step "
                f"{self._begun + self._done + 1}"
            )
        self._done += 1
        (optimiser,) = several(self.optimizers())
        optimiser.zero_grad()
        total, found = torch.zeros((), device=self.device), 0
        for inputs, targets in parts:
            share, before = len(inputs) / n, found
            for path in self.objective.losses(self.network, paths, inputs, targets, self.loss):
                self.manual_backward(path.loss * share)
                self.add_scores("train", path.outputs, targets)
                for name, value in path.measures.items():
                    self._measures.setdefault(name, []).append(value)
                total += path.loss.detach() * share
                found += 1
            if found == before:
                raise ValueError(f"expected at least one loss a step, got none from {self.objective.name!r}")
        self.clip(self.network)
        optimiser.step()
        return total

    def on_train_epoch_end(self) -> None:
        """Record the epoch's metrics, and the means of what the objective measured."""
        super().on_train_epoch_end()
        if self.trainer.is_last_batch:
            for name, values in self._measures.items():
                self.metrics.setdefault(f"train_{name}", []).append(float(torch.stack(values).mean()))

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int, dataloader_idx: int = 0) -> None:
        """Score a batch; a last one of a single image has no statistics, and is left out."""
        if len(batch["rgb"]) >= LEAST_IMAGES:
            super().validation_step(batch, batch_idx, dataloader_idx)

    def _drawn(self, parts: list[tuple[Tensor, Tensor]], n: int) -> list[str]:
        """Paths of the step."""
        step = self._begun + self._done
        if isinstance(self.sampler, BatchSampler):
            return self.sampler.paths_on(step, self._path_rng, partial(self._losses, parts, n))
        return self.sampler.paths(step, self._path_rng)

    @torch.no_grad()
    def _losses(self, parts: list[tuple[Tensor, Tensor]], n: int, paths: Sequence[str]) -> NDArray[np.float64]:
        """Loss of each path on a batch, with its statistics; running ones stay as they are.

        It is the mean over the devices, which train the same paths.
        """
        found = torch.zeros(len(paths), dtype=torch.float64, device=self.device)
        with batch_statistics(self.network):
            for row, path in enumerate(paths):
                for inputs, targets in parts:
                    found[row] += self.loss(self.network(inputs, path), targets) * (len(inputs) / n)
        losses: Any = self.trainer.strategy.reduce(found, reduce_op="mean")
        return np.asarray(losses.cpu())
