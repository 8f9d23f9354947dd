"""Learning curves: from an architecture and the first epochs of a training, the other epochs and the final value.

A surrogate of final values makes a guess from the architecture alone. For every task and length of schedule a Gaussian
copula (`surrogates.models.curve_copula`) then joins that guess, out of fold, with the values after each epoch.

Related work fits parametric curves to what was seen (Domhan et al., IJCAI 2015) or networks to curves of other
configurations (Klein et al., ICLR 2017; Adriaensen et al., NeurIPS 2023); here the curves of other architectures on the
same task are at hand, whose ranks are most of what is to be known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted, check_scalar

from benchmarks.errors import ArtefactError, TableError, check_type, choice
from benchmarks.forks import one_thread_if_forked, without_forks
from benchmarks.numbers import reads_as_fractions, real_numbers
from benchmarks.row_order import check_epochs_in_order, check_order
from benchmarks.spaces.registry import own_space, register_again
from benchmarks.tasks import TIME, find_task, trained_task
from benchmarks.user_warnings import warn_user
from surrogates.calibration.base import CalibratedSurrogate
from surrogates.models.curve_copula import CurveCopula, fit_copulas
from surrogates.models.ensemble import EnsembleSurrogate
from surrogates.store.artefact import parsing, read_files, read_metadata, write_artefact
from surrogates.store.nested import add_part, pack_surrogate, take_part, unpack_surrogate
from surrogates.store.own_spaces import check_space_of, describe_space
from surrogates.store.pack import Pack
from surrogates.store.storable import from_json, to_json

if TYPE_CHECKING:
    from typing_extensions import Self

    from benchmarks.spaces.space import Space
    from benchmarks.table import Table

__all__ = ["LearningCurveSurrogate"]

Float = NDArray[np.float64]

KIND = "surrogate of learning curves"
_FEWEST = 3


class _Schedule(NamedTuple):
    """A task and a length of its trainings."""

    task: str
    epochs: int


class LearningCurveSurrogate(BaseEstimator):  # type: ignore[misc]
    """Predicts the rest of a training from an architecture and the epochs seen so far, also none.

    Trainings of different lengths are different schedules, because learning rates decay with the schedule: the fifth
    epoch of ten is not the fifth of twenty. All tasks and schedules of a table are fitted together: the surrogate of
    final values is fitted to all tasks at once, and correlations between epochs are shared where rows are few.

    Args:
        surrogate: Unfitted surrogate of final values; an `EnsembleSurrogate` if not given.
        prior_rows: Rows that the correlations shared by all schedules count for beside those of a schedule's own rows.
        random_state: Seed of the default surrogate.

    Attributes:
        space_: Name of the space.
        tasks_: Names of the tasks with curves.
        minimize_: Those of them that are the user's own and better when lower.
        schedules_: Task -> lengths of its schedules in epochs, that of most rows first.
        n_curves_: Number of curves seen in `fit`, over all tasks and schedules.
        own_space_: The space, if it is one of the user's own; else None.

    Example:
        >>> from benchmarks import get_space
        >>> from benchmarks.table import Table
        >>> from surrogates.models.gaussian_process import GaussianProcessSurrogate
        >>> archs = get_space("transnas101-macro").sample(40, rng=0)
        >>> final = np.array([50.0 + 10 * arch.count("2") for arch in archs])
        >>> curves = final[:, None] - np.array([30.0, 12.0, 5.0, 0.0])
        >>> table = Table.from_logs(archs, {"jigsaw": {"valid_top1": curves}})
        >>> model = LearningCurveSurrogate(surrogate=GaussianProcessSurrogate()).fit(table)
        >>> model.schedules_
        {'jigsaw': (4,)}
        >>> model.predict(archs[:2], "jigsaw", seen=curves[:2, :2]).shape
        (2, 4)
        >>> bool(np.abs(model.final(archs, "jigsaw", seen=curves[:, :1]) - final).max() < 3)
        True
    """

    space_: str
    tasks_: tuple[str, ...]
    minimize_: tuple[str, ...]
    schedules_: dict[str, tuple[int, ...]]
    n_curves_: int
    own_space_: Space | None = None

    def __init__(
        self,
        *,
        surrogate: CalibratedSurrogate | None = None,
        prior_rows: float = 16.0,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.surrogate = surrogate
        self.prior_rows = prior_rows
        self.random_state = random_state

    @without_forks()
    @one_thread_if_forked()
    def fit(self, table: Table, tasks: Iterable[str] | str | None = None) -> Self:
        """Fit to the curves of a table of one space, from scratch.

        A schedule is used if at least three rows have its last epoch and it has two epochs or more.

        Args:
            table: Results with every epoch: of a campaign, or of a ``.pth`` file. Values that are missing (NaN) may be
                anywhere.
            tasks: Tasks, or single metrics of them as ``task/metric``; all results of the table by default.

        Raises:
            TypeError: If it is no table.
            TableError: If the table is of several spaces, has one epoch only (as csv and parquet files have), or one of
                `tasks` has no schedule that can be used.
            UnknownNameError: If the table has no such task; names the nearest one.
            ValueError: If `surrogate` is not one of normal scores, or `prior_rows` is negative.
        """
        from benchmarks.table import Table

        check_type(table, Table, "table", "a Table")
        check_scalar(self.prior_rows, "prior_rows", Real, min_val=0)
        inner = EnsembleSurrogate(random_state=self.random_state) if self.surrogate is None else self.surrogate
        if not isinstance(inner, CalibratedSurrogate):
            raise ValueError(
                "expected a surrogate of normal scores as `surrogate` (EnsembleSurrogate, BoostedSurrogate, "
                f"GaussianProcessSurrogate, GraphSurrogate), got {inner!r:.200}"
            )
        space, rows = table.space, sorted(range(len(table)), key=table.archs.__getitem__)
        archs = [table.archs[row] for row in rows]  # the order of the table's rows makes no difference
        curves = {schedule: values[rows] for schedule, values in _all_curves(table, tasks).items()}
        layers = _layers(curves)
        guides = [_fitted(clone(inner), archs, {s: curves[s] for s in layer}, table.minimize) for layer in layers]
        order = [schedule for layer in layers for schedule in layer]
        values = [
            np.column_stack([guess[rows], curves[schedule][rows]])
            for guide, layer in zip(guides, layers, strict=True)
            for schedule, guess, rows in _out_of_fold(guide, {s: curves[s] for s in layer})
        ]
        self._guides, self._layer_of = guides, {s: number for number, layer in enumerate(layers) for s in layer}
        self._copulas = dict(zip(order, fit_copulas(values, float(self.prior_rows)), strict=True))
        self.space_, self.own_space_ = space.name, own_space(space.name)
        self._describe(table.minimize)
        return self

    @overload
    def predict(
        self,
        archs: Sequence[str],
        task: str,
        seen: ArrayLike | None = None,
        epochs: int | None = None,
        return_std: Literal[False] = False,
    ) -> Float: ...
    @overload
    def predict(
        self,
        archs: Sequence[str],
        task: str,
        seen: ArrayLike | None = None,
        epochs: int | None = None,
        *,
        return_std: Literal[True],
    ) -> tuple[Float, Float]: ...

    @without_forks()
    @one_thread_if_forked()
    def predict(
        self,
        archs: Sequence[str],
        task: str,
        seen: ArrayLike | None = None,
        epochs: int | None = None,
        return_std: bool = False,
    ) -> Float | tuple[Float, Float]:
        """The whole curves of n architectures.

        Args:
            archs: n architecture strings of the space.
            task: One of `tasks_`.
            seen: Values of the first k epochs in the metric's unit, of shape (n, k), NaN where not measured, anywhere;
                nothing was seen if not given.
            epochs: Length of the schedule, E; that of most rows of the task if not given.
            return_std: Whether to return standard deviations as well.

        Returns:
            Expected values after each epoch, of shape (n, E), in the metric's unit; with `return_std` also their
            standard deviations (mean +- 1.645 std covers 90 %), of the same shape. What was seen is returned as it is,
            with a std of 0. An epoch that no training row has is NaN.

        Raises:
            ArchitectureError: If a string is not an architecture of the space.
            UnknownNameError: If there is no such task; names the nearest one.
            ValueError: If there is no such schedule, or `seen` has another shape, more than E epochs, infinite
                values, or architectures or numbered epochs in another order.
            sklearn.exceptions.NotFittedError: Before `fit`.
        """
        check_is_fitted(self, "space_")
        schedule = self._schedule(task, epochs)
        guide = self._guides[self._layer_of[schedule]]
        _, strings = guide.check_archs(archs)
        known = np.full((len(strings), 1 + schedule.epochs), np.nan)
        check_order(archs, strings, seen, "values that were seen")
        came = _seen(seen, len(strings), schedule)
        known[:, 1 : 1 + came.shape[1]] = came
        if strings:
            guesses = guide.predict(strings).reshape(len(strings), -1)
            known[:, 0] = guesses[:, guide.tasks_.index(schedule.task)]
        mean, std = (array[:, 1:] for array in self._copulas[schedule].predict(known))
        expected = np.clip(mean, *find_task(schedule.task).metric.bounds)
        mean = np.where(np.isnan(known[:, 1:]), expected, mean)
        return (mean, std) if return_std else mean

    @overload
    def final(
        self,
        archs: Sequence[str],
        task: str,
        seen: ArrayLike | None = None,
        epochs: int | None = None,
        return_std: Literal[False] = False,
    ) -> Float: ...
    @overload
    def final(
        self,
        archs: Sequence[str],
        task: str,
        seen: ArrayLike | None = None,
        epochs: int | None = None,
        *,
        return_std: Literal[True],
    ) -> tuple[Float, Float]: ...

    def final(
        self,
        archs: Sequence[str],
        task: str,
        seen: ArrayLike | None = None,
        epochs: int | None = None,
        return_std: bool = False,
    ) -> Float | tuple[Float, Float]:
        """The values after the last epoch, of shape (n,); arguments and errors as in `predict`."""
        mean, std = self.predict(archs, task, seen, epochs, return_std=True)
        return (mean[:, -1], std[:, -1]) if return_std else mean[:, -1]

    def save(self, directory: str | Path) -> Path:
        """Write to a directory, without pickle; `load` reads it.

        Raises:
            ArtefactError: If a part can be stored only with pickle, the directory contains other files, or it cannot be
                written.
            sklearn.exceptions.NotFittedError: Before `fit`.
        """
        check_is_fitted(self, "space_")
        pack = Pack()
        guides = [add_part(pack, f"guide{i}_", pack_surrogate(guide)) for i, guide in enumerate(self._guides)]
        for i, copula in enumerate(self._copulas.values()):
            pack.arrays |= {f"curve{i}_{name}": array for name, array in copula.to_arrays().items()}
        content = {
            **to_json(self, "the surrogate"),
            **describe_space(self.space_),
            "minimize": list(self.minimize_),
            "schedules": [[*schedule, self._layer_of[schedule]] for schedule in self._copulas],
            "settings": to_json(guides, "settings"),
        }
        return write_artefact(directory, KIND, content, pack.to_files())

    @classmethod
    def load(cls, directory: str | Path) -> Self:
        """Read what `save` wrote; all files are verified before one is parsed.

        Raises:
            ArtefactError: If it is no stored surrogate of learning curves, or damaged.

        Example:
            >>> LearningCurveSurrogate.load("/no/such/folder")
            Traceback (most recent call last):
            ...
            benchmarks.errors.ArtefactError: '/no/such/folder': expected a directory with a stored surrogate of ...
        """
        metadata = read_metadata(directory, KIND)
        files = read_files(directory, metadata)
        with parsing(directory, f"this version of {cls.__name__}"):
            model = from_json({"class": metadata["class"], "params": metadata["params"]})
            if not isinstance(model, cls):
                raise ArtefactError(f"expected a {cls.__name__}, got a {metadata['class']}")
            model.space_ = check_space_of(metadata, directory)
            model.restore(metadata, Pack.from_files({}, files))
        return model

    def restore(self, metadata: dict[str, Any], pack: Pack) -> None:
        """Set the learned state, but for the space, from what `save` wrote."""
        parts = enumerate(from_json(metadata["settings"]))
        self._guides = [
            cast(CalibratedSurrogate, unpack_surrogate(take_part(pack, f"guide{i}_", part))) for i, part in parts
        ]
        self.own_space_ = own_space(self.space_)
        if self.own_space_ is not None:
            for guide in self._guides:
                guide.own_space_ = self.own_space_
        order = [(_Schedule(task, epochs), layer) for task, epochs, layer in metadata["schedules"]]
        self._layer_of = dict(order)
        self._copulas = {
            schedule: CurveCopula.from_arrays(take_part(pack, f"curve{i}_", {}).arrays)
            for i, schedule in enumerate(self._layer_of)
        }
        self._describe(metadata["minimize"])

    def _describe(self, minimize: Sequence[str]) -> None:
        """Set what is said of the learned schedules."""
        self.tasks_ = tuple(dict.fromkeys(schedule.task for schedule in self._copulas))
        self.schedules_ = {task: tuple(s.epochs for s in self._copulas if s.task == task) for task in self.tasks_}
        self.minimize_ = tuple(task for task in minimize if task in self.tasks_)
        self.n_curves_ = sum(len(copula.values) for copula in self._copulas.values())

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore from a pickle, which holds a space of the user's own; it is registered if it is not yet."""
        if (space := state.get("own_space_")) is not None:
            state = {**state, "own_space_": register_again(space)}
        super().__setstate__(state)

    def _schedule(self, task: str, epochs: int | None) -> _Schedule:
        lengths = self.schedules_[choice(task, self.tasks_, "task with curves")]
        if epochs is not None and epochs not in lengths:
            raise ValueError(
                f"expected epochs of a schedule of {task!r}: {', '.join(map(str, lengths))}, got epochs={epochs!r:.50}"
            )
        return _Schedule(task, lengths[0] if epochs is None else int(epochs))


