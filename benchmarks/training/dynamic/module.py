"""Lightning module that trains a multi-stage network: a sampler of choices, an objective, and a task's recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor

from benchmarks.training.data.images import ImageSource
from benchmarks.training.dynamic.network import MultiStageNetwork
from benchmarks.training.dynamic.objectives import ExitObjective, make_exit_objective
from benchmarks.training.recipe import Recipe
from benchmarks.training.task_module import channels_last
from benchmarks.training.weight_sharing.module import PathModule
from benchmarks.training.weight_sharing.samplers import PathSampler
from benchmarks.training.weight_sharing.statistics import batch_statistics

__all__ = ["MultiStageModule", "multi_stage_identity"]


class MultiStageModule(PathModule):
    """A multi-stage network with a task's images, loss, optimiser and metrics; each step trains some of its choices.

    Validation and test metrics are those of the last exit of the sampler's first choice, with the statistics of each
    batch, since running statistics are averages over choices. The rest is as in `PathModule`.

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
    sampler: PathSampler
    objective: ExitObjective

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
        super().__init__(recipe, sources, seed=seed, accumulate=accumulate)
        self.sampler, self.objective = sampler, make_exit_objective(objective)
        self.network = network
        channels_last(self.network)
        first, *others = sampler.paths(0, np.random.default_rng(0))
        for found in (first, *others):
            network.plan(found)
        self._scored_choice = first

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
