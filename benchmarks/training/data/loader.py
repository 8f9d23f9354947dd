"""Batches of an image source in a seeded order, distributed over devices."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.short_repr import ShortRepr
from benchmarks.training.data.augment import mix
from benchmarks.training.data.images import ImageSet, ImageSource

__all__ = ["BatchLoader"]


@dataclass(frozen=True, repr=False)
class BatchLoader(ShortRepr):
    """Batches of one pass over a source.

    Images in memory are selected on their device; other sources are read one batch ahead in a thread.

    Attributes:
        source: Source of the images.
        domains: Domains to read.
        batch_size: Images per batch on this device.
        n: Use the first n images of the source.
        order: Seed of a random order, which drops an incomplete last batch; None = all images in their order.
        rank: Index of this device.
        world: Number of devices; each reads every world-th image.

    Example:
        >>> images = ImageSet({"rgb": torch.zeros(10, 3, 8, 8, dtype=torch.uint8)})
        >>> [len(batch["rgb"]) for batch in BatchLoader(images, ("rgb",), batch_size=4, n=10)]
        [4, 4, 2]
        >>> [len(batch["rgb"]) for batch in BatchLoader(images, ("rgb",), batch_size=4, n=10, order=(666, 0))]
        [4, 4]
    """

    source: ImageSource
    domains: tuple[str, ...]
    batch_size: int
    n: int
    order: tuple[int, ...] | None = None
    rank: int = 0
    world: int = 1

    def indices(self) -> list[Tensor]:
        """Indices of the images in each batch of this device, each of shape (B,)."""
        if self.order is None:
            return list(torch.split(torch.arange(self.rank, self.n, self.world), self.batch_size))
        shuffled = torch.randperm(self.n, generator=torch.Generator().manual_seed(mix(self.order)))
        each = self.n // self.world
        mine = shuffled[self.rank : each * self.world : self.world]
        size = min(self.batch_size, each)
        return list(torch.split(mine[: each // size * size], size))

    def __len__(self) -> int:
        if self.order is None:
            share = len(range(self.rank, self.n, self.world))
            return -(-share // self.batch_size)
        each = self.n // self.world
        return each // min(self.batch_size, each)

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        batches = self.indices()
        if isinstance(self.source, ImageSet):
            device = self.source.device
            for rows in torch.split(torch.cat(batches).to(device), [len(batch) for batch in batches]):
                yield self.source.batch(rows, self.domains)
            return
        with ThreadPoolExecutor(1) as reader:
            ahead = reader.submit(self.source.batch, batches[0], self.domains)
            for rows in batches[1:]:
                batch, ahead = ahead.result(), reader.submit(self.source.batch, rows, self.domains)
                yield batch
            yield ahead.result()
