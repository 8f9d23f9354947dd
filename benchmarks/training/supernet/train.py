"""Train the supernet of a space on a task, and load it again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.forks import one_thread_if_forked
from benchmarks.spaces.space import Space
from benchmarks.training.device import device_options
from benchmarks.training.recipe import Recipe
from benchmarks.training.supernet.folder import SupernetFolder
from benchmarks.training.supernet.layouts import layout_of
from benchmarks.training.supernet.module import SupernetModule, check_loss, check_parts, supernet_identity
from benchmarks.training.supernet.objectives import PathObjective, make_objective
from benchmarks.training.supernet.presets import asked_recipe, default_parts
from benchmarks.training.supernet.samplers import make_sampler
from benchmarks.training.supernet.sharing import SHARINGS, Sharing, make_sharing
from benchmarks.training.supernet.supernet import Supernet
from benchmarks.training.weight_sharing.images import Sources, kind_of_images, loaded_images
from benchmarks.training.weight_sharing.samplers import BatchSampler, PathSampler
from benchmarks.training.weight_sharing.train import load_network, train_network

__all__ = ["load_supernet", "train_supernet"]


@one_thread_if_forked()
def train_supernet(
    space: str | Space,
    task: str,
    preset: str | Recipe = "mini",
    sampler: str | PathSampler | BatchSampler | None = None,
    objective: str | PathObjective | None = None,
    seed: int = 0,
    folder: str | Path | None = None,
    *,
    sharing: str | Sharing = "separate",
    sources: Sources | None = None,
    device: str = "auto",
    progress: bool = False,
    trainer_options: Mapping[str, Any] | None = None,
) -> Supernet:
    """Train the supernet of a space on a task; a finished one is loaded, an interrupted one resumed.

    Args:
        space: Space of cells, or ``"transnas101-macro"``; or its name.
        task: One of the seven tasks, or the pretext task without labels, ``"contrast"``.
        preset: Name of a preset, whose recipe is `supernet_recipe`'s; or a recipe.
        sampler: Which paths a step trains: ``"uniform"`` (the default), ``"fair"``, ``"disjoint"`` (the default of
            the pretext task), or a sampler of your own.
        objective: What it minimises: ``"supervised"`` (the default), ``"distillation"``, ``"distillation_mean"``,
            ``"contrast"`` (that of the pretext task), or an objective of your own.
        seed: Seed of weights, paths, order of images and augmentation; reproducible on the same kind of device.
        folder: Folder for the result and the state after each epoch; an interrupted training resumes from it with the
            same result as without the interruption. None = nothing is stored.
        sharing: How parts become weights, as in `Supernet`: ``"separate"`` or ``"sliced"``. A way of your own cannot be
            stored in a folder, which is loaded by the name.
        sources: Images by split, or a function of the recipe that returns them; Rooms (`rooms_of`) by default. Not
            loaded if the training is finished. The folder records whether they are Rooms.
        device: ``"auto"`` (a GPU if there is one), ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.
        progress: Whether to show a progress bar.
        trainer_options: More options of `lightning.Trainer`.

    Returns:
        The trained supernet, on the CPU and in evaluation mode.

    Raises:
        ValueError: If the recipe is for another task or has an adversarial loss, a source does not match it, the
            device does not exist, or sampler, objective and task do not fit together.
        SpaceError: If the space has no supernet, or none of this sharing.
        UnknownNameError: If there is no such space, task, preset, sampler, objective or sharing.
        TrainingFailed: If the loss is not finite, or `trainer_options` end the training before the recipe's last
            epoch; with a folder, the next call resumes it.
        ArtefactError: If the folder holds the supernet of another space, sharing, sampler, objective, recipe, seed, or
            of other images.

    Example:
        >>> import tempfile
        >>> from dataclasses import replace
        >>> import torch
        >>> from benchmarks.training import ImageSet
        >>> from benchmarks.training.supernet import supernet_recipe
        >>> small = {"epochs": 1, "base_channels": 2, "input_size": 16, "n_train": 4, "n_valid": 2, "n_test": None}
        >>> recipe = replace(supernet_recipe("room_layout"), batch_size=2, **small)
        >>> images = ImageSet({"rgb": torch.zeros(4, 3, 16, 16, dtype=torch.uint8), "room_layout": torch.ones(4, 9)})
        >>> folder = tempfile.mkdtemp()
        >>> sources = {"train": images, "valid": images}
        >>> supernet = train_supernet(
        ...     "transnas101-micro", "room_layout", recipe, folder=folder, sources=sources, device="cpu"
        ... )
        >>> len(SupernetFolder(folder).metrics()["valid_loss"])
        1
    """
    recipe = asked_recipe(task, preset)
    options = {**device_options(device), **(trainer_options or {})}
    check_loss(recipe)
    usual_sampler, usual_objective = default_parts(task)
    paths = make_sampler(usual_sampler if sampler is None else sampler, space)
    what = make_objective(usual_objective if objective is None else objective)
    sharing = make_sharing(sharing)
    sharing.check(layout_of(space))
    if folder is not None and type(sharing) not in SHARINGS.values():
        raise ValueError(
            f"expected a sharing that a folder can name, one of {', '.join(SHARINGS)}, got {type(sharing).__name__} "
            f"with the name {sharing.name!r}; without a folder any will do"
        )
    check_parts(paths, what, recipe)
    identity = supernet_identity(space, recipe, paths, what, seed, sharing)
    return train_network(
        None if folder is None else SupernetFolder(folder),
        {**identity, "images": kind_of_images(sources)},
        lambda: SupernetModule(space, recipe, loaded_images(sources, recipe), paths, what, seed=seed, sharing=sharing),
        load_supernet,
        progress,
        options,
    )


def load_supernet(folder: str | Path) -> Supernet:
    """Load a supernet that `train_supernet` finished.

    Args:
        folder: Its folder.

    Raises:
        ArtefactError: If there is none, it is damaged, or its training is not finished.
    """

    def network(about: Mapping[str, Any]) -> Supernet:
        return Supernet(about["space"], Recipe.from_dict(about["recipe"]), about["seed"], about["sharing"])

    return load_network(SupernetFolder(folder), network)
