"""Batch norm in a sub-network: statistics of the batch itself, of groups of it, or of a path's own passes.

Running statistics that a supernet's training leaves are averages over paths, and fit none of them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from functools import partial

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

__all__ = ["LEAST_IMAGES", "batch_statistics", "group_statistics", "recalibrate"]

LEAST_IMAGES = 2
"""Images in a batch that has statistics."""


@contextlib.contextmanager
def batch_statistics(network: nn.Module) -> Iterator[None]:
    """Within the context, batch norm uses the statistics of each batch and leaves the running ones as they are.

    Args:
        network: Any network. Only its norms change, and are restored afterwards; dropout stays as it is.

    Example:
        >>> norm = nn.BatchNorm2d(1).eval()
        >>> with batch_statistics(norm):
        ...     norm(torch.tensor([3.0, 5.0]).view(2, 1, 1, 1)).flatten().round().tolist()
        [-1.0, 1.0]
        >>> norm.running_mean.item(), norm.training
        (0.0, False)
    """
    norms = _norms(network)
    before = [(norm.training, norm.track_running_stats) for norm in norms]
    try:
        for norm in norms:
            norm.training, norm.track_running_stats = True, False
        yield
    finally:
        for norm, (mode, tracks) in zip(norms, before, strict=True):
            norm.training, norm.track_running_stats = mode, tracks


@contextlib.contextmanager
def group_statistics(network: nn.Module, n: int) -> Iterator[None]:
    """Within the context, batch norm uses the statistics of each of n groups of a batch, in one pass.

    Group g is the images g, g + n, g + 2 n, ... of a batch, whose size n must divide. Running statistics stay.

    Args:
        network: Any network. Only its norms change, and are restored afterwards.
        n: Number of groups.

    Example:
        >>> norm = nn.BatchNorm2d(1)
        >>> with group_statistics(norm, 2):
        ...     norm(torch.tensor([3.0, 100.0, 5.0, 300.0]).view(4, 1, 1, 1)).flatten().round().tolist()
        [-1.0, -1.0, 1.0, 1.0]
    """
    norms = _norms(network)
    try:
        for norm in norms:
            norm.forward = partial(_grouped, norm, n)  # type: ignore[method-assign]
        yield
    finally:
        for norm in norms:
            vars(norm).pop("forward", None)


@torch.no_grad()
def recalibrate(network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Replace the running statistics of batch norm by their means over batches.

    As SPOS does before it scores a path (Guo et al., ECCV 2020, section 3.2).

    Args:
        network: A network of its own (`Supernet.extract`): in a sub-network that shares parts, other paths would get
            the statistics as well. Only its norms change mode, and are restored afterwards.
        batches: Inputs, at least one batch.

    Raises:
        ValueError: If there are no batches.

    Example:
        >>> norm = nn.BatchNorm2d(1)
        >>> recalibrate(norm, [torch.full((2, 1, 1, 1), value) for value in (1.0, 2.0, 6.0)])
        >>> norm.running_mean
        tensor([3.])
    """
    norms = _norms(network)
    before = [(norm.training, norm.momentum) for norm in norms]
    n = 0
    try:
        for norm in norms:
            norm.training = True
        for inputs in batches:
            n += 1
            for norm in norms:
                norm.momentum = 1 / n  # a cumulative mean
            network(inputs)
    finally:
        for norm, (mode, momentum) in zip(norms, before, strict=True):
            norm.training, norm.momentum = mode, momentum
    if not n:
        raise ValueError("expected at least one batch to recalibrate batch norm with, got none")


def _grouped(norm: _BatchNorm, n: int, images: Tensor) -> Tensor:
    """Batch norm of images of shape (B, C, H, W) with the groups as further channels."""
    whole, channels, *pixels = images.shape
    apart = images.contiguous().view(whole // n, n * channels, *pixels)
    weight, bias = (None if values is None else values.repeat(n) for values in (norm.weight, norm.bias))
    return F.batch_norm(apart, None, None, weight, bias, True, 0.0, norm.eps).view(images.shape)


def _norms(network: nn.Module) -> list[_BatchNorm]:
    return [layer for layer in network.modules() if isinstance(layer, _BatchNorm)]
