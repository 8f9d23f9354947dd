"""What an objective yields for each path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
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
        measures: More scalars without gradient to record: name -> value; `train_<name>` is an epoch's mean.
    """

    loss: Tensor
    outputs: Tensor
    measures: Mapping[str, Tensor] = MappingProxyType({})
