"""Upper bounds on the cost of an architecture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.spaces.registry import get_space, infer_space
from benchmarks.spaces.space import Space
from surrogates.search.errors import ConstraintError
from surrogates.search.space_arrays import COSTS, costs

__all__ = ["Constraint"]


@dataclass(frozen=True)
class Constraint:
    """An upper bound on the backbone's parameters, its multiply-adds for one image, or both.

    Attributes:
        max_params: Maximum number of parameters of the backbone.
        max_multiply_adds: Maximum number of multiply-adds of the backbone, for one image of the published size.

    Raises:
        ValueError: If neither is given, or one is not positive.

    Example:
        >>> small = Constraint(max_params=5e5)
        >>> small(["64-41414-0_00_100", "64-41414-3_33_333"]).tolist()
        [True, False]
    """

    max_params: float | None = None
    max_multiply_adds: float | None = None

    def __post_init__(self) -> None:
        if not self._bounds():
            raise ValueError("expected max_params or max_multiply_adds, got neither")
        for name, bound in self._bounds().items():
            if not bound > 0:
                raise ValueError(f"expected max_{name} > 0, got {bound}")

    def __str__(self) -> str:
        """The bounds as text.

        Example:
            >>> print(Constraint(max_params=5e5))
            at most 500,000 params
        """
        return "at most " + " and ".join(f"{bound:,.0f} {name}" for name, bound in self._bounds().items())

    def __call__(self, archs: Sequence[str]) -> NDArray[np.bool_]:
        """Whether each of n published architectures of one space meets the constraint, of shape (n,)."""
        space = infer_space(archs)
        return self.mask(space)[[space.index(arch) for arch in archs]]

    def mask(self, space: str | Space) -> NDArray[np.bool_]:
        """Whether each of the N architectures of a space meets the constraint, of shape (N,)."""
        table = costs(space)
        columns = [table[:, COSTS.index(name)] <= bound for name, bound in self._bounds().items()]
        return np.asarray(np.all(columns, axis=0))

    def check(self, space: str | Space, known: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Mask of the known architectures of a space that meet the constraint.

        Args:
            space: A space of N architectures.
            known: Mask of the architectures that have values, of shape (N,).

        Returns:
            Mask of shape (N,).

        Raises:
            ConstraintError: If no architecture meets it; the message names the smallest available cost.
        """
        allowed = self.mask(space) & known
        if allowed.any() or not known.any():
            return allowed
        least = dict(zip(COSTS, costs(space)[known].min(axis=0).tolist(), strict=True))
        what = f"no {'' if known.all() else 'measured '}architecture of {get_space(space)} has"
        for name, bound in self._bounds().items():
            if bound < least[name]:
                raise ConstraintError(f"{what} at most {bound:,.0f} {name}: the smallest has {least[name]:,}")
        smallest = ", ".join(f"{name} {least[name]:,}" for name in self._bounds())
        raise ConstraintError(f"{what} {self} at once; the smallest available of each: {smallest}")

    def _bounds(self) -> dict[str, float]:
        bounds = dict(zip(COSTS, (self.max_params, self.max_multiply_adds), strict=True))
        return {name: bound for name, bound in bounds.items() if bound is not None}
