"""Train a multi-stage network on a task, and load it again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.forks import one_thread_if_forked
from benchmarks.training.device import device_options
from benchmarks.training.dynamic.choices import StageChoice, check_confident
from benchmarks.training.dynamic.folder import MultiStageFolder
from benchmarks.training.dynamic.grid import ChoiceGrid
from benchmarks.training.dynamic.layout import StageLayout
from benchmarks.training.dynamic.module import MultiStageModule, multi_stage_identity
from benchmarks.training.dynamic.network import MultiStageNetwork
from benchmarks.training.dynamic.objectives import ExitObjective, make_exit_objective
from benchmarks.training.dynamic.samplers import OneChoice, SandwichChoices
from benchmarks.training.recipe import Recipe
from benchmarks.training.supernet.presets import asked_recipe
from benchmarks.training.weight_sharing.images import Sources, kind_of_images, loaded_images
from benchmarks.training.weight_sharing.samplers import PathSampler
from benchmarks.training.weight_sharing.train import load_network, train_network

__all__ = ["load_multi_stage", "train_multi_stage"]


@one_thread_if_forked()
def train_multi_stage(
    arch: str,
    task: str,
    preset: str | Recipe = "mini",
    train: StageChoice | ChoiceGrid | PathSampler | str | None = None,
    objective: str | ExitObjective | None = None,
    seed: int = 0,
    folder: str | Path | None = None,
    *,
    sources: Sources | None = None,
    device: str = "auto",
    progress: bool = False,
    trainer_options: Mapping[str, Any] | None = None,
) -> MultiStageNetwork:
    """Train a multi-stage network on a task; a finished one is loaded, an interrupted one resumed.

    Args:
        arch: Architecture of the micro space in the published skeleton, or of the published macro space.
        task: One of the tasks whose answers have a confidence.
        preset: Name of a preset, whose recipe is `supernet_recipe`'s; or a recipe.
        train: What to train: one choice (or its text) alone; a grid once for all, by sandwiches; or a sampler of your
            own, whose paths are texts of choices of two stages. The grid of all 3^M splits by default.
        objective: ``"labels"``, ``"distilled"``, or an objective of your own; by default labels for one choice, else
            distilled.
        seed: Seed of weights, choices, order of images and augmentation; reproducible on the same kind of device.
        folder: Folder for the result and the state after each epoch; an interrupted training resumes from it with the
            same result as without the interruption. None = nothing is stored.
        sources: Images by split, or a function of the recipe that returns them; Rooms (`rooms_of`) by default. Not
            loaded if the training is finished. The folder records whether they are Rooms.
        device: ``"auto"`` (a GPU if there is one), ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.
        progress: Whether to show a progress bar.
        trainer_options: More options of `lightning.Trainer`.

    Returns:
        The trained network, on the CPU and in evaluation mode; its running statistics are averages over choices, so
        recalibrate those of an extracted choice (`ExitScorer.calibrated`).

    Raises:
        ValueError: If the recipe is for another task, the task has no confidence, a choice does not fit the
            architecture, a source does not match the recipe, or the device does not exist.
        SpaceError: If the architecture is of another space.
        ArchitectureError: If it is dead, or not a published one; names the nearest.
        TypeError: If `train` or the objective is nothing of the kind.
        UnknownNameError: If there is no such task, preset or objective.
        TrainingFailed: If the loss is not finite, or `trainer_options` end the training before the recipe's last
            epoch; with a folder, the next call resumes it.
        ArtefactError: If the folder holds a network of another architecture, sampler, objective, recipe, seed, or of
            other images.

    Example:
        >>> from dataclasses import replace
        >>> import torch
        >>> from benchmarks.training import ImageSet
        >>> from benchmarks.training.supernet import supernet_recipe
        >>> small = {"epochs": 1, "base_channels": 4, "input_size": 16, "n_train": 4, "n_valid": 2, "n_test": None}
        >>> recipe = replace(supernet_recipe("class_scene"), batch_size=2, **small)
        >>> images = ImageSet(
        ...     {"rgb": torch.zeros(4, 3, 16, 16, dtype=torch.uint8), "class_scene": torch.full((4, 47), 1 / 47)}
        ... )
        >>> sources = {"train": images, "valid": images}
        >>> network = train_multi_stage("64-41414-3_01_003", "class_scene", recipe, sources=sources, device="cpu")
        >>> len(network(torch.zeros(2, 3, 16, 16), "1:3-1:1-1:1-1:1-3:1"))
        2
    """
    recipe = asked_recipe(check_confident(task) if isinstance(preset, str) else task, preset)
    options = {**device_options(device), **(trainer_options or {})}
    layout = StageLayout(arch, recipe)
    sampler, stages, usual = _sampler(train, layout)
    objective = make_exit_objective(usual if objective is None else objective)

    def module() -> MultiStageModule:
        MultiStageNetwork(arch, recipe, stages)  # refuses what cannot be, before images are rendered
        images = loaded_images(sources, recipe)
        return MultiStageModule(arch, recipe, images, sampler, objective, stages=stages, seed=seed)

    identity = multi_stage_identity(layout.arch, recipe, sampler, objective, stages, seed)
    return train_network(
        None if folder is None else MultiStageFolder(folder),
        {**identity, "images": kind_of_images(sources)},
        module,
        load_multi_stage,
        progress,
        options,
    )


def load_multi_stage(folder: str | Path) -> MultiStageNetwork:
    """Load a network that `train_multi_stage` finished.

    Args:
        folder: Its folder.

    Raises:
        ArtefactError: If there is none, it is damaged, or its training is not finished.
    """

    def network(about: Mapping[str, Any]) -> MultiStageNetwork:
        return MultiStageNetwork(about["arch"], Recipe.from_dict(about["recipe"]), about["stages"], about["seed"])

    return load_network(MultiStageFolder(folder), network)


def _sampler(
    train: StageChoice | ChoiceGrid | PathSampler | str | None, layout: StageLayout
) -> tuple[PathSampler, int, str]:
    """The sampler, the number of stages, and the usual objective."""
    if train is None:
        train = ChoiceGrid(layout.n_modules)
    if isinstance(train, (str, StageChoice)):
        found = StageChoice.parse(str(train))
        layout.plan(found)
        return OneChoice(found), found.n_stages, "labels"
    if isinstance(train, ChoiceGrid):
        train = SandwichChoices(train)
    if isinstance(train, SandwichChoices):
        for found in train.grid.each_option():
            layout.plan(found)
        return train, train.grid.n_stages, "distilled"
    if isinstance(train, type) or not isinstance(train, PathSampler):
        raise TypeError(
            f"expected a choice or its text, a grid of choices, or a sampler with a `name` and `paths`, got {train!r}"
        )
    return train, 2, "distilled"
