"""Supernets without labels, small enough for a test."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from benchmarks.training.recipe import Contrast, Recipe
from benchmarks.training.supernet import supernet_recipe

SETTINGS: dict[str, Any] = {"view_size": 8, "momentum": 0.9, "queue": 24, "groups": 2}


def contrast_recipe(contrast: dict[str, Any] | None = None, **changes: Any) -> Recipe:
    small = {
        "epochs": 1,
        "batch_size": 8,
        "input_size": 16,
        "base_channels": 2,
        "num_classes": 6,
        "n_train": 16,
        "n_valid": 8,
        "n_test": None,
    }
    settings = Contrast(**{**SETTINGS, **(contrast or {})})
    return replace(supernet_recipe("contrast"), **{**small, **changes}, contrast=settings)