def _all_curves(table: Table, tasks: Iterable[str] | str | None) -> dict[_Schedule, Float]:
    """Schedule -> curves of all N rows of a table, of shape (N, E); NaN for rows of other schedules."""
    if isinstance(tasks, str):
        tasks = [tasks]
    names = list(table.results) if tasks is None else [table.task(name).name for name in tasks]
    found: dict[_Schedule, Float] = {}
    for name in names:
        own = _curves_of(table, name)
        if tasks is not None and not own:
            log = table.logs[trained_task(name)]
            lengths, rows = np.unique(log.lengths, return_counts=True)
            came = ", ".join(f"{n} of {length}" for length, n in zip(lengths.tolist(), rows.tolist(), strict=True))
            raise TableError(
                f"{name}: expected at least {_FEWEST} trainings of the same length, of two epochs or more, with the "
                f"last epoch of this metric, got trainings (number of epochs): {came}"
            )
        found |= own
    if not found:
        raise TableError(
            f"expected a table with every epoch, got no task with {_FEWEST} trainings of the same length, of two "
            "epochs or more; csv and parquet files keep one epoch, .pth files and campaigns keep all (save_table)"
        )
    return found


def _curves_of(table: Table, name: str) -> dict[_Schedule, Float]:
    """The schedules of one task, that of most rows first."""
    log = table.logs[trained_task(name)]
    column = table.task(name).column
    if column == TIME or column not in log.metrics:
        raise TableError(f"{name}: expected a metric with a value after every epoch, got {column!r}")
    curves = {}
    for epochs in np.unique(log.lengths[log.lengths > 1]).tolist():
        values = np.where((log.lengths == epochs)[:, None], log.metrics[column][:, :epochs], np.nan)
        values[np.isnan(values[:, -1])] = np.nan
        if (~np.isnan(values[:, -1])).sum() >= _FEWEST:
            curves[_Schedule(name, epochs)] = values
    return dict(sorted(curves.items(), key=lambda item: (-np.isfinite(item[1][:, -1]).sum(), -item[0].epochs)))


