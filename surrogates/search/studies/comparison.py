"""Comparison of searchers, one's own among them: ranks with intervals and a paired test, over tasks and seeds.

The protocol is that of comparisons of many methods on many problems (Demsar, "Statistical comparisons of classifiers
over multiple data sets", JMLR 2006): every searcher is run on the same tasks with the same seeds, the searchers are
ranked within each pair of a task and a seed, and each is compared with the best one by Wilcoxon's signed-rank test,
corrected for the number of comparisons by Holm's step-down procedure. Deviation: a pair is a task and a seed, not a
data set, so the test is about these tasks; and the pairs of one seed are resampled together for the intervals, because
searches with the same seed start with the same architectures on every task.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.seeds import as_generator
from benchmarks.short_repr import ShortRepr
from benchmarks.spaces.space import Space
from benchmarks.table import Table
from surrogates.oracle.oracle import Oracle
from surrogates.search.constraints import Constraint, as_constraint
from surrogates.search.objective import open_objective
from surrogates.search.registry import SearcherLike
from surrogates.search.studies.grid import run_grid, save_study
from surrogates.search.studies.regret import TrueValues, incumbents, last_until

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from surrogates.search.studies.grid import FinishedSearch

__all__ = ["SearcherComparison", "allowed_values", "compare_searchers", "holm"]

_KEYS = ["searcher", "task", "seed"]
_RESAMPLES = 10_000


@dataclass(frozen=True, repr=False)
class SearcherComparison(ShortRepr):
    """Results of `compare_searchers`.

    Attributes:
        runs: One row per searcher, task, seed and step (the number of queries so far): seconds (simulated training time
            so far; NaN if unknown), best (value of the best architecture so far, in the metric's unit), regret (its
            difference from the best known value, >= 0), rank (1 is best) and top_percent (100 x rank / number of known
            architectures).

    Example:
        >>> import pandas as pd
        >>> found = [("a", 0, 2.0), ("a", 1, 1.0), ("b", 0, 4.0), ("b", 1, 1.0)]
        >>> runs = pd.DataFrame([(name, "jigsaw", seed, 1, 60.0, 90.0, rank, rank, rank) for name, seed, rank in found])
        >>> runs.columns = ["searcher", "task", "seed", "step", "seconds", "best", "regret", "rank", "top_percent"]
        >>> SearcherComparison(runs).ranking()[["searcher", "mean_rank", "wins", "ties", "losses"]].values.tolist()
        [['a', 1.25, 0, 0, 0], ['b', 1.75, 0, 1, 1]]
    """

    runs: pd.DataFrame

    @classmethod
    def from_searches(
        cls, searches: Sequence[FinishedSearch], values: pd.DataFrame | None = None
    ) -> SearcherComparison:
        """Regret and rank of the best architectures so far.

        Args:
            searches: Finished searches; each searcher on the same tasks with the same seeds.
            values: Known values of all architectures on the tasks, higher is better (`Oracle.oriented`); if not given,
                the values that any of the searches found.

        Raises:
            ValueError: If there is no search, or a searcher lacks a task or seed of another one.
        """
        import pandas as pd

        _check_complete(searches)
        known = TrueValues(_found_values(searches) if values is None else values)
        frames = []
        for done in searches:
            history = done.history
            archs = [history.archs[query] for query in incumbents(history)]
            about: dict[str, Any] = {"searcher": done.method, "task": done.task, "seed": done.seed}
            about |= {"step": np.arange(1, len(history) + 1), "seconds": np.cumsum(history.cost)}
            frames.append(pd.DataFrame({**about, "best": history.best[:, 0]}).join(known.regret(done.task, archs)))
        return cls(pd.concat(frames, ignore_index=True))

    def to_frame(self, step: int | None = None) -> pd.DataFrame:
        """The `runs`; or, after `step` queries, one row per searcher, task and seed.

        A search that ended earlier, by simulated time, is represented by its last query.

        Raises:
            ValueError: If `step` < 1.
        """
        return self.runs if step is None else last_until(self.runs, step, _KEYS)

    def ranking(
        self, step: int | None = None, *, confidence: float = 0.95, rng: int | np.random.Generator | None = 0
    ) -> pd.DataFrame:
        """The searchers in order, over all tasks and seeds.

        Args:
            step: Number of queries; all by default.
            confidence: Coverage of the intervals.
            rng: Random generator of the bootstrap or its seed; the same by default, so that a table can be repeated.

        Returns:
            One row per searcher, best first: searcher; mean_rank (1 is best: rank among the searchers by regret, ties
            share the mean, mean over the tasks and seeds), low and high (percentile bootstrap interval over the seeds;
            NaN with one seed); top_percent (mean over the tasks and seeds); wins, ties and losses (pairs of a task and
            a seed in which its architecture is better or worse than that of the best searcher); p (two-sided Wilcoxon
            signed-rank test of the paired differences in top_percent to the best searcher, a unit that all tasks share;
            NaN for the best itself) and p_holm (corrected for the number of comparisons). The best is chosen on the
            same searches, which makes p somewhat too small; many seeds help.

        Raises:
            ValueError: If `step` < 1, or `confidence` is not between 0 and 1.
        """
        import pandas as pd

        if not 0 < confidence < 1:
            raise ValueError(f"expected 0 < confidence < 1, got {confidence}")
        last = last_until(self.runs, step, _KEYS)
        names, seeds = list(dict.fromkeys(last["searcher"])), list(dict.fromkeys(last["seed"]))
        percents = last.pivot_table(index=["task", "seed"], columns="searcher", values="top_percent", sort=False)[names]
        ranks = percents.rank(axis=1, method="average")
        by_seed = ranks.groupby(level="seed").mean().loc[seeds]
        low, high = _interval(by_seed.to_numpy(), confidence, rng)
        found = pd.DataFrame({"searcher": names, "mean_rank": ranks.mean().to_numpy(), "low": low, "high": high})
        found["top_percent"] = percents.mean().to_numpy()
        best = names[int(found["mean_rank"].to_numpy().argmin())]
        lead = percents.sub(percents[best], axis=0)
        found["wins"] = (lead < 0).sum().to_numpy()
        found["ties"] = [0 if name == best else int((lead[name] == 0).sum()) for name in names]
        found["losses"] = (lead > 0).sum().to_numpy()
        found["p"] = [np.nan if name == best else _wilcoxon(lead[name].to_numpy()) for name in names]
        found["p_holm"] = holm(found["p"].to_numpy())
        return found.sort_values("mean_rank", kind="stable", ignore_index=True)

    def regrets(self, step: int | None = None) -> pd.DataFrame:
        """One row per searcher and task, over the seeds.

        Args:
            step: Number of queries; all by default.

        Returns:
            searcher, task, seeds (their number), queries (mean number), best and regret (means, in the metric's unit),
            regret_sd (standard deviation over the seeds; NaN with one), rank and top_percent (means).
        """
        groups = last_until(self.runs, step, _KEYS).groupby(["searcher", "task"], sort=False)
        columns = {"seeds": ("seed", "count"), "queries": ("step", "mean"), "best": ("best", "mean")}
        columns |= {"regret": ("regret", "mean"), "regret_sd": ("regret", "std"), "rank": ("rank", "mean")}
        whole: pd.DataFrame = groups.agg(**columns, top_percent=("top_percent", "mean")).reset_index()
        return whole

    def plot(self, over: str | None = None) -> Figure:
        """Mean rank of the best so far, one panel per task, and the ranking of the searchers with its intervals.

        Args:
            over: ``"queries"``, or ``"time"`` for simulated hours; time if the searches have different numbers of
                queries, else queries.

        Raises:
            MissingExtraError: If matplotlib is not installed.
            UnknownNameError: If there is no such axis.
            ValueError: If the training times are unknown.
        """
        from surrogates.search.studies.figures import comparison_figure

        return comparison_figure(self.runs, self.ranking(), over)

    def save(self, directory: str | Path, plots: bool = True) -> list[Path]:
        """Write the tables and, if `plots`, the figure ``searchers.png``.

        The tables are ``searchers.csv`` (`ranking`), ``searches.csv`` (`to_frame`) and ``searcher_regret.csv``
        (`regrets`).

        Raises:
            MissingExtraError: If `plots` and matplotlib is not installed; nothing is written in that case.
            OSError: If the directory cannot be written.
        """
        figure = self.plot() if plots else None
        tables = {
            "searchers.csv": self.ranking(),
            "searches.csv": self.to_frame(),
            "searcher_regret.csv": self.regrets(),
        }
        return save_study(directory, tables, "searchers.png", figure)


def compare_searchers(
    searchers: Sequence[str] | Mapping[str, SearcherLike],
    oracle: object,
    tasks: str | Sequence[str] | None = None,
    budget: int | None = None,
    seeds: Sequence[int] = tuple(range(10)),
    *,
    max_seconds: float | None = None,
    space: str | Space | None = None,
    constraint: Constraint | None = None,
    constraints: str | Iterable[str] = (),
    minimize: Collection[str] | str = (),
    batch_size: int = 1,
    folder: str | Path | None = None,
) -> SearcherComparison:
    """Run searchers on the same tasks with the same seeds, and compare what they find.

    Args:
        searchers: Names of searchers (`list_searchers`); or a name of one's own -> such a name, a `Searcher`, a class
            or function that makes one, or a function that proposes architectures (`FunctionSearcher`). Each search
            gets a copy with its seed.
        oracle: An `Oracle`, a `Table` (only measured architectures are searched), or a function of architectures, as in
            `run_search`. Regret and rank are among all its architectures that may be searched; those of a function
            among the ones that any of the searches queried.
        tasks: The tasks, each searched on its own; all tasks of an oracle or table if not given.
        budget: Number of queries of each search.
        seeds: Seeds of the searches; the more, the narrower the intervals.
        max_seconds: Simulated training time of each search, in seconds, besides or instead of `budget`.
        space: The space to search; required if the oracle is a function.
        constraint: Bounds on an architecture, as in `run_search`.
        constraints: Further bounds as strings, as in `run_search`.
        minimize: Tasks of a function that are the user's own and better when lower.
        batch_size: Number of architectures per call of the oracle.
        folder: Folder to store the searches in; those found there are not run again, unfinished ones are resumed.

    Raises:
        ValueError, UnknownNameError, ConstraintError, TypeError: As `run_search`; before the first search.
        SearchError: If a search fails; names the searcher, task and seed.
        ArtefactError: If the folder holds other searches.

    Example:
        >>> from surrogates import Oracle
        >>> from surrogates.search import compare_searchers
        >>> def mutate_the_best(space, archs, values, rng):
        ...     return space.mutate(archs[values.argmax()], rng) if archs else space.sample(5, rng)
        >>> oracle = Oracle.from_pretrained("transnas101-macro")
        >>> searchers = {"mine": mutate_the_best, "random": "random"}
        >>> found = compare_searchers(searchers, oracle, ["jigsaw", "normal"], budget=40, seeds=range(5))
        >>> found.ranking()["searcher"].tolist()
        ['mine', 'random']
    """
    bounds = as_constraint(constraint, constraints)
    searches = list(
        run_grid(
            oracle,
            searchers,
            seeds,
            budget,
            folder,
            tasks=tasks,
            max_seconds=max_seconds,
            space=space,
            constraint=bounds,
            minimize=minimize,
            batch_size=batch_size,
        )
    )
    return SearcherComparison.from_searches(searches, allowed_values(oracle, searches, bounds))


def allowed_values(
    oracle: object, searches: Sequence[FinishedSearch], constraint: Constraint | None = None
) -> pd.DataFrame | None:
    """Values of the architectures of an oracle that meet a constraint, higher is better; None of a function."""
    if isinstance(oracle, Table):
        oracle = Oracle.from_table(oracle)
    if not isinstance(oracle, Oracle):
        return None
    values = oracle.oriented(list(dict.fromkeys(done.task for done in searches)))
    allowed = {task: open_objective(oracle, str(task), constraint=constraint).allowed for task in values}
    return values.where(np.column_stack(list(allowed.values())))


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """P values corrected for the number of tests by Holm's step-down procedure; NaN is no test.

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics, 1979.

    Args:
        p: P values of m tests, of shape (m,).

    Example:
        >>> holm(np.array([0.01, 0.04, 0.03, np.nan])).tolist()
        [0.03, 0.06, 0.06, nan]
    """
    corrected = np.full(len(p), np.nan)
    order = np.argsort(p, kind="stable")[: int((~np.isnan(p)).sum())]  # NaN sorts last
    tests_left = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * tests_left), 1.0)
    return corrected


def _wilcoxon(differences: NDArray[np.float64]) -> float:
    """Two-sided p value of the signed-rank test without zero differences; 1 if all are zero."""
    from scipy.stats import wilcoxon

    used = differences[differences != 0]
    return float(wilcoxon(used).pvalue) if len(used) else 1.0


def _check_complete(searches: Sequence[FinishedSearch]) -> None:
    """Check that every searcher has the same searches."""
    if not searches:
        raise ValueError("expected at least one search, got none")
    pairs = [(done.task, done.seed) for done in searches]
    for name in dict.fromkeys(done.method for done in searches):
        mine = [(done.task, done.seed) for done in searches if done.method == name]
        if set(mine) != set(pairs) or len(set(mine)) < len(mine):
            raise ValueError(
                f"expected each searcher once on every task with every seed, got {len(mine)} searches of {name!r:.200} "
                f"and {len(set(pairs))} different pairs of a task and a seed"
            )


def _found_values(searches: Sequence[FinishedSearch]) -> pd.DataFrame:
    """Values that any of the searches found, higher is better, tasks as columns."""
    import pandas as pd

    found: dict[str, dict[str, float]] = {}
    for done in searches:
        values = (done.history.values * done.history.signs)[:, 0]
        found.setdefault(done.task, {}).update(zip(done.history.archs, values.tolist(), strict=True))
    return pd.DataFrame({task: pd.Series(values) for task, values in found.items()})


def _interval(
    ranks: NDArray[np.float64], confidence: float, rng: int | np.random.Generator | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Percentile bootstrap interval of the column means of ranks of shape (S, M); NaN if S is 1."""
    seeds, searchers = ranks.shape
    if seeds == 1:
        return np.full(searchers, np.nan), np.full(searchers, np.nan)
    drawn = as_generator(rng).multinomial(seeds, np.full(seeds, 1 / seeds), size=_RESAMPLES)
    low, high = np.quantile(drawn @ ranks / seeds, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    return low, high
