"""Images, recipes and trainings small enough for a test."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from benchmarks.training.data.images import ImageSet
from benchmarks.training.presets import get_recipe
from benchmarks.training.recipe import Augmentation, Recipe
from benchmarks.training.run import Run
from benchmarks.training.train import train_architecture

ARCH = "64-41414-3_01_003"


def images(n: int = 16, size: int = 32, seed: int = 0) -> ImageSet:
    """Smooth random images whose labels can be told from them."""
    rng = torch.Generator().manual_seed(seed)
    coarse = torch.rand(n, 3, 4, 4, generator=rng)
    ramp = torch.linspace(0, 0.5, size)
    colours = torch.stack([ramp.expand(size, size), ramp[:, None].expand(size, size), torch.zeros(size, size)])
    smooth = torch.nn.functional.interpolate(coarse, (size, size), mode="bilinear")
    rgb = ((0.5 * smooth + colours) * 255).to(torch.uint8)  # the ramps tell a tile where it belongs
    segments = (rgb[:, 0] // 64 + 1).to(torch.uint8)
    segments[:, :2] = 0
    return ImageSet(
        {
            "rgb": rgb,
            "normal": rgb.flip(1),
            "segmentsemantic": segments,
            "class_object": torch.softmax(5 * torch.randn(n, 75, generator=rng), 1),
            "class_scene": torch.softmax(5 * torch.randn(n, 47, generator=rng), 1),
            "room_layout": torch.randn(n, 9, generator=rng) * 3 + 1,
        }
    )


def small_recipe(task: str, **changes: Any) -> Recipe:
    small = {
        "epochs": 2,
        "batch_size": 8,
        "input_size": 32,
        "base_channels": 4,
        "decoder_width": 32,
        "discriminator_width": 4,
        "n_train": 16,
        "n_valid": 8,
        "n_test": 8,
    }
    if task == "jigsaw":
        small["num_classes"] = 4
    return replace(get_recipe(task), **{**small, **changes})


def overfit_recipe(task: str) -> Recipe:
    """Long enough on few unaugmented images for the loss to fall."""
    recipe = small_recipe(task, epochs=16, batch_size=16, augmentation=Augmentation())
    if task == "jigsaw":  # new puzzles every epoch
        recipe = replace(recipe, num_classes=2, batch_size=8)
    rate = {"jigsaw": 0.02, "normal": 3e-3, "autoencoder": 3e-3}.get(task, recipe.optimiser.lr)
    return replace(recipe, optimiser=replace(recipe.optimiser, lr=rate))


def train(recipe: Recipe, arch: str = ARCH, **options: Any) -> Run:
    sources = {"train": images(), "valid": images(8, seed=1), "test": images(8, seed=2)}
    return train_architecture(arch, recipe.task, recipe, sources, device="cpu", **options)
