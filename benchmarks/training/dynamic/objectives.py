"""What a step of a multi-stage network minimises: a loss over all exits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from benchmarks.training.dynamic.network import MultiStageNetwork
from benchmarks.training.weight_sharing.objectives import Loss, PathLoss, StepObjective
from benchmarks.training.weight_sharing.parts import named_or_own

__all__ = ["EXIT_OBJECTIVES", "DistilledExits", "ExitObjective", "SummedExits", "make_exit_objective"]


class ExitObjective(StepObjective[MultiStageNetwork], Protocol):
    """Losses of the choices of a step, with the logits of the last exit of each; as in `StepObjective`.

    The paths are texts of choices.
    """


class SummedExits:
    """The unweighted sum over exits of the task's loss on the labels, of every choice (MSDNet-PyTorch, `main.py`)."""

    name = "labels"

    def losses(
        self, network: MultiStageNetwork, choices: Sequence[str], inputs: Tensor, targets: Tensor, loss: Loss
    ) -> Iterator[PathLoss]:
        """The summed loss of each choice on the same batch."""
        for drawn in choices:
            exits = network(inputs, drawn)
            yield PathLoss(torch.stack([loss(logits, targets) for logits in exits]).sum(), exits[-1])


class DistilledExits:
    """The first choice learns the labels; every exit of the others follows the probabilities of its last exit.

    In-place distillation (Yu and Huang, ICCV 2019, section 3.3; once-for-all, Cai et al., ICLR 2020): cross-entropy
    with the probabilities of the first choice on the same batch, through which no gradient goes.
    """

    name = "distilled"

    def losses(
        self, network: MultiStageNetwork, choices: Sequence[str], inputs: Tensor, targets: Tensor, loss: Loss
    ) -> Iterator[PathLoss]:
        """The summed loss of each choice on the same batch."""
        exits = network(inputs, choices[0])
        teacher = torch.softmax(exits[-1].detach().float(), dim=1)
        yield PathLoss(torch.stack([loss(logits, targets) for logits in exits]).sum(), exits[-1])
        for drawn in choices[1:]:
            exits = network(inputs, drawn)
            followed = [F.cross_entropy(logits.float(), teacher) for logits in exits]
            yield PathLoss(torch.stack(followed).sum(), exits[-1])


EXIT_OBJECTIVES: Mapping[str, Callable[[], ExitObjective]] = {"labels": SummedExits, "distilled": DistilledExits}
"""Name -> objective."""


def make_exit_objective(objective: str | ExitObjective) -> ExitObjective:
    """An objective by its name, or the objective itself.

    Raises:
        UnknownNameError: If there is none of that name; names the nearest one.
        TypeError: If it is not an objective, e.g. a class of objectives.

    Example:
        >>> make_exit_objective("labels").name
        'labels'
    """
    return named_or_own(objective, EXIT_OBJECTIVES, "objective", (StepObjective,), "a `name` and `losses`")
