"""`Oracle`: performance of any architecture, measured where available, predicted otherwise."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import TableError, UnknownNameError, choice
from benchmarks.files import kind_of_file
from benchmarks.forks import cached_property
from benchmarks.provenance import unlike_published
from benchmarks.spaces.registry import list_spaces, register_again
from benchmarks.task_names import choose_task
from benchmarks.tasks import Task, find_task, minimized
from surrogates.oracle.answers import Answers, Ranking
from surrogates.oracle.inputs import asked_arch, asked_archs, lowered_by, of_one_space
from surrogates.oracle.mixing import check_mixture
from surrogates.oracle.partial import PartialTrainings
from surrogates.oracle.predictors import CachedSurrogate, novelty_of, predict_matrix, unfamiliar_in
from surrogates.oracle.table_lookup import Measured
from surrogates.oracle.tabulated import TabulatedSurrogate
from surrogates.oracle.usage import Queries

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.spaces.space import Space
    from benchmarks.table import Table
    from surrogates.models.learning_curves import LearningCurveSurrogate
    from surrogates.oracle.predictors import Predictor
    from surrogates.search.constraints import Constraint

__all__ = ["Oracle", "AnswerSource"]

AnswerSource = Literal["auto", "table", "surrogate"]


class Oracle:
    """Performance of architectures of one space, from a table of measured results, a surrogate, or both.

    Every answer is in the unit and direction of its task's primary metric (`get_task(task).metric`) and has a source.
    Values of a table are looked up by the exact string (equivalent architectures keep their own measurements) and have
    no uncertainty: their std is NaN. Missing values of the table (NaN) are predicted by the surrogate.

    Thread-safe; picklable, so worker processes can have copies, in which a space of the user's own is registered.

    Args:
        surrogate: A fitted surrogate.
        table: Measured results; from a table of several spaces, the rows of the surrogate's space are used.
        source: ``"auto"`` uses the table first, then the surrogate; ``"table"`` and ``"surrogate"`` use only one.
        cache_size: Maximum number of classes of architectures with cached predictions, and of architectures per task
            with cached answers of `oracle(arch, task)`; the oldest entries are evicted first.
        minimize: Tasks of a predictor of the user's own that are better when lower; surrogates of this package and
            tables know their directions.
        curves: Learning curves of the same space, for values during trainings that the table does not have.

    Attributes:
        space: The space of the architectures.
        queries: Query counts: `total`, `distinct`, and `simulated_seconds` of training.

    Raises:
        ValueError: If there is neither surrogate nor table, or `source` names a missing one.
        sklearn.exceptions.NotFittedError: If the surrogate is not fitted.
        TableError: If table, surrogate or curves are of different spaces or trainings, or differ in the direction or
            unit of a task, or a table alone is of several spaces.
        UnknownNameError: If a predictor's task has a name that is refused (`benchmarks.task_names`).

    Warns:
        UserWarning: If measured values lie far outside the intervals of the predictions: another training, or unit.

    Example:
        >>> oracle = Oracle.from_pretrained("transnas101-micro")
        >>> oracle.query(["64-41414-3_33_333"], tasks=["class_scene"]).columns.tolist()
        ['arch', 'task', 'value', 'std', 'source', 'in_domain', 'novelty']
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
        minimize: Collection[str] | str = (),
        curves: LearningCurveSurrogate | None = None,
    ) -> None:
        choice(source, get_args(AnswerSource), "source")
        if surrogate is None and (table is None or source == "surrogate"):
            raise ValueError(f"source={source!r} needs a surrogate{'' if table else ' or a table'}, got None")
        if table is None and source == "table":
            raise ValueError("source='table' needs a table, got None")
        self.surrogate = surrogate
        self.table, self.space = of_one_space(surrogate, table)
        self.source: AnswerSource = source
        self.cache_size = cache_size
        if curves is not None and curves.space_ != self.space.name:
            raise TableError(f"expected learning curves of {self.space.name}, got curves of {curves.space_}")
        self.curves = curves
        self.queries = Queries(self.table, cache_size)
        self._minimize = lowered_by(surrogate, minimize)
        self._prepare()
        if self._measured is not None and self._predictor is not None:
            assert self.table is not None
            check_mixture(self.table, self._predictor, self._minimize)

    @classmethod
    def from_pretrained(
        cls,
        space: str | os.PathLike[str] | Space,
        table: Table | None = None,
        source: AnswerSource = "auto",
    ) -> Oracle:
        """Oracle with the bundled surrogate of a space, or with a stored surrogate.

        It works offline. The bundled surrogates have precomputed predictions of all published architectures.

        Args:
            space: Name of the space; or the folder of a stored surrogate, such as one downloaded from a model hub. A
                name of a space is that space: write ``"./NAME"`` for a folder of its name.
            table: Measured results, preferred over predictions; their training recipe must match the published one.
            source: ``"auto"``, ``"table"`` or ``"surrogate"``, as in the constructor.

        Raises:
            UnknownNameError: If there is no such space, nor a folder.
            ArtefactError: If the folder is no stored surrogate (see `load_surrogate`).
            TableError: If the table is of another space, or `source` is ``"auto"`` and the table's provenance records a
                training recipe other than that of the surrogate.

        Example:
            >>> Oracle.from_pretrained("nasbench201").tasks
            ('cifar10', 'cifar100', 'ImageNet16-120')
        """
        from surrogates.pretrained.load import load_answers
        from surrogates.store.load import load_surrogate

        if isinstance(space, os.PathLike) or (
            isinstance(space, str) and space not in list_spaces() and kind_of_file(space) == "a folder"
        ):
            return cls(load_surrogate(Path(space)), table, source)
        answers = load_answers(space)
        if table is not None and source == "auto" and (how := unlike_published(table, answers.tasks_)):
            raise TableError(
                "expected a table of trainings like the published ones, which the bundled surrogate predicts, got "
                f"different trainings: {how}. Fit a surrogate to the table, or use only one source (table or surrogate)"
            )
        return cls(answers, table, source)

    @classmethod
    def from_table(cls, table: Table) -> Oracle:
        """Oracle with measured results only; a query of other architectures is an error.

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
        """Names of the tasks: the surrogate's, then those that only the table has."""
        return self._tasks

    def task(self, name: str) -> Task:
        """The task of a name, with its metric, unit and direction.

        Args:
            name: One of `tasks`, or ``task/metric`` for any metric of the table.

        Raises:
            UnknownNameError: If there is no such task; the message names the nearest one.

        Example:
            >>> Oracle.from_pretrained("transnas101-micro").task("jigsaw/valid_top1").name
            'jigsaw'
        """
        chosen = self._choose(name)
        if chosen in self._minimize:
            return minimized(find_task(chosen))
        predicted = () if self._predictor is None else self._predictor.tasks_
        return find_task(chosen) if chosen in predicted or self.table is None else self.table.task(chosen)

    # -- queries ------------------------------------------------------------------------------------------------

    def __call__(self, arch: str, task: str) -> float:
        """Value of one architecture, in the unit of the task's metric; a repeated query is a cached look-up.

        Raises:
            ArchitectureError: If the string is not an architecture of the space.
            UnknownNameError: If there is no such task; the message names the nearest one.
            TableError: If the architecture was not measured, and there is no surrogate.
        """
        try:
            return self._warm[task][arch]()
        except (KeyError, TypeError):
            return self._first_time(arch, task)

    def query(
        self,
        archs: Iterable[str],
        tasks: Iterable[str] | str | None = None,
        *,
        rank: bool = False,
        epoch: int | None = None,
    ) -> pd.DataFrame:
        """Measured or predicted performance of architectures.

        Args:
            archs: n architecture strings; may be empty.
            tasks: T task names; all by default.
            rank: Whether to add the ranks among all published architectures (see `rank`).
            epoch: Values after this epoch of the training instead of the last, from 0, or backwards from the last if
                negative: measured where the table has every epoch, else predicted by `curves`.

        Returns:
            DataFrame of n x T rows, grouped by architecture: arch, task, value (in the metric's own unit), std (NaN
            where measured), source (``"table"`` or ``"surrogate"``), in_domain (whether the architecture is a published
            one), novelty (how unlike the surrogate's training rows: intervals are wider from 1 on, see `Answer`); with
            `rank` also rank and of (number of ranked architectures, including an unpublished one itself).

        Raises:
            ArchitectureError: If a string is not an architecture of the space.
            UnknownNameError: If there is no such task; the message names the nearest one.
            TableError: If an architecture was not measured, and there is no surrogate; if there is no such epoch, or
                neither a table with epochs nor `curves`.
            ValueError: If ranks are requested after an epoch.
        """
        return self.answers(archs, tasks, rank=rank, epoch=epoch).to_frame()

    def answers(
        self,
        archs: Iterable[str],
        tasks: Iterable[str] | str | None = None,
        *,
        rank: bool = False,
        epoch: int | None = None,
    ) -> Answers:
        """As `query`, but returns arrays."""
        if epoch is not None:
            if rank:
                raise ValueError("expected rank=False with an epoch: ranks are those of final values")
            return self._after(asked_archs(archs, self.space), self._check_tasks(tasks), epoch)
        answers = self._require(asked_archs(archs, self.space), self._check_tasks(tasks))
        answers = replace(answers, novelty=self._novelty(answers))
        self.queries.record((arch, task) for arch in answers.archs for task in answers.tasks)
        return self._ranked(answers) if rank else answers

    def epochs(self, task: str) -> int:
        """Epochs of a training on a task: those of most rows of the table, else those of the learning curves.

        Raises:
            UnknownNameError: If there is no such task; the message names the nearest one.
            TableError: If neither has epochs.

        Example:
            >>> from benchmarks.table import Table
            >>> table = Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_top1": [[50.0, 70.0, 90.0]]}})
            >>> oracle = Oracle.from_table(table)
            >>> oracle.epochs("jigsaw"), oracle.query(["64-2311-basic"], epoch=0)["value"].tolist()
            (3, [50.0])
        """
        return self._trainings.epochs(self._choose(task))

    def rank(self, arch: str, task: str) -> int:
        """Rank among all published architectures that have an answer: 1 is best, equal values share a rank.

        An architecture outside the published set gets the rank it would have among them. Ranks do not count as queries.

        Raises:
            ArchitectureError: If the string is not an architecture of the space.
            UnknownNameError: If there is no such task; the message names the nearest one.
            TableError: If the architecture was not measured, and there is no surrogate.
        """
        ranking, string = self.ranking(task), asked_arch(arch, self.space)
        value = ranking.values[self.space.index(string)] if string in self.space else np.nan
        if np.isnan(value):
            value = self._require((string,), (task,)).value[0, 0]
        return ranking.rank(value)

    def unfamiliar(self, arch: str) -> str:
        """What is unlike all training rows of the surrogate about an architecture, in words; empty if nothing is.

        Example:
            >>> Oracle.from_pretrained("transnas101-macro").unfamiliar("64-2311-basic")
            ''
        """
        return "" if self._predictor is None else unfamiliar_in(self._predictor, asked_arch(arch, self.space))

    def ranking(self, task: str) -> Ranking:
        """Ranking of all published architectures on one task, computed once; not counted as queries."""
        name = self._choose(task)
        if name not in self._rankings:
            known = name in self.tasks
            column = self._published.value[:, self.tasks.index(name)] if known else self._everywhere(name)
            self._rankings[name] = Ranking(column, self.task(name).metric.sign > 0)
        return self._rankings[name]

    def oriented(self, tasks: Iterable[str] | str | None = None) -> pd.DataFrame:
        """Values of all published architectures, signed so that higher is better, as `Table.oriented`.

        Not counted as queries.

        Args:
            tasks: T task names; all by default.

        Returns:
            DataFrame of shape (N, T), indexed by architecture; NaN where there is no answer.

        Raises:
            UnknownNameError: If there is no such task; the message names the nearest one.

        Example:
            >>> Oracle.from_pretrained("transnas101-micro").oriented("jigsaw").shape
            (4096, 1)
        """
        import pandas as pd

        columns = {task: self.task(task).metric.sign * self.ranking(task).values for task in self._check_tasks(tasks)}
        return pd.DataFrame(columns, index=pd.Index(self.space.archs, name="arch"))

    def best(
        self,
        task: str,
        n: int = 10,
        *,
        constraints: Constraint | str | Iterable[str] = (),
        distinct: bool = True,
    ) -> pd.DataFrame:
        """The n best of all published architectures on one task: exact, by their value. Not counted as queries.

        Args:
            task: The task; its metric has the direction.
            n: Number of architectures; all that there are if it is larger.
            constraints: Bounds that all must meet, such as ``["params<=1e6", "normal>0.5"]``, on ``params`` and
                ``multiply_adds`` of the backbone and on tasks of this oracle in their own units (`Bound.parse`).
            distinct: Whether one architecture stands for all that compute the same function: the best of them, of
                equally good ones the cheapest. Otherwise each is listed.

        Returns:
            DataFrame, best first, of equally good ones the cheapest first: arch, value (in the metric's own unit), std
            (NaN where measured), rank (among all published architectures, equal values share one), twins (number of
            other architectures that compute the same function and meet the constraints), params, multiply_adds (both
            only if the space has networks), and a column per constrained task.

        Raises:
            UnknownNameError: If there is no such task or cost; the message names the nearest one.
            ConstraintError: If no architecture meets the constraints; the message names the nearest bounds that one
                meets.
            ValueError: If n < 1, or a constraint is not readable.

        Example:
            >>> oracle = Oracle.from_pretrained("transnas101-micro")
            >>> best = oracle.best("jigsaw", 3, constraints=["params<=1e6"])
            >>> best["arch"].tolist()
            ['64-41414-2_01_111', '64-41414-0_10_201', '64-41414-1_01_211']
            >>> bool((best["params"] <= 1e6).all())
            True
        """
        from surrogates.oracle.best import best_architectures
        from surrogates.search.constraints import as_constraint

        name = self._choose(task)
        everywhere = self._published if name in self.tasks else self._find(self.space.archs, (name,))
        std = everywhere.std[:, everywhere.tasks.index(name)]
        return best_architectures(self, name, std, n, constraint=as_constraint(constraints), distinct=distinct)

    def join(self, *others: Oracle | Predictor | Table) -> Oracle:
        """Oracle with the tasks of others of the same space beside those of this one, such as a surrogate of a latency.

        Its tasks can be asked, searched, charged and bounded together. Queries are counted from zero.

        Args:
            others: Oracles, fitted surrogates or tables, each with other tasks; at most one table in all.

        Raises:
            ValueError: If two of them have the same task, there are two tables, or they are of several spaces.

        Example:
            >>> import pandas as pd
            >>> from surrogates import BoostedSurrogate
            >>> oracle = Oracle.from_pretrained("transnas101-macro")
            >>> archs = oracle.space.sample(60, rng=0)
            >>> latency = pd.Series([len(arch) / 4 for arch in archs], name="latency_ms")
            >>> surrogate = BoostedSurrogate(n_members=2, equivalence="string", random_state=0)
            >>> surrogate = surrogate.fit(archs, latency, minimize="latency_ms")
            >>> oracle.join(surrogate).best("jigsaw", constraints=["latency_ms<=3.5"]).columns[-1]
            'latency_ms'
        """
        from benchmarks.table import Table
        from surrogates.oracle.join import join_sources

        oracles = [self]
        for other in others:
            made = Oracle.from_table(other) if isinstance(other, Table) else other
            oracles.append(made if isinstance(made, Oracle) else Oracle(made))
        size = max(oracle.cache_size for oracle in oracles)
        surrogate, table, minimize = join_sources(oracles)
        return Oracle(surrogate, table, cache_size=size, minimize=minimize, curves=self.curves)

    def bake(self) -> Oracle:
        """Copy with precomputed predictions of all published architectures, which gives the same answers.

        Its queries are array look-ups, counted from zero. Other architectures are still predicted by the surrogate.

        Example:
            >>> from surrogates import load_pretrained
            >>> Oracle(load_pretrained("transnas101-macro")).bake().source
            'auto'
        """
        baked = None if self.surrogate is None else TabulatedSurrogate.from_predictor(self.surrogate)
        return Oracle(
            baked, self.table, self.source, cache_size=self.cache_size, minimize=self._minimize, curves=self.curves
        )

    def __repr__(self) -> str:
        return f"<Oracle of {self.space.name}, {len(self.tasks)} tasks, source={self.source!r}>"

    def __getstate__(self) -> dict[str, Any]:
        return {
            name: getattr(self, name)
            for name in ("surrogate", "table", "space", "source", "cache_size", "queries", "curves", "_minimize")
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, space=register_again(state["space"]))
        self._prepare()

    # -- internals ----------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Set up the state that is neither an argument nor pickled."""
        self._warm = self.queries.warm
        self._rankings: dict[str, Ranking] = {}
        predictor: Predictor | None = None if self.source == "table" else self.surrogate
        if predictor is not None and not isinstance(predictor, TabulatedSurrogate):
            predictor = CachedSurrogate(predictor, self.cache_size)
        self._predictor = predictor
        self._measured = None if self.table is None or self.source == "surrogate" else Measured(self.table)
        self._trainings = PartialTrainings(
            None if self.source == "surrogate" else self.table,
            None if self.source == "table" else self.curves,
            self.cache_size,
        )
        predicted = () if predictor is None else predictor.tasks_
        known = () if self._measured is None else self._measured.tasks
        self._tasks: tuple[str, ...] = tuple(dict.fromkeys((*predicted, *known)))

    def _first_time(self, arch: str, task: str) -> float:
        string, (name,) = asked_arch(arch, self.space), self._check_tasks([task])
        known = self._warm.get(name, {}).get(string)
        if known is not None:
            return known()
        value = float(self._require((string,), (name,)).value[0, 0])
        self.queries.record([(string, name)])
        self.queries.remember(string, name, value)
        return value

    def _everywhere(self, task: str) -> NDArray[np.float64]:
        return self._find(self.space.archs, (task,)).value[:, 0]

    @cached_property
    def _published(self) -> Answers:
        return self._find(self.space.archs, self.tasks)

    def _find(self, archs: tuple[str, ...], tasks: tuple[str, ...]) -> Answers:
        """Answers for n valid architectures on known tasks: measured, else predicted, else NaN."""
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
        """As `_find`, without missing values.

        Raises:
            TableError: If a value was neither measured nor predicted.
        """
        answers = self._find(archs, tasks)
        for row, column in np.argwhere(np.isnan(answers.value)):
            if self._predictor is not None:
                why = f"the surrogate predicts only {', '.join(self._predictor.tasks_)}"
            elif self.surrogate is not None:
                why = "use source='auto' or 'surrogate' to predict it"
            else:
                why = "use a surrogate to predict it"
            raise TableError(f"{archs[row]!r} was not measured on {tasks[column]}; {why}")
        return answers

    def _after(self, archs: tuple[str, ...], tasks: tuple[str, ...], epoch: int) -> Answers:
        """Answers after an epoch, recorded as trainings until then.

        Raises:
            TableError: If there is no such epoch, or a value was neither measured nor predicted.
        """
        value, std = np.full((2, len(archs), len(tasks)), np.nan)
        measured = np.zeros(value.shape, dtype=bool)
        positions = [self._trainings.position(task, epoch) for task in tasks]
        for column, (task, position) in enumerate(zip(tasks, positions, strict=True)):
            value[:, column], std[:, column], measured[:, column] = self._trainings.values(archs, task, position)
            if np.isnan(value[:, column]).any():
                arch = archs[int(np.isnan(value[:, column]).argmax())]
                raise TableError(
                    f"{arch!r} was not measured on {task} after epoch {position}; learning curves would predict it: "
                    "Oracle(surrogate, table, curves=LearningCurveSurrogate().fit(table))"
                )
        for task, position in zip(tasks, positions, strict=True):
            self.queries.record_epochs([(arch, task) for arch in archs], position + 1, self._trainings.epochs(task))
        in_domain = np.array([arch in self.space for arch in archs], dtype=bool)
        return Answers(archs, tasks, value, std, measured, in_domain, np.full(len(archs), np.nan))

    def _novelty(self, answers: Answers) -> NDArray[np.float64]:
        """Novelty of the n architectures of answers, of shape (n,); NaN if all of one is measured, or not known."""
        novelty = np.full(len(answers.archs), np.nan)
        rows = np.flatnonzero(~answers.measured.all(axis=1)).tolist()
        if self._predictor is not None and rows:
            novelty[rows] = novelty_of(self._predictor, [answers.archs[row] for row in rows])
        return novelty

    def _ranked(self, answers: Answers) -> Answers:
        """Answers with ranks as in `rank`, where the rank of a published architecture is that in the whole space."""
        rank = np.empty(answers.value.shape, dtype=np.int64)
        for row, arch in enumerate(answers.archs):
            rank[row] = [self.rank(arch, task) for task in answers.tasks]
        published = np.array([len(self.ranking(task)) for task in answers.tasks], dtype=np.int64)
        return replace(answers, rank=rank, of=published + ~answers.in_domain[:, None])

    def _check_tasks(self, tasks: Iterable[str] | str | None) -> tuple[str, ...]:
        if tasks is None:
            return self.tasks
        names = list(tasks) if isinstance(tasks, Iterable) and not isinstance(tasks, str) else [tasks]
        return tuple(self._choose(name) for name in names)

    def _choose(self, name: str) -> str:
        """The task of a name: of the surrogate or the table, or any metric of the table."""
        if name in self._tasks:
            return name
        if self._measured is not None and self.table is not None and isinstance(name, str) and "/" in name:
            with suppress(UnknownNameError):
                return self.table.task(name).name
        return choose_task(name, self._tasks)
