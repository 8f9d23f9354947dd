"""True regret and rank of architectures that a search found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import choice
from benchmarks.table import Table

if TYPE_CHECKING:
    import pandas as pd

    from surrogates.search.history import History

__all__ = ["TrueValues", "incumbents"]


class TrueValues:
    """Regret and rank of architectures by the values of a table, which are sorted once.

    Args:
        table: The true values.

    Example:
        >>> archs = ["64-2311-basic", "64-1234-basic", "64-3114-basic", "64-4111-basic"]
        >>> table = Table.from_logs(archs, {"jigsaw": {"valid_top1": [90.0, 95.0, 90.0, 70.0]}})
        >>> TrueValues(table).regret("jigsaw", archs[2:]).to_dict("records")
        [{'regret': 5.0, 'rank': 2.0, 'top_percent': 50.0}, {'regret': 25.0, 'rank': 4.0, 'top_percent': 100.0}]
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self._values = {task: column.to_numpy() for task, column in table.oriented().items()}
        self._sorted = {task: np.sort(values[~np.isnan(values)]) for task, values in self._values.items()}

    def regret(self, task: str, archs: Sequence[str]) -> pd.DataFrame:
        """Regret and rank of m architectures on a task.

        Returns:
            DataFrame of m rows: regret (difference from the best measured architecture in the metric's unit, >= 0),
            rank (1 is best, ties share the best rank), top_percent (100 x rank / number of measured architectures); NaN
            where not measured.

        Raises:
            UnknownNameError: If the table lacks the task; names the nearest one.
            TableError: If the table lacks an architecture.
        """
        import pandas as pd

        name = choice(task, self.table.tasks, "task")
        values = self._values[name][[self.table.row(arch) for arch in archs]]
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
