"""Training noise, estimated from equivalent architectures, and the rank correlation that a perfect predictor reaches.

Tables hold one training of each architecture, but some architectures compute the same function and were trained
separately: *twins*. The difference between twins is training noise.
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
from benchmarks.seeds import as_generator
from benchmarks.table import Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["noise_ceiling", "twin_noise"]

_MAD = 0.6744897501960817  # median of |z| for a standard normal z
_METRICS: dict[str, Callable[..., float]] = {"kendall": kendall_tau, "spearman": spearman_rho}


def twin_noise(table: Table) -> pd.Series[float]:
    """Standard deviation of the training noise of each task's primary metric, from twins.

    Rows that are equal in every task are one training, published more than once. Each of the m trainings of a
    class has a residual from the mean of the class, scaled by sqrt(m / (m - 1)) because the mean contains it.
    The estimate is the median of the absolute residuals over all twins, divided by 0.6745, the value of that median for
    a standard normal; it is robust against a few failed trainings.

    Limits: one number per task, although weak architectures are often noisier; twins are mostly small cells.

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
            for task in table.results
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
    """Rank correlation of a perfect predictor with one noisy training of each architecture.

    Simulation: the mean of a class is taken as its noiseless value, the prediction of a perfect predictor. For each
    training, a scaled residual drawn from those of all twins (see `twin_noise`) is added to it; the correlation of both
    over the rows of the protocol is averaged over the simulations. Rows that share a training share the draw. The draws
    of each task are independent of the other tasks in the table.

    Limits: (1) The noiseless values are estimated by noisy ones, mostly single trainings, so their variance is a little
    too large and the ceiling a little too high. (2) The noise has the same distribution for all architectures. (3) The
    ceiling is a mean over the noise; a predictor trained on twins (protocol *all*) can memorise a shared row. (4) Rows
    count as one training if they agree in all tasks of the table, so do not remove tasks before.

    Args:
        table: Measured results.
        metric: ``"kendall"`` or ``"spearman"``.
        protocol: The rows that are ranked, as in `split`.
        n_simulations: Number of simulations to average.
        rng: Seed, or a generator to draw a seed from; fresh draws by default.

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
    as_generator(seed)  # a wrong one is refused before the work
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

    return pd.Series({task: ceiling(task) for task in table.results}, name="ceiling")


class _Trainings:
    """Separate trainings behind the rows of a table: equal rows of one class are one training."""

    def __init__(self, table: Table) -> None:
        self._frame = table.to_frame()
        values = self._frame.to_numpy(dtype=np.float64)  # (n, T)
        classes = canonical_classes(table)
        known = np.where(np.isnan(values), np.inf, values)  # NaN equals NaN
        _, first, of_row = np.unique(np.column_stack([classes, known]), axis=0, return_index=True, return_inverse=True)
        order = np.argsort(first)  # trainings in order of first appearance, independent of the tasks
        of_row, first = np.argsort(order)[of_row.reshape(-1)], first[order]
        self.of_row: NDArray[np.int64] = of_row  # (n,), the training of each row
        self.count = len(first)
        self._class_of_row = classes
        self._first = first  # (count,), the first row of each training

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