def _layers(schedules: Iterable[_Schedule]) -> list[list[_Schedule]]:
    """Schedules in groups with one of each task: the first of all tasks, then the second of those that have one."""
    layers: list[list[_Schedule]] = []
    for schedule in schedules:
        for layer in layers:
            if schedule.task not in [other.task for other in layer]:
                layer.append(schedule)
                break
        else:
            layers.append([schedule])
    return layers


def _fitted(
    inner: CalibratedSurrogate, archs: Sequence[str], curves: dict[_Schedule, Float], minimize: Sequence[str]
) -> CalibratedSurrogate:
    """A surrogate of the final values of several tasks, given the architectures of the rows."""
    import pandas as pd

    rows = _rows_of(curves)
    archs = [archs[row] for row in rows.tolist()]
    final = {schedule.task: values[rows, -1] for schedule, values in curves.items()}
    lowered = [task for task in final if task in minimize]
    return inner.fit(archs, pd.DataFrame(final, index=archs), minimize=lowered)


def _rows_of(curves: dict[_Schedule, Float]) -> NDArray[np.int64]:
    """Rows that have a curve of any of some schedules."""
    return np.flatnonzero(np.any([~np.isnan(values[:, -1]) for values in curves.values()], axis=0))


def _out_of_fold(
    guide: CalibratedSurrogate, curves: dict[_Schedule, Float]
) -> list[tuple[_Schedule, Float, NDArray[np.int64]]]:
    """For every schedule guesses of all N rows by models that were not fitted to them, of shape (N,), and its rows."""
    rows = _rows_of(curves)
    found = []
    for schedule, values in curves.items():
        guess = np.full(len(values), np.nan)
        guess[rows] = guide.oob_prediction_[:, guide.tasks_.index(schedule.task)]
        found.append((schedule, guess, np.flatnonzero(~np.isnan(values[:, -1]))))
    return found


