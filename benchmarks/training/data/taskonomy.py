"""Taskonomy's layout on disk: reading real downloads (or exported Rooms) and writing the same.

``<root>/<building>/<domain>/point_<p>_view_<v>_domain_<domain>.<png|npy>``; a split file names building lists
(``{"filename_list": ["<building>.json", ...]}``), and each building list, in the root, names templates such as
``<building>/{domain}/point_0_view_0_domain_{domain}``.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from benchmarks.errors import choice
from benchmarks.files import write_beside
from benchmarks.training.data.images import DOMAINS, ImageSet
from benchmarks.training.data.taskonomy_files import (
    CLASSES,
    DAMAGED,
    IMAGES,
    SPLIT_FILES,
    TaskonomyError,
    TaskonomyNotFoundError,
    check_root,
    file_name,
    kept_classes,
    missing_files,
    read_templates,
)

__all__ = [
    "BUILDING",
    "SPLIT_FILES",
    "TaskonomyError",
    "TaskonomyNotFoundError",
    "TaskonomySource",
    "write_split",
    "write_taskonomy",
]

_LARGEST_SEGMENT = 17
BUILDING = 1024
"""Images of a written building."""


class TaskonomySource:
    """Images and labels read from disk as they are asked for, several files at a time.

    Args:
        root: The folder with the buildings and their lists.
        split_file: The split; a name alone is also looked for in the root.
        size: Side of the images in pixels; files of another size are resized (segmentation to the nearest pixel).
        domains: Which domains will be read; files of others need not be there.
        kept: For ``class_object`` and ``class_scene``, which of the 1000 and 365 stored probabilities are classes: an
            array of that length, non-zero = kept. Where not given, ``<domain>_final5k.npy`` is read from the root or
            the split file's folder; the published code has both files in its ``lib/data``.
        skip_missing: Leave images out whose files are not all there, rather than raise.
        workers: Files read at the same time.

    Attributes:
        templates: One for each image, with ``{domain}`` to be filled in.

    Raises:
        TaskonomyNotFoundError: If the root, a list, a building or some images' files are missing.
        TaskonomyError: If a list is not in the expected form.

    Example:
        >>> from benchmarks.training.rooms.source import rooms
        >>> with tempfile.TemporaryDirectory() as root:
        ...     split = write_taskonomy(rooms("train", 3, size=16, cache=False), root, "train")
        ...     source = TaskonomySource(root, split, size=16)
        ...     print(len(source), source.batch(torch.tensor([2]), ["rgb"])["rgb"].shape)
        3 torch.Size([1, 3, 16, 16])
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        split_file: str | os.PathLike[str],
        size: int = 256,
        *,
        domains: Sequence[str] = DOMAINS,
        kept: Mapping[str, NDArray[Any]] | None = None,
        skip_missing: bool = False,
        workers: int = 8,
    ) -> None:
        self.root = Path(root)
        self.size = size
        self.workers = workers
        self._domains = tuple(choice(name, DOMAINS, "domain") for name in domains)
        check_root(self.root)
        split_path = next((path for path in (Path(split_file), self.root / split_file) if path.is_file()), None)
        if split_path is None:
            raise TaskonomyNotFoundError(
                f"there is no split file {split_file}, nor is it in {self.root}: expected JSON such as "
                f'{{"filename_list": ["<building>.json", ...]}}'
            )
        listed = read_templates(self.root, split_path)
        missing = missing_files(self.root, listed, self._domains)
        if missing and not skip_missing:
            some = ", ".join(str(path) for path in [path for paths in missing.values() for path in paths][:3])
            raise TaskonomyNotFoundError(
                f"{self.root} is not complete: {len(missing)} of {len(listed)} images lack files, such as {some}. "
                f"Download the rest ('rooms export' writes the rest of what it wrote). From Python, TaskonomySource "
                f"does without these images (skip_missing=True), or without domains that are not needed (domains=...)"
            )
        self.templates = tuple(template for template in listed if template not in missing)
        if not self.templates:
            raise TaskonomyNotFoundError(f"{split_path} leaves no image whose files are all in {self.root}")
        folders = (self.root, split_path.parent)
        self._kept = {name: kept_classes(name, kept or {}, folders) for name in self._domains if name in CLASSES}

    def __len__(self) -> int:
        return len(self.templates)

    def batch(self, indices: Tensor, domains: Sequence[str]) -> dict[str, Tensor]:
        """Read some images and labels, as `benchmarks.training.data.images.ImageSource.batch` says.

        Args:
            indices: Which images, of shape (B,), int64.
            domains: Which of the domains this source was made for.

        Raises:
            TaskonomyError: If a file is damaged or its content has another shape than expected; names the file.
        """
        names = [choice(name, self._domains, "domain") for name in domains]
        jobs = [(self.templates[index], name) for name in names for index in indices.tolist()]
        with ThreadPoolExecutor(self.workers) as pool:
            read = list(pool.map(lambda job: self._read(*job), jobs))
        count = len(indices)
        return {
            name: torch.from_numpy(np.stack(read[place * count : (place + 1) * count]))
            for place, name in enumerate(names)
        }

    def _read(self, template: str, domain: str) -> NDArray[Any]:
        """One domain of one image, in the shape of a batch's entry."""
        path = self.root / file_name(template, domain)
        try:
            if domain in IMAGES:
                return _read_image(path, domain, self.size)
            values = np.asarray(np.load(path, allow_pickle=False))
        except TaskonomyError:
            raise
        except DAMAGED as error:
            raise TaskonomyError(f"{path} cannot be read ({error}): get it again") from error
        expected = 9 if domain == "room_layout" else CLASSES[domain][0]
        if values.shape != (expected,):
            raise TaskonomyError(f"{path}: expected {expected} numbers, got an array of shape {values.shape}")
        if not np.isfinite(values).all():
            raise TaskonomyError(f"{path}: expected finite numbers, got {values[~np.isfinite(values)][0]}")
        if domain == "room_layout":  # stored standardised
            return values.astype(np.float32)
        values = values[self._kept[domain]].astype(np.float64)
        if not values.sum() > 0:
            raise TaskonomyError(f"{path}: expected probabilities, got a sum of {values.sum()} over the kept classes")
        shares: NDArray[np.float32] = (values / values.sum()).astype(np.float32)
        return shares


