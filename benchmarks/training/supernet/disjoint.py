"""Two paths a step that share no operation, for objectives that compare paths."""

from __future__ import annotations

import numpy as np

from benchmarks.errors import SpaceError
from benchmarks.spaces.cell import EDGES, CellSpace, live_edges
from benchmarks.spaces.space import Space
from benchmarks.training.supernet.layouts import layout_of

__all__ = ["DisjointSampler"]

_PATHS = 2


class DisjointSampler:
    """Two paths a step without a common operation (Pi-NAS, Peng et al., ICCV 2021, as in its public code).

    Each edge gets two different operations, drawn without replacement: the first is of path 0, the second of path 1. A
    draw is repeated if a path is dead, or if the simplest forms, which are what is trained, have the same operation on
    an edge after all. The frame (stem and blocks between stages) is in both.

    Args:
        space: Space of cells with at least two operations besides "none", or its name.

    Raises:
        SpaceError: If it is another space.

    Example:
        >>> DisjointSampler("transnas101-micro").paths(0, np.random.default_rng(0))
        ['64-41414-2_31_002', '64-41414-0_23_223']
    """

    name = "disjoint"

    def __init__(self, space: str | Space) -> None:
        found = layout_of(space).space
        if not isinstance(found, CellSpace):
            raise SpaceError(
                f"expected a space of cells for the sampler 'disjoint', got {found.name!r}, whose paths have modules "
                "in common by their channels and position"
            )
        if len(found.operations) - 1 < _PATHS:
            raise SpaceError(
                f"expected a space with at least two operations besides 'none' for the sampler 'disjoint', got "
                f"{found.name!r} with {len(found.operations) - 1}"
            )
        self._space: CellSpace = found

    def paths(self, step: int, rng: np.random.Generator) -> list[str]:
        """Two paths."""
        operations = np.tile(np.arange(len(self._space.operations)), (len(EDGES), 1))
        while True:
            codes = rng.permuted(operations, axis=1).T[:_PATHS]  # (paths, edges)
            if not live_edges(codes).any(axis=1).all():
                continue
            paths = [self._space.from_code(code) for code in codes.tolist()]
            one, other = self._space.cell_codes(self._space.simplify(paths))
            if not ((one == other) & (one != 0)).any():
                return paths
