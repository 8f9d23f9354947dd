"""Quantities of all architectures of a space by name: costs of the backbone, and the tasks of an oracle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import UnknownNameError, choice
from benchmarks.spaces.registry import get_space
from benchmarks.spaces.space import Space
from benchmarks.tasks import normal_score_task
from surrogates.search.space_arrays import COSTS, cost_column

if TYPE_CHECKING:
    import pandas as pd

    from surrogates.oracle.answers import Ranking

__all__ = ["Quantities", "cost_series", "cost_to_minimise", "quantity"]

Float = NDArray[np.float64]


class Quantities(Protocol):
    """What has values of tasks for all architectures of a space: an `Oracle`.

    Example:
        >>> from surrogates import Oracle
        >>> oracle: Quantities = Oracle.from_pretrained("transnas101-macro")
        >>> oracle.tasks[0]
        'class_scene'
    """

    space: Space

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks."""

    def ranking(self, task: str) -> Ranking:
        """Values of all architectures on one task, and their ranks."""


def quantity(over: str | Space | Quantities, name: str) -> Float:
    """A quantity of all N architectures of a space, in its own unit, of shape (N,); NaN where it is unknown.

    Args:
        over: The space, for costs; an oracle, for its tasks as well.
        name: ``"params"`` or ``"multiply_adds"`` of the backbone, or a task of the oracle.

    Raises:
        UnknownNameError: If there is no such cost or task, or only normal scores of the task; names the nearest one.
        SpaceError: If it is a cost, and the space has no networks.

    Example:
        >>> quantity("transnas101-macro", "params").shape
        (3256,)
    """
    if isinstance(over, str | Space):
        return cost_column(over, name)
    if _is_backbone_cost(over, name):
        return cost_column(over.space, name)
    if name not in over.tasks and (scored := normal_score_task(name)) in over.tasks and "/" not in name:
        raise UnknownNameError(
            f"{name!r:.200} is predicted only as normal scores, which have no unit and are better when higher; their "
            f"name is {scored!r:.200}"
        )
    try:
        return over.ranking(name).values
    except UnknownNameError:
        choice(name, dict.fromkeys((*COSTS, *over.tasks)), "cost or task of the oracle")  # names the costs as well
        raise


def cost_to_minimise(over: str | Space | Quantities, name: str) -> Float:
    """As `quantity`, of shape (N,), for an objective that is minimised.

    Raises:
        UnknownNameError: If there is no such cost or task; names the nearest one.
        ValueError: If it is a task whose metric is better when higher.

    Example:
        >>> from surrogates import Oracle
        >>> cost_to_minimise(Oracle.from_pretrained("transnas101-macro"), "jigsaw")
        Traceback (most recent call last):
        ...
        ValueError: 'jigsaw' is better when higher and cannot be minimised as a cost: search it as a further task
    """
    values = quantity(over, name)
    if isinstance(over, str | Space) or _is_backbone_cost(over, name):
        return values
    if over.ranking(name).higher_is_better:
        raise ValueError(
            f"{name!r} is better when higher and cannot be minimised as a cost: search it as a further task"
        )
    return values


def cost_series(over: str | Space | Quantities, name: str) -> pd.Series[float]:
    """As `cost_to_minimise`, indexed by architecture, as the parameter ``cost`` of a searcher.

    Example:
        >>> cost_series("transnas101-macro", "params").name
        'params'
    """
    import pandas as pd

    space = get_space(over) if isinstance(over, str | Space) else over.space
    return pd.Series(cost_to_minimise(over, name), pd.Index(space.archs, name="arch"), name=name)


def _is_backbone_cost(over: Quantities, name: str) -> bool:
    """Whether a name means a cost of the backbone, also where a task has that name, unless there are no backbones."""
    return name in COSTS and (over.space.has_networks or name not in over.tasks)
