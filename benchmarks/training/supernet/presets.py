"""Recipes of supernets: those of single architectures, with the changes that shared weights need."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.training.presets import get_recipe
from benchmarks.training.recipe import Recipe

__all__ = ["supernet_recipe"]

_LR, _MAX_NORM = 3e-3, 5.0
_BATCH = 16


def supernet_recipe(task: str, preset: str = "mini") -> Recipe:
    """The recipe of a supernet on a task.

    Sizes, images, epochs, augmentation and loss are those of `get_recipe`. An operation is trained in about a third of
    the steps, so mini batches have at most 16 images, which gives more steps; gradients of different paths differ, so
    the optimiser is Adam with a lower learning rate on all tasks, and gradients are clipped. Image tasks have no
    adversarial loss.

    Args:
        task: One of the seven tasks.
        preset: One of `list_presets`.

    Raises:
        UnknownNameError: If there is no such task or preset; names the nearest one.

    Example:
        >>> supernet_recipe("normal").optimiser.name, supernet_recipe("normal", "paper").loss
        ('adam', 'l1')
    """
    recipe = get_recipe(task, preset)
    optimiser = replace(
        recipe.optimiser,
        name="adam",
        lr=_LR,
        betas=(0.9, 0.99),
        weight_decay=1e-5,
        schedule="cosine",
        max_norm=_MAX_NORM,
    )
    loss = "l1" if recipe.loss == "l1_gan" else recipe.loss
    batch_size = min(recipe.batch_size, _BATCH) if preset == "mini" else recipe.batch_size
    return replace(recipe, optimiser=optimiser, batch_size=batch_size, loss=loss, adversarial_weight=0.0)
