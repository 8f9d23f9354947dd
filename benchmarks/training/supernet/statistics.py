"""The two ways of batch norm in a sub-network: statistics of the batch itself, or of a path's own passes.

Running statistics that a supernet's training leaves are averages over paths, and fit none of them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

__all__ = ["batch_statistics", "recalibrate"]


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


def _norms(network: nn.Module) -> list[_BatchNorm]:
    return [layer for layer in network.modules() if isinstance(layer, _BatchNorm)]
