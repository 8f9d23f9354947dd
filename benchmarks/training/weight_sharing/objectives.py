"""What a step of a network with many paths minimises: the protocol of objectives, and what they yield."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, Protocol, TypeVar, runtime_checkable

from torch import Tensor, nn

__all__ = ["Loss", "PathLoss", "StepObjective"]

_N = TypeVar("_N", bound=nn.Module, contravariant=True)

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


@runtime_checkable
class StepObjective(Protocol[_N]):
    """Losses of the paths of a step.

    Attributes:
        name: What tells it from other objectives, with its settings; a training resumes only with the same one.
    """

    @property
    def name(self) -> str:
        """What tells it from other objectives."""

    def losses(
        self, network: _N, paths: Sequence[str], inputs: Tensor, targets: Tensor, loss: Loss, /
    ) -> Iterator[PathLoss]:
        """The loss of one path after the other.

        The gradient of each is computed before the next is asked for, and gradients are added, so only one path is in
        memory at a time.

        Args:
            network: The network, in training mode.
            paths: Paths that the sampler drew.
            inputs: Inputs of the batch.
            targets: Targets of the batch.
            loss: The task's loss of (outputs, targets).
        """
