"""What an objective yields for each path."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

__all__ = ["Loss", "PathLoss"]

Loss = Callable[[Tensor, Tensor], Tensor]
"""(outputs, targets) -> mean loss."""


class PathLoss(NamedTuple):
    """Loss of one path.

    Attributes:
        loss: The loss, a scalar with gradient.
        outputs: Outputs of the path, for the training scores.
    """

    loss: Tensor
    outputs: Tensor
