"""A search with shared weights inside that ends with one architecture: its folder, and how it is run and resumed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from benchmarks.errors import ArtefactError
from benchmarks.short_repr import ShortRepr
from benchmarks.training.data.images import ImageSource
from benchmarks.training.data.part import part_of
from benchmarks.training.device import device_options
from benchmarks.training.recipe import VERSION, Recipe
from benchmarks.training.supernet.module import SupernetModule
from benchmarks.training.weight_sharing.folder import TrainingFolder
from benchmarks.training.weight_sharing.images import Sources, kind_of_images, loaded_images
from benchmarks.training.weight_sharing.train import train_once

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["DerivationResult", "Halves", "Images", "run_derivation"]

Images = Sources | None
"""Images by split, or a function of the recipe that returns them; None = Rooms."""
_LEAST = 4  # training images: two halves with batch statistics


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
        self.kind = kind_of_images(sources)
        n = recipe.n_train
        if n is None:
            n = len(self.all()["train"])
        if n < _LEAST:
            raise ValueError(f"expected at least {_LEAST} training images, half of them for the weights, got {n}")
        self.sizes = n // 2, n - n // 2

    def all(self) -> Mapping[str, ImageSource]:
        """All images by split, read or rendered when asked for."""
        self._sources = loaded_images(self._sources, self._recipe)
        return self._sources

    def both(self) -> tuple[ImageSource, ImageSource]:
        """The half for the weights and the half for the architecture."""
        train, (n, m) = self.all()["train"], self.sizes
        return part_of(train, 0, n), part_of(train, n, n + m)


@dataclass(frozen=True, repr=False)
class DerivationResult(ShortRepr):
    """What a search found: a dataclass of JSON values."""

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Inverse of `to_json`."""
        return cls(**values)


_R = TypeVar("_R", bound=DerivationResult)


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
    run = None if folder is None else _Folder(folder)

    def keep(module: SupernetModule) -> _R:
        found = result(module, settings)
        if run is not None:
            run.finish(found)
        return kind.from_json(found)

    def load(path: Path) -> _R:
        return _read(path / _Folder.result, kind)

    return train_once(run, settings, module, keep, load, lambda _: f"the search {method!r}", progress, options)


class _Folder(TrainingFolder):
    """The folder of a search."""

    kind = "derivation"
    file = "derivation.json"
    result = "result.json"


def _read(path: Path, kind: type[_R]) -> _R:
    try:
        found = json.loads(path.read_bytes())
        return kind.from_json(found)
    except (TypeError, ValueError) as error:  # not JSON, not an object, or other keys than the fields
        raise ArtefactError(f"{str(path)!r} is damaged ({error}); delete the folder and search again") from error
