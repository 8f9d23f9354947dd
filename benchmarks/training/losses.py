"""Training losses."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

__all__ = [
    "LOSSES",
    "discriminator_loss",
    "exact_soft_cross_entropy",
    "generator_loss",
    "pixel_cross_entropy",
    "soft_cross_entropy",
]

_LEAST_PROBABILITY = 1e-5
"""Constant that the published code adds to a probability before taking its logarithm."""


def soft_cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean over images of - sum t log(softmax + 1e-5), as published.

    The loss of an image is at most 11.5, and a class with very small probability has almost no gradient.

    Args:
        outputs: Logits of shape (B, classes).
        targets: Probabilities of the same shape.

    Example:
        >>> import torch
        >>> soft_cross_entropy(torch.tensor([[-100.0, 100.0]]), torch.tensor([[1.0, 0.0]])).round(decimals=2)
        tensor(11.5100)
    """
    probabilities = F.softmax(outputs.float(), dim=1)
    return -(targets * (probabilities + _LEAST_PROBABILITY).log()).sum(dim=1).mean()


def exact_soft_cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean over images of the cross-entropy between class probabilities and logits, both of shape (B, classes).

    Example:
        >>> import torch
        >>> exact_soft_cross_entropy(torch.zeros(3, 4), torch.full((3, 4), 0.25)).exp()
        tensor(4.)
    """
    return -(targets * F.log_softmax(outputs.float(), dim=1)).sum(dim=1).mean()


def pixel_cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean over pixels of the cross-entropy of logits (B, classes, S, S) with classes (B, S, S)."""
    flat = outputs.float().movedim(1, -1).flatten(0, -2)  # a view, since outputs of convolutions are channels last
    return F.cross_entropy(flat, targets.flatten())


def generator_loss(outputs: Tensor, targets: Tensor, judged: Tensor, weight: float) -> Tensor:
    """(1 - weight) L1 + weight x generator loss of the vanilla GAN (Isola et al., CVPR 2017, equations 2 to 4).

    Args:
        outputs: Generated images of shape (B, 3, S, S).
        targets: True images of the same shape.
        judged: Logits of the discriminator on (input, output) pairs, of shape (B, 1); high = real.
        weight: Weight of the generator loss.
    """
    return (1 - weight) * F.l1_loss(outputs.float(), targets) + weight * F.softplus(-judged.float()).mean()


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Binary cross-entropy of logits on true and generated pairs (B, 1), halved as in Isola et al., section 3.3."""
    return 0.5 * (F.softplus(-real.float()).mean() + F.softplus(fake.float()).mean())


def _mean_squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    return F.mse_loss(outputs.float(), targets)


def _cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(outputs.float(), targets)


def _l1(outputs: Tensor, targets: Tensor) -> Tensor:
    return F.l1_loss(outputs.float(), targets)


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "soft_cross_entropy": soft_cross_entropy,
    "exact_soft_cross_entropy": exact_soft_cross_entropy,
    "mean_squared_error": _mean_squared_error,
    "cross_entropy": _cross_entropy,
    "pixel_cross_entropy": pixel_cross_entropy,
    "l1": _l1,
    "l1_gan": _l1,
}
"""Name in a recipe -> loss of (outputs, targets); for ``"l1_gan"`` the reported part, L1."""
