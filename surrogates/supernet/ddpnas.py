"""DDPNAS in its original form: dynamic distribution pruning with shared weights inside the search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from torch import Tensor

from benchmarks.errors import choice
from benchmarks.forks import one_thread_if_forked
from benchmarks.spaces.space import Space
from benchmarks.tasks import TIME, find_task, metric_column
from benchmarks.training.recipe import Recipe
from benchmarks.training.supernet.layouts import layout_of
from benchmarks.training.supernet.module import SupernetModule, check_loss, supernet_identity
from benchmarks.training.supernet.names import loss_name
from benchmarks.training.supernet.objectives import Supervised
from benchmarks.training.supernet.presets import asked_recipe
from benchmarks.training.weight_sharing.statistics import batch_statistics
from surrogates.supernet.derivation import DerivationResult, Halves, Images, run_derivation
from surrogates.supernet.rounds import RoundsSampler

__all__ = ["DDPNASResult", "search_ddpnas"]

_Metric = Literal["primary", "loss"]
_SHARES = ("class_scene", "class_object")
"""Tasks whose primary metric is an accuracy that the published update takes as it is."""


@dataclass(frozen=True, repr=False)
class DDPNASResult(DerivationResult):
    """What a search with `search_ddpnas` found.

    Attributes:
        space: Name of the space.
        task: Task.
        seed: Seed.
        arch: The architecture that was left.
        simplest: Its simplest form.
        metric: Metric of `values`, e.g. ``"valid_top1"``.
        archs: Architecture of each epoch.
        values: Its value on the second half of the training images after its epoch, in the metric's own unit.
        thetas: Probability of each operation on each edge after each stage, of shape (stages + 1, 6, K).
        images: Number of images that weights were trained on, counted in each epoch; as many were scored.
        seconds: Duration.
        notes: What a reader should know, e.g. that the most probable cell was dead.
        settings: All settings, with the recipe, and the version of the trainings.
    """

    space: str
    task: str
    seed: int
    arch: str
    simplest: str
    metric: str
    archs: list[str]
    values: list[float]
    thetas: list[list[list[float]]]
    images: int
    seconds: float
    notes: list[str]
    settings: dict[str, Any]


@one_thread_if_forked()
def search_ddpnas(
    space: str | Space,
    task: str,
    preset: str | Recipe = "mini",
    *,
    seed: int = 0,
    rounds: int = 3,
    metric: _Metric = "primary",
    folder: str | Path | None = None,
    sources: Images = None,
    device: str = "auto",
    progress: bool = False,
    trainer_options: Mapping[str, Any] | None = None,
) -> DDPNASResult:
    """Search a space of cells with DDPNAS: one supernet, one architecture an epoch, fewer operations stage by stage.

    Each epoch trains the shared weights of one architecture on one half of the training images and scores it on the
    other half, with the statistics of each batch. Which architecture, and what is pruned: `RoundsSampler`. A finished
    search is read, an interrupted one resumed with the same result.

    Deviations from the published code (Zheng et al., arXiv 1905.13543): the optimiser is that of `supernet_recipe`
    with a constant learning rate (theirs, a cosine over 200 epochs advanced every second one, hardly falls); scores
    with batch statistics, as in the authors' later code; one operation is left an edge, as in their later code;
    operations that were pruned get no share of E (published, they take part in its softmax with an accuracy of 0).

    Args:
        space: Space of cells, or its name.
        task: One of the seven tasks.
        preset: Name of a preset, whose recipe is `supernet_recipe`'s; or a recipe. The number of epochs follows from
            the operations of the space: 27 for four of them, 42 for five (`search_epochs`).
        seed: Seed of weights, architectures, order of images and augmentation.
        rounds: Rounds between two prunings.
        metric: What is compared: the task's ``"primary"`` metric, or its ``"loss"``.
        folder: Folder of the search; None = nothing is stored.
        sources: Images by split, or a function of the recipe that returns them; Rooms by default. Only ``"train"`` is
            used.
        device: ``"auto"`` (a GPU if there is one), ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.
        progress: Whether to show a progress bar.
        trainer_options: More options of `lightning.Trainer`.

    Raises:
        SpaceError: If it is not a space of cells.
        ValueError: If the recipe is for another task or has an adversarial loss, there are fewer than four training
            images, no rounds, or no such device.
        UnknownNameError: If there is no such space, task, preset or metric.
        TrainingFailed: If the loss is not finite.
        ArtefactError: If the folder holds another search.

    Example:
        >>> import torch
        >>> from benchmarks.training import ImageSet
        >>> from benchmarks.training.supernet import supernet_recipe
        >>> small = {"base_channels": 2, "input_size": 16, "n_train": 4, "n_test": None, "batch_size": 2}
        >>> images = ImageSet({"rgb": torch.zeros(4, 3, 16, 16, dtype=torch.uint8), "room_layout": torch.ones(4, 9)})
        >>> found = search_ddpnas(
        ...     "transnas101-micro",
        ...     "room_layout",
        ...     replace(supernet_recipe("room_layout"), **small),
        ...     rounds=1,
        ...     sources={"train": images},
        ...     device="cpu",
        ... )
        >>> len(found.values), len(found.thetas)
        (9, 4)
    """
    choice(metric, get_args(_Metric), "metric")
    recipe = asked_recipe(task, preset)
    check_loss(recipe)
    column = metric_column(task) if metric == "primary" else f"valid_{loss_name(task)}"
    higher = metric == "primary" and find_task(task).metric.higher_is_better
    fraction = metric == "primary" and task in _SHARES

    def sampler() -> RoundsSampler:
        return RoundsSampler(space, fraction=fraction, rounds=rounds, seed=seed)

    halves = Halves(recipe, sources)
    constant = replace(recipe.optimiser, schedule="constant")
    n_train, n_valid = halves.sizes
    recipe = replace(recipe, epochs=sampler().epochs, optimiser=constant, n_train=n_train, n_valid=n_valid, n_test=None)

    def module() -> _Module:
        own = dict(zip(("train", "valid"), halves.both(), strict=True))
        return _Module(
            space, recipe, own, sampler(), seed, column, (1.0 if higher else -1.0) / (100 if fraction else 1)
        )

    identity = {
        **supernet_identity(space, recipe, sampler(), Supervised(), seed),
        "metric": column,
        "images": halves.kind,
    }
    return run_derivation("ddpnas", module, identity, _result, DDPNASResult, folder, device, progress, trainer_options)


class _Module(SupernetModule):
    """Trains one architecture an epoch and scores it; the sampler is told the value and chooses the next one.

    Its state follows from the metrics, so a checkpoint needs nothing more.
    """

    sampler: RoundsSampler

    def __init__(
        self,
        space: str | Space,
        recipe: Recipe,
        sources: Mapping[str, Any],
        sampler: RoundsSampler,
        seed: int,
        column: str,
        factor: float,
    ) -> None:
        super().__init__(space, recipe, sources, sampler, seed=seed)
        self.column, self._factor = column, factor

    @property
    def subject(self) -> str:
        """The supernet of the search."""
        return f"{super().subject} in DDPNAS"

    def answer(self, split: str, inputs: Tensor) -> Tensor:
        """Outputs of the epoch's architecture, with the statistics of the batch."""
        with batch_statistics(self.network):
            outputs: Tensor = self(inputs, self.sampler.asked[-1])
        return outputs

    def on_train_epoch_end(self) -> None:
        """Tell the sampler the value of the epoch's architecture."""
        super().on_train_epoch_end()
        self._tell()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Tell the sampler the values before the interruption."""
        super().on_load_checkpoint(checkpoint)
        self._tell()

    def _tell(self) -> None:
        for value in self.metrics.get(self.column, [])[len(self.sampler.values) :]:
            self.sampler.tell(value * self._factor)


def _result(module: _Module, settings: dict[str, Any]) -> dict[str, Any]:
    """The result of a finished search, as JSON values."""
    sampler, space = module.sampler, module.network.space
    assert sampler.arch is not None
    (simplest,) = layout_of(space).space.simplify([sampler.arch])
    notes = []
    if sampler.was_dead is not None:
        notes.append(
            f"the most probable cell, {sampler.was_dead}, is dead; {sampler.arch} is the most probable live one of the "
            "last two operations of each edge"
        )
    return DDPNASResult(
        space=space.name,
        task=module.recipe.task,
        seed=module.seed,
        arch=sampler.arch,
        simplest=simplest,
        metric=module.column,
        archs=sampler.asked,
        values=module.metrics[module.column],
        thetas=[theta.tolist() for theta in sampler.thetas],
        images=len(sampler.asked) * (module.recipe.n_train or 0),
        seconds=module.metrics[TIME][-1],
        notes=notes,
        settings=settings,
    ).to_json()
