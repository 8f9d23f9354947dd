"""What is chosen of a multi-stage network, as a value with a text form: groups of channels, depths, kernels, side.

The channels of every module are divided into groups, one a stage. Stage s reads the groups of the stages up to s and
writes its own, so features of earlier stages are reused; each stage ends in a classifier, at which an image may exit
(S2DNAS, Yuan et al., ECCV 2020; ENAS4D, arXiv 2009.09182, 2020).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from benchmarks.errors import choice, shown
from benchmarks.tasks import TRANSNAS_TASKS

__all__ = ["CONFIDENT_TASKS", "StageChoice", "check_confident"]

CONFIDENT_TASKS = ("class_scene", "class_object", "jigsaw")
"""Tasks whose answers are probabilities of classes, and so have a confidence."""
_EXAMPLE = "1:3-2:2-2:2-1:3-3:1"
_PART = re.compile(r"[0-9]{1,4}")
_BLOCKS = (1, 2)
_KERNELS = (1, 3)


@dataclass(frozen=True)
class StageChoice:
    """A multi-stage network within one architecture, of M modules in S stages.

    Its text is the split, ``"1:3-2:2-2:2-1:3-3:1"`` (a quarter, a half, a half, a quarter and three quarters of the
    channels of five modules are in the first of two stages), then, where they differ from the architecture's,
    ``"d2-1-2-2-1"`` (blocks of each module), ``"k3:1"`` (kernels of each stage) and ``"r48"`` (side of the images),
    separated by slashes.

    Attributes:
        split: Parts of the channels of each stage, as positive integers, of shape (M, S).
        depths: Cells (or blocks) of each module that run, 1 or 2, of shape (M,); None for all.
        kernels: Largest kernel of each stage, 1 or 3, of shape (S,); None for 3. A kernel of 1 is the centre of 3 x 3.
            The stem, which is in the first stage, keeps its kernels.
        side: Side of the images in pixels, to which they are resized; None for the recipe's.

    Raises:
        ValueError: If a number is out of range, or lengths differ.

    Example:
        >>> found = StageChoice.parse("1:3-2:2/d2-1/k3:1/r48")
        >>> found.n_modules, found.n_stages, found.depths, found.kernels, found.side
        (2, 2, (2, 1), (3, 1), 48)
        >>> str(found), str(StageChoice.dense(3))
        ('1:3-2:2/d2-1/k3:1/r48', '1-1-1')
    """

    split: tuple[tuple[int, ...], ...]
    depths: tuple[int, ...] | None = None
    kernels: tuple[int, ...] | None = None
    side: int | None = None

    def __post_init__(self) -> None:
        if not self.split or not all(self.split) or any(part < 1 for parts in self.split for part in parts):
            raise ValueError(
                f"expected positive parts of the channels of each module, as in {_EXAMPLE!r}, got {shown(self.split)}"
            )
        if odd := next((parts for parts in self.split if len(parts) != self.n_stages), None):
            raise ValueError(
                f"expected as many parts in all modules, got {self.n_stages} in {shown(_colons(self.split[0]))} and "
                f"{len(odd)} in {shown(_colons(odd))}"
            )
        _check_numbers("depths", self.depths, self.n_modules, "module", _BLOCKS)
        _check_numbers("kernels", self.kernels, self.n_stages, "stage", _KERNELS)
        if self.side is not None and self.side < 1:
            raise ValueError(f"expected a positive side, got {self.side}")

    @property
    def n_modules(self) -> int:
        """Number M of modules."""
        return len(self.split)

    @property
    def n_stages(self) -> int:
        """Number S of stages."""
        return len(self.split[0])

    @classmethod
    def dense(cls, n_modules: int) -> StageChoice:
        """The network itself: all channels in one stage."""
        return cls(((1,),) * n_modules)

    @classmethod
    def parse(cls, text: str) -> StageChoice:
        """The choice that a text describes.

        Raises:
            ValueError: If it is not such a text; says what was expected, with an example.
        """
        first, *others = str(text).split("/")
        split = tuple(_numbers(parts, ":", text) for parts in first.split("-"))
        found: dict[str, tuple[int, ...]] = {}
        for entry in others:
            kind = entry[:1]
            if kind not in ("d", "k", "r") or kind in found:
                raise ValueError(
                    f"expected a split and then at most one of each of d (depths), k (kernels) and r (side), as in "
                    f"'{_EXAMPLE}/d2-1-2-2-1/k3:1/r48', got {shown(text)}"
                )
            found[kind] = _numbers(entry[1:], "-" if kind == "d" else ":", text)
        side = found.get("r")
        if side is not None and len(side) != 1:
            raise ValueError(f"expected one side, as in 'r48', got {shown(text)}")
        return cls(split, found.get("d"), found.get("k"), None if side is None else side[0])

    def __str__(self) -> str:
        parts = ["-".join(map(_colons, self.split))]
        if self.depths is not None:
            parts.append("d" + "-".join(map(str, self.depths)))
        if self.kernels is not None:
            parts.append("k" + _colons(self.kernels))
        if self.side is not None:
            parts.append(f"r{self.side}")
        return "/".join(parts)


def check_confident(task: str) -> str:
    """The task, if its answers have a confidence that an exit can be decided by.

    Raises:
        UnknownNameError: If there is no such task.
        ValueError: If it has none, such as a regression or a dense task.

    Example:
        >>> check_confident("room_layout")
        Traceback (most recent call last):
        ...
        ValueError: expected a task whose answers have a confidence, class_scene, class_object or jigsaw, for exits;
        got 'room_layout'
    """
    if choice(task, TRANSNAS_TASKS, "task") not in CONFIDENT_TASKS:
        raise ValueError(
            f"expected a task whose answers have a confidence, {', '.join(CONFIDENT_TASKS[:-1])} or "
            f"{CONFIDENT_TASKS[-1]}, for exits; got {task!r}"
        )
    return task


def _numbers(text: str, separator: str, whole: str) -> tuple[int, ...]:
    parts = text.split(separator)
    if not all(_PART.fullmatch(part) for part in parts):
        raise ValueError(
            f"expected positive integers, the parts of the channels of each module, as in {_EXAMPLE!r}, got "
            f"{shown(text)} in {shown(whole)}"
        )
    return tuple(map(int, parts))


def _check_numbers(name: str, values: tuple[int, ...] | None, n: int, each: str, choices: tuple[int, ...]) -> None:
    if values is not None and (len(values) != n or not set(values) <= set(choices)):
        raise ValueError(
            f"expected {name} of {' or '.join(map(str, choices))} for each of {n} {each}s, got {shown(values)}"
        )


def _colons(parts: tuple[int, ...]) -> str:
    return ":".join(map(str, parts))
