"""Encode architectures as D categorical decisions, for generic optimisers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmarks.errors import choice
from benchmarks.spaces.registry import get_space
from benchmarks.spaces.space import Space
from surrogates.search.errors import ConstraintError
from surrogates.search.space_arrays import choice_names, choices

__all__ = ["Decisions"]


class Decisions:
    """Conversion between architectures of a space and D categorical decisions, as integers or by name.

    A decision is the operation on an edge of a cell, or the digit of a module of a skeleton (``"none"`` after its last
    module), or, in a space of the user's own, the operation of a node or whether there is an edge. Options have no
    order. Every combination decodes to an architecture; one that is not published or not allowed (``64-1111-basic``)
    decodes to the nearest allowed one: the one with the fewest different decisions, ties broken deterministically.

    Args:
        space: The space of N architectures.
        allowed: Mask of the architectures to decode to, of shape (N,); all by default.

    Attributes:
        space: The space.
        options: Name of each of the D decisions -> names of its options.
        lower: Smallest integer of each decision, of shape (D,).
        upper: Largest integer of each decision, of shape (D,).

    Raises:
        UnknownNameError: If there is no such space.
        ValueError: If `allowed` has another shape.
        ConstraintError: If no architecture is allowed.

    Example:
        >>> decisions = Decisions("transnas101-micro")
        >>> decisions.encode(["64-41414-3_00_100"]).tolist()
        [[3, 0, 0, 1, 0, 0]]
        >>> decisions.decode([[3, 0, 0, 1, 0, 0]])
        ['64-41414-3_00_100']
        >>> decisions.options["0->1"]
        ('none', 'skip', 'conv1x1', 'conv3x3')
    """

    def __init__(self, space: str | Space, allowed: NDArray[np.bool_] | None = None) -> None:
        self.space = get_space(space)
        mask = np.ones(len(self.space), dtype=bool) if allowed is None else np.asarray(allowed, dtype=bool)
        if mask.shape != (len(self.space),):
            raise ValueError(f"expected allowed of shape ({len(self.space)},), got {mask.shape}")
        if not mask.any():
            raise ConstraintError(f"none of the {len(self.space):,} architectures of {self.space} is allowed")
        codes = choices(self.space)
        self.lower, self.upper = codes.min(axis=0), codes.max(axis=0)
        self.options = choice_names(self.space)
        self._mask = mask
        self._rows = np.random.default_rng(0).permutation(np.flatnonzero(mask))  # this order breaks ties
        self._codes = codes[self._rows]
        self._row_of = dict(zip(map(bytes, self._codes), self._rows.tolist(), strict=True))  # combination -> row

    def __repr__(self) -> str:
        return f"<Decisions: {len(self.options)} decisions, {len(self._rows):,} architectures of {self.space}>"

    def allowed(self, archs: Sequence[str]) -> NDArray[np.bool_]:
        """Whether each of n published architectures is allowed, of shape (n,)."""
        return self._mask[[self.space.index(arch) for arch in archs]]

    # -- integers -----------------------------------------------------------------------------------------------

    def encode(self, archs: Sequence[str]) -> NDArray[np.int64]:
        """The decisions of n published architectures as integers, of shape (n, D).

        Raises:
            ArchitectureError: If a string is not one of the published architectures.
        """
        return choices(self.space)[[self.space.index(arch) for arch in archs]]

    def decode(self, codes: ArrayLike) -> list[str]:
        """The n architectures encoded by integers of shape (n, D).

        Raises:
            ValueError: If the codes have another shape, are not integers, or are outside `lower` and `upper`.
        """
        numbers = np.asarray(codes, dtype=np.float64)
        if numbers.ndim != 2 or numbers.shape[1] != len(self.lower):
            raise ValueError(f"expected codes of shape (n, {len(self.lower)}), got {numbers.shape}")
        wrong = (numbers < self.lower) | (numbers > self.upper) | (numbers != np.rint(numbers))
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            raise ValueError(
                f"expected integers from {self.lower.tolist()} to {self.upper.tolist()}, got {numbers[row, column]} "
                f"for {list(self.options)[column]!r}; a continuous optimiser must round them (docs/adapters.md)"
            )
        integers = numbers.astype(np.int64)
        return [self.space[self._nearest(code)] for code in integers]

    # -- names --------------------------------------------------------------------------------------------------

    def describe(self, arch: str) -> dict[str, str]:
        """The decisions of a published architecture by name.

        Raises:
            ArchitectureError: If the string is not one of the published architectures.

        Example:
            >>> Decisions("transnas101-macro").describe("64-2311-basic")
            {'module 1': '2', 'module 2': '3', 'module 3': '1', 'module 4': '1', 'module 5': 'none', 'module 6': 'none'}
        """
        (code,) = self.encode([arch]) - self.lower
        return {name: options[number] for (name, options), number in zip(self.options.items(), code, strict=True)}

    def build(self, named: Mapping[str, str]) -> str:
        """The architecture with the given named decisions; other keys are ignored.

        Raises:
            ValueError: If a decision is missing.
            UnknownNameError: If a decision has no such option; names the nearest one.

        Example:
            >>> decisions = Decisions("transnas101-macro")
            >>> decisions.build({"arch": "no decision", **decisions.describe("64-2311-basic")})
            '64-2311-basic'
        """
        if missing := [name for name in self.options if name not in named]:
            raise ValueError(
                f"expected the decisions {', '.join(map(repr, self.options))}; missing: {', '.join(map(repr, missing))}"
            )
        numbers = [options.index(choice(named[name], options, name)) for name, options in self.options.items()]
        return self.decode([numbers + self.lower])[0]

    def _nearest(self, code: NDArray[np.int64]) -> int:
        """The row of a combination, of shape (D,); the nearest one is kept."""
        combination = code.tobytes()
        if combination not in self._row_of:
            self._row_of[combination] = int(self._rows[(self._codes != code).sum(axis=1).argmin()])
        return int(self._row_of[combination])
