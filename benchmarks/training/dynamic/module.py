"""Lightning module that trains a multi-stage network: a sampler of choices, an objective, and a task's recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.training.data.images import ImageSource
from benchmarks.training.dynamic.network import MultiStageNetwork
from benchmarks.training.dynamic.objectives import ExitObjective, make_exit_objective
from benchmarks.training.recipe import Recipe
from benchmarks.training.supernet.samplers import PathSampler
from benchmarks.training.supernet.statistics import batch_statistics
from benchmarks.training.task_module import TaskModule, channels_last, several

__all__ = ["MultiStageModule", "multi_stage_identity"]

_LEAST = 2  # images in a batch with statistics


class MultiStageModule(TaskModule):
    """A multi-stage network with a task's images, loss, optimiser and metrics; each step trains some of its choices.

    Validation and test metrics are those of the last exit of the sampler's first choice, with the statistics of each
    batch, since running statistics are averages over choices. The rest is as in `TaskModule`.

    Args:
        arch: Architecture, as in `MultiStageNetwork`.
        recipe: Task and training settings.
        sources: Images by split: ``"train"``, ``"valid"``, ``"test"``.
        sampler: Sampler of paths that are texts of choices.
        objective: Objective, or its name: ``"labels"`` or ``"distilled"``.
        stages: Number of classifiers.
        seed: Seed of the weights, the choices, the order of images and the augmentation.
        accumulate: Number of parts into which a batch is split to save memory; their gradients are accumulated.

    Attributes:
        network: The network.
        sampler, objective: As above.

    Raises:
        ValueError: If a split is missing, has fewer images than the recipe requires, or images of another size; the
            task has no confidence; batches have fewer than two images; or a choice does not fit the network.
        UnknownNameError: If there is no such objective.
    """

    network: MultiStageNetwork
    same_work = False

    def __init__(
        self,
        arch: str,
        recipe: Recipe,
        sources: Mapping[str, ImageSource],
        sampler: PathSampler,
        objective: str | ExitObjective = "labels",
        *,
        stages: int = 2,
        seed: int = 0,
        accumulate: int = 1,
    ) -> None:
        network = MultiStageNetwork(arch, recipe, stages, seed)
        if recipe.batch_size // accumulate < _LEAST:
            raise ValueError(
                f"expected at least {_LEAST} images at a time for batch statistics, got batches of "
                f"{recipe.batch_size} in {accumulate} parts"
            )
        super().__init__(recipe, sources, seed=seed, accumulate=accumulate)
        self.sampler, self.objective = sampler, make_exit_objective(objective)
        self.network = network
        channels_last(self.network)
        first, *others = sampler.paths(0, np.random.default_rng(0))
        for found in (first, *others):
            network.plan(found)
        self._scored_choice = first
        self._begun = 0  # steps before the epoch
        self._done = 0  # steps of the epoch

    @property
    def subject(self) -> str:
        """The network and its architecture."""
        return f"a multi-stage network of {self.network.layout.arch}"

    def identity(self) -> dict[str, Any]:
        """Architecture, number of stages, sampler, objective, seed and recipe."""
        return multi_stage_identity(
            self.network.layout.arch, self.recipe, self.sampler, self.objective, len(self.network.heads), self.seed
        )

    def forward(self, images: Tensor, choice: str) -> list[Tensor]:
        """Logits of every stage, as in `MultiStageNetwork`."""
        logits: list[Tensor] = self.network(images, choice)
        return logits

    def configure_optimizers(self) -> Any:
        """As in `TaskModule`; SGD starts from a momentum of zero, since torch's fused SGD wants all momenta or none."""
        optimisers, schedules = super().configure_optimizers()
        for optimiser in optimisers:
            if isinstance(optimiser, torch.optim.SGD):
                for weights in self.network.parameters():
                    optimiser.state[weights]["momentum_buffer"] = torch.zeros_like(weights)
        return optimisers, schedules

    def on_train_epoch_start(self) -> None:
        """Seed the random numbers of the epoch; all devices draw the same choices."""
        super().on_train_epoch_start()
        self._choice_rng = np.random.default_rng((self.seed, self.current_epoch, 0))
        self._begun, self._done = self.current_epoch * len(self.train_dataloader()), 0

    def step(self, parts: list[tuple[Tensor, Tensor]], n: int) -> Tensor:
        """Add the gradients of the choices of a step, and change the weights once."""
        choices = self.sampler.paths(self._begun + self._done, self._choice_rng)
        self._done += 1
        (optimiser,) = several(self.optimizers())
        optimiser.zero_grad()
        total = torch.zeros((), device=self.device)
        for inputs, targets in parts:
            share = len(inputs) / n
            for found in self.objective.losses(self.network, choices, inputs, targets, self.loss):
                self.manual_backward(found.loss * share)
                self.add_scores("train", found.outputs, targets)
                total += found.loss.detach() * share
        self.clip(self.network)
        optimiser.step()
        return total

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int, dataloader_idx: int = 0) -> None:
        """Score a batch; a last one of a single image has no statistics, and is left out."""
        if len(batch["rgb"]) >= _LEAST:
            super().validation_step(batch, batch_idx, dataloader_idx)

    def answer(self, split: str, inputs: Tensor) -> Tensor:
        """Logits of the last exit of the sampler's first choice."""
        with batch_statistics(self.network):
            logits: list[Tensor] = self(inputs, self._scored_choice)
        return logits[-1]


def multi_stage_identity(
    arch: str, recipe: Recipe, sampler: PathSampler, objective: ExitObjective, stages: int, seed: int
) -> dict[str, Any]:
    """What tells a training of a multi-stage network from others, as plain values."""
    return {
        "arch": arch,
        "stages": stages,
        "sampler": sampler.name,
        "objective": objective.name,
        "seed": seed,
        "recipe": recipe.to_dict(),
    }
