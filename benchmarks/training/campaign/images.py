"""Image sources of campaigns: Rooms, a folder in Taskonomy's layout, or any folder of pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.forks import cached_property
from benchmarks.tasks import SPLITS
from benchmarks.training.data.image_folder import (
    CLASS_TASKS,
    ImageFolder,
    ImageFolderError,
    check_labels,
    read_image_folder,
)
from benchmarks.training.data.pictures import READER
from benchmarks.training.data.taskonomy import CLASSES, EXPORT, SPLIT_FILES, check_root, read_templates

if TYPE_CHECKING:
    from benchmarks.training.data.images import ImageSource
    from benchmarks.training.recipe import Recipe

__all__ = ["ROOMS", "CampaignImages", "FolderImages", "ImageNeeds", "RoomsImages", "TaskonomyImages"]


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

    def counts(self) -> dict[str, int | None]:
        """Split -> number of images.

        Example:
            >>> ImageNeeds(64, 100, 10, None).counts()
            {'train': 100, 'valid': 10, 'test': None}
        """
        return {split: getattr(self, split) for split in SPLITS}


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

        self._check(needs)
        return {split: rooms(split, getattr(needs, split), needs.size, self.seed, domains) for split in SPLITS}

    def fitted(self, recipe: Recipe) -> Recipe:
        """The recipe unchanged: Rooms has any number of images."""
        return recipe

    def check(self, recipe: Recipe) -> None:
        """Raise `ValueError` if the recipe does not give the number of images."""
        self._check(ImageNeeds.from_recipe(recipe))

    def _check(self, needs: ImageNeeds) -> None:
        for split in SPLITS:
            if getattr(needs, split) is None:
                raise ValueError(
                    f"expected a number of images as n_{split}, because Rooms is unlimited, got None (all images); set "
                    f"it in the plan ('recipe': {{'n_{split}': 10000}}), or train on a folder (--images, --data)"
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

    def fitted(self, recipe: Recipe) -> Recipe:
        """The recipe unchanged."""
        return recipe

    def check(self, recipe: Recipe) -> None:
        """Accept every recipe."""

    def _file(self, split: str) -> Path:
        return Path(self.root, getattr(self, split))


@dataclass(frozen=True)
class FolderImages:
    """A user's own folder of pictures: any for jigsaw and autoencoder, with one sub-folder per class for class tasks.

    Attributes:
        root: The folder, as `benchmarks.training.data.image_folder.read_image_folder` takes it.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> root = Path(tempfile.mkdtemp())
        >>> for number in range(10):
        ...     Image.new("RGB", (8, 8), (number, 0, 0)).save(root / f"{number}.png")
        >>> images = FolderImages(str(root))
        >>> {name: images.describe("jigsaw")["folder"][name] for name in ("train", "valid")}
        {'train': 8, 'valid': 2}
    """

    root: str

    @cached_property
    def folder(self) -> ImageFolder:
        """The folder's pictures, read when first asked for; workers of a campaign receive them.

        Raises:
            ImageFolderError: If there is no such folder, or it cannot be used.
            MissingExtraError: If pillow is not installed.
        """
        return read_image_folder(self.root)

    def describe(self, task: str) -> dict[str, Any]:
        """Settings that determine the images of any task, independent of the folder's location.

        A hash of names, contents and splits, the number of images of each split, and the version of the reader.

        Raises:
            ImageFolderError: As `folder`.
        """
        return {"folder": {**self.folder.describe(), "reader": READER}}

    def open(self, needs: ImageNeeds, domains: Sequence[str]) -> Mapping[str, ImageSource]:
        """Training and validation images, and test images if the folder has them."""
        from benchmarks.training.data.picture_source import open_pictures

        return open_pictures(self.folder, needs.size, needs.counts(), domains)

    def fitted(self, recipe: Recipe) -> Recipe:
        """The recipe with the folder's number of classes, and no more images than the folder has.

        Raises:
            ImageFolderError: If the folder lacks the labels of the task.
        """
        check_labels(recipe.task)  # before the folder is read
        classes = self.folder.classes(recipe.task)
        changes: dict[str, Any] = {"num_classes": len(classes)} if classes else {}
        for split in SPLITS:
            have, wanted = len(self.folder.splits.get(split, ())), getattr(recipe, f"n_{split}")
            changes[f"n_{split}"] = min(wanted or have, have) or None
        return replace(recipe, **changes)

    def check(self, recipe: Recipe) -> None:
        """Raise `ImageFolderError` if the folder has too few images, no labels or other classes for a recipe."""
        self.folder.check(recipe.task, ImageNeeds.from_recipe(recipe).counts())
        classes = self.folder.classes(recipe.task)
        if recipe.task in CLASS_TASKS and recipe.num_classes != len(classes):
            raise ImageFolderError(
                f"{recipe.task}: expected {len(classes)} as num_classes, the number of class folders of "
                f"{self.root!r:.200}, got {recipe.num_classes}"
            )

    def summary(self, recipe: Recipe) -> str:
        """One line that tells which images a recipe uses, and which files were left out."""
        return self.folder.summary(recipe.task, ImageNeeds.from_recipe(recipe).counts())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


CampaignImages = RoomsImages | TaskonomyImages | FolderImages

ROOMS = RoomsImages()
"""Image source that is used by default."""
