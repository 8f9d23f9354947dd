"""Which choices a step of a multi-stage network trains; samplers of paths, whose paths are texts of choices."""

from __future__ import annotations

import numpy as np

from benchmarks.training.dynamic.choices import StageChoice
from benchmarks.training.dynamic.grid import ChoiceGrid

__all__ = ["OneChoice", "SandwichChoices"]


class OneChoice:
    """The same choice in every step, as for a network that is trained alone.

    Args:
        choice: The choice, or its text.

    Attributes:
        name: Its text.

    Example:
        >>> OneChoice("1:3-1:1").paths(0, np.random.default_rng(0))
        ['1:3-1:1']
    """

    def __init__(self, choice: str | StageChoice) -> None:
        self.name = str(StageChoice.parse(str(choice)))

    def paths(self, step: int, rng: np.random.Generator) -> list[str]:
        """The choice."""
        return [self.name]


class SandwichChoices:
    """The whole network, the smallest choice, and some at random (Yu and Huang, "Universally slimmable", ICCV 2019).

    The whole network comes first, all channels in one stage at the full side, so that others can follow its answers.

    Args:
        grid: The choices.
        n_random: Number of random ones a step.

    Attributes:
        grid: As above.
        name: What tells it from other samplers.

    Raises:
        ValueError: If `n_random` is negative.

    Example:
        >>> SandwichChoices(ChoiceGrid(2), 1).paths(0, np.random.default_rng(0))
        ['1-1', '1:3-1:3', '3:1-1:1']
    """

    def __init__(self, grid: ChoiceGrid, n_random: int = 1) -> None:
        if n_random < 0:
            raise ValueError(f"expected n_random >= 0, got {n_random}")
        self.grid, self._n_random = grid, n_random
        self.name = f"sandwich {n_random} {grid.name}"

    @classmethod
    def parse(cls, n_modules: int, name: str) -> SandwichChoices | None:
        """The sampler of a name, for some number of modules; None if it is the name of another sampler.

        Example:
            >>> SandwichChoices.parse(5, SandwichChoices(ChoiceGrid(5)).name).grid.size
            243
        """
        kind, _, rest = name.partition(" ")
        number, _, grid = rest.partition(" ")
        return cls(ChoiceGrid.parse(n_modules, grid), int(number)) if kind == "sandwich" else None

    def paths(self, step: int, rng: np.random.Generator) -> list[str]:
        """The choices of a step."""
        whole = StageChoice.dense(self.grid.n_modules)
        drawn = [self.grid.draw(rng) for _ in range(self._n_random)]
        return [str(found) for found in (whole, self.grid.smallest(), *drawn)]
