"""Lightning module that trains a supernet: a sampler of paths, an objective, and a task's recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from torch import Tensor

from benchmarks.spaces.space import Space
from benchmarks.tasks import TRANSNAS_TASKS
from benchmarks.training.data.images import ImageSource
from benchmarks.training.recipe import CONTRAST, Recipe
from benchmarks.training.supernet.folder import USUAL_SHARING, with_sharing
from benchmarks.training.supernet.layouts import layout_of
from benchmarks.training.supernet.objectives import (
    PathObjective,
    SelectiveObjective,
    StatefulObjective,
    make_objective,
)
from benchmarks.training.supernet.samplers import UniformSampler, make_sampler
from benchmarks.training.supernet.sharing import Sharing, make_sharing
from benchmarks.training.supernet.supernet import Supernet
from benchmarks.training.task_module import channels_last
from benchmarks.training.weight_sharing.module import PathModule
from benchmarks.training.weight_sharing.samplers import BatchSampler, PathSampler
from benchmarks.training.weight_sharing.statistics import batch_statistics

__all__ = ["SupernetModule", "check_loss", "check_parts", "supernet_identity"]


class SupernetModule(PathModule):
    """A supernet with a task's images, loss, optimiser and metrics; in each step some of its paths are trained.

    Validation and test metrics are those of a path drawn anew for each batch, with the statistics of the batch: of the
    mean sub-network. The rest is as in `PathModule`.

    Args:
        space: Space, or its name.
        recipe: Task and training settings, without an adversarial loss.
        sources: Images by split: ``"train"``, ``"valid"``, ``"test"``.
        sampler: Sampler of paths, or its name.
        objective: PathObjective, or its name.
        seed: Seed of the weights, the paths, the order of images and the augmentation.
        accumulate: Number of parts into which a batch is split to save memory; their gradients are accumulated.
        sharing: How parts become weights, as in `Supernet`.

    Attributes:
        network: The supernet.
        sampler, objective: As above.

    Raises:
        ValueError: If a split is missing, has fewer images than the recipe requires, or images of another size; or the
            recipe has an adversarial loss, or batches of fewer than two images; or sampler, objective and task do not
            fit together.
        UnknownNameError: If there is no such sampler, objective or sharing.
        SpaceError: If the space has no supernet, or none of this sharing, or the sampler knows none of its paths.
    """

    network: Supernet
    objective: PathObjective

    def __init__(
        self,
        space: str | Space,
        recipe: Recipe,
        sources: Mapping[str, ImageSource],
        sampler: str | PathSampler | BatchSampler = "uniform",
        objective: str | PathObjective = "supervised",
        *,
        seed: int = 0,
        accumulate: int = 1,
        sharing: str | Sharing = "separate",
    ) -> None:
        check_loss(recipe)
        super().__init__(recipe, sources, seed=seed, accumulate=accumulate)
        self.sampler, self.objective = make_sampler(sampler, space), make_objective(objective)
        check_parts(self.sampler, self.objective, replace(recipe, n_train=self.counts["train"]))
        self.network = Supernet(space, recipe, seed, make_sharing(sharing))
        channels_last(self.network)
        if isinstance(self.objective, StatefulObjective):
            if accumulate > 1:
                raise ValueError(
                    f"expected whole batches (accumulate=1) for the objective {self.objective.name!r}, whose state "
                    f"changes once a step, got {accumulate} parts"
                )
            self.objective.attach(self.network, seed)
        self._scored_paths = UniformSampler(space)

    @property
    def subject(self) -> str:
        """The supernet and its space."""
        return f"a supernet of {self.network.space.name}"

    def identity(self) -> dict[str, Any]:
        """Space, sampler, objective, seed and recipe; the sharing unless it is the usual one."""
        network = self.network
        return supernet_identity(network.space, self.recipe, self.sampler, self.objective, self.seed, network.sharing)

    def stated(self, run: Mapping[str, Any]) -> dict[str, Any]:
        """With the sharing."""
        return with_sharing(run)

    def forward(self, images: Tensor, arch: str) -> Tensor:
        """Outputs of a path, as in `Supernet`."""
        outputs: Tensor = self.network(images, arch)
        return outputs

    def on_validation_epoch_start(self) -> None:
        """Draw the same paths as in other trainings of the space and epoch."""
        self._scored_rng = np.random.default_rng((self.current_epoch, 1))

    def answer(self, split: str, inputs: Tensor) -> Tensor:
        """Outputs of a path of its own for each batch."""
        (path,) = self._scored_paths.paths(0, self._scored_rng)
        with batch_statistics(self.network):
            outputs: Tensor = self(inputs, path)
        return outputs


def check_loss(recipe: Recipe) -> None:
    """Raise `ValueError` if a recipe's loss needs a discriminator, which supernets do not have."""
    if recipe.loss == "l1_gan":
        raise ValueError(f"expected a loss without a discriminator for a supernet, such as 'l1', got {recipe.loss!r}")


def check_parts(sampler: PathSampler | BatchSampler, objective: PathObjective, recipe: Recipe) -> None:
    """Raise `ValueError` if a sampler, an objective and a recipe cannot be trained together."""
    if isinstance(sampler, BatchSampler) and recipe.task not in TRANSNAS_TASKS:
        raise ValueError(
            f"expected one of the tasks {', '.join(TRANSNAS_TASKS)} for the sampler {sampler.name!r}, which may "
            f"compare paths by their losses on labels, got {recipe.task!r}; samplers with `paths` do not"
        )
    if isinstance(objective, SelectiveObjective):
        objective.check(sampler, recipe)
    if recipe.contrast is not None and not isinstance(objective, StatefulObjective):
        raise ValueError(
            f"expected the objective 'contrast' for the task {CONTRAST!r}, which has no labels, got {objective.name!r}"
        )


def supernet_identity(
    space: str | Space,
    recipe: Recipe,
    sampler: PathSampler | BatchSampler,
    objective: PathObjective,
    seed: int,
    sharing: Sharing | None = None,
) -> dict[str, Any]:
    """What tells a training of a supernet from others, as plain values; the sharing unless it is the usual one."""
    return {
        "space": layout_of(space).space.name,
        **({} if sharing is None or sharing.name == USUAL_SHARING else {"sharing": sharing.name}),
        "sampler": sampler.name,
        "objective": objective.name,
        "seed": seed,
        "recipe": recipe.to_dict(),
    }
