"""Query counts of an oracle, and the simulated training time."""

from __future__ import annotations

import itertools
import operator
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.forks import ForkSafeLock
from benchmarks.tasks import trained_task
from surrogates.oracle.training_cost import training_seconds

if TYPE_CHECKING:
    from benchmarks.table import Table

__all__ = ["Queries"]


class Queries:
    """Counts the queries of an oracle; a query is one architecture on one task.

    Thread-safe; picklable with its counts, without cached answers.

    Args:
        table: Table with measured training times, if there is one.
        size: Maximum number of cached answers per task.

    Attributes:
        warm: Task -> architecture -> a function that returns the cached answer and counts the query.

    Example:
        >>> queries = Queries()
        >>> queries.record([("64-2311-basic", "jigsaw"), ("64-2311-basic", "jigsaw")])
        >>> queries.remember("64-2311-basic", "jigsaw", 90.0)
        >>> queries.warm["jigsaw"]["64-2311-basic"]()
        90.0
        >>> queries.total, queries.distinct, round(queries.simulated_seconds / 3600, 1)
        (3, 1, 0.8)
    """

    def __init__(self, table: Table | None = None, size: int = 1 << 16) -> None:
        self.warm: dict[str, dict[str, Callable[[], float]]] = {}
        self._table, self._size = table, size
        self._pairs: set[tuple[str, str]] = set()
        self._recorded = 0
        self._lock = ForkSafeLock()

    @property
    def total(self) -> int:
        """Number of queries, including repeated ones."""
        with self._lock:
            return self._recorded + sum(_reads(answer) for answers in self.warm.values() for answer in answers.values())

    @property
    def distinct(self) -> int:
        """Number of distinct (architecture, task) pairs; equivalent architectures, trained separately, all count."""
        return len(self._pairs)

    @property
    def simulated_seconds(self) -> float:
        """GPU seconds to train every distinct pair once (see `surrogates.oracle.training_cost`).

        NaN if a user-defined task was queried and the table has no training times for it.
        """
        with self._lock:
            pairs = sorted({(arch, trained_task(task)) for arch, task in self._pairs})
        archs_of: dict[str, list[str]] = {}
        for arch, task in pairs:
            archs_of.setdefault(task, []).append(arch)
        return float(sum(np.sum(training_seconds(archs, task, self._table)) for task, archs in archs_of.items()))

    def record(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Count pairs of architecture and task."""
        asked = list(pairs)
        with self._lock:
            self._recorded += len(asked)
            self._pairs.update(asked)

    def remember(self, arch: str, task: str, value: float) -> None:
        """Cache an answer in `warm`; if the task's cache is full, its oldest answer is evicted."""
        with self._lock:
            answers = self.warm.setdefault(task, {})
            if arch not in answers:
                while len(answers) >= self._size:
                    self._recorded += _reads(answers.pop(next(iter(answers))))
                answers[arch] = _counted(value)

    def __repr__(self) -> str:
        return f"<{self.total:,} queries, {self.distinct:,} distinct>"

    def __getstate__(self) -> dict[str, Any]:
        return {"_table": self._table, "_size": self._size, "_pairs": set(self._pairs), "_recorded": self.total}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.warm = {}
        self._lock = ForkSafeLock()


def _counted(value: float) -> Callable[[], float]:
    """A function that returns `value` and counts its calls: one atomic step of an iterator, faster than a lock."""
    return itertools.repeat(value, sys.maxsize).__next__


def _reads(answer: Callable[[], float]) -> int:
    """Number of calls of a function made by `_counted`."""
    iterator: Any = answer.__self__  # type: ignore[attr-defined]
    return sys.maxsize - operator.length_hint(iterator)
