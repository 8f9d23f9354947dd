"""Supernets small enough for a test, trained on a few Rooms images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.training.supernet import supernet_recipe, train_supernet

SPACE = "transnas101-micro"
SIZES = {"input_size": 16, "base_channels": 2, "n_train": 16, "n_valid": 16, "n_test": None}


def trained(folder: Path, task: str, seed: int = 0, space: str = SPACE) -> Path:
    recipe = replace(supernet_recipe(task), epochs=1, batch_size=8, **SIZES)
    train_supernet(space, task, recipe, seed=seed, folder=folder, device="cpu")
    return folder
