"""Images that trained networks are scored on: prepared, not augmented, the same ones every time."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from benchmarks.training.data.augment import RandomStreams
from benchmarks.training.data.images import ImageSource
from benchmarks.training.data.loader import BatchLoader
from benchmarks.training.data.targets import Preparation

__all__ = ["RECALIBRATION_BATCHES", "prepared_batches"]

RECALIBRATION_BATCHES = 16
"""Batches of training images that running statistics are recalibrated on."""


def prepared_batches(
    source: ImageSource, prepare: Preparation, batch_size: int, n: int, device: torch.device
) -> Iterator[tuple[Tensor, Tensor]]:
    """Inputs and targets of the first images, on a device.

    Args:
        source: The images.
        prepare: Prepares a batch for the task.
        batch_size: Images per batch; the last one may have fewer.
        n: Number of images.
        device: Where they are prepared, and stay.

    Example:
        >>> from benchmarks.training import ImageSet, get_recipe
        >>> images = ImageSet({"rgb": torch.zeros(5, 3, 64, 64, dtype=torch.uint8), "room_layout": torch.ones(5, 9)})
        >>> prepare = Preparation(get_recipe("room_layout", "mini"), images)
        >>> [tuple(inputs.shape) for inputs, _ in prepared_batches(images, prepare, 4, 5, torch.device("cpu"))]
        [(4, 3, 64, 64), (1, 3, 64, 64)]
    """
    streams = RandomStreams((0,), device)
    for batch in BatchLoader(source, prepare.domains, batch_size, n):
        on_device = {name: values.to(device) for name, values in batch.items()}
        yield prepare(on_device, streams, training=False)
