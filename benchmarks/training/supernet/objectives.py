"""What a step of a supernet minimises: the protocols of objectives, the supervised one, and their names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from torch import Tensor, nn

from benchmarks.errors import choice
from benchmarks.training.recipe import Recipe
from benchmarks.training.supernet.contrast import CrossPathContrast
from benchmarks.training.supernet.path_loss import Loss, PathLoss
from benchmarks.training.supernet.supernet import Supernet

if TYPE_CHECKING:
    from benchmarks.training.supernet.samplers import PathSampler

__all__ = ["OBJECTIVES", "PathObjective", "StatefulObjective", "Supervised", "make_objective"]


@runtime_checkable
class PathObjective(Protocol):
    """Losses of the paths of a step.

    Attributes:
        name: What tells it from other objectives, with its settings; a training resumes only with the same one.
    """

    @property
    def name(self) -> str:
        """What tells it from other objectives."""

    def losses(
        self, supernet: Supernet, paths: Sequence[str], inputs: Tensor, targets: Tensor, loss: Loss
    ) -> Iterator[PathLoss]:
        """The loss of one path after the other.

        The gradient of each is computed before the next is asked for, and gradients are added, so only one path is in
        memory at a time.

        Args:
            supernet: The supernet, in training mode.
            paths: Architectures that the sampler drew.
            inputs: Inputs of the batch.
            targets: Targets of the batch.
            loss: The task's loss.
        """


@runtime_checkable
class StatefulObjective(PathObjective, Protocol):
    """An objective with a state of its own, e.g. a teacher; a torch module, whose state is stored with the training."""

    def check(self, sampler: PathSampler, recipe: Recipe) -> None:
        """Raise `ValueError` if it cannot be trained with a sampler and a recipe; called before images are rendered."""

    def attach(self, supernet: Supernet, seed: int) -> None:
        """Begin anew with a supernet before its training; `seed` is that of the training."""


class Supervised:
    """The task's loss on the labels, of every path."""

    name = "supervised"

    def losses(
        self, supernet: Supernet, paths: Sequence[str], inputs: Tensor, targets: Tensor, loss: Loss
    ) -> Iterator[PathLoss]:
        """The loss of each path on the same batch."""
        for path in paths:
            outputs = supernet(inputs, path)
            yield PathLoss(loss(outputs, targets), outputs)


OBJECTIVES: Mapping[str, Callable[[], PathObjective]] = {"supervised": Supervised, "contrast": CrossPathContrast}
"""Name -> objective."""


def make_objective(objective: str | PathObjective) -> PathObjective:
    """An objective by its name, or the objective itself.

    Raises:
        UnknownNameError: If there is none of that name; names the nearest one.
        TypeError: If it is not an objective, e.g. a class of objectives; or it has `attach` and is no torch module.

    Example:
        >>> make_objective("supervised").name
        'supervised'
    """
    if isinstance(objective, str):
        return OBJECTIVES[choice(objective, OBJECTIVES, "objective")]()
    if isinstance(objective, type) or not isinstance(objective, PathObjective):
        raise TypeError(f"expected a name or an object with a `name` and `losses`, got {objective!r}")
    if hasattr(objective, "attach") and not (
        isinstance(objective, StatefulObjective) and isinstance(objective, nn.Module)
    ):
        raise TypeError(
            "expected an objective with `attach` to be a torch.nn.Module with `check`, so that its state is stored, "
            f"got {objective!r}"
        )
    return objective
