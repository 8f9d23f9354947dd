"""The exact distribution of functions over ranges of cost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.spaces.space import Space
from benchmarks.training.supernet.layouts import layout_of
from surrogates.search.cost_bins import log_bins
from surrogates.search.space_arrays import cost_column

__all__ = ["CostLaw"]


class CostLaw:
    """P(cost range) and P(architecture | cost range) of a uniform draw from the functions of a space, by enumeration.

    AttentiveNAS (Wang et al., CVPR 2021, section 4) estimates the first from a sample and approximates the second by a
    product over decisions, drawn again until the cost fits. Spaces of some thousand functions need neither. Ranges are
    equally wide in log cost, not in cost: costs differ by a factor of up to 439.

    Args:
        space: Space of cells, or ``"transnas101-macro"``; or its name.
        cost: ``"multiply_adds"`` or ``"params"`` of the backbone.
        bins: Number of ranges; some may be empty, and have probability 0.

    Attributes:
        functions: The F functions, as simplest forms.
        costs: Their costs, of shape (F,).
        bin_of: Their ranges from 0, the cheapest, of shape (F,).
        p_bin: P(range), of shape (bins,).

    Raises:
        UnknownNameError: If there is no such space or cost; names the nearest one.
        ValueError: If there is less than one range, or more than functions.

    Example:
        >>> law = CostLaw("transnas101-macro", bins=5)
        >>> law.p_bin.round(2).tolist()
        [0.14, 0.37, 0.34, 0.13, 0.01]
        >>> law.cheapest, law.dearest
        ('64-3334-basic', '64-222113-basic')
    """

    def __init__(self, space: str | Space, cost: str = "multiply_adds", bins: int = 10) -> None:
        layout = layout_of(space)
        self.functions = layout.functions
        n = len(self.functions)
        if isinstance(bins, bool) or not isinstance(bins, int) or not 1 <= bins <= n:
            raise ValueError(f"expected 1 to {n:,} bins, the number of functions of {layout.space.name}, got {bins!r}")
        rows = [layout.space.index(arch) for arch in self.functions]
        self.costs: NDArray[np.float64] = cost_column(layout.space, cost)[rows]
        self.bin_of = log_bins(self.costs, bins)
        self.p_bin: NDArray[np.float64] = np.bincount(self.bin_of, minlength=bins) / n

    @property
    def cheapest(self) -> str:
        """The function of the lowest cost; of several the first."""
        return self.functions[int(self.costs.argmin())]

    @property
    def dearest(self) -> str:
        """The function of the highest cost; of several the first."""
        return self.functions[int(self.costs.argmax())]

    def p_given(self, number: int) -> NDArray[np.float64]:
        """P(function | range), of shape (F,): uniform over the functions in it.

        Raises:
            ValueError: If the range is empty.
        """
        there = self.bin_of == number
        if not there.any():
            raise ValueError(f"expected a range with functions, got {number}, which has none")
        return np.asarray(there / there.sum())

    def draw(self, n: int, rng: np.random.Generator) -> list[str]:
        """A range is drawn, and n different functions of it; all of them if it has fewer."""
        number = int(rng.choice(len(self.p_bin), p=self.p_bin))
        there = np.flatnonzero(self.bin_of == number)
        return [self.functions[row] for row in rng.permutation(there)[:n]]
