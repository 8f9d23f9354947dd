"""Multi-stage networks small enough for a test."""

from __future__ import annotations

from dataclasses import replace

import torch

from benchmarks.training.dynamic.network import MultiStageNetwork
from benchmarks.training.recipe import Recipe
from tests.benchmarks.training.small_trainings import images, small_recipe

RESIDUAL = "64-41414-3_00_130"
PLAIN = "64-41414-3_01_003"
"""Without 1x1 convolutions of stride 2, whose gradients with fewer than 8 channels corrupt memory in torch 2.13."""
HALVES = "1:1-1:1-1:1-1:1-1:1"
MIXED = "1:3-1:1-3:1-1:3-1:1"
THREE = "1:1:2-2:1:1-1:2:1-1:1:2-1:1:1"


def recipe(task: str = "class_scene", **changes) -> Recipe:
    small = small_recipe(task, **{"input_size": 32, "epochs": 1, **changes})
    return replace(small, joint_tiles=task == "jigsaw", optimiser=replace(small.optimiser, lr=0.003))


def network(arch: str = RESIDUAL, task: str = "class_scene", stages: int = 3, **changes) -> MultiStageNetwork:
    """Random weights, and norms that are not those of new networks."""
    found = MultiStageNetwork(arch, recipe(task, **changes), stages, seed=3)
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, values in [*found.named_parameters(), *found.named_buffers()]:
            if "batch_norm" in name:
                values.add_(0.2 * torch.rand(values.shape, generator=rng))
    return found.eval()


def batch(task: str = "class_scene", n: int = 6, side: int = 32) -> torch.Tensor:
    shape = (n, 9, 3, side // 4, side // 4) if task == "jigsaw" else (n, 3, side, side)
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def sources(size: int = 32):
    return {"train": images(16, size), "valid": images(8, size, 1), "test": images(8, size, 2)}
