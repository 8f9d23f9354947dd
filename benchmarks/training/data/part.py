"""A part of an image source as a source of its own, e.g. one half of the training images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmarks.training.data.images import ImageSet, ImageSource

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["part_of"]


def part_of(source: ImageSource, start: int, stop: int) -> ImageSource:
    """Images start, ..., stop - 1 of a source.

    Args:
        source: Any source; of an `ImageSet` the part is one as well, and shares memory with it.
        start: Index of the first image.
        stop: Index after the last one.

    Raises:
        ValueError: If there are no such images.

    Example:
        >>> import torch
        >>> images = ImageSet({"rgb": torch.zeros(10, 3, 8, 8, dtype=torch.uint8)})
        >>> len(part_of(images, 6, 10))
        4
    """
    if not 0 <= start < stop <= len(source):
        raise ValueError(f"expected 0 <= start < stop <= {len(source):,} images, got {start:,} and {stop:,}")
    if isinstance(source, ImageSet):
        return ImageSet({name: values[start:stop] for name, values in source.arrays.items()})
    return _Part(source, start, stop)


class _Part:
    """Images of another source, with their indices shifted."""

    def __init__(self, source: ImageSource, start: int, stop: int) -> None:
        self._source, self._start, self._stop = source, start, stop

    @property
    def size(self) -> int:
        return self._source.size

    def __len__(self) -> int:
        return self._stop - self._start

    def batch(self, indices: Tensor, domains: Sequence[str]) -> dict[str, Tensor]:
        return self._source.batch(indices + self._start, domains)
