"""A surrogate that needs few labels: estimates of a supernet, brought into the unit of the labels."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

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
_FEWEST_WITH_RESIDUALS = 4  # functions; with fewer, residuals say little or nothing
_Z = 1.645


class SupernetSurrogate(Surrogate):
    """Ranks architectures as a supernet does; labels only set level, scale and spread.

    A task is predicted from the estimates of the supernet of that task. Other tasks use the supernet whose estimates
    agree best with their labels. Estimates are standardised by median and quartiles and their tails compressed
    (inverse hyperbolic sine), then mapped to the labels by a line with a positive slope, fitted by least squares: a
    strictly increasing map, so the ranks are the supernet's; equal labels give a constant, and so ties. The std is
    that of a prediction by least squares: of the residuals with n - 2 degrees of freedom, and of level and slope. With
    labels of fewer than four functions it is at least that of the labels; of equal ones, 0. The scores of
    cross-validation are Kendall's tau, which no strictly increasing map changes, of the chosen supernet, and the
    coverage of 90 % intervals for functions left out of the fit and of the choice.

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
        estimates = self._estimates(list(labels.archs))
        signs = [-1.0 if task in labels.minimize or _is_lower_better(task) else 1.0 for task in labels.tasks]
        self._columns = np.zeros(len(labels.tasks), dtype=np.int64)
        self._maps = np.zeros((len(labels.tasks), len(_Map._fields) + 1))
        for index, task in enumerate(labels.tasks):
            known = ~np.isnan(labels.values[:, index])
            values = signs[index] * labels.values[known, index]
            group = labels.group[known]
            rows = estimates[group]
            self._columns[index] = column = self._column_of(task, rows, values)
            self._maps[index] = [*_fitted(rows[:, column], values, len(np.unique(group))), signs[index]]
            if len(np.unique(group)) >= _FEWEST and np.ptp(values) > 0:
                coverage = _coverage(rows, values, group, partial(self._column_of, task))
                self.cv_scores_[task] = {"tau": kendall_tau(values, rows[:, column]), "coverage": coverage}
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
        estimates = self._estimates(archs)
        mean, std = np.empty((2, len(archs), len(self._maps)))
        for index, (column, (*fitted, sign)) in enumerate(zip(self._columns, self._maps, strict=True)):
            mean[:, index], std[:, index] = _Map(*fitted).predict(estimates[:, column])
            mean[:, index] *= sign
        return mean, std

    def pack(self) -> Pack:
        """The maps; the weights stay in the folders of the supernet."""
        return Pack(settings={"weights": self._weights}, arrays={"columns": self._columns, "maps": self._maps})

    def unpack(self, pack: Pack) -> None:
        """Restore the maps."""
        self._weights = list(pack.settings["weights"])
        self._columns, self._maps = pack.arrays["columns"], pack.arrays["maps"]

    def _estimates(self, archs: list[str]) -> NDArray[np.float64]:
        """Estimates of m architectures, of shape (m, supernet tasks); higher is better."""
        signs = [-1.0 if _is_lower_better(task) else 1.0 for task in self.supernet.tasks_]
        return np.asarray(self.supernet.predict(archs) * signs)

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


def _coverage(
    rows: NDArray[np.float64],
    y: NDArray[np.float64],
    group: NDArray[np.int64],
    column_of: Callable[[NDArray[np.float64], NDArray[np.float64]], int],
) -> float:
    """Share of the labels within the interval of a fit without the labels of their function.

    Args:
        rows: Estimates of each label's architecture, of shape (n, supernet tasks).
        y: The labels, of shape (n,).
        group: Function of each label, of shape (n,).
        column_of: Chooses the supernet from estimates and labels.
    """
    covered = np.zeros(len(y), dtype=bool)
    functions = np.unique(group)
    for function in functions:
        out = group == function
        column = column_of(rows[~out], y[~out])
        mean, std = _fitted(rows[~out, column], y[~out], len(functions) - 1).predict(rows[out, column])
        covered[out] = np.abs(y[out] - mean) <= _Z * std
    return float(np.mean(covered))


class _Map(NamedTuple):
    """A line on compressed estimates, fitted by least squares, and what the variance of its predictions needs."""

    median: float
    scale: float
    level: float
    slope: float
    spread: float
    """Standard deviation of a label around the line."""
    centre: float
    """Mean of the n compressed estimates."""
    of_level: float
    """1 / n."""
    of_slope: float
    """1 / sum of squared distances from the centre."""

    def compressed(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.arcsinh((x - self.median) / self.scale))

    def predict(self, x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and std of new labels."""
        z = self.compressed(x)
        leverage = self.of_level + self.of_slope * (z - self.centre) ** 2
        return self.level + self.slope * z, self.spread * np.sqrt(1 + leverage)


def _fitted(x: NDArray[np.float64], y: NDArray[np.float64], functions: int) -> _Map:
    """The map of n labels of some number of distinct functions."""
    n, centre_of_x = len(y), float(np.median(x))
    scale = float(np.subtract(*np.percentile(x, [75, 25]))) or float(np.std(x)) or 1.0
    z = np.arcsinh((x - centre_of_x) / scale)
    centre, squares = float(z.mean()), float(((z - z.mean()) ** 2).sum())
    of_slope = 1 / squares if squares > 0 else 0.0
    least = _LEAST_SLOPE * float(np.std(y)) / (float(np.std(z)) or 1.0)
    slope = max(float(((z - centre) * (y - y.mean())).sum()) * of_slope, least)
    level = float(y.mean()) - slope * centre
    spread = float(np.sqrt(((y - level - slope * z) ** 2).sum() / max(n - 2, 1)))
    if n > 1 and functions < _FEWEST_WITH_RESIDUALS:
        spread = max(spread, float(np.std(y, ddof=1)))
    return _Map(centre_of_x, scale, level, slope, spread, centre, 1 / n, of_slope)
