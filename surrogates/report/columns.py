"""What can be an axis of the explorer: measured and predicted values of tasks, costs, novelty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.short_repr import ShortRepr
from benchmarks.spaces.space import Space
from benchmarks.table import Table
from benchmarks.tasks import Task, find_task, minimized
from encoders.costs import network_costs
from surrogates.oracle.answers import Ranking
from surrogates.oracle.predictors import Predictor, about, novelty_of, predict_matrix, prediction_keys

__all__ = ["Kind", "ReportColumn", "cost_columns", "measured_columns", "predicted_columns"]

Kind: TypeAlias = Literal["measured", "predicted", "cost", "novelty"]
Float = NDArray[np.float64]
Bools = NDArray[np.bool_]
_BATCH = 1024


@dataclass(frozen=True, eq=False, repr=False)
class ReportColumn(ShortRepr):
    """One quantity of n architectures.

    Attributes:
        name: The task, ``"params"``, ``"multiply_adds"`` or ``"novelty"``.
        kind: Where the values come from.
        metric: Name of the metric of a task; else empty.
        unit: Unit of the metric, ``"-"`` without one.
        better: 1 if higher is better, -1 if lower, 0 if neither is.
        values: In the metric's own unit, of shape (n,); NaN where missing.
        std: Standard deviations of predictions, of shape (n,).
        ranks: Rank among the published architectures with a value, 1 is best, of shape (n,); 0 where missing.
        of: Number of published architectures with a value.

    Example:
        >>> ReportColumn("jigsaw", "measured", "valid_top1", "%", 1, np.array([90.0])).key
        'jigsaw_measured'
    """

    name: str
    kind: Kind
    metric: str
    unit: str
    better: int
    values: Float
    std: Float | None = None
    ranks: NDArray[np.int32] | None = None
    of: int = 0

    @property
    def key(self) -> str:
        """Name that tells it from all others of a page, also in csv files."""
        return self.name if self.kind in ("cost", "novelty") else f"{self.name}_{self.kind}"

    def take(self, rows: NDArray[np.int64]) -> ReportColumn:
        """The same of some of its architectures; ranks stay those among all."""
        return replace(
            self,
            values=self.values[rows],
            std=None if self.std is None else self.std[rows],
            ranks=None if self.ranks is None else self.ranks[rows],
        )


def measured_columns(table: Table, tasks: Sequence[str], archs: Sequence[str], published: Bools) -> list[ReportColumn]:
    """Values of a table on some of its tasks, as it has them.

    Args:
        table: Measured results of one space.
        tasks: Names of tasks, or ``task/metric``, that it has.
        archs: n architectures.
        published: Which of them are published ones, of shape (n,).
    """
    place = {arch: row for row, arch in enumerate(table.archs)}
    rows = np.array([place.get(arch, -1) for arch in archs], dtype=np.int64)
    return [
        _of_task(table.task(name), name, "measured", np.where(rows < 0, np.nan, table.column(name)[rows]), published)
        for name in tasks
    ]


def predicted_columns(
    predictor: Predictor,
    tasks: Sequence[str],
    archs: Sequence[str],
    published: Bools,
    step: Callable[[int, int], None] | None = None,
) -> list[ReportColumn]:
    """Predictions for some of a predictor's tasks, with standard deviations, then the novelty if it knows that.

    Args:
        predictor: A fitted surrogate, or what answers for one.
        tasks: Names of tasks of it.
        archs: n architectures.
        published: Which of them are published ones, of shape (n,).
        step: Called with the number of predicted architectures, and of all that will be, after each batch.
    """
    keys = prediction_keys(predictor, archs)
    distinct = list(dict.fromkeys(keys))
    parts = []
    for start in range(0, len(distinct), _BATCH):
        batch = distinct[start : start + _BATCH]
        parts.append((*predict_matrix(predictor, batch), novelty_of(predictor, batch)))
        if step is not None:
            step(start + len(batch), len(distinct))
    place = {key: row for row, key in enumerate(distinct)}
    rows = np.array([place[key] for key in keys], dtype=np.int64)
    mean, std, novelty = (np.concatenate(part)[rows] for part in zip(*parts, strict=True))
    lowered = about(predictor).minimize or ()
    found = []
    for name in tasks:
        task = minimized(find_task(name)) if name in lowered else find_task(name)
        column = predictor.tasks_.index(name)
        found.append(_of_task(task, name, "predicted", mean[:, column], published, std[:, column]))
    if not np.isnan(novelty).all():
        found.append(ReportColumn("novelty", "novelty", "", "-", 0, novelty))
    return found


def cost_columns(space: Space, archs: Sequence[str]) -> list[ReportColumn]:
    """Parameters and multiply-adds of the backbones of n architectures; none if the space has no networks."""
    if not space.has_networks:
        return []
    params, multiply_adds, _ = network_costs(space, archs).astype(np.float64).T
    named = (("params", params), ("multiply_adds", multiply_adds))
    return [ReportColumn(name, "cost", "", "-", -1, values) for name, values in named]


def _of_task(
    task: Task, name: str, kind: Kind, values: Float, published: Bools, std: Float | None = None
) -> ReportColumn:
    higher = task.metric.higher_is_better
    ranks, of = None, 0
    if higher is not None:
        ranking = Ranking(np.where(published, values, np.nan), higher)
        known = ~np.isnan(values)
        ranks, of = np.zeros(len(values), dtype=np.int32), len(ranking)
        ranks[known] = ranking.ranks(values[known])
    better = 0 if higher is None else 1 if higher else -1
    metric = "" if task.metric.name == "value" else task.column
    return ReportColumn(name, kind, metric, task.metric.unit, better, values, std, ranks, of)
