"""What a step of a supernet minimises: the protocols of objectives, the supervised one, in-place distillation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Literal, Protocol, get_args, runtime_checkable

import torch
from torch import Tensor, nn

from benchmarks.errors import choice
from benchmarks.training.losses import exact_soft_cross_entropy
from benchmarks.training.recipe import Recipe
from benchmarks.training.supernet.contrast import CrossPathContrast
from benchmarks.training.supernet.supernet import Supernet
from benchmarks.training.weight_sharing.objectives import Loss, PathLoss, StepObjective
from benchmarks.training.weight_sharing.parts import named_or_own
from benchmarks.training.weight_sharing.samplers import SANDWICH, BatchSampler, PathSampler, is_sandwich

__all__ = [
    "OBJECTIVES",
    "InPlaceDistillation",
    "PathObjective",
    "SelectiveObjective",
    "StatefulObjective",
    "Supervised",
    "make_objective",
]

Teacher = Literal["largest", "mean"]
_FEWEST = {"largest": 2, "mean": 3}
"""Paths of a step with a teacher and a student."""
_LABELS_ONLY = "room_layout"
"""Nine numbers without classes or pixels: only labels are targets."""


@runtime_checkable
class PathObjective(StepObjective[Supernet], Protocol):
    """Losses of the paths of a step of a supernet, which are architectures; as in `StepObjective`."""


@runtime_checkable
class SelectiveObjective(Protocol):
    """An objective that needs certain samplers or recipes."""

    def check(self, sampler: PathSampler | BatchSampler, recipe: Recipe) -> None:
        """Raise `ValueError` if it cannot be trained with a sampler and a recipe; called before images are rendered."""


@runtime_checkable
class StatefulObjective(PathObjective, SelectiveObjective, Protocol):
    """An objective with a state of its own, e.g. a teacher; a torch module, whose state is stored with the training."""

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


class InPlaceDistillation:
    """The teachers of a step learn from the labels, the other paths from the teachers' mean answer.

    In-place distillation under the sandwich rule (Yu and Huang, ICCV 2019, section 3.3; Wang et al., "AttentiveNAS",
    CVPR 2021, section 3). Paths come in the order of a sandwich: the largest, the sampled, the smallest.

    - ``"largest"``, as published: the first path is the teacher.
    - ``"mean"``: the sampled ones are, all but the first and the last; for spaces whose largest path is a poor one.

    Without a teacher, the objective is `Supervised`. The teachers' answers are detached. Tasks with classes
    (class_scene, class_object, jigsaw, segmentsemantic) have the cross-entropy with the teachers' mean probabilities at
    temperature 1; image tasks (normal, autoencoder) the task's loss with the teachers' mean output as target.
    room_layout, nine numbers without classes or pixels, is refused.

    Deviations from the published code: no label smoothing, dropout or drop-connect of the largest path, which the
    networks of these spaces do not have.

    Args:
        teacher: ``"largest"`` or ``"mean"``.

    Attributes:
        name: ``"distillation"`` with the largest path as teacher, else ``"distillation_mean"``.
        teacher: As above.

    Raises:
        UnknownNameError: If there is no such teacher; names the nearest one.

    Example:
        >>> InPlaceDistillation("mean").name
        'distillation_mean'
    """

    def __init__(self, teacher: Teacher = "largest") -> None:
        self.teacher = choice(teacher, get_args(Teacher), "teacher")

    @property
    def name(self) -> str:
        """What tells it from other objectives."""
        return "distillation" if self.teacher == "largest" else f"distillation_{self.teacher}"

    def losses(
        self, supernet: Supernet, paths: Sequence[str], inputs: Tensor, targets: Tensor, loss: Loss
    ) -> Iterator[PathLoss]:
        """The losses of the teachers, then those of the others in their order.

        Raises:
            ValueError: If there are too few paths for a teacher and a student.
        """
        if len(paths) < (fewest := _FEWEST[self.teacher]):
            raise ValueError(
                f"expected at least {fewest} paths a step for the objective {self.name!r}, got {len(paths)}"
            )
        if self.teacher == "largest":
            teachers, students = paths[:1], paths[1:]
        else:
            teachers, students = paths[1:-1], (paths[0], paths[-1])
        answers = []
        for path in teachers:
            outputs = supernet(inputs, path)
            answers.append(outputs.detach())
            yield PathLoss(loss(outputs, targets), outputs)
        has_classes = supernet.recipe.loss.endswith("cross_entropy")
        if has_classes:
            answers = [answer.float().softmax(dim=1) for answer in answers]
        target = torch.stack(answers).mean(dim=0)
        for path in students:
            outputs = supernet(inputs, path)
            yield PathLoss((exact_soft_cross_entropy if has_classes else loss)(outputs, target), outputs)

    def check(self, sampler: PathSampler | BatchSampler, recipe: Recipe) -> None:
        """Raise `ValueError` if paths do not come as a sandwich, or labels are the task's only targets."""
        if not is_sandwich(sampler):
            raise ValueError(
                "expected a sampler whose paths are the largest, the sampled and the smallest, such as 'sandwich', for "
                f"the objective {self.name!r}, got {sampler.name!r}; one of your own says so by `order = {SANDWICH!r}`"
            )
        if recipe.task == _LABELS_ONLY:
            raise ValueError(
                f"expected a task with classes or pixels for the objective {self.name!r}, got {recipe.task!r}, which "
                "has only labels as targets; use 'supervised'"
            )


OBJECTIVES: Mapping[str, Callable[[], PathObjective]] = {
    "supervised": Supervised,
    "distillation": InPlaceDistillation,
    "distillation_mean": partial(InPlaceDistillation, "mean"),
    "contrast": CrossPathContrast,
}
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
    found = named_or_own(objective, OBJECTIVES, "objective", (PathObjective,), "a `name` and `losses`")
    if hasattr(found, "attach") and not (isinstance(found, StatefulObjective) and isinstance(found, nn.Module)):
        raise TypeError(
            "expected an objective with `attach` to be a torch.nn.Module with `check`, so that its state is stored, "
            f"got {found!r}"
        )
    return found
