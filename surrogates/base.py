"""Base class of surrogates: a scikit-learn estimator from architecture strings to expected performance.

Data flow: strings -> simplest forms -> features -> scores -> predictions in the metrics' own units. A subclass
implements `fit_functions` and `predict_functions` on distinct simplest forms, and `pack` and `unpack` for storage.
Costs such as latency depend on dead operations: strings then take the place of simplest forms.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, overload

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.utils.validation import check_is_fitted

from benchmarks.forks import one_thread_if_forked, without_forks
from benchmarks.spaces.registry import get_space, infer_space, own_space, register_again, same_space
from benchmarks.user_warnings import warn_user
from encoders.base import as_strings
from surrogates.equivalence import Equivalence, equivalence_of_tasks, forms
from surrogates.labels import Labels
from surrogates.store.pack import Pack
from surrogates.store.save import save_surrogate

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike
    from typing_extensions import Self

    from benchmarks.spaces.space import Space

__all__ = ["Surrogate", "warn_of_equal_labels"]


class Surrogate(RegressorMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """Predicts the performance of architectures of one space on T tasks.

    Attributes:
        space_: Name of the space.
        tasks_: Names of the tasks ("y0", "y1", ... for unnamed columns).
        minimize_: Those of them that are the user's own and better when lower.
        one_task_: Whether the labels were a vector; predictions are then vectors as well.
        equivalence_: ``"function"`` if architectures of equal function have equal predictions on all tasks, else
            ``"string"``.
        parts_: Surrogates of some of the tasks each, if costs and other tasks were fitted at once; else empty.
        n_archs_: Number of distinct functions (or strings) seen in `fit`.
        cv_scores_: For every task, the results of cross-validation on the training rows: ``tau`` (Kendall) and
            ``coverage`` (of the 90 % interval); empty if there were too few labels.
        trainings_: For every task how the trainings of the table that it was stored with differ from the published
            ones; None if not known.
        own_space_: The space, if it is one of the user's own; else None.
        kept_by_fit: Learned attributes that a fit does not discard; a subclass may name some, such as a pre-training.
        needs_labels: Whether one label says no more than its own value. A subclass that knows more, such as the results
            of other tasks, says False: it predicts without labels, and one label is not predicted everywhere.

    Example:
        A surrogate of your own; `register_storable` allows it to be saved.

        >>> from surrogates import Labels, Pack, register_storable
        >>> @register_storable
        ... class MeanSurrogate(Surrogate):
        ...     def fit_functions(self, labels: Labels) -> None:
        ...         self._mean = np.nanmean(labels.values, axis=0)
        ...         self._std = np.nanstd(labels.values, axis=0)
        ...
        ...     def predict_functions(self, archs):
        ...         return np.tile(self._mean, (len(archs), 1)), np.tile(self._std, (len(archs), 1))
        ...
        ...     def pack(self) -> Pack:
        ...         return Pack(arrays={"mean": self._mean, "std": self._std})
        ...
        ...     def unpack(self, pack: Pack) -> None:
        ...         self._mean, self._std = pack.arrays["mean"], pack.arrays["std"]
        >>> surrogate = MeanSurrogate().fit(["64-2311-basic", "64-1234-basic"], [90.0, 94.0])
        >>> surrogate.predict(["64-111111-basic"], return_std=True)
        (array([92.]), array([2.]))
    """

    space_: str
    tasks_: tuple[str, ...]
    minimize_: tuple[str, ...] = ()
    one_task_: bool
    equivalence_: Equivalence = "function"
    parts_: tuple[Surrogate, ...] = ()
    n_archs_: int
    cv_scores_: dict[str, dict[str, float]]
    trainings_: dict[str, Any] | None = None
    own_space_: Space | None = None
    kept_by_fit: tuple[str, ...] = ()
    needs_labels: bool = True

    def fit(
        self,
        archs: Sequence[str],
        Y: ArrayLike | pd.DataFrame | pd.Series[Any],
        *,
        minimize: Collection[str] | str = (),
    ) -> Self:
        """Fit to measured performance, from scratch: an earlier fit is discarded, unless this one fails.

        Tasks are fitted together, except that costs and other tasks are fitted apart if they differ in `equivalence`
        (see the constructor).

        Args:
            archs: n architecture strings of one space. Equivalent architectures are pooled as replicates.
            Y: Labels of shape (n, T) or (n,) in any unit, NaN where not measured. Columns of a DataFrame, or the name
                of a Series, name the tasks, each with its primary metric (``jigsaw/valid_loss`` for another metric);
                tasks of arrays are called y0, y1 and so on: ``pd.Series(y, name="jigsaw")`` names one. A task whose
                labels are all equal is predicted as that value with a std of 0.
            minimize: Tasks of the user's own that are better when lower; names that say so (``latency_ms``) are refused
                without it. Searches and ranks need the direction, the fit does not.

        Raises:
            ArchitectureError: If `archs` is empty, mixes spaces, or contains an invalid string.
            ValueError: If labels and architectures do not match, a label is infinite, or a task has no label or a name
                that is refused (see `Labels.from_data`).

        Warns:
            UserWarning: If a task's labels are all equal, belong to another metric than the task's name implies, or are
                fractions of a metric in percent; if columns are left out, or a task is taken for a cost by its name.
        """
        labels = Labels.from_data(archs, Y, minimize)
        labels.check_bounds()
        self.fit_rows(labels)
        warn_of_equal_labels(labels, 1 if self.needs_labels else 2)
        return self

    def fit_rows(self, labels: Labels, learn: Callable[[Labels], None] | None = None) -> Self:
        """Fit to checked labels in an order of their own (`Labels.in_order`): the order given makes no difference.

        Args:
            labels: Checked labels.
            learn: As in `fit_labels`.
        """
        ordered, place = labels.in_order()
        self.fit_labels(ordered, learn)
        self.take_rows(place)
        return self

    def take_rows(self, place: NDArray[np.int64]) -> None:
        """Bring what was learned of each training row into another order of the rows.

        A subclass that keeps such values overrides it.

        Args:
            place: For each row of the new order its place in the old one, of shape (n,).
        """
        for part in self.parts_:
            part.take_rows(place)

    @one_thread_if_forked()
    def fit_labels(self, labels: Labels, learn: Callable[[Labels], None] | None = None) -> Self:
        """Fit to checked labels, without a warning about labels that are all equal.

        Args:
            labels: Checked labels.
            learn: Function that fits this surrogate to the labels, such as an incremental update; `fit_functions` if
                not given.
        """
        requested: Equivalence | None = getattr(self, "equivalence", None)
        kinds = equivalence_of_tasks(requested, labels.tasks, type(self).__name__, self.tells_strings_apart())
        grouped = labels.select(labels.tasks, "string" if "string" in kinds else "function")
        if len(set(kinds)) == 1:
            return self.fit_grouped(grouped, learn)
        parts = tuple(self._fit_part(labels, kinds, kind) for kind in get_args(Equivalence))
        self._forget()
        self._learned_from(grouped, parts)
        found = {task: scores for part in parts for task, scores in part.cv_scores_.items()}
        self.cv_scores_ = {task: found[task] for task in labels.tasks if task in found}
        return self

    def fit_grouped(self, labels: Labels, learn: Callable[[Labels], None] | None = None) -> Self:
        """As `fit_labels`, but all tasks with the equivalence that the labels are grouped by, whatever their names."""
        before = dict(self.__dict__)
        self._forget()
        self.equivalence_, self.cv_scores_ = labels.equivalence, {}
        try:
            (learn or self.fit_functions)(labels)
        except BaseException:  # no mixture of two fits, also if the user interrupted this one
            self.__dict__ = before
            raise
        self._learned_from(labels, ())
        return self

    def _forget(self) -> None:
        """Discard what an earlier fit learned: all attributes that end in an underscore."""
        for name in [name for name in vars(self) if name.endswith("_") and not name.startswith("_")]:
            if name not in self.kept_by_fit:
                delattr(self, name)

    def _learned_from(self, labels: Labels, parts: tuple[Surrogate, ...]) -> None:
        """Set the common attributes."""
        self.space_, self.tasks_, self.one_task_ = labels.space, labels.tasks, labels.one_task
        self.minimize_, self.n_archs_ = labels.minimize, len(labels.archs)
        self.equivalence_, self.parts_ = labels.equivalence, parts
        if (own := own_space(labels.space)) is not None:
            self.own_space_ = own

    def tells_strings_apart(self) -> bool:
        """Whether the surrogate can give different predictions to architectures of one function.

        If so, its constructor has an argument `equivalence`, and `fit_functions` and `predict_functions` get distinct
        strings instead of simplest forms where that is ``"string"``.
        """
        return "equivalence" in self.get_params(deep=False)

    def _fit_part(self, labels: Labels, kinds: Sequence[Equivalence], kind: Equivalence) -> Surrogate:
        """A copy, fitted to the tasks of one kind."""
        tasks = [task for task, own in zip(labels.tasks, kinds, strict=True) if own == kind]
        part: Surrogate = clone(self).set_params(equivalence=kind)
        return part.fit_grouped(labels.select(tasks, kind))

    @overload
    def predict(self, archs: Sequence[str], return_std: Literal[False] = False) -> NDArray[np.float64]: ...
    @overload
    def predict(
        self, archs: Sequence[str], return_std: Literal[True]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...

    @without_forks()
    @one_thread_if_forked()
    def predict(
        self, archs: Sequence[str], return_std: bool = False
    ) -> NDArray[np.float64] | tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Predict n architectures of the space seen in `fit`, inside or outside its published set.

        Returns:
            Expected performance of shape (n, T) in each metric's own unit, or (n,) if `fit` saw a vector; with
            `return_std` also its standard deviation (mean +- 1.645 std covers 90 %), of the same shape.

        Raises:
            ArchitectureError: If a string is not an architecture, or belongs to another space.
            SpaceError: If a space of the user's own is no longer registered, or another one of its name is.
            sklearn.exceptions.NotFittedError: Before `fit`.
        """
        space, strings = self.check_archs(archs)
        shape = (len(strings),) if self.one_task_ else (len(strings), len(self.tasks_))
        if not strings:
            return (np.zeros(shape), np.zeros(shape)) if return_std else np.zeros(shape)
        if self.parts_:
            mean, std = self._predict_parts(strings)
            return (mean, std) if return_std else mean
        rows: dict[str, int] = {}
        inverse = [rows.setdefault(arch, len(rows)) for arch in forms(space, strings, self.equivalence_)]
        mean, std = self.predict_functions(list(rows))
        expected = (len(rows), len(self.tasks_))
        if not mean.shape == std.shape == expected:
            raise ValueError(
                f"{type(self).__name__}.predict_functions: expected a mean and a std of shape {expected}, got "
                f"{mean.shape} and {std.shape}"
            )
        mean, std = mean[inverse].reshape(shape), std[inverse].reshape(shape)
        return (mean, std) if return_std else mean

    def check_archs(self, archs: Sequence[str]) -> tuple[Space, list[str]]:
        """The space seen in `fit`, and the n architectures as strings, if they are of it.

        Raises:
            ArchitectureError: If a string is not an architecture, or belongs to another space.
            SpaceError: If a space of the user's own is no longer registered, or another one of its name is.
            sklearn.exceptions.NotFittedError: Before `fit`.
        """
        check_is_fitted(self, "space_")
        strings = as_strings(archs)
        space = get_space(self.space_) if self.own_space_ is None else same_space(self.own_space_)
        if strings and (came := infer_space(strings)) != space:
            from benchmarks.errors import ArchitectureError

            raise ArchitectureError(
                f"expected architectures of {space.name}, the space of `fit`, got {strings[0]!r} of {came.name}"
            )
        return space, strings

    def _predict_parts(self, strings: list[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and std of n architectures on the tasks of all parts, each of shape (n, T)."""
        mean, std = np.empty((2, len(strings), len(self.tasks_)))
        for part in self.parts_:
            columns = [self.tasks_.index(task) for task in part.tasks_]
            mean[:, columns], std[:, columns] = part.predict(strings, return_std=True)
        return mean, std

    def score(self, archs: Sequence[str], Y: ArrayLike | pd.DataFrame | pd.Series[Any]) -> float:
        """Kendall's tau-b between predictions and labels, mean over the tasks, in -1..1; NaN labels are ignored.

        It is NaN, undefined, if the labels or the predictions of a task are all equal.

        Args:
            archs: n architecture strings.
            Y: Labels as in `fit`; a DataFrame may contain a subset of the tasks, in any order.

        Raises:
            ValueError: If the labels do not match the architectures or the tasks.
        """
        from benchmarks.metrics import kendall_tau

        came = [str(name) for name in getattr(Y, "columns", [getattr(Y, "name", None)])]
        lowered = [name for name in self.minimize_ if name in came]
        labels = Labels.from_data(archs, Y, lowered, [name for name in self.tasks_ if name not in lowered])
        own_names = self.tasks_ != tuple(f"y{t}" for t in range(len(self.tasks_)))
        named = hasattr(Y, "columns") or (own_names and getattr(Y, "name", None) is not None)
        named = named or labels.values.shape[1] != len(self.tasks_)
        names = labels.tasks if named else self.tasks_
        if unknown := [name for name in names if name not in self.tasks_]:
            raise ValueError(f"expected labels of {', '.join(self.tasks_)}, got {', '.join(unknown)}")
        mean = self.predict(archs).reshape(len(labels.values), -1)
        columns = [self.tasks_.index(name) for name in names]
        return float(np.mean([kendall_tau(labels.values[:, i], mean[:, t]) for i, t in enumerate(columns)]))

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore from a pickle, which holds a space of the user's own; it is registered if it is not yet."""
        if (space := state.get("own_space_")) is not None:
            state = {**state, "own_space_": register_again(space)}
        super().__setstate__(state)

    def save(self, directory: str | Path) -> Path:
        """Write the fitted surrogate to a directory (see `surrogates.store.save`).

        The folder has the model card that model hubs show; `surrogates.write_card` gives it a title and a license.
        """
        return save_surrogate(self, directory)

    @abstractmethod
    def fit_functions(self, labels: Labels) -> None:
        """Fit to checked labels, grouped by function or by string; may set `cv_scores_`."""

    @abstractmethod
    def predict_functions(self, archs: list[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and std of m distinct simplest forms (or strings, as in `fit_functions`), each of shape (m, T)."""

    @abstractmethod
    def pack(self) -> Pack:
        """The fitted state, without the common attributes of this class."""

    @abstractmethod
    def unpack(self, pack: Pack) -> None:
        """Restore the fitted state that `pack` returned."""


def warn_of_equal_labels(labels: Labels, fewest: int = 1) -> None:
    """Warn about tasks whose labels are all equal; the warning points to the user's line.

    Args:
        labels: Checked labels.
        fewest: Number of labelled functions from which on equal labels are predicted everywhere.

    Warns:
        UserWarning: If all labels of a task are equal.
    """
    spread = np.nanmax(labels.values, axis=0) - np.nanmin(labels.values, axis=0)
    known = [len(np.unique(labels.group[~np.isnan(column)])) for column in labels.values.T]
    rows = zip(labels.tasks, spread, known, strict=True)
    if alike := [task for task, width, functions in rows if width == 0 and functions >= fewest]:
        warn_user(
            f"all labels of {', '.join(alike)} are equal: every architecture is predicted as that value, with a std of "
            "0 that is not an estimate of the error",
        )
