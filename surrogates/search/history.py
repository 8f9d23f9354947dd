"""The queries of a search and their values: one row per query, in the metrics' own units."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import limits
from benchmarks.errors import ArtefactError, SurrogatesError, choice
from benchmarks.files import read_file, write_beside
from benchmarks.forks import cached_property
from benchmarks.short_repr import ShortRepr
from benchmarks.tasks import find_task
from surrogates.search.ranks import scores

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["History", "SearchError"]

_FORMAT = 1


@dataclass(frozen=True, eq=False, repr=False)
class History(ShortRepr):
    """The m queries of one search, in order.

    Attributes:
        space: Name of the space.
        tasks: Names of the T tasks.
        archs: The m architectures.
        values: In each metric's own unit, of shape (m, T).
        cost: Simulated training time on all tasks in seconds, of shape (m,); NaN where unknown.
        search: Description of the search: searcher, its parameters, seed, batch size, constraint.
        minimize: Those of the tasks that are the user's own and better when lower.

    Example:
        >>> history = History("transnas101-macro", ("jigsaw",), ["64-2311-basic"], np.array([[90.0]]), np.ones(1), {})
        >>> history.to_frame().to_dict("records")
        [{'step': 1, 'arch': '64-2311-basic', 'value': 90.0, 'best': 90.0, 'cost': 1.0}]
    """

    space: str
    tasks: tuple[str, ...]
    archs: list[str]
    values: NDArray[np.float64]
    cost: NDArray[np.float64]
    search: Mapping[str, Any]
    minimize: tuple[str, ...] = ()

    @classmethod
    def from_histories(cls, histories: Sequence[History]) -> History:
        """The distinct architectures of several searches on the same tasks, in the order they were first queried.

        Args:
            histories: At least one. If several searches queried an architecture, the value of the last one is kept.

        Returns:
            A history without costs (NaN) and with an empty `search`.

        Raises:
            ValueError: If there is no history, or they differ in space or tasks.

        Example:
            >>> searches = [
            ...     History("transnas101-macro", ("jigsaw",), [arch], np.array([[90.0]]), np.ones(1), {})
            ...     for arch in ("64-2311-basic", "64-1234-basic", "64-2311-basic")
            ... ]
            >>> History.from_histories(searches).archs
            ['64-2311-basic', '64-1234-basic']
        """
        kinds = {(history.space, history.tasks, history.minimize) for history in histories}
        if len(kinds) != 1:
            raise ValueError(
                f"expected searches on the same tasks of one space, got {len(kinds)} different combinations of both"
            )
        ((space, tasks, minimize),) = kinds
        rows = {arch: row for history in histories for arch, row in zip(history.archs, history.values, strict=True)}
        values = np.array(list(rows.values()), dtype=np.float64).reshape(len(rows), len(tasks))
        return cls(space, tasks, list(rows), values, np.full(len(rows), np.nan), {}, minimize)

    def __len__(self) -> int:
        return len(self.archs)

    def __repr__(self) -> str:
        return f"<History of {len(self):,} queries on {', '.join(self.tasks)} of {self.space}>"

    @property
    def signs(self) -> NDArray[np.float64]:
        """+1 for a task whose metric is better when higher, else -1; of shape (T,)."""
        return np.array([-1.0 if task in self.minimize else find_task(task).metric.sign for task in self.tasks])

    @cached_property
    def best(self) -> NDArray[np.float64]:
        """Best value so far on each task, in its metric's own unit, of shape (m, T)."""
        if not len(self):
            return np.zeros((0, len(self.tasks)))
        return np.asarray(np.maximum.accumulate(self.values * self.signs, axis=0) * self.signs)

    def best_arch(self, task: str | None = None) -> str:
        """The best architecture found on a task, the first if several tie; by mean rank over all tasks if task is None.

        Raises:
            ValueError: If the history is empty.
            UnknownNameError: If there is no such task; names the nearest one.
        """
        if not len(self):
            raise ValueError("expected a history of at least one query, got an empty one")
        return self.best_archs(1, task)[0]

    def best_archs(self, n: int, task: str | None = None) -> list[str]:
        """The n best architectures found, best first, ties in query order; fewer if the history is shorter.

        Args:
            n: Number of architectures, at least 1.
            task: Task to rank by; the mean rank over all tasks if not given.

        Raises:
            ValueError: If n < 1.
            UnknownNameError: If there is no such task; names the nearest one.
        """
        if n < 1:
            raise ValueError(f"expected n >= 1, got {n}")
        oriented = self.values * self.signs
        if task is not None:
            oriented = oriented[:, [self.tasks.index(choice(task, self.tasks, "task"))]]
        return [self.archs[row] for row in np.argsort(-scores(oriented), kind="stable")[:n].tolist()]

    def to_frame(self) -> pd.DataFrame:
        """One row per query: step (from 1), arch, value, best (so far), cost (seconds).

        With several tasks, value and best have one column per task: ``value/jigsaw``, ``best/jigsaw``.
        """
        import pandas as pd

        suffixes = [""] if len(self.tasks) == 1 else [f"/{task}" for task in self.tasks]
        columns: dict[str, Any] = {"step": np.arange(1, len(self) + 1), "arch": np.array(self.archs, dtype=object)}
        for number, suffix in enumerate(suffixes):
            columns[f"value{suffix}"] = self.values[:, number]
            columns[f"best{suffix}"] = self.best[:, number]
        return pd.DataFrame({**columns, "cost": self.cost})

    # -- files --------------------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the history to a JSON file, atomically; its folder must exist.

        Raises:
            OSError: If the file cannot be written.
        """
        content = {
            "format": _FORMAT,
            "space": self.space,
            "tasks": list(self.tasks),
            "search": dict(self.search),
            "archs": self.archs,
            "values": self.values.tolist(),
            "cost": [None if np.isnan(cost) else cost for cost in self.cost.tolist()],
        }
        content |= {"minimize": list(self.minimize)} if self.minimize else {}
        with write_beside(path) as beside:
            beside.write_text(json.dumps(content, allow_nan=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> History:
        """Read a file written by `save`.

        Raises:
            FileNotFoundError: If there is no such file.
            ArtefactError: If the file is damaged, or written by a newer version.
        """
        text = read_file(path, limits.METADATA_BYTES)
        try:
            content = json.loads(text)
            if content["format"] != _FORMAT:
                raise ValueError(f"expected format {_FORMAT}, got {content['format']}")
            archs, tasks = list(map(str, content["archs"])), tuple(map(str, content["tasks"]))
            values = np.array(content["values"], dtype=np.float64).reshape(len(archs), len(tasks))
            cost = np.array(content["cost"], dtype=np.float64).reshape(len(archs))  # null becomes NaN
            minimize = tuple(map(str, content.get("minimize", ())))
            return cls(str(content["space"]), tasks, archs, values, cost, dict(content["search"]), minimize)
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
            raise ArtefactError(f"{str(path)!r} is not the history of a search, or is damaged: {error}") from error


class SearchError(SurrogatesError, RuntimeError):
    """A search that stopped because its oracle failed or its searcher raised or broke the contract.

    Attributes:
        history: The queries completed before the failure.
    """

    def __init__(self, message: str, history: History) -> None:
        super().__init__(message)
        self.history = history

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.history), self.__dict__
