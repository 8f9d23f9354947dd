"""Reader and writer of Taskonomy's file layout, for downloads and exported Rooms.

``<root>/<building>/<domain>/point_<p>_view_<v>_domain_<domain>.<png|npy>``; a split file names building lists
(``{"filename_list": ["<building>.json", ...]}``), and each building list, in the root, names templates such as
``<building>/{domain}/point_0_view_0_domain_{domain}``. Importing this module loads neither torch nor pillow: a
campaign's plan and status read only the lists.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tokenize import TokenError
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import SurrogatesError, choice
from benchmarks.files import write_beside, write_folder_beside
from benchmarks.training.data.images import DOMAINS, ImageSet

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "BUILDING",
    "CLASSES",
    "EXPORT",
    "SPLIT_FILES",
    "TaskonomyError",
    "TaskonomyNotFoundError",
    "TaskonomySource",
    "check_root",
    "missing_files",
    "read_templates",
    "write_split",
    "write_taskonomy",
]

BUILDING = 1024
"""Number of images per written building."""
SPLIT_FILES = {
    "train": "train_filenames_final5k.json",
    "valid": "val_filenames_final5k.json",
    "test": "test_filenames_final5k.json",
}
"""Names of the published split files."""

CLASSES = {"class_object": (1000, 75), "class_scene": (365, 47)}
"""Number of probabilities as stored (ImageNet, Places) and as used by the published networks."""
EXPORT = "rooms.json"
"""File in a folder of exported rooms that records their settings."""
_IMAGES = ("rgb", "normal", "segmentsemantic")
"""Domains that are png files; the others are npy."""
_DAMAGED = (OSError, ValueError, EOFError, SyntaxError, TokenError)
"""Exceptions of numpy and pillow for damaged files."""
_LARGEST_SEGMENT = 17
_ELSE = "; any other folder of pictures is given as --images, in a plan as 'folder'"


class TaskonomyError(SurrogatesError, ValueError):
    """An invalid image folder; the message names the file."""


class TaskonomyNotFoundError(TaskonomyError, FileNotFoundError):
    """Expected files are missing."""


class TaskonomySource:
    """Images and labels read from disk on demand, several files in parallel.

    Args:
        root: The folder with the buildings and their lists.
        split_file: The split file; a bare name is also searched in the root.
        size: Side of the images in pixels; files of another size are resized (segmentation to the nearest pixel).
        domains: Domains to read; files of other domains are not needed.
        kept: For ``class_object`` and ``class_scene``, which of the 1000 and 365 stored probabilities are classes: an
            array of that length, non-zero = kept. By default, ``<domain>_final5k.npy`` is read from the root or the
            split file's folder; the published code has both files in its ``lib/data``.
        skip_missing: Whether to skip images with missing files instead of raising an error.
        workers: Number of files read in parallel.

    Attributes:
        templates: One template per image, with the placeholder ``{domain}``.

    Raises:
        TaskonomyNotFoundError: If the root, a list, a building or files of images are missing.
        TaskonomyError: If a list is not in the expected form.

    Example:
        >>> import tempfile
        >>> import torch
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
                f"there is no split file {split_file}, also not in {self.root}: expected JSON such as "
                f'{{"filename_list": ["<building>.json", ...]}}{_ELSE}'
            )
        listed = read_templates(self.root, split_path)
        missing = missing_files(self.root, listed, self._domains)
        if missing and not skip_missing:
            some = ", ".join(str(path) for path in [path for paths in missing.values() for path in paths][:3])
            raise TaskonomyNotFoundError(
                f"{self.root} is not complete: {len(missing)} of {len(listed)} images lack files, such as {some}. "
                f"Download the missing files (for exported rooms, run 'rooms export' again). In Python, "
                f"TaskonomySource skips these images with skip_missing=True; domains=... selects the needed domains"
            )
        self.templates = tuple(template for template in listed if template not in missing)
        if not self.templates:
            raise TaskonomyNotFoundError(f"no image of {split_path} has all its files in {self.root}")
        folders = (self.root, split_path.parent)
        self._kept = {name: _kept_classes(name, kept or {}, folders) for name in self._domains if name in CLASSES}

    def __len__(self) -> int:
        return len(self.templates)

    def batch(self, indices: Tensor, domains: Sequence[str]) -> dict[str, Tensor]:
        """Read images and labels, as in `benchmarks.training.data.images.ImageSource.batch`.

        Args:
            indices: Indices of the images, of shape (B,), int64.
            domains: Names among the domains of this source.

        Raises:
            TaskonomyError: If a file is damaged or its content has another shape than expected; names the file.
        """
        import torch

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
        """One domain of one image, in the shape of a batch entry."""
        path = self.root / _file_name(template, domain)
        try:
            if domain in _IMAGES:
                return _read_image(path, domain, self.size)
            values = np.asarray(np.load(path, allow_pickle=False))
        except TaskonomyError:
            raise
        except _DAMAGED as error:
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

    A building is written atomically. Class probabilities are stored at evenly spaced positions among the 1000 and 365;
    ``class_object_final5k.npy`` and ``class_scene_final5k.npy`` hold these positions, as in the published code.

    Args:
        images: The images, with any of the domains.
        root: Folder to write to; created if it does not exist.
        split: ``train``, ``valid`` or ``test``; names the split file, which lists this split's buildings in the root.
        first: Position of the first image in the split, a multiple of 1024.

    Returns:
        The split file.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> import torch
        >>> pixels = torch.zeros(2, 3, 16, 16, dtype=torch.uint8)
        >>> write_taskonomy(ImageSet({"rgb": pixels}), folder, "valid").name
        'val_filenames_final5k.json'
        >>> sorted(path.name for path in folder.rglob("*.png"))
        ['point_0_view_0_domain_rgb.png', 'point_1_view_0_domain_rgb.png']
    """
    import torch

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
        >>> import tempfile
        >>> write_split(Path(tempfile.mkdtemp()), "test", 1500).read_text()
        '{"filename_list": ["test_0000.json", "test_0001.json"]}'
    """
    lists = [f"{split}_{building:04d}.json" for building in range(-(-n // BUILDING))]
    _write_json({"filename_list": lists}, root / SPLIT_FILES[split])
    return root / SPLIT_FILES[split]


def check_root(root: Path) -> None:
    """Raise `TaskonomyNotFoundError` if there is no such folder."""
    if not root.is_dir():
        raise TaskonomyNotFoundError(
            f"there is no folder {root}: expected Taskonomy's root folder, with <building>.json lists and "
            f"<building>/<domain>/ folders"
        )


def read_templates(root: Path, split_path: Path) -> list[str]:
    """All templates of a split; a suffix .png or .npy is dropped, as in the published reader."""
    if not split_path.is_file():
        raise TaskonomyNotFoundError(f"there is no split file {split_path}: expected Taskonomy's layout{_ELSE}")
    lists = _read_json(split_path)
    names = lists.get("filename_list") if isinstance(lists, dict) else None
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise TaskonomyError(
            f'{split_path}: expected {{"filename_list": ["<building>.json", ...]}} with at least one building'
        )
    absent = [name for name in names if not (root / name).is_file()]
    if absent:
        raise TaskonomyNotFoundError(
            f"{len(absent)} of the {len(names)} building lists named in {split_path} are not in {root}, such as "
            f"{', '.join(absent[:3])}"
        )
    templates: list[str] = []
    for name in names:
        listed = _read_json(root / name)
        if not isinstance(listed, list) or not all(isinstance(line, str) and "{domain}" in line for line in listed):
            raise TaskonomyError(
                f"{root / name}: expected a list of templates such as "
                f'"<building>/{{domain}}/point_0_view_0_domain_{{domain}}"'
            )
        templates += [line[:-4] if line.endswith((".png", ".npy")) else line for line in listed]
    return templates


def missing_files(root: Path, templates: Sequence[str], domains: Sequence[str]) -> dict[str, list[Path]]:
    """Templates with missing files -> those files; each folder is listed once."""
    present: dict[Path, set[str]] = {}
    missing: dict[str, list[Path]] = {}
    for template in templates:
        for domain in domains:
            path = root / _file_name(template, domain)
            folder = path.parent
            if folder not in present:
                present[folder] = {entry.name for entry in os.scandir(folder)} if folder.is_dir() else set()
            if path.name not in present[folder]:
                missing.setdefault(template, []).append(path)
    return missing


def _file_name(template: str, domain: str) -> str:
    """Path of an image's file of one domain, relative to the root."""
    return f"{template.format(domain=domain)}.{'png' if domain in _IMAGES else 'npy'}"


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise TaskonomyError(f"{path} is not JSON ({error})") from error


def _kept_classes(domain: str, given: Mapping[str, NDArray[Any]], folders: Sequence[Path]) -> NDArray[np.bool_]:
    """Which of the stored probabilities are classes, of shape (1000,) or (365,)."""
    name = f"{domain}_final5k.npy"
    found = next((folder / name for folder in folders if (folder / name).is_file()), None)
    if domain in given:
        mask, source = np.asarray(given[domain]), f"kept[{domain!r}]"
    elif found is not None:
        mask, source = _load_mask(found), str(found)
    else:
        raise TaskonomyNotFoundError(
            f"{name} is not in {folders[0]}: it selects which of the {CLASSES[domain][0]} stored classes are kept; "
            f"copy the file of the published code (lib/data) there, pass kept={{{domain!r}: ...}}, or remove {domain} "
            f"from domains"
        )
    if mask.shape != CLASSES[domain][:1] or not mask.any():
        raise TaskonomyError(
            f"{source}: expected {CLASSES[domain][0]} entries, non-zero where a class is kept, got shape {mask.shape}"
        )
    return mask.astype(bool)


def _load_mask(path: Path) -> NDArray[Any]:
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except _DAMAGED as error:
        raise TaskonomyError(f"{path} cannot be read ({error}): get it again") from error


def _write_building(values: Mapping[str, Tensor], root: Path, building: str) -> None:
    """Write one building's folder and its list, each under a temporary name that is then renamed."""
    count = len(values["rgb"])
    templates = [f"{building}/{{domain}}/point_{point}_view_0_domain_{{domain}}" for point in range(count)]
    with write_folder_beside(root / building) as beside:
        for domain, entries in values.items():
            (beside / domain).mkdir()
            plain = entries.cpu().numpy()
            for template, entry in zip(templates, plain, strict=True):
                _write_entry(entry, beside / Path(_file_name(template, domain)).relative_to(building), domain)
        (root / f"{building}.json").unlink(missing_ok=True)
    _write_json(templates, root / f"{building}.json")


def _write_entry(entry: NDArray[Any], path: Path, domain: str) -> None:
    if domain in _IMAGES:
        from PIL import Image

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
    """Positions of the classes in a stored vector."""
    return np.arange(classes) * (CLASSES[domain][0] // classes)


def _read_image(path: Path, domain: str, size: int) -> NDArray[np.uint8]:
    """Pixels of shape (3, size, size), or (size, size) for segmentsemantic."""
    from PIL import Image

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
