"""The choices that a once-for-all network is trained for: a few options for each decision."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from benchmarks.training.dynamic.choices import StageChoice

__all__ = ["ChoiceGrid"]

_QUARTERS = ((1, 3), (1, 1), (3, 1))


@dataclass(frozen=True)
class ChoiceGrid:
    """Options of each decision of a multi-stage network; a decision with one option is none.

    Attributes:
        n_modules: Number M of modules.
        parts: Parts of the channels of each stage, for each module; a quarter, a half and three quarters in the first
            of two stages by default. The first option is taken for the smallest network.
        depths: Numbers of blocks, for each module; ascending.
        kernels: Largest kernels, for each stage; ascending.
        sides: Sides of the images in pixels; ascending.

    Raises:
        ValueError: If an option is out of range, or there is none.

    Example:
        >>> grid = ChoiceGrid(5)
        >>> grid.size, str(grid.smallest()), str(grid.draw(np.random.default_rng(0)))
        (243, '1:3-1:3-1:3-1:3-1:3', '3:1-1:1-1:1-1:3-1:3')
        >>> grid = ChoiceGrid(5, depths=(1, 2), kernels=(1, 3), sides=(32, 48, 64))
        >>> grid.size, str(grid.choice([0, 1, 2, 0, 1] + [0, 1, 1, 1, 1] + [1, 0] + [2]))
        (93312, '1:3-1:1-3:1-1:3-1:1/d1-2-2-2-2/k3:1/r64')
    """

    n_modules: int
    parts: tuple[tuple[int, ...], ...] = _QUARTERS
    depths: tuple[int, ...] = (2,)
    kernels: tuple[int, ...] = (3,)
    sides: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name in ("parts", "depths", "kernels"):
            if not getattr(self, name):
                raise ValueError(f"expected at least one option of {name}, got none")
        for name in ("parts", "depths", "kernels", "sides"):
            found = getattr(self, name)
            if len(set(found)) < len(found):
                raise ValueError(f"expected different options of {name}, got {found}")
        if len({len(own) for own in self.parts}) > 1:
            raise ValueError(f"expected as many stages in all parts, got {self.parts}")
        self.smallest()  # checks the numbers
        self.choice([len(options) - 1 for options in self.decisions().values()])

    @classmethod
    def parse(cls, n_modules: int, name: str) -> ChoiceGrid:
        """The grid of a name, for some number of modules.

        Raises:
            ValueError: If it is not the name of a grid.

        Example:
            >>> ChoiceGrid.parse(5, "1:3,1:1 d1,2 k3 r32,64").sides
            (32, 64)
        """
        found = re.fullmatch(r"([0-9:,]+) d([0-9,]+) k([0-9,]+)(?: r([0-9,]+))?", name)
        if found is None:
            raise ValueError(f"expected the name of a grid, as '1:3,1:1,3:1 d1,2 k3 r32,64', got {name!r:.200}")
        parts = tuple(tuple(map(int, own.split(":"))) for own in found[1].split(","))
        depths, kernels, sides = (tuple(map(int, text.split(","))) if text else () for text in found.groups()[1:])
        return cls(n_modules, parts, depths, kernels, sides)

    @property
    def n_stages(self) -> int:
        """Number S of stages."""
        return len(self.parts[0])

    @property
    def size(self) -> int:
        """Number of choices."""
        return int(np.prod([len(options) for options in self.decisions().values()]))

    @property
    def name(self) -> str:
        """What tells it from other grids, e.g. ``"1:3,1:1,3:1 d1,2 k3 r32,64"``."""
        parts = [",".join(":".join(map(str, own)) for own in self.parts)]
        parts += ["d" + ",".join(map(str, self.depths)), "k" + ",".join(map(str, self.kernels))]
        return " ".join([*parts, *(["r" + ",".join(map(str, self.sides))] if self.sides else [])])

    def decisions(self) -> dict[str, tuple[str, ...]]:
        """Name of each decision that has several options -> its options as text, in the order of `choice`."""
        modules, stages = range(1, self.n_modules + 1), range(1, self.n_stages + 1)
        found = {f"split {module}": tuple(":".join(map(str, own)) for own in self.parts) for module in modules}
        found |= {f"depth {module}": tuple(map(str, self.depths)) for module in modules}
        found |= {f"kernel {stage}": tuple(map(str, self.kernels)) for stage in stages}
        found["side"] = tuple(map(str, self.sides))
        return {name: options for name, options in found.items() if len(options) > 1}

    def choice(self, options: Sequence[int]) -> StageChoice:
        """The choice of one option for each decision, counted from 0.

        Raises:
            ValueError: If there is another number of options than decisions.
        """
        if len(options) != len(self.decisions()):
            raise ValueError(f"expected an option for each of {len(self.decisions())} decisions, got {len(options)}")
        left = iter(options)

        def taken(choices: tuple[int, ...], n: int) -> tuple[int, ...]:
            return tuple(choices[index] for index in islice(left, n)) if len(choices) > 1 else choices * n

        split = tuple(self.parts[index] for index in islice(left, self.n_modules)) if len(self.parts) > 1 else None
        depths, kernels = taken(self.depths, self.n_modules), taken(self.kernels, self.n_stages)
        sides = taken(self.sides, 1)
        return StageChoice(
            split or self.parts * self.n_modules,
            None if self.depths == (2,) else depths,
            None if self.kernels == (3,) else kernels,
            sides[0] if sides else None,
        )

    def each_option(self) -> list[StageChoice]:
        """For each option a choice that has it in all places, and first options elsewhere: whether all of them fit.

        Example:
            >>> [str(found) for found in ChoiceGrid(2, ((1, 1), (3, 1)), sides=(16, 32)).each_option()]
            ['1:1-1:1/r16', '3:1-3:1/r16', '1:1-1:1/r32']
        """
        kinds = [name.split()[0] for name in self.decisions()]
        numbers = {name.split()[0]: len(options) for name, options in self.decisions().items()}
        taken = [(kind, option) for kind, n in numbers.items() for option in range(1, n)]
        return [
            self.smallest(),
            *(self.choice([option if kind == own else 0 for own in kinds]) for kind, option in taken),
        ]

    def smallest(self) -> StageChoice:
        """The choice of the first option of each decision."""
        return self.choice([0] * len(self.decisions()))

    def draw(self, rng: np.random.Generator) -> StageChoice:
        """A choice drawn uniformly."""
        return self.choice([int(rng.integers(len(options))) for options in self.decisions().values()])
