"""`Oracle`: performance of any architecture, measured where available, predicted otherwise."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from benchmarks.errors import TableError, UnknownNameError, choice
from benchmarks.provenance import unlike_published
from benchmarks.spaces.registry import register_again
from surrogates.oracle.answers import Answers, Ranking
from surrogates.oracle.inputs import asked_arch, asked_archs, lowered_by, of_one_space
from surrogates.oracle.space_ranking import SpaceRanking
from surrogates.oracle.tabulated import TabulatedSurrogate
from surrogates.oracle.usage import Queries
from surrogates.oracle.value_sources import ValueSources

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.spaces.space import Space
    from benchmarks.table import Table
    from benchmarks.tasks import Task
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
        self._sources.check_mixture()

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
                name of a space with a bundled surrogate is that one: write ``"./NAME"`` for a folder of its name.
            table: Measured results, preferred over predictions; their training recipe must match the published one.
            source: ``"auto"``, ``"table"`` or ``"surrogate"``, as in the constructor.

        Raises:
            UnknownNameError: If there is no such space, nor a folder.
            ArtefactError: If the folder is no stored surrogate (see `load_surrogate`).
            TableError: If the table is of another space, or `source` is ``"auto"`` and the table's provenance records a
                training recipe other than that of the surrogate.

        Warns:
            UserWarning: If a bundled surrogate is loaded though a folder of its name holds a stored one.

        Example:
            >>> Oracle.from_pretrained("nasbench201").tasks
            ('cifar10', 'cifar100', 'ImageNet16-120')
        """
        from surrogates.pretrained.load import load_answers, names_folder

        if isinstance(space, os.PathLike) or names_folder(space):
            from surrogates.store.load import load_surrogate  # needs what a fit needs

            return cls(load_surrogate(Path(space)), table, source)
        try:
            answers = load_answers(space)
        except UnknownNameError as error:
            raise UnknownNameError(f"{error} (nor is there a folder of that name)") from None
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
        return self._sources.tasks

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
        return self._sources.task(name)

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
        costs: Iterable[str] | str = (),
    ) -> pd.DataFrame:
        """Measured or predicted performance of architectures.

        Args:
            archs: n architecture strings; may be empty.
            tasks: T task names; all by default.
            rank: Whether to add the ranks among all published architectures (see `rank`).
            epoch: Values after this epoch of the training instead of the last, from 0, or backwards from the last if
                negative: measured where the table has every epoch, else predicted by `curves`.
            costs: Costs to show after the tasks of each architecture: ``params`` and ``multiply_adds`` of the backbone
                (for one image), which are exact, and tasks of this oracle that are better when lower, such as a latency
                (see `join`). They do not count as queries.

        Returns:
            DataFrame of n x T rows, grouped by architecture: arch, task, value (in the metric's own unit), std (NaN
            where measured), source (``"table"``, ``"surrogate"``, or ``"exact"`` of a cost), in_domain (whether the
            architecture is a published one), novelty (how unlike the surrogate's training rows: intervals are wider
            from 1 on, see `Answer`); with `rank` also rank and of (number of ranked architectures, including an
            unpublished one itself).

        Raises:
            ArchitectureError: If a string is not an architecture of the space.
            UnknownNameError: If there is no such task; the message names the nearest one.
            TableError: If an architecture was not measured, and there is no surrogate; if there is no such epoch, or
                neither a table with epochs nor `curves`.
            ValueError: If ranks or costs are requested after an epoch, or a cost is better when higher.
        """
        return self.answers(archs, tasks, rank=rank, epoch=epoch, costs=costs).to_frame()

    def answers(
        self,
        archs: Iterable[str],
        tasks: Iterable[str] | str | None = None,
        *,
        rank: bool = False,
        epoch: int | None = None,
        costs: Iterable[str] | str = (),
    ) -> Answers:
        """As `query`, but returns arrays."""
        chosen = self._choose_costs(costs)
        if epoch is not None:
            if rank:
                raise ValueError("expected rank=False with an epoch: ranks are those of final values")
            if chosen:
                raise ValueError("expected no costs with an epoch: they do not depend on it")
            return self._after(asked_archs(archs, self.space), self._sources.choose_all(tasks), epoch)
        answers = self._require(asked_archs(archs, self.space), self._sources.choose_all(tasks))
        answers = replace(answers, novelty=self._sources.novelty(answers))
        self.queries.record((arch, task) for arch in answers.archs for task in answers.tasks)
        if chosen:
            named = tuple(name for name in chosen if name not in answers.tasks)
            answers = answers.beside(self._sources.costs(answers.archs, named, self._advice))
        return self._ranking.ranked(answers) if rank else answers

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
        return self._sources.trainings.epochs(self._sources.choose(task))

    def rank(self, arch: str, task: str) -> int:
        """Rank among all published architectures that have an answer: 1 is best, equal values share a rank.

        An architecture outside the published set gets the rank it would have among them. Ranks do not count as queries.

        Raises:
            ArchitectureError: If the string is not an architecture of the space.
            UnknownNameError: If there is no such task; the message names the nearest one.
            TableError: If the architecture was not measured, and there is no surrogate.
        """
        name, string = self._sources.choose(task), asked_arch(arch, self.space)
        return self._ranking.rank(string, name, lambda: float(self._require((string,), (name,)).value[0, 0]))

    def unfamiliar(self, arch: str) -> str:
        """What is unlike all training rows of the surrogate about an architecture, in words; empty if nothing is.

        Example:
            >>> Oracle.from_pretrained("transnas101-macro").unfamiliar("64-2311-basic")
            ''
        """
        return self._sources.unfamiliar(asked_arch(arch, self.space))

    def ranking(self, task: str) -> Ranking:
        """Ranking of all published architectures on one task, computed once; not counted as queries."""
        return self._ranking.task(task)

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

        chosen = self._sources.choose_all(tasks)
        columns = {task: self.task(task).metric.sign * self.ranking(task).values for task in chosen}
        return pd.DataFrame(columns, index=pd.Index(self.space.archs, name="arch"))

    def best(
        self,
        task: str,
        n: int = 10,
        *,
        constraints: Constraint | str | Iterable[str] = (),
        distinct: bool = True,
        costs: Iterable[str] | str = (),
    ) -> pd.DataFrame:
        """The n best of all published architectures on one task: exact, by their value. Not counted as queries.

        Args:
            task: The task; its metric has the direction.
            n: Number of architectures; all that there are if it is larger.
            constraints: Bounds that all must meet, such as ``["params<=1e6", "normal>0.5"]``, on ``params`` and
                ``multiply_adds`` of the backbone and on tasks of this oracle in their own units (`Bound.parse`).
            distinct: Whether one architecture stands for all that compute the same function: the best of them, of
                equally good ones the cheapest. Otherwise each is listed.
            costs: Costs to show, as in `query`.

        Returns:
            DataFrame, best first, of equally good ones the cheapest first: arch, value (in the metric's own unit), std
            (NaN where measured), rank (among all published architectures, equal values share one), twins (number of
            other architectures that compute the same function and meet the constraints), params, multiply_adds (both
            only if the space has networks), and a column per constrained task and cost.

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

        name = self._sources.choose(task)
        everywhere = self._ranking.answers(name)
        std = everywhere.std[:, everywhere.tasks.index(name)]
        shown = self._choose_costs(costs)
        bounds = as_constraint(constraints)
        return best_architectures(self, name, std, n, constraint=bounds, distinct=distinct, shown=shown)

    def compare(
        self, *archs: str, tasks: Iterable[str] | str | None = None, costs: Iterable[str] | str = ()
    ) -> pd.DataFrame:
        """Architectures side by side: by how much one is better than another, and how sure that is.

        Predictions of near architectures err alike, which narrows the interval of their difference
        (`surrogates.calibration.error_correlation`); where that is not known, as of costs, errors are taken as
        independent. Measured values are those of one training, without the noise of another. Not counted as queries.

        Args:
            archs: Two architecture strings, A and B, or more: then each pair of them.
            tasks: T task names; all by default.
            costs: Costs to compare as well, as in `query`.

        Returns:
            DataFrame of a row a pair and task: a, b, task, unit, value_a, std_a, value_b, std_b (NaN where measured or
            exact), advantage (by how much A is better, in the unit: A - B, or B - A where lower is better), low and
            high (its 90 % interval), p_better (probability that A is better; .5 for twins, which have one prediction),
            rank_a and rank_b (among all published architectures), of (their number), source_a, source_b, correlation
            (of the errors; NaN if not known, or not both are predicted), same_function (whether both compute the same).

        Raises:
            ArchitectureError: If a string is not an architecture of the space.
            UnknownNameError: If there is no such task or cost; the message names the nearest one.
            TableError: If an architecture was not measured, and there is no surrogate.
            ValueError: If there are fewer than two architectures, or a cost is better when higher.

        Example:
            >>> oracle = Oracle.from_pretrained("transnas101-micro")
            >>> found = oracle.compare("64-41414-3_33_333", "64-41414-1_00_000", tasks="jigsaw", costs="params")
            >>> found["task"].tolist(), (found["advantage"] > 0).tolist(), found["p_better"].round(2).tolist()
            (['jigsaw', 'params'], [True, False], [1.0, 0.0])
        """
        from surrogates.oracle.compare import compare_answers
        from surrogates.oracle.exact_costs import exact_cost_task

        if len(archs) < 2:
            hint = "; a list is given as compare(*archs)" if archs and not isinstance(archs[0], str) else ""
            raise ValueError(f"expected at least two architectures to compare, got {len(archs)}{hint}")
        strings, names = asked_archs(archs, self.space), tuple(dict.fromkeys(self._sources.choose_all(tasks)))
        named = tuple(name for name in self._choose_costs(costs) if name not in names)
        answers = self._require(strings, names).beside(self._sources.costs(strings, named, self._advice))
        known = [exact_cost_task(name) if name in answers.exact else self.task(name) for name in answers.tasks]
        rho = self._sources.error_correlation(strings, answers.tasks)
        return compare_answers(self._ranking.ranked(answers), known, self.space.simplify(strings), rho)

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
        self._sources = ValueSources(
            self.space,
            None if self.source == "table" else self.surrogate,
            None if self.source == "surrogate" else self.table,
            None if self.source == "table" else self.curves,
            self._minimize,
            self.cache_size,
        )
        self._ranking = SpaceRanking(self._sources)

    def _first_time(self, arch: str, task: str) -> float:
        string, name = asked_arch(arch, self.space), self._sources.choose(task)
        known = self._warm.get(name, {}).get(string)
        if known is not None:
            return known()
        value = float(self._require((string,), (name,)).value[0, 0])
        self.queries.record([(string, name)])
        self.queries.remember(string, name, value)
        return value

    def _require(self, archs: tuple[str, ...], tasks: tuple[str, ...]) -> Answers:
        """Answers for n valid architectures on known tasks.

        Raises:
            TableError: If a value was neither measured nor predicted.
        """
        return self._sources.require(archs, tasks, self._advice)

    @property
    def _advice(self) -> str:
        """What to do about a value that was neither measured nor predicted."""
        if self.surrogate is None:
            return "use a surrogate to predict it"
        return "use source='auto' or 'surrogate' to predict it"

    def _choose_costs(self, names: Iterable[str] | str) -> tuple[str, ...]:
        listed = [names] if isinstance(names, str) else list(names)
        return tuple(dict.fromkeys(self._sources.choose_cost(name) for name in listed))

    def _after(self, archs: tuple[str, ...], tasks: tuple[str, ...], epoch: int) -> Answers:
        """Answers after an epoch, recorded as trainings until then.

        Raises:
            TableError: If there is no such epoch, or a value was neither measured nor predicted.
        """
        trainings = self._sources.trainings
        positions = [trainings.position(task, epoch) for task in tasks]
        answers = self._sources.after(archs, tasks, positions)
        for task, position in zip(tasks, positions, strict=True):
            self.queries.record_epochs([(arch, task) for arch in archs], position + 1, trainings.epochs(task))
        return answers
