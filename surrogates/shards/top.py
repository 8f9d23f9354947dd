"""The best rows of every task, kept while rows go by, and merged over shards: exact, of equal values the first row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import choice
from benchmarks.tasks import find_task
from surrogates.shards.folder import ShardFolder

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TopRows", "higher_is_better", "top_rows"]


class TopRows:
    """The best k rows of each of T tasks, of blocks in any order.

    Values are compared as they are stored, in single precision.

    Args:
        higher: For each task whether higher values are better.
        k: Number of rows to keep.

    Example:
        >>> top = TopRows([True], 2)
        >>> top.add(0, np.array([[1.0], [3.0]]))
        >>> top.add(2, np.array([[3.0], [2.0]]))
        >>> [rows.tolist() for rows in top.rows()]
        [[1, 2]]
    """

    def __init__(self, higher: Sequence[bool], k: int) -> None:
        if k < 1:
            raise ValueError(f"expected at least 1 row to keep, got {k}")
        self.k = k
        self._signs = [1.0 if better else -1.0 for better in higher]
        self._rows: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64) for _ in self._signs]
        self._scores: list[NDArray[np.float32]] = [np.empty(0, dtype=np.float32) for _ in self._signs]

    def add(self, start: int, values: NDArray[Any]) -> None:
        """Add m rows from number `start` on, with values of shape (m, T); NaN is never among the best."""
        for t, sign in enumerate(self._signs):
            scores = np.asarray(sign * values[:, t], dtype=np.float32)
            least = self._scores[t][-1] if len(self._scores[t]) == self.k else -np.inf
            new = np.flatnonzero(scores >= least)
            rows = np.concatenate([self._rows[t], start + new])
            scores = np.concatenate([self._scores[t], scores[new]])
            best = np.lexsort((rows, -scores))[: self.k]
            self._rows[t], self._scores[t] = rows[best], scores[best]

    def rows(self) -> list[NDArray[np.int64]]:
        """Numbers of the best rows of each task, the best first."""
        return list(self._rows)


def higher_is_better(task: str, minimize: Sequence[str]) -> bool:
    """Whether higher values of a task are better.

    Example:
        >>> higher_is_better("jigsaw", []), higher_is_better("jigsaw/valid_loss", []), higher_is_better("ms", ["ms"])
        (True, False, False)
    """
    return task not in minimize and find_task(task).metric.higher_is_better is not False


def top_rows(folder: str | Path, task: str | None = None, n: int | None = None) -> pd.DataFrame:
    """The best rows of all finished shards of a folder, of every task or of one.

    Args:
        folder: Folder written by `predict_shards`.
        task: One of the tasks; all if not given.
        n: Number of rows of each task; as many as the shards keep if not given.

    Returns:
        Rows with ``task``, ``rank`` (1 is best), ``index``, ``arch``, ``value`` and ``std`` (in the unit of the
        metric), ``in_domain``, ``novelty``, and ``n_archs``, the number of architectures that the row stands for; of
        equal values, the one with the lower index is first.

    Raises:
        ArtefactError: If there is no such folder, no shard is finished, or a file is damaged.
        UnknownNameError: If there is no such task.
        ValueError: If the shards keep fewer than n rows.
    """
    import pandas as pd

    shards = ShardFolder.open(folder)
    tasks = shards.tasks if task is None else (choice(task, shards.tasks, "task"),)
    most = shards.top if n is None else n
    if not 1 <= most <= shards.top:
        raise ValueError(f"expected 1 to {shards.top:,} rows, as many as each shard keeps, got {most:,}")
    found = pd.concat([shards.read_top(shard) for shard in shards.finished()], ignore_index=True)
    parts = []
    for name in tasks:
        own = found[found["task"] == name]
        sign = 1.0 if shards.higher[name] else -1.0
        best = np.lexsort((own["index"].to_numpy(), -sign * own["value"].to_numpy()))[:most]
        parts.append(own.iloc[best].assign(rank=np.arange(1, len(best) + 1)))
    merged = pd.concat(parts, ignore_index=True)
    return merged[["task", "rank", *(name for name in merged.columns if name not in ("task", "rank"))]]