def write_taskonomy(images: ImageSet, root: str | os.PathLike[str], split: str, first: int = 0) -> Path:
    """Write a set of images in Taskonomy's layout; buildings are groups of 1024 images.

    A building appears only once it is complete. Class probabilities go to evenly spread places among the 1000 and
    365 stored; ``class_object_final5k.npy`` and ``class_scene_final5k.npy`` say which, as in the published code.

    Args:
        images: The images, with any of the domains.
        root: Where to write; made if it does not exist.
        split: ``train``, ``valid`` or ``test``; names the split file, which lists this split's buildings in the root.
        first: Position of the first image in the split, a multiple of 1024.

    Returns:
        The split file.

    Example:
        >>> folder = Path(tempfile.mkdtemp())
        >>> pixels = torch.zeros(2, 3, 16, 16, dtype=torch.uint8)
        >>> write_taskonomy(ImageSet({"rgb": pixels}), folder, "valid").name
        'val_filenames_final5k.json'
        >>> sorted(path.name for path in folder.rglob("*.png"))
        ['point_0_view_0_domain_rgb.png', 'point_1_view_0_domain_rgb.png']
    """
    choice(split, SPLIT_FILES, "split")
    if first % BUILDING:
        raise ValueError(f"first: expected a multiple of {BUILDING}, got {first}")
    folder = Path(root)
    folder.mkdir(parents=True, exist_ok=True)
    for domain, (stored, _) in CLASSES.items():
        if domain in images.arrays:
            mask = np.zeros(stored)
            mask[_places(domain, images.arrays[domain].shape[1])] = 1.0
            with write_beside(folder / f"{domain}_final5k.npy") as beside:
                np.save(beside, mask)
    for start in range(0, len(images), BUILDING):
        rows = torch.arange(start, min(start + BUILDING, len(images)))
        _write_building(images.batch(rows, list(images.arrays)), folder, f"{split}_{(first + start) // BUILDING:04d}")
    return write_split(folder, split, first + len(images))


def write_split(root: Path, split: str, n: int) -> Path:
    """Write the split file that lists the buildings of the first n images, and return it.

    Example:
        >>> write_split(Path(tempfile.mkdtemp()), "test", 1500).read_text()
        '{"filename_list": ["test_0000.json", "test_0001.json"]}'
    """
    lists = [f"{split}_{building:04d}.json" for building in range(-(-n // BUILDING))]
    _write_json({"filename_list": lists}, root / SPLIT_FILES[split])
    return root / SPLIT_FILES[split]


def _write_building(values: Mapping[str, Tensor], root: Path, building: str) -> None:
    """Write one building's folder and its list, each beside its name and then renamed."""
    count = len(values["rgb"])
    templates = [f"{building}/{{domain}}/point_{point}_view_0_domain_{{domain}}" for point in range(count)]
    beside = Path(tempfile.mkdtemp(prefix=f".{building}-", dir=root))
    try:
        for domain, entries in values.items():
            (beside / domain).mkdir()
            plain = entries.cpu().numpy()
            for template, entry in zip(templates, plain, strict=True):
                _write_entry(entry, beside / Path(file_name(template, domain)).relative_to(building), domain)
        (root / f"{building}.json").unlink(missing_ok=True)
        shutil.rmtree(root / building, ignore_errors=True)
        beside.chmod(0o755)
        beside.rename(root / building)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    _write_json(templates, root / f"{building}.json")


def _write_entry(entry: NDArray[Any], path: Path, domain: str) -> None:
    if domain in IMAGES:
        pixels = np.ascontiguousarray(entry.transpose(1, 2, 0) if entry.ndim == 3 else entry)
        Image.fromarray(pixels).save(path, compress_level=1)
    elif domain in CLASSES:
        stored = np.zeros(CLASSES[domain][0], np.float32)
        stored[_places(domain, len(entry))] = entry
        np.save(path, stored)
    else:
        np.save(path, entry)


def _write_json(content: object, path: Path) -> None:
    with write_beside(path) as beside:
        beside.write_text(json.dumps(content), "utf-8")


def _places(domain: str, classes: int) -> NDArray[np.int64]:
    """Where a written vector keeps its classes."""
    return np.arange(classes) * (CLASSES[domain][0] // classes)


def _read_image(path: Path, domain: str, size: int) -> NDArray[np.uint8]:
    """Pixels of shape (3, size, size), or (size, size) for segmentsemantic."""
    with Image.open(path) as opened:
        if domain != "segmentsemantic":
            picture, method = opened.convert("RGB"), Image.Resampling.BILINEAR
        else:
            picture, method = opened, Image.Resampling.NEAREST
        if picture.size != (size, size):
            picture = picture.resize((size, size), method)
        pixels = np.array(picture)
    if domain != "segmentsemantic":
        return pixels.transpose(2, 0, 1)
    if pixels.ndim != 2 or pixels.max() > _LARGEST_SEGMENT:
        raise TaskonomyError(
            f"{path}: expected one channel with values 0 to {_LARGEST_SEGMENT}, got an array of shape {pixels.shape} "
            f"with values up to {pixels.max()}"
        )
    return pixels.astype(np.uint8)
