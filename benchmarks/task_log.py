"""Training log of many architectures on one task: every metric at every epoch."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import TableError, shown
from benchmarks.short_repr import ShortRepr
from benchmarks.tasks import TIME, find_metric

__all__ = ["EXTRA", "EXTRA_INFO", "Epoch", "TaskLog", "check_epoch"]

Epoch: TypeAlias = Literal["final", "best"] | int
Rows: TypeAlias = "slice | NDArray[np.int64]"

EXTRA = "extra_"
"""Prefix of a metric that the package does not know, where tables are made: ``extra_train_g_loss``."""
EXTRA_INFO = "info_"
"""Prefix of a model fact that the package does not know, where tables are made."""


@dataclass(frozen=True, eq=False, repr=False)
class TaskLog(ShortRepr):
    """Metrics per epoch, and model facts, of n architectures on one task; its arrays are made read-only.

    Attributes:
        metrics: Name (``"valid_top1"``) -> values in the metric's own unit, of shape (n, E); NaN = not
            measured.
        lengths: Epochs recorded per architecture, of shape (n,); 0 = never trained.
        info: Name (``"model_params"``) -> values of shape (n,); NaN = unknown.

    Example:
        >>> log = TaskLog.from_arrays({"valid_loss": np.array([[3.0, 1.0, 2.0], [5.0, 4.0, np.nan]])})
        >>> log.select("valid_loss", "final"), log.select("valid_loss", "best"), log.select("valid_loss", 0)
        (array([2., 4.]), array([1., 4.]), array([3., 5.]))
    """

    metrics: Mapping[str, NDArray[np.float64]]
    lengths: NDArray[np.int64]
    info: Mapping[str, NDArray[Any]]

    def __post_init__(self) -> None:
        for array in (*self.metrics.values(), self.lengths, *self.info.values()):
            array.setflags(write=False)

    @classmethod
    def from_arrays(
        cls, metrics: Mapping[str, NDArray[np.float64]], info: Mapping[str, NDArray[Any]] | None = None
    ) -> TaskLog:
        """Build a log; the last epoch of an architecture is the last one with any value.

        Args:
            metrics: Name -> values of shape (n, E), the same shape for all; at least one metric.
            info: Name -> values of shape (n,).
        """
        some = next(iter(metrics.values()))
        measured = np.zeros(some.shape, dtype=bool)  # (n, E)
        for values in metrics.values():
            measured |= ~np.isnan(values)
        epochs = np.arange(1, some.shape[1] + 1)
        return cls(dict(metrics), (measured * epochs).max(axis=1, initial=0), dict(info or {}))

    @property
    def epochs(self) -> int:
        """The longest training, E."""
        return int(next(iter(self.metrics.values())).shape[1])

    def take(self, rows: Rows) -> TaskLog:
        """The same log for some architectures; a slice shares memory with this one."""
        return TaskLog(
            {name: values[rows] for name, values in self.metrics.items()},
            self.lengths[rows],
            {name: values[rows] for name, values in self.info.items()},
        )

    def select(self, column: str, epoch: Epoch = "final", rows: Rows = slice(None)) -> NDArray[np.float64]:
        """One value per architecture.

        Args:
            column: Metric name with its split.
            epoch: ``"final"`` is the last epoch recorded; ``"best"`` the best value of this metric, by its
                direction; an integer counts from 0, or backwards from the architecture's last epoch if
                negative.
            rows: Rows to read; all by default.

        Returns:
            Values of shape (n,) in the metric's own unit, NaN where that epoch was not recorded.
        """
        values, lengths = self.metrics[column][rows], self.lengths[rows]
        if epoch == "best":
            position = self.best_epochs(column, rows)
        elif epoch == "final":
            position = lengths - 1
        else:
            position = np.full(len(lengths), epoch) if epoch >= 0 else lengths + epoch
        inside = (position >= 0) & (position < lengths)
        picked = values[np.arange(len(values)), np.where(inside, position, 0)]  # (n,)
        return np.where(inside, picked, np.nan)

    def best_epochs(self, column: str, rows: Rows = slice(None)) -> NDArray[np.int64]:
        """The first epoch at which a metric is best, of shape (n,), -1 where it was never measured.

        Time is cumulative, not a result: its best epoch is the last.

        Raises:
            TableError: If the direction of the metric is not known.
        """
        if column == TIME:
            return self.lengths[rows] - 1
        oriented = find_metric(column).sign * self.metrics[column][rows]  # (n, E)
        missing = np.isnan(oriented)
        return np.where(missing.all(axis=1), -1, np.where(missing, -np.inf, oriented).argmax(axis=1))


def check_epoch(epoch: object, lengths: Iterable[int]) -> Epoch:
    """Return a valid epoch argument.

    Args:
        epoch: Epoch given by the user.
        lengths: Epochs of each requested task; an integer must exist for at least one.

    Raises:
        TableError: If it is neither ``"final"``, ``"best"`` nor an epoch that exists.

    Example:
        >>> check_epoch(-1, [25])
        -1
    """
    longest = max(lengths)
    if isinstance(epoch, str) and epoch in ("final", "best"):
        return cast(Epoch, epoch)
    expected = f"expected 'final', 'best' or an integer from {-longest} to {longest - 1}"
    if isinstance(epoch, (str, bool)):
        raise TableError(f"{expected}, got epoch={shown(epoch)}")
    try:
        number = operator.index(cast(int, epoch))
    except TypeError:
        raise TableError(f"{expected}, got epoch={shown(epoch)}") from None
    if not -longest <= number < longest:
        raise TableError(f"{expected}, got epoch={number}")
    return number
