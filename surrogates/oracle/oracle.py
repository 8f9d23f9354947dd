"""One place to ask for the performance of any architecture: measured where known, predicted where not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from benchmarks.errors import ArchitectureError, TableError, choice
from benchmarks.provenance import unlike_published
from benchmarks.spaces.registry import get_space, infer_space
from benchmarks.tasks import find_task
from surrogates.oracle.answers import Answers, Ranking
from surrogates.oracle.predictors import CachedSurrogate, TabulatedSurrogate, predict_matrix
from surrogates.oracle.table_lookup import Measured
from surrogates.oracle.usage import Queries

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.spaces.space import Space
    from benchmarks.table import Table
    from surrogates.oracle.predictors import Predictor

__all__ = ["Oracle", "AnswerSource"]

AnswerSource = Literal["auto", "table", "surrogate"]


class Oracle:
    """Answers for architectures of one space: a table of measured results, a surrogate, or both.

    Every answer is in the unit and direction of its task's primary metric (`get_task(task).metric`) and says where it
    comes from. A table answers by the exact string (twins keep their own measurements) and has no uncertainty: its std
    is NaN. A gap in the table (NaN) goes on to the surrogate.

    Safe to share between threads; picklable, so that worker processes can have a copy each.

    Args:
        surrogate: A fitted surrogate.
        table: Measured results; of several spaces, those of the surrogate's are used.
        source: ``"auto"`` asks the table first, then the surrogate; ``"table"`` and ``"surrogate"`` ask one only.
        cache_size: Most canonical architectures whose predictions are remembered, and most architectures a task that
            `oracle(arch, task)` answers from memory; the oldest are forgotten first.

    Attributes:
        space: The space whose architectures it knows.
        queries: Counts what was asked: `total`, `distinct`, `simulated_seconds` of training.

    Raises:
        ValueError: If there is nothing to ask, `source` names what is not there, or the surrogate is not fitted.
        TableError: If table and surrogate are of different spaces or trainings, or a table alone is of several spaces.

    Example:
        >>> oracle = Oracle.from_pretrained("transnas101-micro")
        >>> oracle.query(["64-41414-3_33_333"], tasks=["class_scene"]).columns.tolist()
        ['arch', 'task', 'value', 'std', 'source', 'in_domain']
        >>> oracle("64-41414-3_33_333", "class_scene") > oracle("64-41414-1_00_000", "class_scene")
        True
        >>> oracle.queries.total, oracle.queries.distinct
        (3, 2)
    """

    def __init__(
        self,
        surrogate: Predictor | None,
        table: Table | None = None,
        source: AnswerSource = "auto",
        *,
        cache_size: int = 1 << 16,
    ) -> None:
        choice(source, get_args(AnswerSource), "source")
        if surrogate is None and (table is None or source == "surrogate"):
            raise ValueError(f"source={source!r} needs a surrogate{'' if table else ' or a table'}, got None")
        if table is None and source == "table":
            raise ValueError("source='table' needs a table, got None")
        self.surrogate = surrogate
        self.table, self.space = _of_one_space(surrogate, table)
        self.source: AnswerSource = source
        self.cache_size = cache_size
        self.queries = Queries(self.table, cache_size)
        self._prepare()

    @classmethod
    def from_pretrained(cls, space: str | Space, table: Table | None = None, source: AnswerSource = "auto") -> Oracle:
        """The bundled surrogate of a space, every published architecture predicted beforehand; works offline.

        Args:
            space: Name of the space.
            table: Measured results that go before predictions, of the published trainings or trainings like them.
            source: As of an oracle: whether to ask both, or one of them only.

        Raises:
            UnknownNameError: If there is no such space.
            TableError: If the table is of another space, or both are to be asked and the table says that its trainings
                were unlike the published ones.

        Example:
            >>> Oracle.from_pretrained("nasbench201").tasks
            ('cifar10', 'cifar100', 'ImageNet16-120')
        """
        from surrogates.pretrained.load import load_answers

        answers = load_answers(space)
        if table is not None and source == "auto" and (how := unlike_published(table, answers.tasks_)):
            raise TableError(
                f"the table's trainings were not like the published ones that the bundled surrogate predicts: {how}. "
                "Fit a surrogate to the table and use that, or ask one alone (source table or surrogate)"
            )
        return cls(answers, table, source)

    @classmethod
    def from_table(cls, table: Table) -> Oracle:
        """Measured results only; what was not measured is an error.

        Raises:
            TableError: If the table is of several spaces.

        Example:
            >>> from benchmarks.table import Table
            >>> table = Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_top1": [90.0]}})
            >>> Oracle.from_table(table)("64-2311-basic", "jigsaw")
            90.0
        """
        return cls(None, table, "table")

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks it knows: the surrogate's, then those only the table has."""
        return self._tasks

    # -- asking -------------------------------------------------------------------------------------------------

    def __call__(self, arch: str, task: str) -> float:
        """One value, in the unit of the task's metric; a repeated question costs little more than a dict look-up.

        Raises:
            ArchitectureError: If the string is no architecture of the space.
            UnknownNameError: If there is no such task; names the nearest one.
            TableError: If it was not measured, and there is no surrogate to ask.
        """
        try:
            return self._warm[task][arch]()
        except (KeyError, TypeError):
            return self._first_time(arch, task)

    def query(
        self, archs: Iterable[str], tasks: Iterable[str] | str | None = None, *, rank: bool = False
    ) -> pd.DataFrame:
        """Everything known about some architectures.

        Args:
            archs: n architecture strings; none is none.
            tasks: T task names; all by default.
            rank: Also where they stand among all published architectures (see `rank`).

        Returns:
            DataFrame of n x T rows, architecture by architecture: arch, task, value (in the metric's own unit), std
            (NaN where measured), source (``"table"`` or ``"surrogate"``), in_domain (whether it is a published one);
            with `rank` also rank and of (how many were ranked, an unpublished architecture counts itself).

        Raises:
            ArchitectureError: If a string is no architecture of the space.
            UnknownNameError: If there is no such task; names the nearest one.
            TableError: If something was not measured, and there is no surrogate to ask.
        """
        return self.answers(archs, tasks, rank=rank).to_frame()

    def answers(self, archs: Iterable[str], tasks: Iterable[str] | str | None = None, *, rank: bool = False) -> Answers:
        """As `query`, in arrays."""
        answers = self._require(self._check_archs(archs), self._check_tasks(tasks))
        self.queries.record((arch, task) for arch in answers.archs for task in answers.tasks)
        return self._ranked(answers) if rank else answers

    def rank(self, arch: str, task: str) -> int:
        """Rank among all published architectures this oracle has an answer for: 1 is best, equal ones share a rank.

        One outside the published set gets the rank it would take. Looking at ranks is not counted as a query.

        Raises:
            ArchitectureError: If the string is no architecture of the space.
            UnknownNameError: If there is no such task; names the nearest one.
            TableError: If it was not measured, and there is no surrogate to ask.
        """
        ranking, string = self.ranking(task), self._check_arch(arch)
        value = ranking.values[self.space.index(string)] if string in self.space else np.nan
        if np.isnan(value):
            value = self._require((string,), (task,)).value[0, 0]
        return ranking.rank(value)

    def ranking(self, task: str) -> Ranking:
        """All published architectures on one task, ranked once; counts no queries."""
        name = choice(task, self.tasks, "task")
        if name not in self._rankings:
            metric = find_task(name).metric
            column = self._published.value[:, self.tasks.index(name)]
            self._rankings[name] = Ranking(column, metric.higher_is_better)
        return self._rankings[name]

    def oriented(self, tasks: Iterable[str] | str | None = None) -> pd.DataFrame:
        """Everything known about all published architectures, higher is better, as `Table.oriented`.

        Args:
            tasks: T task names; all by default.

        Returns:
            DataFrame of shape (N, T), indexed by architecture; NaN where there is no answer. Counts no queries.

        Raises:
            UnknownNameError: If there is no such task; names the nearest one.

        Example:
            >>> Oracle.from_pretrained("transnas101-micro").oriented("jigsaw").shape
            (4096, 1)
        """
        import pandas as pd

        columns = {task: find_task(task).metric.sign * self.ranking(task).values for task in self._check_tasks(tasks)}
        return pd.DataFrame(columns, index=pd.Index(self.space.archs, name="arch"))

    def bake(self) -> Oracle:
        """An oracle that gives the same answers with every published architecture predicted beforehand.

        Its queries are array reads, and counted from zero. Other architectures still go to the surrogate.

        Example:
            >>> from surrogates import load_pretrained
            >>> Oracle(load_pretrained("transnas101-macro")).bake().source
            'auto'
        """
        baked = None if self.surrogate is None else TabulatedSurrogate.from_predictor(self.surrogate)
        return Oracle(baked, self.table, self.source, cache_size=self.cache_size)

    def __repr__(self) -> str:
        return f"<Oracle of {self.space.name}, {len(self.tasks)} tasks, source={self.source!r}>"

    def __getstate__(self) -> dict[str, Any]:
        return {
            name: getattr(self, name) for name in ("surrogate", "table", "space", "source", "cache_size", "queries")
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._prepare()

    # -- how ----------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Set up what is neither an argument nor worth pickling."""
        self._warm = self.queries.warm
        self._rankings: dict[str, Ranking] = {}
        predictor: Predictor | None = None if self.source == "table" else self.surrogate
        if predictor is not None and not isinstance(predictor, TabulatedSurrogate):
            predictor = CachedSurrogate(predictor, self.cache_size)
        self._predictor = predictor
        self._measured = None if self.table is None or self.source == "surrogate" else Measured(self.table)
        predicted = () if predictor is None else predictor.tasks_
        known = () if self._measured is None else self._measured.tasks
        self._tasks: tuple[str, ...] = tuple(dict.fromkeys((*predicted, *known)))

    def _first_time(self, arch: str, task: str) -> float:
        string, (name,) = self._check_arch(arch), self._check_tasks([task])
        known = self._warm.get(name, {}).get(string)
        if known is not None:
            return known()
        value = float(self._require((string,), (name,)).value[0, 0])
        self.queries.record([(string, name)])
        self.queries.remember(string, name, value)
        return value

    @cached_property
    def _published(self) -> Answers:
        return self._find(self.space.archs, self.tasks)

    def _find(self, archs: tuple[str, ...], tasks: tuple[str, ...]) -> Answers:
        """Answers for n valid architectures on known tasks: measured, else predicted; NaN where there is neither."""
        value, std = np.full((2, len(archs), len(tasks)), np.nan)
        if self._measured is not None:
            value = self._measured.values(archs, tasks)
        measured = ~np.isnan(value)
        if self._predictor is not None:
            order = self._predictor.tasks_
            columns = [column for column, task in enumerate(tasks) if task in order]
            rows = np.flatnonzero(~measured[:, columns].all(axis=1)).tolist()
            if rows:
                means, stds = predict_matrix(self._predictor, [archs[row] for row in rows])
                wanted = [order.index(tasks[column]) for column in columns]
                block = np.ix_(np.array(rows), np.array(columns))
                value[block] = np.where(measured[block], value[block], means[:, wanted])
                std[block] = np.where(measured[block], np.nan, stds[:, wanted])
        in_domain = np.array([arch in self.space for arch in archs], dtype=bool)
        return Answers(archs, tasks, value, std, measured, in_domain)

    def _require(self, archs: tuple[str, ...], tasks: tuple[str, ...]) -> Answers:
        """As `_find`, without gaps.

        Raises:
            TableError: If something was neither measured nor predicted.
        """
        answers = self._find(archs, tasks)
        for row, column in np.argwhere(np.isnan(answers.value)):
            if self._predictor is not None:
                why = f"the surrogate predicts {', '.join(self._predictor.tasks_)}"
            elif self.surrogate is not None:
                why = "source='surrogate' has it predicted, 'auto' too"
            else:
                why = "to have it predicted, give a surrogate"
            raise TableError(f"{archs[row]!r} was not measured on {tasks[column]}; {why}")
        return answers

    def _ranked(self, answers: Answers) -> Answers:
        """Answers with their ranks; as `rank` does it, a published architecture's is that of the whole space."""
        rank = np.empty(answers.value.shape, dtype=np.int64)
        for row, arch in enumerate(answers.archs):
            rank[row] = [self.rank(arch, task) for task in answers.tasks]
        published = np.array([len(self.ranking(task)) for task in answers.tasks], dtype=np.int64)
        return replace(answers, rank=rank, of=published + ~answers.in_domain[:, None])

    def _check_archs(self, archs: Iterable[str]) -> tuple[str, ...]:
        if isinstance(archs, str) or not isinstance(archs, Iterable):
            raise ArchitectureError(f"expected a list of architecture strings, got {type(archs).__name__} {archs!r}")
        return tuple(self._check_arch(arch, position) for position, arch in enumerate(archs))

    def _check_arch(self, arch: object, position: int | None = None) -> str:
        if not isinstance(arch, str):
            where = "" if position is None else f" at position {position}"
            raise ArchitectureError(f"expected an architecture string{where}, got {type(arch).__name__} {arch!r}")
        string = str(arch)
        if string not in self.space:
            if not self.space.recognises(string) and (other := infer_space(string)) != self.space:
                raise ArchitectureError(f"{string!r} is of {other.name}; this oracle knows {self.space.name}")
            self.space.parse(string)
        return string

    def _check_tasks(self, tasks: Iterable[str] | str | None) -> tuple[str, ...]:
        if tasks is None:
            return self.tasks
        names = [tasks] if isinstance(tasks, str) else list(tasks)
        return tuple(choice(name, self.tasks, "task") for name in names)


def _of_one_space(surrogate: Predictor | None, table: Table | None) -> tuple[Table | None, Space]:
    """The table of the surrogate's space, and the space."""
    if surrogate is None:
        assert table is not None
        return table, table.space
    if not hasattr(surrogate, "space_"):
        from sklearn.exceptions import NotFittedError

        named = isinstance(surrogate, str)
        advice = "Oracle.from_pretrained opens a bundled one, load_surrogate a directory" if named else "call fit first"
        raise NotFittedError(f"expected a fitted surrogate, got {surrogate!r}; {advice}")
    space = get_space(surrogate.space_)
    if table is None:
        return None, space
    for task, how in (getattr(surrogate, "trainings_", None) or {}).items():
        if task in table.tasks and how != (came := unlike_published(table, [task])):
            ways = [f"unlike the published ones ({way})" if way else "like the published ones" for way in (how, came)]
            raise TableError(f"{task}: the surrogate was fitted to trainings {ways[0]}, the table's are {ways[1]}")
    if table.spaces == (space.name,):
        return table, space
    if space.name not in table.spaces:
        raise TableError(
            f"the table is of {', '.join(table.spaces)}, the surrogate of {space}; expected the same space"
        )
    return table.where(space=space), space
