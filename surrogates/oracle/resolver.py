"""Where answers come from: the table first, then the surrogate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.errors import TableError
from benchmarks.spaces.registry import get_space
from surrogates.oracle.answers import Answers
from surrogates.oracle.predictors import predict_matrix

if TYPE_CHECKING:
    from surrogates.oracle.predictors import Predictor
    from surrogates.oracle.table_lookup import Measured

__all__ = ["Resolver"]


class Resolver:
    """Answers from measured values where there are any, else from a predictor.

    Args:
        space: Name of the space.
        measured: Measured values, if any.
        predictor: What to ask where they are missing, if anything.

    Attributes:
        tasks: What the predictor predicts, then what was measured besides.

    Example:
        >>> from benchmarks.table import Table
        >>> from surrogates.oracle.table_lookup import Measured
        >>> table = Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_top1": [90.0]}})
        >>> Resolver("transnas101-macro", Measured(table), None).find(("64-2311-basic",), ("jigsaw",)).value.tolist()
        [[90.0]]
    """

    def __init__(self, space: str, measured: Measured | None, predictor: Predictor | None) -> None:
        self.space = get_space(space)
        self.measured, self.predictor = measured, predictor
        predicted = () if predictor is None else predictor.tasks_
        known = () if measured is None else measured.tasks
        self.tasks: tuple[str, ...] = tuple(dict.fromkeys((*predicted, *known)))

    def find(self, archs: tuple[str, ...], tasks: tuple[str, ...]) -> Answers:
        """Answers for n valid architectures on some of `tasks`; NaN where there is none."""
        value, std = np.full((2, len(archs), len(tasks)), np.nan)
        if self.measured is not None:
            value = self.measured.values(archs, tasks)
        measured = ~np.isnan(value)
        if self.predictor is not None:
            order = self.predictor.tasks_
            columns = [column for column, task in enumerate(tasks) if task in order]
            rows = np.flatnonzero(~measured[:, columns].all(axis=1)).tolist()
            if rows:
                means, stds = predict_matrix(self.predictor, [archs[row] for row in rows])
                wanted = [order.index(tasks[column]) for column in columns]
                block = np.ix_(np.array(rows), np.array(columns))
                value[block] = np.where(measured[block], value[block], means[:, wanted])
                std[block] = np.where(measured[block], np.nan, stds[:, wanted])
        in_domain = np.array([arch in self.space for arch in archs], dtype=bool)
        return Answers(archs, tasks, value, std, measured, in_domain)

    def require(self, archs: tuple[str, ...], tasks: tuple[str, ...]) -> Answers:
        """As `find`, without gaps.

        Raises:
            TableError: If something was neither measured nor predicted.
        """
        answers = self.find(archs, tasks)
        for row, column in np.argwhere(np.isnan(answers.value)):
            if self.predictor is not None:
                why = f"the surrogate predicts {', '.join(self.predictor.tasks_)}"
            else:
                why = "to have it predicted, give a surrogate (and source='auto')"
            raise TableError(f"{archs[row]!r} was not measured on {tasks[column]}; {why}")
        return answers
