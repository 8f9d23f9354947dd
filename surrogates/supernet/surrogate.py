"""A surrogate that needs few labels: estimates of a supernet, brought into the unit of the labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import ArtefactError, SpaceError
from benchmarks.metrics import kendall_tau
from benchmarks.tasks import find_task
from surrogates.base import Surrogate
from surrogates.store.pack import Pack

if TYPE_CHECKING:
    from surrogates.labels import Labels
    from surrogates.supernet.estimates import SupernetEstimates

__all__ = ["SupernetSurrogate"]

_LEAST_SLOPE = 1e-3  # in standard deviations of labels per standard deviation of estimates
_FEWEST = 3  # labels for scores of cross-validation
_Z = 1.645


class SupernetSurrogate(Surrogate):
    """Ranks architectures as a supernet does; labels only set level, scale and spread.

    A task is predicted from the estimates of the supernet of that task. Other tasks use the supernet whose estimates
    agree best with their labels. Estimates are standardised by median and quartiles and their tails compressed
    (inverse hyperbolic sine), then mapped to the labels by a line with a positive slope, fitted by least squares: a
    strictly increasing map, so the ranks are the supernet's. The std contains the residuals of the labels and the
    std of the estimate.

    Args:
        supernet: Estimates of trained supernets.
        random_state: Not used; there is nothing random.

    Example:
        >>> from surrogates import SupernetEstimates
        >>> SupernetSurrogate(SupernetEstimates(["/no/such/folder"])).fit(["64-2311-basic"], [1.0])
        Traceback (most recent call last):
        ...
        benchmarks.errors.ArtefactError: expected a folder of `train_supernet`, got '/no/such/folder' without ...
    """

    def __init__(self, supernet: SupernetEstimates, *, random_state: int = 0) -> None:
        self.supernet = supernet
        self.random_state = random_state

    def fit_functions(self, labels: Labels) -> None:
        """Fit the map of each task.

        Raises:
            SpaceError: If the labels are of another space than the supernet.
            ArchitectureError: If the supernet was not trained for the skeleton or width of a row.
        """
        if labels.space != self.supernet.space_:
            raise SpaceError(
                f"expected labels of {self.supernet.space_}, the space of the supernet, got {labels.space}"
            )
        estimates, _ = self._estimates(list(labels.archs))
        signs = [-1.0 if task in labels.minimize or _is_lower_better(task) else 1.0 for task in labels.tasks]
        self._columns = np.zeros(len(labels.tasks), dtype=np.int64)
        self._maps = np.zeros((len(labels.tasks), 6))
        for index, task in enumerate(labels.tasks):
            known = ~np.isnan(labels.values[:, index])
            values = signs[index] * labels.values[known, index]
            rows = estimates[labels.group[known]]
            self._columns[index] = column = self._column_of(task, rows, values)
            self._maps[index] = [*_fitted(rows[:, column], values), signs[index]]
            if len(values) >= _FEWEST and np.ptp(values) > 0:
                self.cv_scores_[task] = _scores(rows[:, column], values)
        self._weights = self.supernet.fingerprints()

    def predict_functions(self, archs: list[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and std of m simplest forms, each of shape (m, T).

        Raises:
            ArtefactError: If the supernet's weights are others than in `fit`.
            ArchitectureError: If the supernet was not trained for the skeleton or width of an architecture.
        """
        if self.supernet.fingerprints() != self._weights:
            folders = ", ".join(repr(str(folder)) for folder in self.supernet.folders)
            raise ArtefactError(
                f"expected the supernets that this surrogate was fitted with in {folders}, got others; fit it again"
            )
        estimates, errors = self._estimates(archs)
        mean, std = np.empty((2, len(archs), len(self._maps)))
        for index, (column, (median, scale, level, slope, spread, sign)) in enumerate(
            zip(self._columns, self._maps, strict=True)
        ):
            mean[:, index] = sign * _line(estimates[:, column], median, scale, level, slope)
            steepness = slope / scale / np.sqrt(1 + ((estimates[:, column] - median) / scale) ** 2)
            std[:, index] = np.sqrt(spread**2 + (steepness * errors[:, column]) ** 2)
        return mean, std

    def pack(self) -> Pack:
        """The maps; the weights stay in the folders of the supernet."""
        return Pack(settings={"weights": self._weights}, arrays={"columns": self._columns, "maps": self._maps})

    def unpack(self, pack: Pack) -> None:
        """Restore the maps."""
        self._weights = list(pack.settings["weights"])
        self._columns, self._maps = pack.arrays["columns"], pack.arrays["maps"]

    def _estimates(self, archs: list[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Estimates of m architectures and their stds, each of shape (m, supernet tasks); higher is better."""
        mean, std = self.supernet.predict(archs, return_std=True)
        return mean * [-1.0 if _is_lower_better(task) else 1.0 for task in self.supernet.tasks_], std

    def _column_of(self, task: str, rows: NDArray[np.float64], values: NDArray[np.float64]) -> int:
        """The supernet of the task, else the one that agrees best with the labels."""
        tasks = [name.partition("/")[0] for name in self.supernet.tasks_]
        own = task.partition("/")[0]
        if own in tasks:
            return tasks.index(own)
        if len(values) < _FEWEST or np.ptp(values) == 0:
            return 0
        return int(np.argmax(np.nan_to_num([kendall_tau(values, column) for column in rows.T], nan=-1.0)))


def _is_lower_better(task: str) -> bool:
    return not find_task(task).metric.higher_is_better


def _fitted(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float, float, float, float]:
    """Median and scale of the estimates, level and slope of the line, spread of the residuals."""
    median = float(np.median(x))
    scale = float(np.subtract(*np.percentile(x, [75, 25]))) or float(np.std(x)) or 1.0
    if np.ptp(y) == 0:
        return median, scale, float(y[0]), 0.0, 0.0
    z = np.arcsinh((x - median) / scale)
    spread_of_z = float(np.std(z)) or 1.0
    least = _LEAST_SLOPE * float(np.std(y)) / spread_of_z
    slope = max(float(np.mean((z - z.mean()) * (y - y.mean()))) / spread_of_z**2, least)
    level = float(y.mean() - slope * z.mean())
    residuals = y - level - slope * z
    return median, scale, level, slope, float(np.sqrt((residuals**2).sum() / max(len(y) - 2, 1)))


def _line(x: NDArray[np.float64], median: float, scale: float, level: float, slope: float) -> NDArray[np.float64]:
    return np.asarray(level + slope * np.arcsinh((x - median) / scale))


def _scores(x: NDArray[np.float64], y: NDArray[np.float64]) -> dict[str, float]:
    """Kendall's tau, which no strictly increasing map changes, and the coverage of rows left out of the fit."""
    covered = []
    for row in range(len(y)):
        rest = np.arange(len(y)) != row
        median, scale, level, slope, spread = _fitted(x[rest], y[rest])
        covered.append(abs(y[row] - float(_line(x[row : row + 1], median, scale, level, slope)[0])) <= _Z * spread)
    return {"tau": kendall_tau(y, x), "coverage": float(np.mean(covered))}
