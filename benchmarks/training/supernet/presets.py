"""Recipes of supernets: those of single architectures, with the changes that shared weights need."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from benchmarks.training.presets import get_recipe
from benchmarks.training.recipe import CONTRAST, Augmentation, Contrast, Optimiser, Recipe

__all__ = ["asked_recipe", "default_parts", "supernet_recipe", "with_epochs"]

_LR, _MAX_NORM = 3e-3, 5.0
_BATCH = 16
_SGD = Optimiser("sgd", lr=0.03, schedule="cosine", weight_decay=1e-4)
_ADAM = Optimiser("adam", lr=_LR, schedule="cosine", weight_decay=1e-5, betas=(0.9, 0.99), max_norm=_MAX_NORM)
_SLOW_ADAM = replace(_ADAM, lr=3e-4)
_COLOURS = Augmentation(flip=0.5, brightness=0.4, contrast=0.4, saturation=0.4, hue=0.4, grey=0.2)
# The views of mini are crops and flips alone: with changes of colour and blur as well, a supernet of this size stayed
# at chance for 1,280 steps of the one seed that was tried (docs/pi-nas.md).
# While an entry is in the queue the teacher should move little, else its age tells it from a positive: (1 - m) times
# the steps in the queue is .26 as published, .32 in quick, .08 in mini; for frame and head twice that.
_STALEST = 0.32
_CONTRAST: dict[str, dict[str, Any]] = {
    "paper": {
        "epochs": 100,
        "batch_size": 192,
        "optimiser": _SGD,
        "num_classes": 128,
        "contrast": Contrast(view_size=256),
    },
    "quick": {
        "epochs": 40,
        "batch_size": 128,
        "optimiser": _SLOW_ADAM,
        "num_classes": 128,
        "contrast": Contrast(view_size=64, sigma=(0.1, 0.6), momentum=0.99, queue=4_096),
    },
    "mini": {
        "epochs": 40,
        "batch_size": 64,
        "optimiser": _ADAM,
        "num_classes": 64,
        "augmentation": Augmentation(flip=0.5),
        "contrast": Contrast(view_size=48, jitter=0.0, blur=0.0, momentum=0.99, queue=512, groups=4),
    },
}


def supernet_recipe(task: str, preset: str = "mini") -> Recipe:
    """The recipe of a supernet on a task.

    Sizes, images, epochs, augmentation and loss are those of `get_recipe`. An operation is trained in about a third of
    the steps, so mini batches have at most 16 images, which gives more steps; gradients of different paths differ, so
    the optimiser is Adam with a lower learning rate on all tasks, and gradients are clipped. Image tasks have no
    adversarial loss.

    The pretext task ``"contrast"`` has the images of class_scene, and settings of Pi-NAS (its public code). ``"paper"``
    has its learning rate, weight decay, batch, queue, momentum, temperature and epochs; its SGD is Nesterov's, its
    precision float32, and its head as wide as the features, not 2,048. The others have fewer epochs and negatives, a
    faster teacher, and Adam; views of ``"mini"`` are crops and flips alone.

    Args:
        task: One of the seven tasks, or ``"contrast"``.
        preset: One of `list_presets`.

    Raises:
        UnknownNameError: If there is no such task or preset; names the nearest one.

    Example:
        >>> supernet_recipe("normal").optimiser.name, supernet_recipe("normal", "paper").loss
        ('adam', 'l1')
    """
    if task == CONTRAST:
        base = get_recipe("class_scene", preset)
        changes = {"loss": "cross_entropy", "augmentation": _COLOURS, "fixed_evaluation": True, **_CONTRAST[preset]}
        return replace(base, task=CONTRAST, **changes)
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


def asked_recipe(task: str, preset: str | Recipe) -> Recipe:
    """The recipe of a preset, or the recipe itself.

    Raises:
        ValueError: If it is for another task.
        UnknownNameError: If there is no such task or preset.
    """
    recipe = supernet_recipe(task, preset) if isinstance(preset, str) else preset
    if task != recipe.task:
        raise ValueError(f"expected a recipe for {task!r}, got one for {recipe.task!r}")
    return recipe


def with_epochs(recipe: Recipe, epochs: int) -> Recipe:
    """The recipe of a supernet with another number of epochs.

    For the pretext task the mean teacher keeps its pace: it averages over the same share of the training, unless it
    would move by more than .32 while an entry is in the queue.

    Args:
        recipe: Recipe of any task.
        epochs: Number of epochs.

    Example:
        >>> recipe = supernet_recipe("contrast")
        >>> recipe.epochs, recipe.contrast.momentum
        (40, 0.99)
        >>> with_epochs(recipe, 80).contrast.momentum, with_epochs(recipe, 4).contrast.momentum
        (0.995, 0.96)
    """
    if recipe.contrast is None or epochs == recipe.epochs or epochs < 1:
        return replace(recipe, epochs=epochs)
    moves = (1 - recipe.contrast.momentum) * recipe.epochs / epochs
    most = max(_STALEST * recipe.batch_size / recipe.contrast.queue, 1 - recipe.contrast.momentum)
    momentum = round(1 - min(moves, most), 6)
    return replace(recipe, epochs=epochs, contrast=replace(recipe.contrast, momentum=momentum))


def default_parts(task: str) -> tuple[str, str]:
    """Names of the sampler and the objective that a task's supernet has by default.

    Example:
        >>> default_parts("jigsaw"), default_parts("contrast")
        (('uniform', 'supervised'), ('disjoint', 'contrast'))
    """
    return ("disjoint", "contrast") if task == CONTRAST else ("uniform", "supervised")
