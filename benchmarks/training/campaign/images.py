"""Image sources of campaigns: Rooms, or a folder in Taskonomy's layout."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.tasks import SPLITS
from benchmarks.training.data.taskonomy import CLASSES, EXPORT, SPLIT_FILES, check_root, read_templates

if TYPE_CHECKING:
    from benchmarks.training.data.images import ImageSource
    from benchmarks.training.recipe import Recipe

__all__ = ["ROOMS", "CampaignImages", "ImageNeeds", "RoomsImages", "TaskonomyImages"]


class ImageNeeds(NamedTuple):
    """The part of a recipe that selects images: side in pixels, and number per split (None = all)."""

    size: int
    train: int | None
    valid: int | None
    test: int | None

    @classmethod
    def from_recipe(cls, recipe: Recipe) -> ImageNeeds:
        """The image requirements of a recipe."""
        return cls(recipe.input_size, recipe.n_train, recipe.n_valid, recipe.n_test)


RENDERER = 2
"""`benchmarks.training.rooms.render.RENDERER`, repeated here to avoid importing torch; a test compares them."""

_CHANGED = {"segmentsemantic": 2}
"""Task -> the renderer version that last changed its images or labels; 1 for tasks that are not listed."""


@dataclass(frozen=True)
class RoomsImages:
    """Rendered rooms; number and size are those of the recipe.

    Attributes:
        seed: Seed of the scenes.

    Example:
        >>> RoomsImages(seed=1).describe("jigsaw")
        {'rooms': {'seed': 1, 'renderer': 1}}
    """

    seed: int = 0

    def describe(self, task: str) -> dict[str, Any]:
        """Settings that determine the images of a task, as JSON: the seed, and the renderer that last changed them."""
        return {"rooms": {"seed": self.seed, "renderer": _CHANGED.get(task, 1)}}

    def open(self, needs: ImageNeeds, domains: Sequence[str]) -> Mapping[str, ImageSource]:
        """Training, validation and test images of some domains.

        Raises:
            ValueError: If the recipe does not give their number.
        """
        from benchmarks.training.rooms import rooms

        self.check(needs)
        return {split: rooms(split, getattr(needs, split), needs.size, self.seed, domains) for split in SPLITS}

    def check(self, needs: ImageNeeds) -> None:
        """Raise `ValueError` if the recipe does not give the number of images."""
        for split in SPLITS:
            if getattr(needs, split) is None:
                raise ValueError(
                    f"expected a number of images as n_{split}, because Rooms is unlimited, got None (all images); set "
                    f"it in the plan ('recipe': {{'n_{split}': 10000}}), or train on a folder of images (--data)"
                )


@dataclass(frozen=True)
class TaskonomyImages:
    """A folder in Taskonomy's layout, with one split file each for training, validation and test.

    Attributes:
        root: The folder.
        train: Split file, relative to `root`.
        valid: Split file.
        test: Split file.
    """

    root: str
    train: str = SPLIT_FILES["train"]
    valid: str = SPLIT_FILES["valid"]
    test: str = SPLIT_FILES["test"]

    def describe(self, task: str) -> dict[str, Any]:
        """Settings that determine the images of any task, independent of the folder's location, as hashes.

        Hashed are the lists that each split file names, the kept classes, and the settings of exported rooms.

        Raises:
            TaskonomyNotFoundError: If there is no such folder, or a list is missing.
            OSError: If a list cannot be read.
            TaskonomyError: If a list is not in the expected form.
        """
        root = Path(self.root)
        check_root(root)
        found = {split: _hash("\n".join(read_templates(root, self._file(split))).encode()) for split in SPLITS}
        folders = dict.fromkeys((root, *(self._file(split).parent for split in SPLITS)))
        for name in (*(f"{domain}_final5k.npy" for domain in CLASSES), EXPORT):
            first = next((folder / name for folder in folders if (folder / name).is_file()), None)
            if first is not None:
                found[first.stem] = _hash(first.read_bytes())
        return {"taskonomy": found}

    def open(self, needs: ImageNeeds, domains: Sequence[str]) -> Mapping[str, ImageSource]:
        """Training, validation and test images of some domains."""
        from benchmarks.training.data.taskonomy import TaskonomySource

        return {split: TaskonomySource(self.root, self._file(split), needs.size, domains=domains) for split in SPLITS}

    def check(self, needs: ImageNeeds) -> None:
        """Accept every recipe."""

    def _file(self, split: str) -> Path:
        return Path(self.root, getattr(self, split))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


CampaignImages = RoomsImages | TaskonomyImages

ROOMS = RoomsImages()
"""Image source that is used by default."""
