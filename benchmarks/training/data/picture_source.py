"""Pictures of a user's own folder as an image source: in memory if they fit, otherwise read when needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.errors import choice
from benchmarks.formats.mmap_cache import cache_dir
from benchmarks.short_repr import ShortRepr
from benchmarks.training.data.image_folder import CLASS_TASKS, ImageFolder, ImageFolderError, Picture
from benchmarks.training.data.images import ImageSet, ImageSource
from benchmarks.training.data.pictures import READER, PictureError, read_picture
from benchmarks.training.rooms.store import load_arrays, store_arrays

__all__ = ["MOST_IN_MEMORY", "PictureSource", "open_pictures"]

MOST_IN_MEMORY = 2**31
"""Bytes of pixels of all splits together up to which they are kept in memory: 174,762 images of 64 pixels."""
_READERS = 8
_AT_ONCE = 256


@dataclass(frozen=True, repr=False)
class PictureSource(ShortRepr):
    """Pictures read from their files when needed, several in parallel.

    Attributes:
        root: The folder.
        pictures: The pictures in their order.
        size: Side of an image in pixels; see `read_picture`.
        classes: Names of the classes; without them, the source only has rgb.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> root = Path(tempfile.mkdtemp())
        >>> Image.new("RGB", (20, 20), (1, 2, 3)).save(root / "a.png")
        >>> source = PictureSource(str(root), (Picture("a.png", "dogs", ""),), 4, ("cats", "dogs"))
        >>> batch = source.batch(torch.tensor([0, 0]), ["rgb", "class_object"])
        >>> batch["rgb"][:, :, 0, 0].tolist(), batch["class_object"][0].tolist()
        ([[1, 2, 3], [1, 2, 3]], [0.0, 1.0])
    """

    root: str
    pictures: tuple[Picture, ...]
    size: int
    classes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.pictures)

    def batch(self, indices: Tensor, domains: Sequence[str]) -> dict[str, Tensor]:
        """Pixels and classes, as in `benchmarks.training.data.images.ImageSource.batch`.

        Raises:
            ImageFolderError: If a file cannot be read any more; names it.
            UnknownNameError: If the source does not have a domain.
        """
        for name in domains:
            choice(name, ("rgb", *(CLASS_TASKS if self.classes else ())), "domain")
        wanted = [self.pictures[index] for index in indices.tolist()]
        found: dict[str, Tensor] = {}
        for name in domains:
            if name == "rgb":
                with ThreadPoolExecutor(_READERS) as pool:
                    found[name] = torch.from_numpy(np.stack(list(pool.map(self._read, wanted))))
            else:
                found[name] = self.labels(wanted)
        return found

    def labels(self, pictures: Sequence[Picture]) -> Tensor:
        """One-hot classes of pictures of this source, float32, of shape (n, classes)."""
        place = {name: number for number, name in enumerate(self.classes)}
        rows = torch.tensor([place[picture.group] for picture in pictures], dtype=torch.int64)
        return torch.nn.functional.one_hot(rows, len(self.classes)).float()

    def _read(self, picture: Picture) -> NDArray[np.uint8]:
        try:
            return read_picture(Path(self.root, picture.path), self.size)
        except PictureError as error:
            raise ImageFolderError(
                f"{picture.path!r:.200} in {self.root!r:.200} could be read before and now cannot ({error}): restore it"
            ) from error


def open_pictures(
    folder: ImageFolder,
    size: int,
    counts: Mapping[str, int | None],
    domains: Sequence[str] = ("rgb",),
    most_in_memory: int = MOST_IN_MEMORY,
) -> dict[str, ImageSource]:
    """Images of a folder by split.

    Up to `most_in_memory` bytes of pixels (uint8) in all splits together are decoded once, kept in the user's cache
    (``$TRANSNAS_CACHE_DIR``) and mapped into memory, where several processes share them; more are read from their files
    batch by batch.

    Args:
        folder: The folder.
        size: Side of the images in pixels.
        counts: Split -> number of images, the first ones; None = all.
        domains: Domains to return; rgb, and those of `CLASS_TASKS`.
        most_in_memory: Bytes; 0 always reads from files.

    Raises:
        ImageFolderError: If there are too few images, or no classes for a domain that needs them.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> from benchmarks.training.data.image_folder import read_image_folder
        >>> root = Path(tempfile.mkdtemp())
        >>> for number in range(10):
        ...     Image.new("RGB", (8, 8), (number, 0, 0)).save(root / f"{number}.png")
        >>> sources = open_pictures(read_image_folder(root), 16, {"train": 5})
        >>> {split: len(source) for split, source in sources.items()}, type(sources["train"]).__name__
        ({'train': 5, 'valid': 2}, 'ImageSet')
    """
    tasks = [name for name in domains if name in CLASS_TASKS]
    for name in tasks or ["rgb"]:
        folder.check(name, counts)
    classes = folder.classes(tasks[0]) if tasks else ()
    sources = {
        split: PictureSource(str(Path(folder.root).absolute()), pictures[: counts.get(split)], size, classes)
        for split, pictures in folder.splits.items()
    }
    if sum(len(source) for source in sources.values()) * 3 * size**2 > most_in_memory:
        return dict(sources)
    found: dict[str, ImageSource] = {}
    for split, source in sources.items():
        labels = {task: source.labels(source.pictures) for task in tasks}
        name = f"v{READER}-{folder.content}-{split}-n{len(source)}-size{size}"
        found[split] = ImageSet({"rgb": _pixels(source, cache_dir() / "folders" / name), **labels})
    return found


def _pixels(source: PictureSource, store: Path) -> Tensor:
    """Pixels of all pictures of a source, uint8, of shape (n, 3, S, S), mapped from the cache."""
    shape = (len(source), 3, source.size, source.size)
    kept = load_arrays(store)
    if kept is None or set(kept) != {"rgb"} or kept["rgb"].shape != shape:
        pixels = torch.empty(shape, dtype=torch.uint8)
        for rows in torch.split(torch.arange(len(source)), _AT_ONCE):
            pixels[rows] = source.batch(rows, ["rgb"])["rgb"]
        store_arrays({"rgb": pixels}, store)
        kept = load_arrays(store) or {"rgb": pixels}  # mapped, so that the memory can be given back
    return kept["rgb"]
