"""Settings of a training as data: `Recipe` and its parts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.errors import choice

__all__ = ["CONTRAST", "VERSION", "Augmentation", "Contrast", "Optimiser", "Recipe"]

VERSION = 2
"""Version of the training code; results of a recipe are only comparable within a version.

2: targets, losses, metrics, discriminator and the norm of projections are as published (1 differed in each).
"""

CONTRAST = "contrast"
"""The pretext task of supernets without labels: tell which of two views are of one image."""

_LOSSES = {
    CONTRAST: ("cross_entropy",),
    "class_scene": ("soft_cross_entropy", "exact_soft_cross_entropy"),
    "class_object": ("soft_cross_entropy", "exact_soft_cross_entropy"),
    "room_layout": ("mean_squared_error", "l1"),
    "jigsaw": ("cross_entropy",),
    "segmentsemantic": ("pixel_cross_entropy",),
    "normal": ("l1", "l1_gan", "mean_squared_error"),
    "autoencoder": ("l1", "l1_gan", "mean_squared_error"),
}
_LEAST_STD = 1e-6
_LESS_THAN_1 = 0.999999
_OUTPUTS = {"room_layout": 9, "segmentsemantic": 17, "normal": 3, "autoencoder": 3}
_OPTIMISERS = ("sgd", "adam")
_SCHEDULES = ("cosine", "constant")
_SMALLEST_SCORED = 11
_LEAST_BATCH = 2  # images with batch statistics
_PRECISIONS = ("32-true", "16-mixed", "bf16-mixed", "16-true", "bf16-true")


@dataclass(frozen=True)
class Optimiser:
    """One optimiser and its schedule.

    Attributes:
        name: ``"sgd"`` or ``"adam"``.
        lr: Learning rate at the first step.
        schedule: ``"cosine"`` decays to 0 over all steps, ``"constant"`` keeps the learning rate.
        weight_decay: L2 penalty on every parameter.
        momentum: Nesterov momentum of SGD.
        betas: Betas of Adam.
        max_norm: Gradients are clipped to this norm; None = no clipping.
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
        flip: Probability of a horizontal flip of the image and of labels that are images.
        brightness: Largest relative change of brightness.
        contrast, saturation: Likewise.
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
class Contrast:
    """Views of images, and how they are contrasted (`CrossPathContrast`); for the pretext task ``"contrast"``.

    Attributes:
        view_size: Side of a view in pixels.
        least_area: Smallest share of the image that a view shows.
        jitter: Probability that a view's brightness, contrast, saturation and hue change.
        blur: Probability that a view is blurred.
        sigma: Smallest and largest deviation of the blur in pixels.
        temperature: Temperature of the loss in training.
        momentum: Share that the mean teacher keeps of its weights in a step.
        queue: Number of negatives, embeddings of earlier images; a multiple of the batch size.
        groups: Number of parts of a batch with batch statistics of their own, so that statistics do not give away which
            views are of one image; its square divides the batch size, so that each group of queries has the same number
            of images in each group of keys.
    """

    view_size: int
    least_area: float = 0.2
    jitter: float = 0.8
    blur: float = 0.5
    sigma: tuple[float, float] = (0.1, 2.0)
    temperature: float = 0.2
    momentum: float = 0.999
    queue: int = 49_152
    groups: int = 8


