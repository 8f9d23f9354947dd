"""The two ways of batch norm in a sub-network: statistics of the batch itself, or of a path's own passes.

Running statistics that a supernet's training leaves are averages over paths, and fit none of them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

__all__ = ["batch_statistics", "recalibrate"]


@contextlib.contextmanager
def batch_statistics(network: nn.Module) -> Iterator[None]:
    """Within the context, batch norm uses the statistics of each batch and leaves the running ones as they are.

    Args:
        network: Any network; its mode is restored afterwards.

    Example:
        >>> norm = nn.BatchNorm2d(1).eval()
        >>> with batch_statistics(norm):
        ...     norm(torch.tensor([3.0, 5.0]).view(2, 1, 1, 1)).flatten().round().tolist()
        [-1.0, 1.0]
        >>> norm.running_mean.item(), norm.training
        (0.0, False)
    """
    modes = {module: module.training for module in network.modules()}
    norms = _norms(network)
    network.train()
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True
        for module, mode in modes.items():
            module.training = mode


@torch.no_grad()
def recalibrate(network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Replace the running statistics of batch norm by their means over batches.

    As SPOS does before it scores a path (Guo et al., ECCV 2020, section 3.2).

    Args:
        network: A network of its own (`Supernet.extract`): in a sub-network that shares parts, other paths would get
            the statistics as well. Its mode is restored afterwards.
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
    momenta = [norm.momentum for norm in norms]
    modes = {module: module.training for module in network.modules()}
    network.train()
    n = 0
    try:
        for inputs in batches:
            n += 1
            for norm in norms:
                norm.momentum = 1 / n  # a cumulative mean
            network(inputs)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        for module, mode in modes.items():
            module.training = mode
    if not n:
        raise ValueError("expected at least one batch to recalibrate batch norm with, got none")


def _norms(network: nn.Module) -> list[nn.BatchNorm2d]:
    return [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
