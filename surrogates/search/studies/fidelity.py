"""Fidelity of a surrogate as a search benchmark: the same searchers on a table and on a surrogate of it.

Two questions, following NAS-Bench-301 (Zela et al., "Surrogate NAS benchmarks", ICLR 2022, section 5): whether the
searchers have the same order when searches on the surrogate are scored by the surrogate, and how much true regret is
added when an architecture is found on the surrogate instead of the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.errors import TableError
from benchmarks.metrics import kendall_tau
from benchmarks.short_repr import ShortRepr
from benchmarks.spaces.registry import get_space
from benchmarks.table import Table
from benchmarks.tasks import TIME, find_task
from surrogates.oracle.predictors import predict_matrix
from surrogates.search.studies.grid import save_study
from surrogates.search.studies.regret import TrueValues, incumbents, last_until

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from surrogates.oracle.predictors import Predictor
    from surrogates.search.studies.grid import FinishedSearch

__all__ = ["Fidelity", "predicted_table"]

ON_TABLE, ON_SURROGATE = "table", "surrogate"
"""The possible sources of a search: what was searched."""
_KEYS = ["source", "method", "task", "seed"]


def predicted_table(predictor: Predictor, table: Table | None = None) -> Table:
    """A table of predictions for the architectures and tasks of a table, clipped to the metrics' bounds.

    Values that are missing in the table (NaN) are missing in the result too; training times of the table are kept.

    Args:
        predictor: A fitted surrogate.
        table: The table; if not given, all published architectures of the surrogate's space and all its tasks.

    Raises:
        TableError: If the surrogate was fitted on another space, or lacks a task.

    Example:
        >>> from surrogates import load_pretrained
        >>> table = Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_top1": [90.0]}})
        >>> predicted_table(load_pretrained("transnas101-macro"), table).value("64-2311-basic", "jigsaw") < 100
        True
    """
    import pandas as pd

    low, high = np.array([find_task(task).metric.bounds for task in predictor.tasks_]).T
    columns = list(predictor.tasks_)
    if table is None:
        archs = list(get_space(predictor.space_).archs)
        mean, _ = predict_matrix(predictor, archs)
        frame = pd.DataFrame(np.clip(mean, low, high), columns=columns)
        frame.insert(0, "arch", archs)
        return Table.from_frame(frame, minimize=getattr(predictor, "minimize_", ()))
    space = table.space.name
    lacking = [task for task in table.results if task not in predictor.tasks_]
    if predictor.space_ != space or lacking:
        raise TableError(
            f"expected a surrogate of {space} that predicts {', '.join(table.results)}, got one of {predictor.space_} "
            f"that predicts {', '.join(predictor.tasks_)}"
        )
    mean, _ = predict_matrix(predictor, list(table.archs))
    frame = pd.DataFrame(np.clip(mean, low, high), index=list(table.archs), columns=columns)
    frame = frame[list(table.results)].where(table.to_frame().notna().to_numpy())
    timed = [task for task in table.tasks if TIME in table.metrics(task)]
    times = {f"{task}/{TIME}": [table.value(arch, task, TIME) for arch in table.archs] for task in timed}
    return Table.from_frame(frame.assign(**times).rename_axis("arch").reset_index(), minimize=table.minimize)


@dataclass(frozen=True, repr=False)
class Fidelity(ShortRepr):
    """Searches on a table and on a surrogate of it.

    Attributes:
        runs: One row per source (``"table"`` or ``"surrogate"``: what was searched), method, task, seed and step:
            seconds (simulated training time so far), regret, rank and top_percent of the best architecture so far by
            the true values; seen_regret by the values of the source. Regret is in the metric's unit, 0 is best; rank 1
            is best; top_percent is 100 x rank / number of measured architectures.

    Example:
        >>> import pandas as pd
        >>> rows = [("table", "a", 0.0), ("table", "b", 1.0), ("surrogate", "a", 0.5), ("surrogate", "b", 2.0)]
        >>> runs = pd.DataFrame([(s, m, "jigsaw", 0, 1, r, r) for s, m, r in rows])
        >>> runs.columns = ["source", "method", "task", "seed", "step", "regret", "seen_regret"]
        >>> Fidelity(runs).agreement()["tau"].tolist()
        [1.0, 1.0]
    """

    runs: pd.DataFrame

    @classmethod
    def from_searches(cls, table: Table, predicted: Table, searches: Iterable[tuple[str, FinishedSearch]]) -> Fidelity:
        """Regret and rank of the incumbents (best architectures so far) of searches.

        Args:
            table: True values.
            predicted: Predictions of the surrogate (`predicted_table`).
            searches: Pairs of a source, ``"table"`` or ``"surrogate"``, and a search on it.
        """
        import pandas as pd

        values = {ON_TABLE: TrueValues(table.oriented()), ON_SURROGATE: TrueValues(predicted.oriented())}
        frames = []
        for source, done in searches:
            archs = [done.history.archs[query] for query in incumbents(done.history)]
            found = values[ON_TABLE].regret(done.task, archs)
            found["seen_regret"] = values[source].regret(done.task, archs)["regret"]
            about: dict[str, Any] = dict(zip(_KEYS, (source, done.method, done.task, done.seed), strict=True))
            frames.append(
                pd.DataFrame(
                    {**about, "step": np.arange(1, len(archs) + 1), "seconds": np.cumsum(done.history.cost)}
                ).join(found)
            )
        return cls(pd.concat(frames, ignore_index=True))

    def to_frame(self, step: int | None = None) -> pd.DataFrame:
        """The `runs`; or, after `step` queries, one row per search (its last one, if it ended earlier).

        Raises:
            ValueError: If `step` < 1.
        """
        return self.runs if step is None else last_until(self.runs, step, _KEYS)

    def regrets(self, step: int | None = None) -> pd.DataFrame:
        """True regret of searching the table and the surrogate, mean over seeds.

        Args:
            step: Number of queries; all by default.

        Returns:
            One row per method and task: regret_table and regret_surrogate (true regret of the architectures found on
            either source, in the metric's unit), added (their difference), rank_table and rank_surrogate (true ranks).
        """
        means = self._at(step).groupby(["method", "task", "source"], sort=False)[["regret", "rank"]].mean().unstack()
        found = means["regret"][[ON_TABLE, ON_SURROGATE]].add_prefix("regret_")
        found["added"] = found[f"regret_{ON_SURROGATE}"] - found[f"regret_{ON_TABLE}"]
        ranks = means["rank"][[ON_TABLE, ON_SURROGATE]].add_prefix("rank_")
        whole: pd.DataFrame = found.join(ranks).rename_axis(columns=None).reset_index()
        return whole

    def agreement(self, step: int | None = None) -> pd.DataFrame:
        """Agreement of the order of the searchers, by mean regret over seeds as measured on each source.

        Args:
            step: Number of queries; all by default.

        Returns:
            One row per task and one for ``"all"``: tau (Kendall's tau-b of the searchers, table against surrogate), and
            tau_seeds (the table against itself, the first half of the seeds against the second), the agreement that
            the randomness of the seeds alone allows. For all tasks, both are the tau-b over all pairs of searchers
            within a task. tau_seeds is not an upper bound of tau: it uses half as many seeds, and searches with the
            same seed start with the same queries on both sources.
        """
        import pandas as pd

        rows = self._at(step)
        on_table, on_surrogate = (rows[rows["source"] == source] for source in (ON_TABLE, ON_SURROGATE))
        seeds = sorted(rows["seed"].unique())
        early = on_table["seed"].isin(seeds[: len(seeds) // 2])
        mine, theirs = _standings(on_table), _standings(on_surrogate)
        first, second = _standings(on_table[early]), _standings(on_table[~early])
        found = [
            {"task": task, "tau": _tau(mine, theirs, [task]), "tau_seeds": _tau(first, second, [task])}
            for task in mine.columns
        ]
        every = list(mine.columns)
        found.append({"task": "all", "tau": _tau(mine, theirs, every), "tau_seeds": _tau(first, second, every)})
        return pd.DataFrame(found)

    def plot(self) -> Figure:
        """Mean true rank of the best so far; one panel per task, one colour per method.

        Against queries; against simulated time if the searches have different numbers of queries.

        Solid lines: searches on the table; dashed lines: searches on the surrogate.

        Raises:
            MissingExtraError: If matplotlib is not installed.
        """
        from surrogates.search.studies.figures import fidelity_figure

        return fidelity_figure(self.runs)

    def save(self, directory: str | Path, plots: bool = True) -> list[Path]:
        """Write ``curves.csv`` (`to_frame`), ``regret.csv``, ``agreement.csv`` and, if `plots`, ``curves.png``.

        Raises:
            MissingExtraError: If `plots` and matplotlib is not installed; nothing is written in that case.
            OSError: If the directory cannot be written.
        """
        figure = self.plot() if plots else None
        tables = {"curves.csv": self.to_frame(), "regret.csv": self.regrets(), "agreement.csv": self.agreement()}
        return save_study(directory, tables, "curves.png", figure)

    def _at(self, step: int | None) -> pd.DataFrame:
        return last_until(self.runs, step, _KEYS)


def _standings(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean regret by the values of the source, methods as rows, tasks as columns."""
    means = rows.groupby(["method", "task"], sort=False)["seen_regret"].mean().unstack().round(12)  # keeps ties equal
    return means.reindex(columns=list(dict.fromkeys(rows["task"])))


def _tau(first: pd.DataFrame, second: pd.DataFrame, tasks: Sequence[str]) -> float:
    """Tau-b of the methods of one task; for several tasks, over all pairs of methods within a task."""
    if first.empty or second.empty:
        return float("nan")
    if len(tasks) == 1:
        return kendall_tau(first[tasks[0]].to_numpy(), second.reindex(first.index)[tasks[0]].to_numpy())
    signs = [
        (np.sign(first.loc[a, task] - first.loc[b, task]), np.sign(second.loc[a, task] - second.loc[b, task]))
        for task in tasks
        for a, b in combinations(first.index, 2)
    ]
    if not signs:
        return float("nan")
    mine, theirs = np.array(signs).T
    untied = np.sqrt((mine != 0).sum() * (theirs != 0).sum())
    return float((mine * theirs).sum() / untied) if untied else float("nan")
