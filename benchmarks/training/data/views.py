"""Random views of images for contrast: crops, colours, blur, on the images' device.

Those of MoCo v2 (Chen et al., 2020) as the public code of Pi-NAS has them; random numbers come from `RandomStreams`.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from benchmarks.training.data.augment import RandomStreams, augment
from benchmarks.training.recipe import Augmentation, Contrast

__all__ = ["blurred", "random_views"]

_RATIO = 4 / 3
"""Largest ratio of the sides of a crop."""


@torch.no_grad()
def random_views(
    images: Tensor, n: int, augmentation: Augmentation, contrast: Contrast, streams: RandomStreams
) -> Tensor:
    """Several views of each image, every one with random numbers of its own.

    A view is a crop of random area and ratio, resized; with some probability its colours change; then it may be made
    grey, mirrored and blurred.

    Args:
        images: Images in [0, 1] of shape (B, 3, S, S).
        n: Number of views of each image.
        augmentation: Strengths of the changes of colours; probabilities of a flip and of grey.
        contrast: Size, area, blur, and the probability that colours change.
        streams: Source of the random numbers.

    Returns:
        Views in [0, 1] of shape (B, n, 3, s, s).

    Example:
        >>> colours = Augmentation(flip=0.5, brightness=0.4, hue=0.1)
        >>> random_views(torch.rand(4, 3, 16, 16), 2, colours, Contrast(view_size=8), RandomStreams((0,))).shape
        torch.Size([4, 2, 3, 8, 8])
    """
    views = _crops(images.repeat_interleave(n, dim=0), contrast, streams)  # (B n, 3, s, s)
    changed = augment({"rgb": views}, replace(augmentation, flip=0.0, grey=0.0), streams)["rgb"]
    views = torch.where(_some(len(views), contrast.jitter, streams), changed, views)
    others = Augmentation(flip=augmentation.flip, grey=augmentation.grey)
    views = augment({"rgb": views}, others, streams)["rgb"]
    if contrast.blur:
        deviations = streams.uniform((len(views),), *contrast.sigma)
        views = torch.where(_some(len(views), contrast.blur, streams), blurred(views, deviations), views)
    return views.view(len(images), n, *views.shape[1:])


def blurred(images: Tensor, deviations: Tensor) -> Tensor:
    """Gaussian blur of square images of shape (B, C, S, S) by `deviations` in pixels, of shape (B,).

    At the border the weights of the pixels that exist are scaled to a sum of 1, so an image of one colour stays so.

    Example:
        >>> blurred(torch.ones(1, 1, 4, 4), torch.tensor([1.0])).allclose(torch.ones(1, 1, 4, 4))
        True
    """
    place = torch.arange(images.shape[-1], device=images.device)
    distance = (place[:, None] - place).square()  # (S, S)
    weights = torch.exp(-distance / (2 * deviations[:, None, None] ** 2))
    weights = (weights / weights.sum(dim=2, keepdim=True))[:, None]  # (B, 1, S, S)
    return weights @ images @ weights.mT


def _crops(images: Tensor, contrast: Contrast, streams: RandomStreams) -> Tensor:
    """A random crop of each image, resized; sides of more than the image are cut to it."""
    n, size = len(images), contrast.view_size
    area = streams.uniform((n,), contrast.least_area, 1.0)
    ratio = streams.uniform((n,), -math.log(_RATIO), math.log(_RATIO)).exp()
    sides = torch.stack([(area * ratio).sqrt(), (area / ratio).sqrt()], dim=1).clamp(max=1.0)  # (n, 2), of the image
    centre = (1 - sides) * streams.uniform((n, 2), -1.0, 1.0)
    place = torch.zeros(n, 2, 3, device=images.device)
    place[:, 0, 0], place[:, 1, 1] = sides[:, 0], sides[:, 1]
    place[:, :, 2] = centre
    grid = F.affine_grid(place, [n, images.shape[1], size, size], align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _some(n: int, probability: float, streams: RandomStreams) -> Tensor:
    """A mask of images, of shape (n, 1, 1, 1)."""
    return (streams.uniform((n,)) < probability)[:, None, None, None]
