"""The labelled batch for zero-cost proxies."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from benchmarks.training.data.augment import RandomStreams
from benchmarks.training.data.images import TASK_DOMAINS, ImageSet
from benchmarks.training.data.targets import Preparation
from benchmarks.training.losses import LOSSES
from benchmarks.training.presets import get_recipe
from benchmarks.training.recipe import Recipe
from encoders.zero_cost.proxies import LabelledBatch

if TYPE_CHECKING:
    from benchmarks.training.data.images import ImageSource

__all__ = ["labelled_batch", "noise_images", "proxy_recipe"]


def proxy_recipe(task: str, input_size: int) -> Recipe:
    """Recipe of a task for images of a given side: loss, normalisation and network size."""
    return replace(get_recipe(task), input_size=input_size)


def labelled_batch(recipe: Recipe, images: ImageSource, n: int, seed: int, device: str) -> LabelledBatch:
    """The first n images of a source, prepared for the task without augmentation.

    Raises:
        ValueError: If the source has fewer images, or images of another side.

    Example:
        >>> recipe = proxy_recipe("class_scene", 32)
        >>> batch = labelled_batch(recipe, noise_images(recipe, 4, seed=0), 4, seed=0, device="cpu")
        >>> batch.inputs.shape, batch.targets.shape
        (torch.Size([4, 3, 32, 32]), torch.Size([4, 47]))
    """
    if len(images) < n:
        raise ValueError(f"expected at least batch_size = {n} images, got {len(images)}")
    if images.size != recipe.input_size:
        raise ValueError(f"expected images of input_size = {recipe.input_size} pixels, got {images.size}")
    batch = images.batch(torch.arange(n), TASK_DOMAINS[recipe.task])
    given = {name: values.to(device) for name, values in batch.items()}
    inputs, targets = Preparation(recipe, images)(given, RandomStreams((seed,), device), training=False)
    return LabelledBatch(inputs, targets, LOSSES[recipe.loss])


def noise_images(recipe: Recipe, n: int, seed: int) -> ImageSet:
    """Random pixels and random labels of a task.

    Example:
        >>> noise_images(proxy_recipe("normal", 16), 3, seed=0).arrays["normal"].shape
        torch.Size([3, 3, 16, 16])
    """
    generator = torch.Generator().manual_seed(seed)
    size = recipe.input_size
    arrays = {}
    for domain in TASK_DOMAINS[recipe.task]:
        if domain in ("rgb", "normal"):
            arrays[domain] = torch.randint(256, (n, 3, size, size), generator=generator, dtype=torch.uint8)
        elif domain == "segmentsemantic":
            labels = torch.randint(1, recipe.num_classes + 1, (n, size, size), generator=generator)
            arrays[domain] = labels.to(torch.uint8)
        elif domain == "room_layout":
            arrays[domain] = torch.randn(n, recipe.num_classes, generator=generator)
        else:
            arrays[domain] = (3 * torch.randn(n, recipe.num_classes, generator=generator)).softmax(dim=1)
    return ImageSet(arrays)
