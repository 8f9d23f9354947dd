"""`rooms`: any number of labelled images of a split."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.errors import choice
from benchmarks.formats.mmap_cache import cache_dir
from benchmarks.tasks import SPLITS
from benchmarks.training.data.images import DOMAINS, ImageSet
from benchmarks.training.rooms.render import BLOCK, RENDERER, render_block
from benchmarks.training.rooms.store import load_arrays, store_arrays

__all__ = ["rooms"]


def rooms(
    split: str,
    n: int,
    size: int = 64,
    seed: int = 0,
    domains: Sequence[str] = DOMAINS,
    device: torch.device | str = "cpu",
    cache: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> ImageSet:
    """Images of procedural rooms with exact labels for all seven tasks.

    Image i of a split is the same for every `n` and in every process; another kind of device may round pixels
    differently. Splits are disjoint.

    Args:
        split: ``train``, ``valid`` or ``test``.
        n: Number of images, the first n of the split.
        size: Side of the images in pixels.
        seed: Another seed gives other images.
        domains: Names among `benchmarks.training.data.images.DOMAINS` to return; rgb is always included.
        device: Device to render on; the images stay there.
        cache: Whether to store the images in the user's cache (``$TRANSNAS_CACHE_DIR``) and read them from there.
        progress: Called after every block with the number of images done and `n`.

    Raises:
        UnknownNameError: If the split or a domain does not exist.
        ValueError: If n, size or seed is out of range.

    Example:
        >>> images = rooms("valid", 5, size=16, cache=False)
        >>> len(images), images.size, sorted(images.arrays)[:3]
        (5, 16, ['class_object', 'class_scene', 'normal'])
    """
    choice(split, SPLITS, "split")
    for name, value, least, most in (("n", n, 1, 2**40), ("size", size, 4, 4096), ("seed", seed, 0, 2**64 - 1)):
        if not least <= value <= most:
            raise ValueError(f"{name}: expected {least} to {most}, got {value}")
    wanted = {"rgb", *(choice(name, DOMAINS, "domain") for name in domains)}
    device = torch.device(device)
    folder = _folder(split, n, size, seed, device)
    arrays = load_arrays(folder) if cache else None
    if arrays is None or set(arrays) != set(DOMAINS):
        arrays = _render(split, n, size, seed, device, progress)
        if cache:
            store_arrays(arrays, folder)
    return ImageSet({name: arrays[name].to(device) for name in DOMAINS if name in wanted})


def _render(
    split: str,
    n: int,
    size: int,
    seed: int,
    device: torch.device,
    progress: Callable[[int, int], None] | None,
) -> dict[str, Tensor]:
    """Render the first n images of a split, block by block."""
    arrays: dict[str, Tensor] = {}
    for start in range(0, n, BLOCK):
        done = min(start + BLOCK, n)
        for name, values in render_block(split, start // BLOCK, size, seed, device).items():
            if start == 0:
                arrays[name] = values.new_empty(n, *values.shape[1:])
            arrays[name][start:done] = values[: done - start]
        if progress is not None:
            progress(done, n)
    return arrays


def _folder(split: str, n: int, size: int, seed: int, device: torch.device) -> Path:
    return cache_dir() / "rooms" / f"v{RENDERER}-{split}-n{n}-size{size}-seed{seed}-{device.type}"
