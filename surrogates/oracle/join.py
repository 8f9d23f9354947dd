"""Several sources of values of one space as one: each task is answered by one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from surrogates.equivalence import Equivalence
from surrogates.oracle.predictors import (
    Predictor,
    about,
    error_correlation_of,
    novelty_of,
    predict_matrix,
    unfamiliar_in,
)

if TYPE_CHECKING:
    from benchmarks.table import Table
    from benchmarks.tasks import Task

__all__ = ["JoinedSurrogate", "Source", "join_sources"]

Float = NDArray[np.float64]


class JoinedSurrogate:
    """Predicts the tasks of several predictors of one space; picklable if they are.

    Args:
        parts: Predictors, each with the tasks to take from it, T in all.

    Raises:
        ValueError: If there is no task, a task is taken twice, or the predictors are of different spaces.

    Example:
        >>> from surrogates import load_pretrained
        >>> bundled = load_pretrained("transnas101-macro")
        >>> joined = JoinedSurrogate([(bundled, ["jigsaw"]), (bundled, ["normal"])])
        >>> joined.tasks_, joined.predict(["64-2311-basic"], return_std=True)[0].shape
        (('jigsaw', 'normal'), (1, 2))
    """

    def __init__(self, parts: Sequence[tuple[Predictor, Sequence[str]]]) -> None:
        self.parts = [(predictor, tuple(tasks)) for predictor, tasks in parts]
        self.tasks_ = tuple(task for _, tasks in self.parts for task in tasks)
        spaces = tuple(dict.fromkeys(predictor.space_ for predictor, _ in self.parts))
        if not self.tasks_ or len(spaces) != 1:
            raise ValueError(f"expected surrogates of one space, got {', '.join(spaces) or 'none'}")
        if twice := [task for task in self.tasks_ if self.tasks_.count(task) > 1]:
            raise ValueError(f"expected surrogates of different tasks, got several of {twice[0]!r:.200}")
        self.space_ = spaces[0]

    @property
    def equivalence_(self) -> Equivalence:
        """``"string"`` if a part tells architectures of one function apart, else ``"function"``."""
        return "string" if any(about(part).equivalence == "string" for part, _ in self.parts) else "function"

    @property
    def minimize_(self) -> tuple[str, ...]:
        """The user's own tasks that are better when lower."""
        return tuple(task for part, tasks in self.parts for task in tasks if task in (about(part).minimize or ()))

    @property
    def trainings_(self) -> dict[str, Any]:
        """How the trainings of each task differ from the published ones, where a part says so."""
        said = ((about(part).trainings, tasks) for part, tasks in self.parts)
        return {task: ways[task] for ways, tasks in said for task in tasks if task in ways}

    def predict(self, archs: Sequence[str], return_std: Literal[True]) -> tuple[Float, Float]:
        """Mean and std of n architectures, each of shape (n, T), in the metrics' own units."""
        found = []
        for predictor, tasks in self.parts:
            columns = [predictor.tasks_.index(task) for task in tasks]
            found.append([values[:, columns] for values in predict_matrix(predictor, archs)])
        mean, std = (np.concatenate(values, axis=1) for values in zip(*found, strict=True))
        return mean, std

    def novelty(self, archs: Sequence[str]) -> Float:
        """Novelty of n architectures, of shape (n,): the largest of those that the parts know."""
        return np.asarray(np.fmax.reduce([novelty_of(part, archs) for part, _ in self.parts]))

    def error_correlation(self, archs: Sequence[str]) -> Float:
        """Correlations of the errors of n predictions on each task, of shape (T, n, n)."""
        found = []
        for predictor, tasks in self.parts:
            own = error_correlation_of(predictor, archs)
            found += [own[predictor.tasks_.index(task)] for task in tasks]
        return np.stack(found)

    def unfamiliar(self, arch: str) -> str:
        """What is unlike all training rows about an architecture, as the first part that knows says."""
        return next(filter(None, (unfamiliar_in(part, arch) for part, _ in self.parts)), "")


class Source(Protocol):
    """What has values of tasks, and says where they come from: an `Oracle`.

    Example:
        >>> from surrogates import Oracle
        >>> source: Source = Oracle.from_pretrained("transnas101-macro")
        >>> source.table is None
        True
    """

    surrogate: Predictor | None
    table: Table | None

    @property
    def source(self) -> str:
        """``"auto"``, ``"table"`` or ``"surrogate"``."""

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks."""

    def task(self, name: str) -> Task:
        """One of the tasks, with its direction."""


def join_sources(sources: Sequence[Source]) -> tuple[Predictor | None, Table | None, tuple[str, ...]]:
    """One predictor and one table of several oracles, and the user's own predicted tasks that are better when lower.

    Raises:
        ValueError: If two oracles have the same task, there are two tables, or the predictors are of several spaces.

    Example:
        >>> from surrogates import Oracle
        >>> oracle = Oracle.from_pretrained("transnas101-macro")
        >>> join_sources([oracle]) == (oracle.surrogate, None, ())
        True
    """
    parts: list[tuple[Predictor, tuple[str, ...]]] = []
    tables: list[Table] = []
    lowered: list[str] = []
    home: set[str] = set()
    for source in sources:
        if both := sorted(home & set(source.tasks)):
            raise ValueError(
                f"expected oracles of different tasks, got several of {both[0]!r:.200}; for measured values before "
                "predictions of the same task: Oracle(surrogate, table)"
            )
        home |= set(source.tasks)
        if source.surrogate is not None and source.source != "table":
            parts.append((source.surrogate, source.surrogate.tasks_))
            tasks = map(source.task, source.surrogate.tasks_)
            lowered += [task.name for task in tasks if task.benchmark == "user" and not task.metric.higher_is_better]
        if source.table is not None and source.source != "surrogate":
            tables.append(source.table)
    if len(tables) > 1:
        raise ValueError(
            f"expected at most one table in the joined oracles, got {len(tables)}; make one table of their columns "
            "(Table.from_frame)"
        )
    surrogate = parts[0][0] if len(parts) == 1 else JoinedSurrogate(parts) if parts else None
    return surrogate, tables[0] if tables else None, tuple(lowered)