@dataclass(frozen=True)
class Recipe:
    """All settings of a training except the architecture, the images and the seed.

    Attributes:
        task: One of the seven tasks, or `CONTRAST`.
        epochs: Passes over the training images.
        batch_size: Images per step, over all devices.
        optimiser: Optimiser of the network; a discriminator has its own with the same settings.
        loss: Name of a loss in `benchmarks.training.losses`.
        augmentation: Random changes of the training images.
        mean: Mean of each colour, subtracted from values in [0, 1].
        std: Standard deviation of each colour, by which they are then divided.
        adversarial_weight: Weight of the adversarial loss in ``"l1_gan"``; the rest is L1.
        input_size: Side of the images in pixels.
        base_channels: Channels after the stem of an architecture of published width (64), other widths in proportion;
            None = those of the architecture string.
        decoder_width: Widest layer of a dense task's decoder; its other layers scale with it.
        discriminator_width: Width of the discriminator's first layer; its other layers scale with it.
        num_classes: Number of outputs; for jigsaw the number of permutations, for `CONTRAST` that of the embedding.
        joint_tiles: Whether all tiles of a jigsaw pass the backbone as one batch and share its statistics, which takes
            a fraction of the time for small tiles; the published training passes each position separately.
        fixed_evaluation: Whether a jigsaw is scored on the same centred, unaugmented puzzles in every epoch; the
            published training augments validation and test images like training images and reshuffles them.
        n_train: Number of training images; None = all images of the source.
        n_valid: Number of validation images; likewise.
        n_test: Number of test images; likewise.
        precision: Precision of `lightning.Trainer`, e.g. ``"bf16-mixed"``.
        contrast: Views and their contrast, for `CONTRAST` alone.

    Example:
        >>> from benchmarks.training.presets import get_recipe
        >>> from dataclasses import replace
        >>> recipe = replace(get_recipe("jigsaw"), epochs=2)
        >>> recipe.loss, recipe.epochs
        ('cross_entropy', 2)
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
    joint_tiles: bool = False
    fixed_evaluation: bool = False
    n_train: int | None = None
    n_valid: int | None = None
    n_test: int | None = None
    precision: str = "32-true"
    contrast: Contrast | None = None

    def __post_init__(self) -> None:
        choice(self.task, _LOSSES, "task")
        choice(self.loss, _LOSSES[self.task], f"loss of {self.task}")
        choice(self.precision, _PRECISIONS, "precision")
        _check_optimiser(self.optimiser)
        for name in ("epochs", "batch_size", "input_size", "decoder_width", "discriminator_width", "num_classes"):
            _check_positive(name, getattr(self, name))
        for name in ("joint_tiles", "fixed_evaluation"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"expected true or false as {name}, got {getattr(self, name)!r}")
        for name in ("base_channels", "n_train", "n_valid", "n_test"):
            if getattr(self, name) is not None:
                _check_positive(name, getattr(self, name))
        _check_fit_of_task(self.task, self.input_size, self.num_classes)
        _check_range("adversarial_weight", self.adversarial_weight, 0, 1)
        for value in self.std:
            _check_range("std", value, _LEAST_STD, math.inf)
        _check_augmentation(self.augmentation)
        _check_contrast(self.task, self.contrast, self.batch_size, self.precision)

    @property
    def network_size(self) -> int:
        """Side in pixels of the backbone's input: the image, a view of it, or a jigsaw's tile, a quarter of it."""
        if self.contrast is not None:
            return self.contrast.view_size
        return self.input_size // 4 if self.task == "jigsaw" else self.input_size

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; without `contrast` for tasks that have none."""
        values = asdict(self)
        if self.contrast is None:
            del values["contrast"]
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Recipe:
        """Inverse of `to_dict`, also after a round trip through JSON.

        Example:
            >>> from benchmarks.training.presets import get_recipe
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
        if contrast := plain.get("contrast"):
            plain["contrast"] = Contrast(**{**contrast, "sigma": tuple(contrast["sigma"])})
        return cls(**plain)


def _check_range(name: str, value: object, least: float, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        span = f"at least {least:g}" if most == math.inf else f"from {least:g} to {most:g}"
        raise ValueError(f"expected a number {span} as {name}, got {value!r}")


def _check_optimiser(optimiser: Optimiser) -> None:
    lr = optimiser.lr
    if isinstance(lr, bool) or not isinstance(lr, int | float) or not 0 < lr < math.inf:
        raise ValueError(f"expected a positive number as lr, got {lr!r}")
    choice(optimiser.name, _OPTIMISERS, "optimiser")
    choice(optimiser.schedule, _SCHEDULES, "schedule")
    _check_range("weight_decay", optimiser.weight_decay, 0, math.inf)
    for value in (optimiser.momentum, *optimiser.betas):
        _check_range("momentum and betas", value, 0, _LESS_THAN_1)
    if optimiser.max_norm is not None:
        _check_range("max_norm", optimiser.max_norm, _LEAST_STD, math.inf)


def _check_fit_of_task(task: str, input_size: int, num_classes: int) -> None:
    if task in ("normal", "autoencoder") and input_size < _SMALLEST_SCORED:
        raise ValueError(
            f"expected an input_size of at least {_SMALLEST_SCORED} pixels for {task}, whose metric uses "
            f"windows of that side, got {input_size}"
        )
    outputs = _OUTPUTS.get(task)
    if num_classes != outputs if outputs else num_classes < 2:
        raise ValueError(f"expected {outputs or 'at least 2'} as num_classes of {task}, got {num_classes}")


def _check_augmentation(augmentation: Augmentation) -> None:
    for name in ("flip", "grey"):
        _check_range(name, getattr(augmentation, name), 0, 1)
    for name in ("brightness", "contrast", "saturation"):
        _check_range(name, getattr(augmentation, name), 0, math.inf)
    _check_range("hue", augmentation.hue, 0, 0.5)


def _check_contrast(task: str, contrast: Contrast | None, batch_size: int, precision: str) -> None:
    if (task == CONTRAST) != (contrast is not None):
        raise ValueError(
            f"expected `contrast` settings for the task {CONTRAST!r} and none for others, got {contrast} for {task!r}"
        )
    if contrast is None:
        return
    if precision.endswith("true") and precision != "32-true":
        raise ValueError(
            f"expected '32-true' or a mixed precision for {CONTRAST!r}, whose teacher moves by less than half "
            f"precision can tell, got {precision!r}; nearest: {precision.replace('true', 'mixed')!r}"
        )
    if batch_size < _LEAST_BATCH:
        raise ValueError(f"expected batches of at least {_LEAST_BATCH} images for {CONTRAST!r}, got {batch_size}")
    for name in ("view_size", "queue", "groups"):
        _check_positive(name, getattr(contrast, name))
    _check_range("least_area", contrast.least_area, _LEAST_STD, 1)
    for name in ("jitter", "blur", "momentum"):
        _check_range(name, getattr(contrast, name), 0, 1)
    _check_range("smallest sigma", contrast.sigma[0], _LEAST_STD, contrast.sigma[1])
    _check_range("temperature", contrast.temperature, _LEAST_STD, math.inf)
    if contrast.queue % batch_size:
        nearest = max(round(contrast.queue / batch_size), 1) * batch_size
        raise ValueError(
            f"expected a queue whose length is a multiple of the batch size {batch_size}, got {contrast.queue}; "
            f"nearest: {nearest}"
        )
    if batch_size % contrast.groups**2:
        fit = [n for n in range(1, batch_size + 1) if batch_size % n**2 == 0]
        nearest = min(fit, key=lambda n: abs(n - contrast.groups), default=1)
        raise ValueError(
            f"expected a number of groups whose square divides a batch of {batch_size}, got {contrast.groups}; "
            f"nearest: {nearest}"
        )


def _check_positive(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"expected a positive integer as {name}, got {value!r}")
