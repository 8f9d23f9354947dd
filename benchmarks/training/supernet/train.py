"""Train the supernet of a space on a task, and load it again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from benchmarks.errors import ArtefactError
from benchmarks.files import RunDirectory, write_beside
from benchmarks.forks import one_thread_if_forked
from benchmarks.spaces.space import Space
from benchmarks.training.data.images import TASK_DOMAINS, ImageSource
from benchmarks.training.device import device_options
from benchmarks.training.fitting import fit_module, free_memory
from benchmarks.training.recipe import VERSION, Recipe
from benchmarks.training.rooms.source import rooms
from benchmarks.training.supernet.module import SupernetModule, supernet_identity
from benchmarks.training.supernet.objectives import Objective, make_objective
from benchmarks.training.supernet.presets import supernet_recipe
from benchmarks.training.supernet.samplers import PathSampler, make_sampler
from benchmarks.training.supernet.supernet import Supernet
from benchmarks.training.task_module import channels_last

__all__ = ["load_supernet", "rooms_of", "supernet_metrics", "train_supernet"]

_WEIGHTS, _METRICS = "weights.pt", "metrics.json"


@one_thread_if_forked()
def train_supernet(
    space: str | Space,
    task: str,
    preset: str | Recipe = "mini",
    sampler: str | PathSampler = "uniform",
    objective: str | Objective = "supervised",
    seed: int = 0,
    folder: str | Path | None = None,
    *,
    sources: Mapping[str, ImageSource] | Callable[[Recipe], Mapping[str, ImageSource]] | None = None,
    device: str = "auto",
    progress: bool = False,
    trainer_options: Mapping[str, Any] | None = None,
) -> Supernet:
    """Train the supernet of a space on a task; a finished one is loaded, an interrupted one resumed.

    Args:
        space: Space of cells, or ``"transnas101-macro"``; or its name.
        task: One of the seven tasks.
        preset: Name of a preset, whose recipe is `supernet_recipe`'s; or a recipe.
        sampler: Which paths a step trains: ``"uniform"``, ``"fair"``, or a sampler of your own.
        objective: What it minimises: ``"supervised"``, or an objective of your own.
        seed: Seed of weights, paths, order of images and augmentation; reproducible on the same kind of device.
        folder: Folder for the result and the state after each epoch; an interrupted training resumes from it with the
            same result as without the interruption. None = nothing is stored.
        sources: Images by split, or a function of the recipe that returns them; Rooms by default. Not used if the
            training is finished.
        device: ``"auto"`` (a GPU if there is one), ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.
        progress: Whether to show a progress bar.
        trainer_options: More options of `lightning.Trainer`.

    Returns:
        The trained supernet, on the CPU and in evaluation mode.

    Raises:
        ValueError: If the recipe is for another task or has an adversarial loss, a source does not match it, or the
            device does not exist.
        UnknownNameError: If there is no such space, task, preset, sampler or objective.
        TrainingFailed: If the loss is not finite.
        ArtefactError: If the folder holds the supernet of another space, sampler, objective, recipe or seed.

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
        >>> len(supernet_metrics(folder)["valid_loss"])
        1
    """
    recipe = supernet_recipe(task, preset) if isinstance(preset, str) else preset
    if task != recipe.task:
        raise ValueError(f"expected a recipe for {task!r}, got one for {recipe.task!r}")
    options = {**device_options(device), **(trainer_options or {})}
    sampler, objective = make_sampler(sampler, space), make_objective(objective)
    run = None
    if folder is not None:
        identity = supernet_identity(space, recipe, sampler, objective, seed)
        run = RunDirectory(folder, "supernet").claim({"version": VERSION, **identity})
        if run.file(_METRICS).exists():
            return load_supernet(folder)
    if sources is None or callable(sources):
        sources = (sources or rooms_of)(recipe)
    module = SupernetModule(space, recipe, sources, sampler, objective, seed=seed)
    fit_module(module, None if run is None else run.path, progress, options)
    supernet = module.network.cpu().eval()
    if run is not None:
        with write_beside(run.file(_WEIGHTS)) as beside:
            torch.save(supernet.state_dict(), beside)
        with write_beside(run.file(_METRICS)) as beside:  # last: it says that the training is finished
            beside.write_text(json.dumps(module.metrics, indent=1) + "\n", encoding="utf-8")
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
    about = _about(folder)
    supernet = Supernet(about["space"], Recipe.from_dict(about["recipe"]), about["seed"])
    weights = Path(folder) / _WEIGHTS
    try:
        state = torch.load(weights, map_location="cpu", weights_only=True)
        supernet.load_state_dict(state)
    except Exception as error:
        raise ArtefactError(f"{str(weights)!r} is damaged ({error}); delete the folder and train again") from error
    channels_last(supernet)
    return supernet.eval()


def supernet_metrics(folder: str | Path) -> dict[str, list[float]]:
    """Metrics of every epoch of a finished training: of the mean sub-network for validation and test.

    Args:
        folder: Folder of `train_supernet`.

    Raises:
        ArtefactError: If there is no finished supernet in it.
    """
    _about(folder)
    found: dict[str, list[float]] = json.loads((Path(folder) / _METRICS).read_bytes())
    return found


def rooms_of(recipe: Recipe) -> dict[str, ImageSource]:
    """Rooms images of all splits that a recipe asks for."""
    counts = {"train": recipe.n_train, "valid": recipe.n_valid, "test": recipe.n_test}
    domains = TASK_DOMAINS[recipe.task]
    return {split: rooms(split, n, recipe.input_size, domains=domains) for split, n in counts.items() if n is not None}


def _about(folder: str | Path) -> dict[str, Any]:
    """Description of the finished supernet in a folder."""
    run = RunDirectory(folder, "supernet")
    if not run.description.exists():
        raise ArtefactError(
            f"expected a folder of `train_supernet`, got {str(folder)!r} without {run.description.name}"
        )
    if not run.file(_METRICS).exists():
        raise ArtefactError(
            f"the training of the supernet in {str(folder)!r} is not finished; run it again to resume it"
        )
    return run.about()
