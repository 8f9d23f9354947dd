"""A search with shared weights inside that ends with one architecture: its folder, and how it is run and resumed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from benchmarks.errors import ArtefactError
from benchmarks.files import write_beside
from benchmarks.run_directory import RunDirectory
from benchmarks.training.data.images import ImageSource
from benchmarks.training.data.part import part_of
from benchmarks.training.device import device_options
from benchmarks.training.fitting import fit_module, forget_checkpoint, free_memory
from benchmarks.training.recipe import VERSION, Recipe
from benchmarks.training.run import TrainingFailed
from benchmarks.training.supernet.folder import OTHER_IMAGES, ROOMS
from benchmarks.training.supernet.module import SupernetModule
from benchmarks.training.supernet.presets import supernet_recipe
from benchmarks.training.supernet.train import rooms_of

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Halves", "Images", "asked_recipe", "run_derivation"]

Images = Mapping[str, ImageSource] | Callable[[Recipe], Mapping[str, ImageSource]] | None
"""Images by split, or a function of the recipe that returns them; None = Rooms."""
_LEAST = 4  # training images: two halves with batch statistics


def asked_recipe(task: str, preset: str | Recipe) -> Recipe:
    """The recipe of a preset, or the recipe itself.

    Raises:
        ValueError: If it is for another task.
        UnknownNameError: If there is no such task or preset.
    """
    recipe = supernet_recipe(task, preset) if isinstance(preset, str) else preset
    if task != recipe.task:
        raise ValueError(f"expected a recipe for {task!r}, got one for {recipe.task!r}")
    return recipe


class Halves:
    """The two halves of the training images: one for the weights, one for the architecture.

    Args:
        recipe: How many training images there are.
        sources: Images by split, or a function of the recipe that returns them.

    Attributes:
        sizes: Number of images of each half.
        kind: Kind of images, for the description of a run.

    Raises:
        ValueError: If there are fewer than four training images.
    """

    def __init__(self, recipe: Recipe, sources: Images) -> None:
        self._recipe, self._sources = recipe, sources
        self.kind = ROOMS if sources is None or sources is rooms_of else OTHER_IMAGES
        n = recipe.n_train
        if n is None:
            n = len(self.all()["train"])
        if n < _LEAST:
            raise ValueError(f"expected at least {_LEAST} training images, half of them for the weights, got {n}")
        self.sizes = n // 2, n - n // 2

    def all(self) -> Mapping[str, ImageSource]:
        """All images by split, read or rendered when asked for."""
        if self._sources is None or callable(self._sources):
            self._sources = (self._sources or rooms_of)(self._recipe)
        return self._sources

    def both(self) -> tuple[ImageSource, ImageSource]:
        """The half for the weights and the half for the architecture."""
        train, (n, m) = self.all()["train"], self.sizes
        return part_of(train, 0, n), part_of(train, n, n + m)


class _Result(Protocol):
    """A dataclass of JSON values."""

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self: ...


_R = TypeVar("_R", bound=_Result)


def run_derivation(
    method: str,
    module: Callable[[], SupernetModule],
    identity: Mapping[str, Any],
    result: Callable[[Any, dict[str, Any]], dict[str, Any]],
    kind: type[_R],
    folder: str | Path | None,
    device: str,
    progress: bool,
    trainer_options: Mapping[str, Any] | None,
) -> _R:
    """Run a search, resume it, or read its result if it is finished.

    Args:
        method: Name of the search.
        module: Makes the module that trains and searches.
        identity: Settings that must not change in the folder, as JSON values.
        result: Makes the result from the finished module and all settings, as JSON values.
        kind: Class of the result, a dataclass.
        folder: Folder of the search; None = nothing is stored.
        device: As in `train_supernet`.
        progress: Whether to show a progress bar.
        trainer_options: More options of `lightning.Trainer`.

    Returns:
        The result.

    Raises:
        ArtefactError: If the folder holds another search, or its result is damaged.
        TrainingFailed: If the loss is not finite, or `trainer_options` end the search early.
    """
    options = {**device_options(device), **(trainer_options or {})}
    settings: dict[str, Any] = json.loads(json.dumps({"version": VERSION, "method": method, **identity}))  # as read
    run = None if folder is None else RunDirectory(Path(folder).resolve(), "derivation")
    if run is not None and run.description.exists():
        run.claim(settings)
        if (finished := run.file("result.json")).exists():
            return _read(finished, kind)
    made = module()
    if run is not None:  # a call that fails above leaves no folder
        run.claim(settings)
    fit_module(made, None if run is None else run.path, progress, options)
    if made.epochs_done < made.recipe.epochs:
        raise TrainingFailed(
            f"the search {method!r} was stopped after {made.epochs_done} of {made.recipe.epochs} epochs; "
            f"{'it was not stored, as it has no folder' if run is None else 'the same call resumes it'}"
        )
    found = result(made, settings)
    if run is not None:
        with write_beside(run.file("result.json")) as beside:
            beside.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        forget_checkpoint(run.path)
    made.release()
    free_memory()
    return kind.from_json(found)


def _read(path: Path, kind: type[_R]) -> _R:
    try:
        found = json.loads(path.read_bytes())
        return kind.from_json(found)
    except (TypeError, ValueError) as error:  # not JSON, not an object, or other keys than the fields
        raise ArtefactError(f"{str(path)!r} is damaged ({error}); delete the folder and search again") from error
