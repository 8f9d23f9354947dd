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
from surrogates.oracle.training_cost import partial_seconds, training_seconds

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
        self._begun: dict[tuple[str, str], tuple[int, int]] = {}
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
        with self._lock:
            return len(self._pairs | self._begun.keys())

    @property
    def simulated_seconds(self) -> float:
        """GPU seconds to train every distinct pair once (see `surrogates.oracle.training_cost`).

        A pair of which only some epochs were asked is trained until the last of them: a training that is resumed costs
        no more than the rest. NaN if a user-defined task was queried and the table has no training times for it.
        """
        with self._lock:
            whole = {(arch, trained_task(task)) for arch, task in self._pairs}
            begun: dict[tuple[str, str], tuple[int, int]] = {}
            for (arch, task), asked in self._begun.items():
                pair = (arch, trained_task(task))
                if pair not in whole:
                    begun[pair] = max(begun.get(pair, asked), asked)
        total = 0.0
        for task, archs in _by_task(whole).items():
            total += float(np.sum(training_seconds(archs, task, self._table)))
        for task, archs in _by_task(begun).items():
            for of in sorted({begun[arch, task][1] for arch in archs}):
                own = [arch for arch in archs if begun[arch, task][1] == of]
                epochs = [begun[arch, task][0] for arch in own]
                total += float(np.sum(partial_seconds(own, task, epochs, self._table, of)))
        return total

    def record(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Count pairs of architecture and task."""
        asked = list(pairs)
        with self._lock:
            self._recorded += len(asked)
            self._pairs.update(asked)

    def record_epochs(self, pairs: Iterable[tuple[str, str]], epochs: int, of: int) -> None:
        """Count pairs of architecture and task that are trained for some epochs of a whole training.

        Example:
            >>> queries = Queries()
            >>> for epochs in (1, 5, 3):
            ...     queries.record_epochs([("64-2311-basic", "jigsaw")], epochs, of=10)
            >>> part = queries.simulated_seconds
            >>> queries.record([("64-2311-basic", "jigsaw")])
            >>> queries.total, queries.distinct, round(part / queries.simulated_seconds, 3)
            (4, 1, 0.5)
        """
        asked = list(pairs)
        with self._lock:
            self._recorded += len(asked)
            for pair in asked:
                self._begun[pair] = max(self._begun.get(pair, (0, of)), (epochs, of))

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
        with self._lock:
            asked = {"_pairs": set(self._pairs), "_begun": dict(self._begun)}
        return {"_table": self._table, "_size": self._size, "_recorded": self.total, **asked}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.warm = {}
        self._lock = ForkSafeLock()


def _by_task(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Task -> architectures, in an order of their own."""
    archs_of: dict[str, list[str]] = {}
    for arch, task in sorted(pairs):
        archs_of.setdefault(task, []).append(arch)
    return archs_of


def _counted(value: float) -> Callable[[], float]:
    """A function that returns `value` and counts its calls: one atomic step of an iterator, faster than a lock."""
    return itertools.repeat(value, sys.maxsize).__next__


def _reads(answer: Callable[[], float]) -> int:
    """Number of calls of a function made by `_counted`."""
    iterator: Any = answer.__self__  # type: ignore[attr-defined]
    return sys.maxsize - operator.length_hint(iterator)
