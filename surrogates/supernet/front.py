"""The Pareto front of a supernet's estimates against a cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.spaces.registry import get_space
from benchmarks.tasks import find_task
from benchmarks.training.supernet.layouts import layout_of
from surrogates.search.pareto import non_dominated
from surrogates.search.space_arrays import cost_column

if TYPE_CHECKING:
    import pandas as pd

    from surrogates.supernet.estimates import SupernetEstimates

__all__ = ["costed_estimates", "supernet_front"]


def costed_estimates(
    estimates: SupernetEstimates, cost: str = "multiply_adds", archs: Sequence[str] | None = None
) -> pd.DataFrame:
    """Estimates, costs and membership of the Pareto front of n architectures.

    Args:
        estimates: Estimates of one task.
        cost: ``"multiply_adds"`` or ``"params"`` of the backbone.
        archs: The architectures; all functions of the space by default. An architecture costs what its simplest form
            does.

    Returns:
        DataFrame of n rows, cheapest first: arch, the estimate in the unit of the metric, under the name of the task,
        its std, the cost, and on_front, whether no other one is at least as good and as cheap, and better in one.

    Raises:
        ValueError: If the estimates are of several tasks, or there are no architectures.
        ArchitectureError: If the supernet has no such architecture (`SupernetEstimates.predict`).
        UnknownNameError: If there is no such cost; names the nearest one.
    """
    import pandas as pd

    if len(estimates.tasks_) > 1:
        raise ValueError(f"expected supernets of one task, got those of {' and '.join(estimates.tasks_)}")
    (task,) = estimates.tasks_
    asked = list(layout_of(estimates.space_).functions if archs is None else dict.fromkeys(archs))
    if not asked:
        raise ValueError("expected at least one architecture, got none")
    space = get_space(estimates.space_)
    column = cost_column(space, cost)
    mean, std = estimates.predict(asked, return_std=True)
    charged = column[[space.index(simplest) for simplest in space.simplify(asked)]]
    sign = 1.0 if find_task(task).metric.higher_is_better else -1.0
    found = pd.DataFrame({"arch": asked, task: mean[:, 0], "std": std[:, 0], cost: charged.astype(np.int64)})
    found["on_front"] = non_dominated(np.column_stack([sign * mean[:, 0], -charged]))
    return found.sort_values([cost, task], ascending=[True, sign < 0], kind="stable", ignore_index=True)


def supernet_front(
    estimates: SupernetEstimates, cost: str = "multiply_adds", archs: Sequence[str] | None = None
) -> pd.DataFrame:
    """The Pareto front of estimates against a cost: the rows of `costed_estimates` that no other one dominates.

    Arguments and errors as there.

    Returns:
        DataFrame, cheapest first: arch, the estimate under the name of the task, its std, and the cost.

    Example:
        >>> from surrogates import SupernetEstimates
        >>> supernet_front(SupernetEstimates(["/no/such/folder"]))
        Traceback (most recent call last):
        ...
        benchmarks.errors.ArtefactError: expected a folder of `train_supernet`, got '/no/such/folder' without ...
    """
    found = costed_estimates(estimates, cost, archs)
    return found[found["on_front"]].drop(columns="on_front").reset_index(drop=True)
