"""Which paths a step of a supernet trains: samplers by name, and two of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import cast

import numpy as np

from benchmarks.errors import SpaceError
from benchmarks.spaces.cell import EDGES, CellSpace, live_edges
from benchmarks.spaces.space import Space
from benchmarks.training.supernet.disjoint import DisjointSampler
from benchmarks.training.supernet.layouts import layout_of
from benchmarks.training.weight_sharing.parts import named_or_own
from benchmarks.training.weight_sharing.samplers import BatchSampler, PathSampler

__all__ = ["SAMPLERS", "FairSampler", "UniformSampler", "make_sampler"]


class UniformSampler:
    """One path a step, uniform over the distinct functions (SPOS, Guo et al., ECCV 2020, section 3.2).

    Uniform over strings would train what many strings compute more often (Ning et al., NeurIPS 2021, section 4.4).

    Args:
        space: Space, or its name.

    Example:
        >>> UniformSampler("transnas101-micro").paths(0, np.random.default_rng(0))
        ['64-41414-3_21_033']
    """

    name = "uniform"

    def __init__(self, space: str | Space) -> None:
        self._functions = layout_of(space).functions

    def paths(self, step: int, rng: np.random.Generator) -> list[str]:
        """One function."""
        return [self._functions[int(rng.integers(len(self._functions)))]]


class FairSampler:
    """As many paths a step as there are operations, each operation on each edge once (FairNAS, Chu et al., ICCV 2021).

    Each edge has its own permutation of the operations. Draws with a dead path are repeated. The supernet trains the
    simplest form of a path, so an operation whose result a path does not use is not trained by it.

    Args:
        space: Space of cells, or its name.

    Raises:
        SpaceError: If it is not a space of cells.

    Example:
        >>> FairSampler("transnas101-micro").paths(0, np.random.default_rng(0))
        ['64-41414-2_31_002', '64-41414-0_23_223', '64-41414-1_10_311', '64-41414-3_02_130']
    """

    name = "fair"

    def __init__(self, space: str | Space) -> None:
        found = layout_of(space).space
        if not isinstance(found, CellSpace):
            raise SpaceError(
                f"expected a space of cells for the sampler 'fair', got {found.name!r}, whose paths differ in length; "
                "the sampler 'uniform' has no such limit"
            )
        self._space: CellSpace = found

    def paths(self, step: int, rng: np.random.Generator) -> list[str]:
        """One path per operation."""
        operations = np.tile(np.arange(len(self._space.operations)), (len(EDGES), 1))
        while True:
            codes = rng.permuted(operations, axis=1).T  # (operations, edges)
            if live_edges(codes).any(axis=1).all():
                return [self._space.from_code(code) for code in codes.tolist()]


SAMPLERS: Mapping[str, Callable[[str | Space], PathSampler]] = {
    "uniform": UniformSampler,
    "fair": FairSampler,
    "disjoint": DisjointSampler,
}
"""Name -> sampler of a space."""


def make_sampler(sampler: str | PathSampler | BatchSampler, space: str | Space) -> PathSampler | BatchSampler:
    """A sampler by its name, or the sampler itself.

    Raises:
        UnknownNameError: If there is none of that name; names the nearest one.
        SpaceError: If it does not know paths of the space.
        TypeError: If it is not a sampler, e.g. a class of samplers.

    Example:
        >>> make_sampler("fair", "nasbench201").name
        'fair'
    """
    known = {name: partial(make, space) for name, make in SAMPLERS.items()}
    needs = "a `name` and `paths` or `paths_on`"
    found = named_or_own(sampler, known, "sampler", (PathSampler, BatchSampler), needs)
    return cast("PathSampler | BatchSampler", found)  # mypy joins the two protocols to object
