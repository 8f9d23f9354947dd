"""Optimisers and learning-rate schedules from a recipe."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from benchmarks.training.recipe import Optimiser

__all__ = ["make_optimiser", "make_schedule"]


def make_optimiser(optimiser: Optimiser, network: nn.Module, rate_on_device: bool = False) -> torch.optim.Optimizer:
    """The optimiser of all parameters of a network.

    Args:
        optimiser: Kind and settings.
        network: The network to optimise.
        rate_on_device: Whether the learning rate is a tensor on the parameters' device, which a recorded step can read.

    Example:
        >>> from benchmarks.training.presets import get_recipe
        >>> type(make_optimiser(get_recipe("normal").optimiser, nn.Linear(2, 1))).__name__
        'Adam'
    """
    rate: float | torch.Tensor = optimiser.lr
    if rate_on_device:
        rate = torch.tensor(optimiser.lr, device=next(network.parameters()).device)
    return _OPTIMISERS[optimiser.name](optimiser, network, rate)


def make_schedule(optimiser: Optimiser, made: torch.optim.Optimizer, steps: int) -> LambdaLR:
    """Learning-rate schedule over `steps` steps, starting at the optimiser's learning rate."""
    share = _SCHEDULES[optimiser.schedule]

    def factor(step: int) -> float:
        return share(min(step / max(steps, 1), 1.0))

    return LambdaLR(made, factor)


def _sgd(optimiser: Optimiser, network: nn.Module, rate: float | torch.Tensor) -> torch.optim.Optimizer:
    return _fused(
        torch.optim.SGD,
        network,
        lr=rate,
        momentum=optimiser.momentum,
        nesterov=optimiser.momentum > 0,
        weight_decay=optimiser.weight_decay,
    )


def _adam(optimiser: Optimiser, network: nn.Module, rate: float | torch.Tensor) -> torch.optim.Optimizer:
    return _fused(
        torch.optim.Adam,
        network,
        lr=rate,
        betas=optimiser.betas,
        weight_decay=optimiser.weight_decay,
        capturable=isinstance(rate, torch.Tensor) and rate.is_cuda,  # torch records no other step of Adam
    )


def _fused(kind: Callable[..., torch.optim.Optimizer], network: nn.Module, **options: Any) -> torch.optim.Optimizer:
    """Fused update of all parameters, several times faster than one by one, if torch supports it on the device."""
    parameters = list(network.parameters())
    try:
        return kind(parameters, fused=True, **options)
    except (RuntimeError, TypeError):
        return kind(parameters, **options)


_OPTIMISERS = {"sgd": _sgd, "adam": _adam}
_SCHEDULES: dict[str, Callable[[float], float]] = {
    "cosine": lambda progress: 0.5 * (1.0 + math.cos(math.pi * progress)),
    "constant": lambda progress: 1.0,
}
