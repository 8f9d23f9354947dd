"""Export of Rooms in Taskonomy's layout, building by building; an interrupted export can be resumed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from benchmarks.errors import choice
from benchmarks.run_directory import RunDirectory
from benchmarks.tasks import SPLITS
from benchmarks.training.data.images import DOMAINS, ImageSet
from benchmarks.training.data.taskonomy import (
    BUILDING,
    CLASSES,
    EXPORT,
    SPLIT_FILES,
    missing_files,
    write_split,
    write_taskonomy,
)
from benchmarks.training.rooms.render import BLOCK, RENDERER, render_block

__all__ = ["export"]

_IMAGES = {*SPLIT_FILES.values(), *(f"{domain}_final5k.npy" for domain in CLASSES)}
"""Files that an export overwrites."""


def export(
    root: str | os.PathLike[str],
    sizes: Mapping[str, int],
    size: int = 256,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Path]:
    """Write the first images of each split in Taskonomy's layout.

    Buildings that are already complete are skipped, so the same call resumes after an interruption and rewrites
    buildings with missing files.

    Args:
        root: The folder to write to; created if it does not exist.
        sizes: Split -> number of images.
        size: Side of the images in pixels.
        seed: Seed of the images, as in `benchmarks.training.rooms.source.rooms`.
        progress: Called after each building with the number of images done and the total.

    Returns:
        Split -> split file, for `benchmarks.training.data.taskonomy.TaskonomySource`.

    Raises:
        ArtefactError: If the folder holds an export of another size, seed or renderer, or other images.
        ValueError: If a number is out of range.

    Example:
        >>> import tempfile
        >>> from benchmarks.training.data.taskonomy import TaskonomySource
        >>> with tempfile.TemporaryDirectory() as root:
        ...     files = export(root, {"train": 3, "test": 2}, size=16)
        ...     len(TaskonomySource(root, files["train"], size=16)), files["test"].name
        (3, 'test_filenames_final5k.json')
    """
    for split, n in sizes.items():
        choice(split, SPLITS, "split")
        if n < 1:
            raise ValueError(f"sizes[{split!r}]: expected at least 1, got {n}")
    for name, value, least, most in (("size", size, 4, 4096), ("seed", seed, 0, 2**64 - 1)):
        if not least <= value <= most:
            raise ValueError(f"{name}: expected {least} to {most}, got {value}")
    folder = Path(root)
    about = {"renderer": RENDERER, "size": size, "seed": seed}
    RunDirectory(folder, "export of rooms", EXPORT).claim(about, _IMAGES.__contains__)
    done, total = 0, sum(sizes.values())
    for split, n in sizes.items():
        for start in range(0, n, BUILDING):
            count = min(BUILDING, n - start)
            if _complete(folder, split, start) != count:
                write_taskonomy(_images(split, start, count, size, seed), folder, split, start)
            done += count
            if progress is not None:
                progress(done, total)
    return {split: write_split(folder, split, n) for split, n in sizes.items()}


def _images(split: str, start: int, count: int, size: int, seed: int) -> ImageSet:
    """Images `start` to `start + count - 1` of a split."""
    blocks = range(start // BLOCK, -(-(start + count) // BLOCK))
    made = [render_block(split, block, size, seed) for block in blocks]
    return ImageSet({name: torch.cat([block[name] for block in made])[:count] for name in DOMAINS})


def _complete(folder: Path, split: str, start: int) -> int:
    """Number of complete images of a building: those in its list, which is written last, whose files exist."""
    try:
        templates = json.loads((folder / f"{split}_{start // BUILDING:04d}.json").read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return 0
    return len(templates) - len(missing_files(folder, templates, DOMAINS))
