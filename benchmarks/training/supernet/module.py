"""Lightning module that trains a supernet: a sampler of paths, an objective, and a task's recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
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
from benchmarks.training.supernet.samplers import BatchSampler, PathSampler, UniformSampler, make_sampler
from benchmarks.training.supernet.sharing import Sharing, make_sharing
from benchmarks.training.supernet.statistics import batch_statistics
from benchmarks.training.supernet.supernet import Supernet
from benchmarks.training.task_module import TaskModule, channels_last, several

__all__ = ["SupernetModule", "check_loss", "check_parts", "supernet_identity"]

_LEAST = 2  # images in a batch with statistics


class SupernetModule(TaskModule):
    """A supernet with a task's images, loss, optimiser and metrics; in each step some of its paths are trained.

    Parts that no path of a step has get no gradient (None), so that neither momentum nor weight decay moves them.
    Validation and test metrics are those of a path drawn anew for each batch, with the statistics of the batch: of the
    mean sub-network. The rest is as in `TaskModule`.

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
    same_work = False

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
        if recipe.batch_size // accumulate < _LEAST:
            raise ValueError(
                f"expected at least {_LEAST} images at a time for batch statistics, got batches of "
                f"{recipe.batch_size} in {accumulate} parts"
            )
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
        self._measures: dict[str, list[Tensor]] = {}  # of the epoch
        self._scored_paths = UniformSampler(space)
        self._begun = 0  # steps before the epoch
        self._done = 0  # steps of the epoch

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

    def on_validation_epoch_start(self) -> None:
        """Draw the same paths as in other trainings of the space and epoch."""
        self._scored_rng = np.random.default_rng((self.current_epoch, 1))

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int, dataloader_idx: int = 0) -> None:
        """Score a batch; a last one of a single image has no statistics, and is left out."""
        if len(batch["rgb"]) >= _LEAST:
            super().validation_step(batch, batch_idx, dataloader_idx)

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
