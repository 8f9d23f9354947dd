"""Augmentation of batches of labelled images, on the images' device.

All operations are batched; random numbers come from `RandomStreams`, never from a global generator, so the same seed,
epoch and device give the same pixels.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from benchmarks.training.recipe import Augmentation

__all__ = [
    "RandomStreams",
    "adjust_brightness",
    "adjust_contrast",
    "adjust_hue",
    "adjust_saturation",
    "augment",
    "flip",
]

_GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601 luma
_IMAGE_LABELS = ("normal", "segmentsemantic")


class RandomStreams:
    """Random numbers from one generator on the images' device, without synchronisation.

    Args:
        seed: Integers, e.g. the run's seed and the epoch; the same give the same numbers.
        device: Device of the images.

    Attributes:
        generator: The underlying generator.

    Example:
        >>> RandomStreams((666, 3), "cpu").uniform((2,), -1.0, 1.0).shape
        torch.Size([2])
    """

    def __init__(self, seed: tuple[int, ...], device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.generator = torch.Generator(self.device)
        self.restart(seed)

    def restart(self, seed: tuple[int, ...]) -> None:
        """Restart with another seed, in the same generator."""
        self.generator.manual_seed(mix(seed))

    def renew(self, state: Tensor) -> None:
        """Continue from a state of the generator, in a new one."""
        self.generator = torch.Generator(self.device)
        self.generator.set_state(state)

    def uniform(self, shape: tuple[int, ...], low: float = 0.0, high: float = 1.0) -> Tensor:
        """Numbers in [low, high), of the given shape."""
        return torch.rand(shape, generator=self.generator, device=self.device) * (high - low) + low

    def integers(self, shape: tuple[int, ...], below: int) -> Tensor:
        """Integers in [0, below), int64, of the given shape."""
        return torch.randint(below, shape, generator=self.generator, device=self.device)


def mix(seed: tuple[int, ...]) -> int:
    """One generator seed from several integers; adjacent inputs give distant seeds.

    Example:
        >>> mix((666, 0)) == mix((666, 1))
        False
    """
    mixed = 0
    for part in seed:
        mixed = ((mixed ^ part) * 6364136223846793005 + 1442695040888963407) % 2**63  # Knuth's MMIX constants
    return mixed


def augment(batch: Mapping[str, Tensor], augmentation: Augmentation, streams: RandomStreams) -> dict[str, Tensor]:
    """Augment images at random, and labels that are images consistently.

    Flips, then brightness, contrast, saturation and hue (each image by its own factors and in its own order), then
    greyscale.

    Args:
        batch: ``"rgb"`` as floats in [0, 1] of shape (B, 3, S, S); labels as returned by `ImageSource.batch`.
        augmentation: Kinds and strengths of the changes.
        streams: Source of the random numbers.

    Example:
        >>> images = torch.rand(4, 3, 8, 8)
        >>> changed = augment({"rgb": images}, Augmentation(flip=0.5, hue=0.1), RandomStreams((0,)))
        >>> changed["rgb"].shape
        torch.Size([4, 3, 8, 8])
    """
    changed = dict(batch)
    images = changed["rgb"]
    n = len(images)
    if augmentation.flip:
        mask = streams.uniform((n,)) < augmentation.flip
        images = flip(images, mask)
        for name in _IMAGE_LABELS:
            if name in changed:
                changed[name] = flip(changed[name], mask)
        if "normal" in changed:  # a mirrored surface faces the other way: 255 encodes x = 1, 0 encodes x = -1
            normal = changed["normal"].clone()
            normal[:, 0] = torch.where(mask[:, None, None], 255 - normal[:, 0], normal[:, 0])
            changed["normal"] = normal
    images = _jitter(images, augmentation, streams)
    if augmentation.grey:
        mask = streams.uniform((n,)) < augmentation.grey
        images = torch.where(mask[:, None, None, None], _grey(images), images)
    changed["rgb"] = images
    return changed


def flip(values: Tensor, mask: Tensor) -> Tensor:
    """Mirror the last axis of the entries where `mask`, of shape (B,), is true."""
    return torch.where(mask.view(-1, *[1] * (values.ndim - 1)), values.flip(-1), values)


def _jitter(images: Tensor, augmentation: Augmentation, streams: RandomStreams) -> Tensor:
    """Apply the colour changes of an augmentation one after the other, in a random order per image."""
    asked = [(name, centre) for name, centre in _ADJUSTMENTS if getattr(augmentation, name)]
    n = len(images)
    factors = {}
    for name, centre in asked:
        amount = getattr(augmentation, name)
        factors[name] = streams.uniform((n,), centre - amount, centre + amount)
    if not asked:
        return images
    order = streams.uniform((n, len(asked))).argsort(dim=1)  # which change is applied at each position
    change = _change_rows if images.device.type == "cpu" else _change_all
    for place in range(len(asked)):
        turn = {name: order[:, place] == position for position, (name, _) in enumerate(asked)}
        images = change(images, factors, turn)
    return images


def _change_rows(images: Tensor, factors: Mapping[str, Tensor], turn: Mapping[str, Tensor]) -> Tensor:
    """Apply one change to each image; `turn` holds a mask of shape (B,) per kind of change."""
    changed = torch.empty_like(images)
    for name, mask in turn.items():
        rows = mask.nonzero()[:, 0]
        changed[rows] = _WAYS[name](images[rows], factors[name][rows])
    return changed


def _change_all(images: Tensor, factors: Mapping[str, Tensor], turn: Mapping[str, Tensor]) -> Tensor:
    """Like `_change_rows`, but with shapes independent of the masks, to avoid synchronisation with the device."""
    changed = images
    blends = [name for name in ("brightness", "contrast", "saturation") if name in turn]
    if blends:  # with black, with the mean of the greyscale, with the greyscale
        grey = _grey(images)
        other, factor = torch.zeros_like(grey), torch.ones_like(factors[blends[0]])
        for name in blends:
            target = {"brightness": 0 * grey, "contrast": grey.mean(dim=(1, 2, 3), keepdim=True).expand_as(grey)}
            other = torch.where(_wide(turn[name]), target.get(name, grey), other)
            factor = torch.where(turn[name], factors[name], factor)
        changed = _blend(images, other, factor)
    if "hue" in turn:
        turned = adjust_hue(images, factors["hue"])
        changed = torch.where(_wide(turn["hue"]), turned, changed)
    return changed


def _wide(mask: Tensor) -> Tensor:
    return mask[:, None, None, None]


def adjust_brightness(images: Tensor, factor: Tensor) -> Tensor:
    """Blend images of shape (B, 3, S, S) in [0, 1] with black; a factor of 1, of shape (B,), changes nothing."""
    return (images * factor[:, None, None, None]).clamp_(0.0, 1.0)


def adjust_contrast(images: Tensor, factor: Tensor) -> Tensor:
    """Blend images with the mean of their greyscale."""
    return _blend(images, _grey(images).mean(dim=(1, 2, 3), keepdim=True), factor)


def adjust_saturation(images: Tensor, factor: Tensor) -> Tensor:
    """Blend images with their greyscale."""
    return _blend(images, _grey(images), factor)


def adjust_hue(images: Tensor, turns: Tensor) -> Tensor:
    """Rotate the hue of images by `turns` of the colour circle, of shape (B,); value and chroma are unchanged."""
    red, green, blue = images.unbind(1)  # (B, S, S)
    value, largest = images.max(dim=1)
    chroma = value - images.amin(dim=1)
    safe = chroma.clamp_min(1e-8)
    sixths = torch.where(
        largest == 0,
        (green - blue) / safe,
        torch.where(largest == 1, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    sixths += 6 * turns[:, None, None]
    # Red starts to fall 5 sixths before the end of the hue circle, green 3, blue 1.
    k = torch.stack([sixths + 5, sixths + 3, sixths + 1], dim=1).remainder_(6)  # (B, 3, S, S)
    return value[:, None] - chroma[:, None] * torch.minimum(k, 4 - k).clamp_(0.0, 1.0)


def _grey(images: Tensor) -> Tensor:
    red, green, blue = images.unbind(1)
    return (_GREY[0] * red + _GREY[1] * green + _GREY[2] * blue)[:, None]  # (B, 1, S, S)


def _blend(images: Tensor, other: Tensor, factor: Tensor) -> Tensor:
    return torch.lerp(other.expand_as(images), images, factor[:, None, None, None]).clamp_(0.0, 1.0)


_WAYS = {
    "brightness": adjust_brightness,
    "contrast": adjust_contrast,
    "saturation": adjust_saturation,
    "hue": adjust_hue,
}
_ADJUSTMENTS = (("brightness", 1.0), ("contrast", 1.0), ("saturation", 1.0), ("hue", 0.0))
"""Field of an augmentation -> neutral factor."""
