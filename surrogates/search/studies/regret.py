"""True regret and rank of architectures that a search found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import TableError, choice

if TYPE_CHECKING:
    import pandas as pd

    from surrogates.search.history import History

__all__ = ["TrueValues", "incumbents", "last_until"]


class TrueValues:
    """Regret and rank of architectures by known values, which are sorted once.

    Args:
        values: Values of n architectures on T tasks, higher is better, indexed by architecture; NaN where unknown
            (`Table.oriented`, `Oracle.oriented`).

    Example:
        >>> import pandas as pd
        >>> archs = ["64-2311-basic", "64-1234-basic", "64-3114-basic", "64-4111-basic"]
        >>> known = TrueValues(pd.DataFrame({"jigsaw": [90.0, 95.0, 90.0, 70.0]}, index=archs))
        >>> known.regret("jigsaw", archs[2:]).to_dict("records")
        [{'regret': 5.0, 'rank': 2.0, 'top_percent': 50.0}, {'regret': 25.0, 'rank': 4.0, 'top_percent': 100.0}]
    """

    def __init__(self, values: pd.DataFrame) -> None:
        self.tasks = tuple(map(str, values.columns))
        self._rows = values.index
        self._values = {task: values[task].to_numpy(dtype=np.float64) for task in self.tasks}
        self._sorted = {task: np.sort(column[~np.isnan(column)]) for task, column in self._values.items()}

    def regret(self, task: str, archs: Sequence[str]) -> pd.DataFrame:
        """Regret and rank of m architectures on a task.

        Returns:
            DataFrame of m rows: regret (difference from the best known architecture in the metric's unit, >= 0), rank
            (1 is best, ties share the best rank), top_percent (100 x rank / number of known architectures); NaN where
            not known.

        Raises:
            UnknownNameError: If the task is unknown; names the nearest one.
            TableError: If an architecture has no row.
        """
        import pandas as pd

        name = choice(task, self.tasks, "task")
        rows = self._rows.get_indexer(pd.Index(list(archs)))
        if (rows < 0).any():
            raise TableError(f"no values of {archs[int((rows < 0).argmax())]!r:.200} are known")
        values = self._values[name][rows]
        rising = self._sorted[name]
        ranks = 1.0 + len(rising) - np.searchsorted(rising, values, side="right")
        rank = np.where(np.isnan(values), np.nan, ranks)
        regret = (rising[-1] if len(rising) else np.nan) - values
        return pd.DataFrame({"regret": regret, "rank": rank, "top_percent": 100 * rank / max(1, len(rising))})


def incumbents(history: History) -> NDArray[np.int64]:
    """Index of the best query so far after each of the m queries of a search on one task, of shape (m,).

    The first query is kept if several tie.

    Example:
        >>> from surrogates.search import History
        >>> values = np.array([[1.0], [3.0], [2.0], [3.0], [4.0]])
        >>> incumbents(History("transnas101-macro", ("jigsaw",), ["a"] * 5, values, np.ones(5), {})).tolist()
        [0, 1, 1, 1, 4]
    """
    values = (history.values * history.signs)[:, 0]
    before = np.concatenate([[-np.inf], np.maximum.accumulate(values)[:-1]])
    return np.maximum.accumulate(np.where(values > before, np.arange(len(values)), 0))


def last_until(runs: pd.DataFrame, step: int | None, keys: Sequence[str]) -> pd.DataFrame:
    """The last row of each search up to a step.

    Args:
        runs: Rows of searches with a column ``step``, in order.
        step: Number of queries; all if None. A search that ended earlier keeps its last row.
        keys: Columns that tell the searches apart.

    Raises:
        ValueError: If `step` < 1.

    Example:
        >>> import pandas as pd
        >>> runs = pd.DataFrame({"seed": [0, 0, 0, 1], "step": [1, 2, 3, 1]})
        >>> last_until(runs, 2, ["seed"])["step"].tolist()
        [2, 1]
    """
    if step is not None and step < 1:
        raise ValueError(f"expected step >= 1, got {step}")
    rows = runs if step is None else runs[runs["step"] <= step]
    return rows.groupby(list(keys), sort=False).tail(1)
