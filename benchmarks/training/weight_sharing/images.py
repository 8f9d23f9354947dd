"""Images of a training: Rooms as its recipe asks for them, or the caller's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks.training.data.images import TASK_DOMAINS, ImageSource
from benchmarks.training.recipe import Recipe
from benchmarks.training.rooms.source import rooms
from benchmarks.training.weight_sharing.folder import OTHER_IMAGES, ROOMS

__all__ = ["Sources", "kind_of_images", "loaded_images", "rooms_of"]

Sources = Mapping[str, ImageSource] | Callable[[Recipe], Mapping[str, ImageSource]]
"""Images by split, or a function of the recipe that returns them."""


def rooms_of(recipe: Recipe) -> dict[str, ImageSource]:
    """Rooms images of all splits that a recipe asks for."""
    counts = {"train": recipe.n_train, "valid": recipe.n_valid, "test": recipe.n_test}
    domains = TASK_DOMAINS[recipe.task]
    return {split: rooms(split, n, recipe.input_size, domains=domains) for split, n in counts.items() if n is not None}


def kind_of_images(sources: Sources | None) -> str:
    """`ROOMS` or `OTHER_IMAGES`, for the description of a training."""
    return ROOMS if sources is None or sources is rooms_of else OTHER_IMAGES


def loaded_images(sources: Sources | None, recipe: Recipe) -> Mapping[str, ImageSource]:
    """Images by split, read or rendered; Rooms if there are no sources."""
    return (sources or rooms_of)(recipe) if sources is None or callable(sources) else sources
