"""Answers of an oracle: values with standard deviation, source and rank."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Answer", "AnsweredBy", "Answers", "Ranking"]

AnsweredBy: TypeAlias = Literal["table", "surrogate", "exact"]


class Answer(NamedTuple):
    """Measured or predicted performance of one architecture on one task.

    Attributes:
        arch: Architecture string, as queried.
        task: Task name.
        value: Value in the metric's own unit; `get_task(task).metric` has unit and direction.
        std: Standard deviation (value +- 1.645 std covers 90 %), same unit; NaN for a measured value.
        source: ``"table"`` if measured, ``"surrogate"`` if predicted, ``"exact"`` if computed (a cost of the backbone).
        in_domain: Whether the architecture is one of the published ones.
        novelty: How unlike the surrogate's training rows the architecture is: 0 if among them, above 1 unlike 95 % of
            left-out training rows, with wider intervals (`CalibratedSurrogate.novelty`); NaN if measured or not known.
        rank: Rank among the published architectures, 1 is best; None if not requested.
        of: Number of ranked architectures: all published ones with an answer, and this one; None if not requested.
    """

    arch: str
    task: str
    value: float
    std: float
    source: AnsweredBy
    in_domain: bool
    novelty: float = math.nan
    rank: int | None = None
    of: int | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Answers:
    """Answers for n architectures on T tasks.

    Attributes:
        archs: The n architecture strings.
        tasks: The T task names.
        value: Values in each metric's own unit, of shape (n, T); NaN where there is no answer.
        std: Standard deviations, of shape (n, T); NaN where the value was measured.
        measured: Whether a value is from the table, or exact, of shape (n, T).
        in_domain: Whether an architecture is a published one, of shape (n,).
        novelty: Novelty of each architecture, of shape (n,) (see `Answer`); None if not requested.
        rank: Rank among the published architectures, 1 is best, of shape (n, T); None if not requested.
        of: Number of ranked architectures: all published ones with an answer, and the architecture itself; of shape
            (n, T).
        exact: Those of the tasks that are costs of the backbone, computed.

    Example:
        >>> one = np.ones((1, 1))
        >>> answers = Answers(("64-2311-basic",), ("jigsaw",), 90 * one, one, one < 1, np.array([True]))
        >>> answers
        Answers(1 x 1: jigsaw; 0 measured)
        >>> answer = next(iter(answers))
        >>> answer.value, answer.std, answer.source
        (90.0, 1.0, 'surrogate')
    """

    archs: tuple[str, ...]
    tasks: tuple[str, ...]
    value: NDArray[np.float64]
    std: NDArray[np.float64]
    measured: NDArray[np.bool_]
    in_domain: NDArray[np.bool_]
    novelty: NDArray[np.float64] | None = None
    rank: NDArray[np.int64] | None = None
    of: NDArray[np.int64] | None = None
    exact: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.value.size

    def __repr__(self) -> str:
        """Sizes instead of values, of which there may be a hundred thousand."""
        ranked = "" if self.rank is None else ", ranked"
        n, t = self.value.shape
        return f"Answers({n:,} x {t}: {', '.join(self.tasks)}; {int(self.measured.sum()):,} measured{ranked})"

    def __iter__(self) -> Iterator[Answer]:
        """Iterate over architectures, and over all tasks of each."""
        sources = self.sources()
        for row, arch in enumerate(self.archs):
            for column, task in enumerate(self.tasks):
                source = cast("AnsweredBy", str(sources[row, column]))
                value, std = float(self.value[row, column]), float(self.std[row, column])
                rank = None if self.rank is None else int(self.rank[row, column])
                of = None if self.of is None else int(self.of[row, column])
                novelty = math.nan if self.novelty is None or source != "surrogate" else float(self.novelty[row])
                yield Answer(arch, task, value, std, source, bool(self.in_domain[row]), novelty, rank, of)

    def sources(self) -> NDArray[Any]:
        """Where each value is from, as in `Answer`, strings of shape (n, T).

        Example:
            >>> one = np.ones((1, 1))
            >>> answers = Answers(("64-2311-basic",), ("jigsaw",), 90 * one, one, one < 1, np.array([True]))
            >>> answers.sources().tolist()
            [['surrogate']]
        """
        known = np.where([task in self.exact for task in self.tasks], "exact", "table")
        return np.where(self.measured, known, "surrogate").astype(object)

    def beside(self, costs: Answers) -> Answers:
        """These answers, without ranks, and those of the same architectures on other tasks after them."""
        return replace(
            self,
            tasks=(*self.tasks, *costs.tasks),
            value=np.concatenate([self.value, costs.value], axis=1),
            std=np.concatenate([self.std, costs.std], axis=1),
            measured=np.concatenate([self.measured, costs.measured], axis=1),
            exact=(*self.exact, *costs.exact),
            rank=None,
            of=None,
        )

    def to_frame(self) -> pd.DataFrame:
        """One row per architecture and task, columns as in `Answer`; rank and of only if requested."""
        import pandas as pd

        n, t = self.value.shape
        columns = {
            "arch": np.repeat(np.array(self.archs, dtype=object), t),
            "task": np.tile(np.array(self.tasks, dtype=object), n),
            "value": self.value.ravel(),
            "std": self.std.ravel(),
            "source": self.sources().ravel(),
            "in_domain": np.repeat(self.in_domain, t),
        }
        if self.novelty is not None:
            columns["novelty"] = np.where(self.measured, np.nan, self.novelty[:, None]).ravel()
        ranks = {name: column.ravel() for name, column in (("rank", self.rank), ("of", self.of)) if column is not None}
        return pd.DataFrame({**columns, **ranks})


class Ranking:
    """Ranks values of one task among those of the published architectures.

    Args:
        values: One value per architecture, in the order of the space, of shape (N,); NaN is not ranked.
        higher_is_better: Direction of the task's metric.

    Example:
        >>> ranking = Ranking(np.array([0.5, 0.9, np.nan, 0.9]), higher_is_better=True)
        >>> ranking.rank(0.9), ranking.rank(0.5), ranking.rank(0.7), len(ranking)
        (1, 3, 3, 3)
        >>> ranking.ranks(np.array([0.9, 0.5])).tolist()
        [1, 3]
    """

    def __init__(self, values: NDArray[np.float64], higher_is_better: bool) -> None:
        self.values = values
        self.higher_is_better = higher_is_better
        self._sign = 1.0 if higher_is_better else -1.0
        self._worse_first = np.sort(self._sign * values[~np.isnan(values)])

    def __len__(self) -> int:
        return len(self._worse_first)

    def rank(self, value: float) -> int:
        """1 plus the number of architectures that are strictly better."""
        return int(self.ranks(np.array([value]))[0])

    def ranks(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """The `rank` of each of n values that are not NaN, of shape (n,)."""
        worse_or_equal = np.searchsorted(self._worse_first, self._sign * values, side="right")
        return np.asarray(1 + len(self) - worse_or_equal, dtype=np.int64)
