"""How each task is trained, as data (TransNAS-Bench-101, Duan et al., CVPR 2021, and its training configurations).

Presets: ``"paper"`` is the published recipe, ``"quick"`` for a GPU and minutes, ``"mini"`` for a CPU core and half a
minute. `Recipe.deviations` says in words how a recipe differs from the paper's; make your own with `replace`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from benchmarks.decoders import DECODER_CLASSES
from benchmarks.errors import choice
from benchmarks.tasks import TRANSNAS_TASKS

__all__ = ["Augmentation", "Optimiser", "Recipe", "get_recipe", "list_presets"]


@dataclass(frozen=True)
class Optimiser:
    """One optimiser and its schedule.

    Attributes:
        name: ``"sgd"`` or ``"adam"``.
        lr: Learning rate at the first step.
        schedule: ``"cosine"`` falls to 0 over all steps, ``"constant"`` stays.
        weight_decay: L2 penalty on every parameter.
        momentum: Of SGD, Nesterov's.
        betas: Of Adam.
        max_norm: Longer gradients are shortened to this norm; None = never.
    """

    name: str
    lr: float
    schedule: str
    weight_decay: float
    momentum: float = 0.9
    betas: tuple[float, float] = (0.5, 0.999)
    max_norm: float | None = None


@dataclass(frozen=True)
class Augmentation:
    """Random changes of the training images.

    Attributes:
        flip: Probability of a horizontal flip, of the image and of a label that is an image.
        brightness: Largest relative change; contrast and saturation likewise.
        contrast, saturation: See brightness.
        hue: Largest shift, in turns of the colour circle.
        grey: Probability of a greyscale image.
    """

    flip: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    grey: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training but the architecture, the images and the seed.

    Attributes:
        task: One of the seven tasks.
        epochs: Passes over the training images.
        batch_size: Images a step, over all devices.
        optimiser: Of the network; the discriminator, where there is one, has its own of the same kind.
        loss: A name in `benchmarks.training.losses`.
        augmentation: Random changes of the training images.
        mean: Subtracted from each colour in [0, 1].
        std: What it is then divided by.
        adversarial_weight: Share of the discriminator in the loss ``"l1_gan"``; the rest is L1.
        input_size: Side of the images in pixels.
        base_channels: Channels after the stem; None = as the architecture string says.
        decoder_width: Widest layer of a dense task's decoder; its other layers scale with it.
        discriminator_width: Width of its first layer; its other layers scale with it.
        num_classes: Outputs; for jigsaw the number of permutations.
        n_train: Training images; None = all the source has.
        n_valid: Validation images.
        n_test: Test images.
        precision: As `lightning.Trainer` names it, e.g. ``"bf16-mixed"``.

    Example:
        >>> recipe = get_recipe("jigsaw", "quick")
        >>> recipe.loss, recipe.epochs
        ('cross_entropy', 5)
        >>> recipe.deviations()[0]
        'epochs: 5 instead of 10'
    """

    task: str
    epochs: int
    batch_size: int
    optimiser: Optimiser
    loss: str
    augmentation: Augmentation
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    adversarial_weight: float = 0.0
    input_size: int = 256
    base_channels: int | None = None
    decoder_width: int = 1024
    discriminator_width: int = 64
    num_classes: int = 0
    n_train: int | None = None
    n_valid: int | None = None
    n_test: int | None = None
    precision: str = "32-true"

    def __post_init__(self) -> None:
        choice(self.task, TRANSNAS_TASKS, "task")
        choice(self.loss, _LOSSES, "loss")
        choice(self.optimiser.name, _OPTIMISERS, "optimiser")
        choice(self.optimiser.schedule, _SCHEDULES, "schedule")
        for name in ("epochs", "batch_size", "input_size", "decoder_width", "discriminator_width", "num_classes"):
            _check_positive(name, getattr(self, name))
        for name in ("base_channels", "n_train", "n_valid", "n_test"):
            if getattr(self, name) is not None:
                _check_positive(name, getattr(self, name))

    @property
    def network_size(self) -> int:
        """Side in pixels of what the backbone sees: the image, or a jigsaw's tile, a quarter of it."""
        return self.input_size // 4 if self.task == "jigsaw" else self.input_size

    def deviations(self) -> list[str]:
        """Every difference from the paper's recipe, in words; empty for the paper's own."""
        ours, theirs = _flat(self), _flat(_PAPER[self.task])
        return [
            f"{name.replace('_', ' ')}: {_say(ours[name])} instead of {_say(theirs[name])}"
            for name in ours
            if ours[name] != theirs[name]
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Recipe:
        """What `to_dict` gave, also after a trip through JSON.

        Example:
            >>> recipe = get_recipe("normal", "mini")
            >>> Recipe.from_dict(recipe.to_dict()) == recipe
            True
        """
        optimiser, augmentation = dict(values["optimiser"]), dict(values["augmentation"])
        plain: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        plain["optimiser"] = Optimiser(**{**optimiser, "betas": tuple(optimiser["betas"])})
        plain["augmentation"] = Augmentation(**augmentation)
        return cls(**plain)


def get_recipe(task: str, preset: str = "paper") -> Recipe:
    """The recipe of a task.

    Args:
        task: One of the seven tasks.
        preset: One of `list_presets`.

    Raises:
        UnknownNameError: If there is no such task or preset; names the nearest one.

    Example:
        >>> get_recipe("room_layout").optimiser.lr
        0.1
    """
    paper = _PAPER[choice(task, _PAPER, "task")]
    return replace(paper, **_PRESETS[choice(preset, _PRESETS, "preset")][task])


def list_presets() -> tuple[str, ...]:
    """Names of the presets, the paper's first."""
    return tuple(_PRESETS)


def _flat(recipe: Recipe) -> dict[str, Any]:
    """Field -> value, those of the optimiser and the augmentation among them."""
    values = asdict(recipe)
    return {**values.pop("optimiser"), **values.pop("augmentation"), **values}


def _say(value: object) -> str:
    return "as published" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def _check_positive(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"expected a positive integer as {name}, got {value!r}")


_LOSSES = ("soft_cross_entropy", "mean_squared_error", "cross_entropy", "pixel_cross_entropy", "l1_gan")
_OPTIMISERS = ("sgd", "adam")
_SCHEDULES = ("cosine", "constant")

_SGD = Optimiser("sgd", lr=0.1, schedule="cosine", weight_decay=5e-4)
_ADAM = Optimiser("adam", lr=1e-4, schedule="constant", weight_decay=1e-4)
_JITTER = Augmentation(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1)
_FLIP_JITTER = replace(_JITTER, flip=0.5)
_TASKONOMY = ((0.5224, 0.5222, 0.5221), (0.2234, 0.2235, 0.2236))
_HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
_RAW = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def _paper(
    task: str,
    epochs: int,
    loss: str,
    augmentation: Augmentation,
    colours: tuple[tuple[float, float, float], tuple[float, float, float]],
    optimiser: Optimiser = _SGD,
    adversarial_weight: float = 0.0,
) -> Recipe:
    return Recipe(
        task=task,
        epochs=epochs,
        batch_size=128,
        optimiser=optimiser,
        loss=loss,
        augmentation=augmentation,
        mean=colours[0],
        std=colours[1],
        adversarial_weight=adversarial_weight,
        num_classes=DECODER_CLASSES[task],
    )


# Training configurations of the published code; the paper's section 3.2 names the losses.
_PAPER = {
    recipe.task: recipe
    for recipe in (
        _paper("class_scene", 25, "soft_cross_entropy", _FLIP_JITTER, _TASKONOMY),
        _paper("class_object", 25, "soft_cross_entropy", _FLIP_JITTER, _TASKONOMY),
        _paper("room_layout", 25, "mean_squared_error", _JITTER, _TASKONOMY),
        _paper("jigsaw", 10, "cross_entropy", replace(_FLIP_JITTER, grey=0.3), _RAW),
        _paper("segmentsemantic", 30, "pixel_cross_entropy", _FLIP_JITTER, _HALF),
        _paper("normal", 30, "l1_gan", Augmentation(), _HALF, _ADAM, 0.01),
        _paper("autoencoder", 30, "l1_gan", _FLIP_JITTER, _HALF, replace(_ADAM, lr=5e-4), 0.01),
    )
}

_QUICK: dict[str, Any] = {
    "epochs": 5,
    "input_size": 64,
    "base_channels": 16,
    "n_train": 8_192,
    **dict.fromkeys(("n_valid", "n_test"), 1_024),
}
_QUICK_DENSE = {**_QUICK, "decoder_width": 256, "discriminator_width": 16}

# Adam, because deep cells without skips learn little in some hundred steps of SGD.
_MINI_ADAM = Optimiser("adam", lr=1e-2, schedule="cosine", weight_decay=1e-5, betas=(0.9, 0.99))
_MINI: dict[str, Any] = {
    "epochs": 6,
    "batch_size": 32,
    "optimiser": _MINI_ADAM,
    "augmentation": Augmentation(flip=0.5),
    "input_size": 64,
    "base_channels": 8,
    "n_train": 4_096,
    "n_valid": 1_024,
    "n_test": 64,
}
_MINI_DENSE = {
    **_MINI,
    "epochs": 5,
    "batch_size": 16,
    "optimiser": replace(_MINI_ADAM, lr=5e-3),
    "decoder_width": 128,
    "discriminator_width": 8,
    "n_train": 1_536,
    "n_valid": 512,
}
_MINI_IMAGE = {
    **_MINI_DENSE,
    "epochs": 4,
    "optimiser": replace(_MINI_ADAM, lr=3e-3),
    "augmentation": Augmentation(),
    "base_channels": 16,
    "decoder_width": 256,
    "n_valid": 256,
}

_PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "paper": {task: {} for task in _PAPER},
    "quick": {
        **dict.fromkeys(("class_scene", "class_object", "room_layout"), _QUICK),
        "jigsaw": {**_QUICK, "num_classes": 100},
        **dict.fromkeys(("segmentsemantic", "normal", "autoencoder"), _QUICK_DENSE),
    },
    "mini": {
        "class_scene": _MINI,
        "class_object": _MINI,
        "room_layout": {**_MINI, "augmentation": Augmentation()},
        "jigsaw": {**_MINI, "augmentation": Augmentation(), "num_classes": 24},
        "segmentsemantic": _MINI_DENSE,
        "normal": _MINI_IMAGE,
        "autoencoder": _MINI_IMAGE,
    },
}
