"""Train the supernet of a space on a task, and load it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from benchmarks.errors import ArtefactError
from benchmarks.files import write_beside
from benchmarks.forks import one_thread_if_forked
from benchmarks.spaces.space import Space
from benchmarks.training.data.images import TASK_DOMAINS, ImageSource
from benchmarks.training.device import device_options
from benchmarks.training.fitting import fit_module, forget_checkpoint, free_memory
from benchmarks.training.recipe import VERSION, Recipe
from benchmarks.training.rooms.source import rooms
from benchmarks.training.run import TrainingFailed
from benchmarks.training.supernet.folder import OTHER_IMAGES, ROOMS, SupernetFolder
from benchmarks.training.supernet.layouts import layout_of
from benchmarks.training.supernet.module import SupernetModule, check_loss, check_parts, supernet_identity
from benchmarks.training.supernet.objectives import PathObjective, make_objective
from benchmarks.training.supernet.presets import default_parts, supernet_recipe
from benchmarks.training.supernet.samplers import BatchSampler, PathSampler, make_sampler
from benchmarks.training.supernet.sharing import SHARINGS, Sharing, make_sharing
from benchmarks.training.supernet.supernet import Supernet
from benchmarks.training.task_module import channels_last

__all__ = ["Sources", "fit_supernet", "load_supernet", "rooms_of", "train_supernet"]

Sources = Mapping[str, ImageSource] | Callable[[Recipe], Mapping[str, ImageSource]]
"""Images by split, or a function of the recipe that returns them."""


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
        >>> from benchmarks.training import ImageSet
        >>> small = {"epochs": 1, "base_channels": 2, "input_size": 16, "n_train": 4, "n_valid": 2, "n_test": None}
        >>> recipe = replace(supernet_recipe("room_layout"), batch_size=2, **small)
        >>> images = ImageSet({"rgb": torch.zeros(4, 3, 16, 16, dtype=torch.uint8), "room_layout": torch.ones(4, 9)})
        >>> folder = tempfile.mkdtemp()
        >>> sources = {"train": images, "valid": images}
        >>> supernet = train_supernet(
        ...     "transnas101-micro", "room_layout", recipe, folder=folder, sources=sources, device="cpu"
        ... )
        >>> from benchmarks.training.supernet import SupernetFolder
        >>> len(SupernetFolder(folder).metrics()["valid_loss"])
        1
    """
    recipe = supernet_recipe(task, preset) if isinstance(preset, str) else preset
    if task != recipe.task:
        raise ValueError(f"expected a recipe for {task!r}, got one for {recipe.task!r}")
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
    return fit_supernet(
        lambda images: SupernetModule(space, recipe, images, paths, what, seed=seed, sharing=sharing),
        supernet_identity(space, recipe, paths, what, seed, sharing),
        recipe,
        folder,
        sources,
        progress,
        options,
    )


def fit_supernet(
    make: Callable[[Mapping[str, ImageSource]], SupernetModule],
    identity: Mapping[str, Any],
    recipe: Recipe,
    folder: str | Path | None,
    sources: Sources | None,
    progress: bool,
    options: Mapping[str, Any],
) -> Supernet:
    """Train a module's supernet in a folder, resume it, or load it if it is finished.

    Args:
        make: Makes the module from the images by split; not called if the training is finished.
        identity: What the training is of; version and kind of images are added.
        recipe: Its recipe.
        folder: As in `train_supernet`.
        sources: Likewise.
        progress: Likewise.
        options: Options of `lightning.Trainer`.

    Returns:
        The trained supernet, on the CPU and in evaluation mode.

    Raises:
        TrainingFailed: If the training ended before the recipe's last epoch.
        ArtefactError: If the folder holds another training.
    """
    identity = {
        "version": VERSION,
        **identity,
        "images": ROOMS if sources is None or sources is rooms_of else OTHER_IMAGES,
    }
    run = None if folder is None else SupernetFolder(folder)
    if run is not None and run.is_claimed:
        run.claim(identity)
        if run.is_finished:
            return load_supernet(run.path)
    if sources is None or callable(sources):
        sources = (sources or rooms_of)(recipe)
    module = make(sources)
    if run is not None:  # a call that fails above leaves no folder
        run.claim(identity)
    fit_module(module, None if run is None else run.path, progress, options)
    if module.epochs_done < recipe.epochs:
        raise TrainingFailed(
            f"the training of {module.subject} on {recipe.task} was stopped after {module.epochs_done} of "
            f"{recipe.epochs} epochs; "
            f"{'it was not stored, as it has no folder' if run is None else 'the same call resumes it'}"
        )
    supernet = module.network.cpu().eval()
    if run is not None:
        with write_beside(run.weights) as beside:
            torch.save(supernet.state_dict(), beside)
        run.finish(module.metrics)
        forget_checkpoint(run.path)
    module.release()
    free_memory()
    return supernet


def load_supernet(folder: str | Path) -> Supernet:
    """Load a supernet that `train_supernet` finished.

    Args:
        folder: Its folder.

    Raises:
        ArtefactError: If there is none, it is damaged, or its training is not finished.
    """
    found = SupernetFolder(folder)
    about = found.about()
    supernet = Supernet(about["space"], Recipe.from_dict(about["recipe"]), about["seed"], about["sharing"])
    try:
        state = torch.load(found.weights, map_location="cpu", weights_only=True)
        supernet.load_state_dict(state)
    except Exception as error:
        raise ArtefactError(
            f"{str(found.weights)!r} is damaged ({error}); delete the folder and train again"
        ) from error
    channels_last(supernet)
    return supernet.eval()


def rooms_of(recipe: Recipe) -> dict[str, ImageSource]:
    """Rooms images of all splits that a recipe asks for."""
    counts = {"train": recipe.n_train, "valid": recipe.n_valid, "test": recipe.n_test}
    domains = TASK_DOMAINS[recipe.task]
    return {split: rooms(split, n, recipe.input_size, domains=domains) for split, n in counts.items() if n is not None}
