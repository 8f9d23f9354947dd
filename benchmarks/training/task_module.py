"""Training of a network on one task: images, steps, optimisers, scores and checkpoints.

`TaskModule` is what every Lightning module of this package shares; a subclass has a network and says what one step is.
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import lightning
import torch
from torch import Tensor, nn

from benchmarks.errors import ArtefactError
from benchmarks.run_directory import differences
from benchmarks.tasks import SPLITS, TIME
from benchmarks.training.captured import CapturedStep, cuda_recorder
from benchmarks.training.data.augment import RandomStreams, mix
from benchmarks.training.data.images import ImageSet, ImageSource
from benchmarks.training.data.loader import BatchLoader
from benchmarks.training.data.targets import Preparation, images_per_split
from benchmarks.training.losses import LOSSES
from benchmarks.training.metrics import get_score
from benchmarks.training.optimisers import make_optimiser, make_schedule
from benchmarks.training.recipe import Recipe
from benchmarks.training.run import TrainingFailed

__all__ = ["TaskModule", "channels_last", "several"]

_STATE = "ground_truth"
_NEVER = 2**31
_RECORDED = ("32-true", "bf16-mixed", "bf16-true")
_FIXED = 0  # seed of the puzzles in every epoch of every run if the recipe fixes them


class TaskModule(lightning.LightningModule, ABC):
    """A network that is trained on a task's images with a recipe's loss, optimisers and metrics.

    It provides its own data loaders; after ``trainer.fit(module)`` its `metrics` hold one value per epoch under the
    published names. The trainer needs ``reload_dataloaders_every_n_epochs=1``, ``num_sanity_val_steps=0`` and, on
    several devices, ``strategy="ddp_find_unused_parameters_true"`` (some operations have parameters and no gradient).
    A subclass creates `network` and implements `step` and `identity`.

    Args:
        recipe: Task and training settings.
        sources: Images by split: ``"train"``, ``"valid"``, ``"test"``. Test images may be missing if the recipe's
            ``n_test`` is None; there are then no metrics of them.
        seed: Seed of the weights, the order of images and the augmentation.
        accumulate: Number of parts into which a batch is split to save memory; their gradients are accumulated.

    Attributes:
        network: The network.
        metrics: ``{split}_{metric}`` and ``time_elapsed`` (seconds) -> one value per epoch.
        same_work: Whether all steps do the same work on the device, so that one recorded step can stand for all.

    Raises:
        ValueError: If a split is missing, has fewer images than the recipe requires, or images of another size; or
            gradients are to be clipped under "16-mixed".
    """

    network: nn.Module
    same_work: bool = True

    def __init__(
        self, recipe: Recipe, sources: Mapping[str, ImageSource], *, seed: int = 666, accumulate: int = 1
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        _check_clipping(recipe, recipe.precision)
        self.recipe, self.seed, self.accumulate = recipe, seed, accumulate
        self.counts = images_per_split(sources, recipe)
        self.sources = dict(sources)
        self._scored = [split for split in SPLITS[1:] if split in sources]
        self.prepare = Preparation(recipe, sources["train"])
        self.score = get_score(recipe.task, recipe.num_classes)
        self.loss = LOSSES[recipe.loss]
        self.metrics: dict[str, list[float]] = {}
        self._totals: dict[str, Tensor] = {}
        self._failed_at: Tensor | None = None  # the first step of the epoch whose loss was not finite
        self._step: Tensor | None = None  # position in the epoch
        self._steps: dict[str, CapturedStep] = {}
        self._seconds = 0.0
        self._started = time.perf_counter()

    @abstractmethod
    def step(self, parts: list[tuple[Tensor, Tensor]], n: int) -> Tensor:
        """Change the weights once; one step of every optimiser.

        Args:
            parts: Inputs and targets of the batch, in `accumulate` parts.
            n: Number of images in the batch.

        Returns:
            Loss of the batch, without gradient.
        """

    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """What a training is of, as plain values; a checkpoint of another one is refused."""

    @property
    @abstractmethod
    def subject(self) -> str:
        """What is trained, for messages."""

    def optimised(self) -> list[nn.Module]:
        """The networks that have an optimiser each."""
        return [self.network]

    def answer(self, split: str, inputs: Tensor) -> Tensor:
        """Outputs of the network that are scored, for a batch of validation or test inputs."""
        outputs: Tensor = self(inputs)
        return outputs

    @property
    def epochs_done(self) -> int:
        """Number of epochs that were trained and scored."""
        return len(self.metrics.get(TIME, ()))

    # -- data and optimisers ------------------------------------------------------------------------------------

    def train_dataloader(self) -> BatchLoader:
        """The training images in this epoch's order."""
        batch_size = max(self.recipe.batch_size // self.trainer.world_size, 1)
        return self._loader("train", batch_size, (self.seed, self.current_epoch))

    def val_dataloader(self) -> list[BatchLoader]:
        """Validation and test images; the published file has both for every epoch."""
        batch_size = max(self.recipe.batch_size // self.accumulate, 1)
        return [self._loader(split, batch_size, None) for split in self._scored]

    def configure_optimizers(self) -> Any:
        """One optimiser and schedule for each network that has one."""
        parts = self.optimised()
        self._begin_steps()
        on_device = self._steps["train"].recorder is not None
        optimisers = [make_optimiser(self.recipe.optimiser, part, on_device) for part in parts]
        steps = self.recipe.epochs * len(self.train_dataloader())
        return optimisers, [make_schedule(self.recipe.optimiser, optimiser, steps) for optimiser in optimisers]

    def _loader(self, split: str, batch_size: int, order: tuple[int, ...] | None) -> BatchLoader:
        source = self.sources[split]
        if isinstance(source, ImageSet):  # images on the network's device: no copies while training
            source = self.sources[split] = source.to(self.device)
        rank, world = self.trainer.global_rank, self.trainer.world_size
        return BatchLoader(source, self.prepare.domains, batch_size, self.counts[split], order, rank, world)

    # -- training -----------------------------------------------------------------------------------------------

    def on_fit_start(self) -> None:
        """Start the clock; a resumed training continues from its earlier seconds.

        Raises:
            ValueError: If the trainer would use one order of the images in every epoch, train longer than the
                recipe's schedule, or clip gradients under "16-mixed".
        """
        _check_clipping(self.recipe, str(self.trainer.precision))
        found = getattr(self.trainer, "reload_dataloaders_every_n_epochs", 1)
        if found != 1:
            raise ValueError(f"expected a Trainer with reload_dataloaders_every_n_epochs=1, got {found}")
        most, found = self.recipe.epochs, self.trainer.max_epochs
        if found is None or not 0 <= found <= most:
            raise ValueError(f"expected a Trainer with max_epochs={most}, as in the recipe, or less, got {found}")
        self._started = time.perf_counter() - self._seconds

    def on_train_epoch_start(self) -> None:
        """Seed the random numbers of the epoch from the seed and the epoch's number."""
        self._draws.restart((self.seed, self.current_epoch, self.global_rank))
        for sums in self._totals.values():
            sums.zero_()
        assert self._failed_at is not None
        assert self._step is not None
        self._failed_at.fill_(_NEVER)
        self._step.zero_()

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        """One step of every optimiser, without synchronisation with the device; a CUDA graph on GPUs."""
        self._steps["train"](batch)
        for schedule in several(self.lr_schedulers()):
            schedule.step()
        _keep_rates_in_place(several(self.optimizers(use_pl_optimizer=False)), self._rates)

    def _train_on(self, **batch: Tensor) -> None:
        """The part of a step that runs on the device."""
        inputs, targets = self.prepare(batch, self._draws, training=True)
        parts = list(zip(inputs.chunk(self.accumulate), targets.chunk(self.accumulate), strict=True))
        loss = self.step(parts, len(inputs))
        assert self._failed_at is not None
        assert self._step is not None
        failed = torch.where(loss.isfinite(), torch.full_like(self._step, _NEVER), self._step)
        self._failed_at.copy_(torch.minimum(self._failed_at, failed))
        self._step += 1

    def _begin_steps(self) -> None:
        """Create the state of the steps on the device."""
        self._failed_at = torch.full((), _NEVER, device=self.device)
        self._step = torch.zeros((), dtype=torch.int64, device=self.device)
        self._draws, self._puzzles = (RandomStreams((0,), self.device) for _ in range(2))
        # Not recorded: several devices communicate in a step, and half precision decides in Python whether to step.
        alone = self.same_work and self.trainer.world_size == 1 and self.recipe.precision in _RECORDED
        recorder = cuda_recorder(self.device, [self._draws, self._puzzles]) if alone else None
        self._totals = {}
        self._rates: list[Tensor] = []
        functions: dict[str, Callable[..., None]] = {split: partial(self._score_on, split) for split in self._scored}
        functions["train"] = self._train_on
        self._steps = {name: CapturedStep(function, recorder) for name, function in functions.items()}

    def release(self) -> None:
        """Give back what recorded steps keep on the device; the module trains no further."""
        self._steps.clear()
        self._totals.clear()

    @property
    def refused(self) -> str:
        """Reason why steps could not be recorded as a CUDA graph; empty if they were, or there is no GPU."""
        return next((step.refused for step in self._steps.values() if step.refused), "")

    def on_train_start(self) -> None:
        """Move learning rates to the tensors that a recorded step reads, also after a checkpoint was loaded."""
        if self._steps["train"].recorder is not None:
            optimisers = several(self.optimizers(use_pl_optimizer=False))
            self._rates = [torch.zeros((), device=self.device) for _ in optimisers]
            _keep_rates_in_place(optimisers, self._rates)

    def clip(self, network: nn.Module) -> None:
        """Clip a network's gradient to the norm of the recipe, if it has one."""
        if (longest := self.recipe.optimiser.max_norm) is not None:
            nn.utils.clip_grad_norm_(network.parameters(), longest)

    # -- scores -------------------------------------------------------------------------------------------------

    def on_validation_start(self) -> None:
        """Stop if the epoch's loss was not finite.

        Raises:
            TrainingFailed: Names epoch and step.
        """
        step = _NEVER if self._failed_at is None else int(self._failed_at)
        if step != _NEVER:
            raise TrainingFailed(
                f"the loss of {self.subject} on {self.recipe.task} was not finite in epoch {self.current_epoch + 1} of "
                f"{self.recipe.epochs}, step {step + 1} of {len(self.train_dataloader())}; {self._advice(step)}"
            )

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int, dataloader_idx: int = 0) -> None:
        """Score a batch of validation or test images."""
        if batch_idx == 0:
            self._begin_puzzles(self.current_epoch, dataloader_idx)
        self._steps[self._scored[dataloader_idx]](batch)

    def _begin_puzzles(self, epoch: int, dataloader_idx: int = 0) -> None:
        of_epoch = _FIXED if self.recipe.fixed_evaluation else mix((self.seed, epoch + 1))
        self._puzzles.restart((of_epoch, dataloader_idx, self.global_rank))

    def _score_on(self, split: str, **batch: Tensor) -> None:
        inputs, targets = self.prepare(batch, self._puzzles, training=False)
        self.add_scores(split, self.answer(split, inputs), targets)

    def on_train_epoch_end(self) -> None:
        """Record the epoch's metrics; training metrics are averages over the epoch's steps, as published.

        An epoch that the trainer stopped before its last step is not recorded.

        Raises:
            TrainingFailed: If a loss is not finite; names epoch and loss.
        """
        if not self.trainer.is_last_batch:
            return
        values: dict[str, float] = {}
        for split, sums in self._totals.items():
            totals: Any = self.trainer.strategy.reduce(sums.clone(), reduce_op="sum")
            values.update({f"{split}_{name}": value for name, value in self.score.metrics(totals).items()})
        wrong = [name for name, value in values.items() if name.endswith("loss") and not math.isfinite(value)]
        if wrong:
            raise TrainingFailed(
                f"{', '.join(wrong)} of {self.subject} on {self.recipe.task} was not finite after epoch "
                f"{self.current_epoch + 1} of {self.recipe.epochs}; {self._advice()}"
            )
        self._seconds = time.perf_counter() - self._started
        for name, value in {**values, TIME: self._seconds}.items():
            self.metrics.setdefault(name, []).append(value)
        self.log_dict(values)

    def _advice(self, step: int = _NEVER) -> str:
        if step == 0 and self.current_epoch == 0:
            return "no step succeeded before: check the images, labels, mean and std"
        return f"a smaller learning rate than {self.recipe.optimiser.lr:g} may help"

    @torch.no_grad()
    def add_scores(self, split: str, outputs: Tensor, targets: Tensor) -> None:
        """Add the scores of a batch to the epoch's."""
        sums = self.score.sums(outputs.detach(), targets)
        if split not in self._totals:
            with torch.inference_mode(False):
                self._totals[split] = torch.zeros_like(sums)
        self._totals[split] += sums

    # -- checkpoints --------------------------------------------------------------------------------------------

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Store the metrics and the identity of the training."""
        checkpoint[_STATE] = {"run": self.identity(), "metrics": self.metrics, "seconds": self._seconds}

    def stated(self, run: Mapping[str, Any]) -> dict[str, Any]:
        """The identity of a training, with what is not written because it is the usual."""
        return dict(run)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore the metrics.

        Raises:
            ArtefactError: If the checkpoint belongs to another training.
        """
        state = checkpoint.get(_STATE, {})
        if changed := differences(self.stated(state.get("run", {})), self.stated(self.identity())):
            raise ArtefactError(
                f"the checkpoint belongs to another training: {'; '.join(changed[:3])}; delete it or choose another "
                "checkpoint_dir"
            )
        self.metrics, self._seconds = state["metrics"], state["seconds"]


def channels_last(network: nn.Module) -> None:
    """Store the weights of convolutions channels last, the native format of oneDNN and tensor cores."""
    for weights in network.parameters():
        if weights.ndim == 4:
            weights.data = weights.data.contiguous(memory_format=torch.channels_last)


def _check_clipping(recipe: Recipe, precision: str) -> None:
    """Raise `ValueError` if gradients would be clipped while they are multiplied by the scale of half precision."""
    if precision == "16-mixed" and recipe.optimiser.max_norm is not None:
        raise ValueError(
            f"expected max_norm=None with precision '16-mixed', whose gradients are scaled when they are clipped, got "
            f"{recipe.optimiser.max_norm:g}; 'bf16-mixed' needs no scale"
        )


def several(one_or_more: Any) -> list[Any]:
    """What Lightning returns as one object or a list of them, as a list."""
    return list(one_or_more) if isinstance(one_or_more, (list, tuple)) else [one_or_more]


def _keep_rates_in_place(optimisers: Sequence[torch.optim.Optimizer], rates: Sequence[Tensor]) -> None:
    """Copy the learning rates to the tensors that a recorded step reads; without tensors, do nothing."""
    for optimiser, rate in zip(optimisers, rates, strict=False):
        for group in optimiser.param_groups:
            if group["lr"] is not rate:
                rate.copy_(group["lr"]) if isinstance(group["lr"], Tensor) else rate.fill_(group["lr"])
                group["lr"] = rate
