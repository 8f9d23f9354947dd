"""Costs of a backbone that need no model: its parameters and multiply-adds, exact for every architecture."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.spaces.space import Space
from benchmarks.tasks import Task, find_task, minimized
from surrogates.search.space_arrays import COSTS, cost_column

__all__ = ["exact_cost_task", "exact_costs", "is_exact_cost"]


def is_exact_cost(space: Space, name: object, tasks: Collection[str] = ()) -> bool:
    """Whether a name means a cost of the backbone, also where a task has that name, unless there are no backbones.

    Example:
        >>> from benchmarks import get_space
        >>> [is_exact_cost(get_space("nasbench201"), name) for name in ("params", "latency_ms")]
        [True, False]
    """
    return name in COSTS and (space.has_networks or name not in tasks)


def exact_cost_task(name: str) -> Task:
    """An exact cost as a task: a number without a unit, better when lower.

    Example:
        >>> exact_cost_task("params").metric.higher_is_better
        False
    """
    return minimized(find_task(name))


def exact_costs(space: Space, archs: Sequence[str], names: Sequence[str]) -> NDArray[np.float64]:
    """Exact costs of n architectures, published or not, of shape (n, k).

    Args:
        space: Their space.
        archs: n valid architectures.
        names: k of ``"params"`` and ``"multiply_adds"``.

    Raises:
        UnknownNameError: If there is no such cost; names the nearest one.
        SpaceError: If the space has no networks.

    Example:
        >>> from benchmarks import get_space
        >>> exact_costs(get_space("transnas101-micro"), ["64-41414-0_31_023"], ["params"]).tolist()
        [[14673952.0]]
    """
    found = np.empty((len(archs), len(names)))
    if not names:
        return found
    published = np.array([arch in space for arch in archs], dtype=bool)
    rows = [space.index(arch) for arch in archs if arch in space]
    for column, name in enumerate(names):
        found[published, column] = cost_column(space, name)[rows]
    if others := [arch for arch in archs if arch not in space]:
        from encoders.costs import network_costs

        places = [COSTS.index(name) for name in names]
        found[~published] = network_costs(space, others)[:, places]
    return found