def _seen(seen: ArrayLike | None, n: int, schedule: _Schedule) -> Float:
    """Values of the first epochs, of shape (n, k).

    Raises:
        ValueError: If they have another shape or order, too many epochs, or are infinite.

    Warns:
        UserWarning: If a metric in percent holds fractions.
    """
    if seen is None:
        return np.empty((n, 0))
    check_epochs_in_order(seen, "values that were seen")
    values = real_numbers(seen, "values that were seen")
    if values.ndim != 2 or len(values) != n:
        raise ValueError(
            f"expected values that were seen of shape ({n}, k), a row for each architecture (NaN where not measured), "
            f"got {values.shape}"
        )
    if values.shape[1] > schedule.epochs:
        raise ValueError(
            f"expected at most the {schedule.epochs} epochs of the schedule of {schedule.task!r}, got {values.shape[1]}"
        )
    if np.isinf(values).any():
        row, epoch = np.argwhere(np.isinf(values))[0]
        raise ValueError(
            f"expected finite values or NaN, got {values[row, epoch]} in row {row} after epoch {epoch + 1}"
        )
    task = find_task(schedule.task)
    if task.metric.unit == "%" and reads_as_fractions(values):
        warn_user(
            f"all values that were seen are within 0 to 1, but {task.column} is in percent; if they are fractions, "
            "multiply them by 100"
        )
    return values
