"""The discriminator of the image tasks (TransNAS-Bench-101, published training code; after pix2pix)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from benchmarks.training.networks.operations import torch_uniform

__all__ = ["Discriminator"]

_WIDTH = 64


class Discriminator(nn.Module):
    """Classifies whether the second image of a pair is the true target of the first.

    Three 5x5 convolutions of stride 4, three 3x3 of stride 1, each with spectral norm (Miyato et al., ICLR 2018) and
    LeakyReLU 0.2, one 3x3 to a single channel, average over the pixels. Images may have any side; up to 64 pixels, the
    last four layers see one pixel each.

    Args:
        width: Channels of the first layer; the others scale with it.
        seed: Seed of the initial weights, which are uniform within 1 / sqrt(fan-in).

    Example:
        >>> Discriminator(width=8)(torch.zeros(2, 6, 32, 32)).shape
        torch.Size([2, 1])
    """

    def __init__(self, width: int = _WIDTH, *, seed: int = 0) -> None:
        super().__init__()
        if isinstance(width, bool) or not isinstance(width, int) or width < 1:
            raise ValueError(f"expected a positive integer as width, got {width!r}")
        channels = [6, width, 2 * width, 4 * width, 4 * width, 8 * width, 8 * width]
        kernels = [5, 5, 5, 3, 3, 3]
        with torch.random.fork_rng(devices=[]):  # torch draws the first singular vectors from the global generator
            torch.default_generator.manual_seed(seed)
            layers: list[nn.Module] = []
            for (before, after), kernel in zip(pairwise(channels), kernels, strict=True):
                stride = 4 if kernel == 5 else 1
                layers += [nn.Conv2d(before, after, kernel, stride, kernel // 2), nn.LeakyReLU(0.2)]
            layers.append(nn.Conv2d(channels[-1], 1, 3, 1, 1))
            torch_uniform(nn.Sequential(*layers), torch.Generator().manual_seed(seed))
            for layer in layers[:-1:2]:
                _start_at_random(spectral_norm(layer))
        self.layers = nn.Sequential(*layers)

    def forward(self, pair: Tensor) -> Tensor:
        """Classify pairs of images.

        Args:
            pair: Input and target or output, concatenated along channels, of shape (B, 6, S, S).

        Returns:
            Logits of the class "true", of shape (B, 1).
        """
        scores: Tensor = self.layers(pair)
        return scores.mean(dim=(2, 3))


def _start_at_random(layer: nn.Module) -> None:
    """Start from random singular vectors, with one power iteration per forward pass, as published.

    torch begins with fifteen iterations; the published code reaches the largest singular value within its first steps.
    """
    norm: Any = layer.get_submodule("parametrizations.weight.0")
    for vector in norm.buffers():
        vector.copy_(nn.functional.normalize(torch.randn_like(vector), dim=0, eps=norm.eps))
