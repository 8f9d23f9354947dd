"""How far two trainings of the same architecture differ, and what that leaves for a perfect predictor.

Tables hold one training of each architecture, but some architectures are equal as functions and were trained
separately: *twins*. What differs between twins is training noise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import choice
from benchmarks.metrics import kendall_tau, spearman_rho
from benchmarks.protocols import Protocol, canonical_classes, eligible_rows
from benchmarks.table import Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["noise_ceiling", "twin_noise"]

_MAD = 0.6744897501960817  # median of |z| for a standard normal z
_METRICS: dict[str, Callable[..., float]] = {"kendall": kendall_tau, "spearman": spearman_rho}


def twin_noise(table: Table) -> pd.Series[float]:
    """Standard deviation of the training noise of each task's primary metric, from twins.

    Rows that are equal in every task are one training, published more than once. Each of the m trainings of a
    class has a residual from the mean of the class; it is scaled by sqrt(m / (m - 1)), because the mean contains it.
    The estimate is the median of the absolute residuals over all twins, divided by 0.6745, the value of that median for
    a standard normal: a few failed trainings do not move it.

    Limits: one number a task, although weak architectures are often noisier; twins are mostly small cells.

    Returns:
        Series of shape (T,) indexed by task, in the metric's unit; NaN where there are no twins.

    Example:
        >>> twins = ["64-41414-0_00_100", "64-41414-0_30_100"]  # the second has a dead edge more
        >>> twin_noise(Table.from_logs(twins, {"jigsaw": {"valid_top1": [50.0, 52.0]}})).round(2).tolist()
        [2.1]
    """
    import pandas as pd

    trainings = _Trainings(table)
    return pd.Series(
        {
            task: float(np.median(np.abs(r)) / _MAD) if len(r := trainings.residuals(task)) else np.nan
            for task in table.tasks
        },
        name="noise",
    )


def noise_ceiling(
    table: Table,
    metric: str = "kendall",
    protocol: Protocol = "all",
    n_simulations: int = 20,
    rng: int | np.random.Generator | None = None,
) -> pd.Series[float]:
    """The rank correlation a perfect predictor would reach with one noisy training of each architecture.

    Simulation: the mean of a class stands for its noiseless value, which a perfect predictor would answer. To it is
    added, per training, a scaled residual drawn from those of all twins (see `twin_noise`); the correlation of both
    over the rows of the protocol is averaged over the simulations. Rows that share a training share the draw. Each task
    has draws of its own, which do not depend on what other tasks are there.

    Limits: (1) The noiseless values are estimated by noisy ones, mostly single trainings, so they are spread a little
    too far and the ceiling is a little too high. (2) Noise is drawn alike for all architectures. (3) It is a ceiling
    for the mean of the noise; a predictor that has seen twins in training (protocol *all*) can learn a shared row by
    heart. (4) What counts as one training is judged by all tasks of the table: leave none out before.

    Args:
        table: Measured results.
        metric: ``"kendall"`` or ``"spearman"``.
        protocol: The rows that are ranked, as in `split`.
        n_simulations: Simulations to average.
        rng: Seed, or a generator that gives one; fresh draws if not given.

    Returns:
        Series of shape (T,) indexed by task, -1 to 1; NaN where there are no twins.

    Raises:
        UnknownNameError: If there is no such metric or protocol.
        ValueError: If n_simulations < 1.

    Example:
        >>> archs = ["64-41414-0_00_100", "64-41414-0_30_100", "64-41414-3_33_333"]
        >>> table = Table.from_logs(archs, {"jigsaw": {"valid_top1": [50.0, 51.0, 95.0]}})
        >>> noise_ceiling(table, rng=0).round(2).tolist()
        [0.91]
    """
    import pandas as pd

    correlation = _METRICS[choice(metric, _METRICS, "metric")]
    if n_simulations < 1:
        raise ValueError(f"expected n_simulations >= 1, got {n_simulations}")
    seed = int(rng.integers(2**32)) if isinstance(rng, np.random.Generator) else rng
    rows = eligible_rows(table, protocol)
    trainings = _Trainings(table)

    def ceiling(task: str) -> float:
        residuals = trainings.residuals(task)
        if not len(residuals):
            return float("nan")
        clean = trainings.clean(task)[rows]  # (N,)
        generator = np.random.default_rng(None if seed is None else [seed, crc32(task.encode())])
        draws = generator.choice(residuals, size=(n_simulations, trainings.count))
        noisy = clean + draws[:, trainings.of_row[rows]]  # (n_simulations, N)
        return float(np.mean([correlation(simulated, clean) for simulated in noisy]))

    return pd.Series({task: ceiling(task) for task in table.tasks}, name="ceiling")


class _Trainings:
    """Separate trainings behind the rows of a table: equal rows of one class were trained once."""

    def __init__(self, table: Table) -> None:
        self._frame = table.to_frame()
        values = self._frame.to_numpy(dtype=np.float64)  # (n, T)
        classes = canonical_classes(table)
        known = np.where(np.isnan(values), np.inf, values)  # NaN equals NaN
        _, first, of_row = np.unique(np.column_stack([classes, known]), axis=0, return_index=True, return_inverse=True)
        order = np.argsort(first)  # trainings in order of first appearance, whatever the tasks
        of_row, first = np.argsort(order)[of_row.reshape(-1)], first[order]
        self.of_row: NDArray[np.int64] = of_row  # (n,), the training of each row
        self.count = len(first)
        self._class_of_row = classes
        self._first = first  # (count,), a row of each training

    def clean(self, task: str) -> NDArray[np.float64]:
        """Mean over the trainings of its class, for every row, of shape (n,); NaN where none was measured."""
        return self._means(task)[0][self._class_of_row]

    def residuals(self, task: str) -> NDArray[np.float64]:
        """Scaled residuals of all twins, of shape (r,)."""
        means, sizes = self._means(task)
        classes = self._class_of_row[self._first]
        values = self._frame[task].to_numpy()[self._first]
        twins = (sizes[classes] > 1) & ~np.isnan(values)
        size = sizes[classes][twins]
        return np.asarray((values[twins] - means[classes][twins]) * np.sqrt(size / (size - 1)))

    def _means(self, task: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Mean and number of the measured trainings of every class, both of shape (classes,)."""
        classes = self._class_of_row[self._first]
        values = self._frame[task].to_numpy(dtype=np.float64)[self._first]
        measured = ~np.isnan(values)
        n_classes = int(self._class_of_row.max()) + 1
        sizes = np.bincount(classes[measured], minlength=n_classes)
        sums = np.bincount(classes[measured], values[measured], minlength=n_classes)
        return np.where(sizes > 0, sums / np.maximum(sizes, 1), np.nan), sizes
