"""UnNAS study: search on one task, evaluate on another, for all ordered pairs of tasks.

After Liu et al., "Are labels necessary for neural architecture search?" (ECCV 2020), who rank and search architectures
on label-free pretext tasks and evaluate them on supervised tasks. Here every task of a table is searched, and the
architectures found are looked up on every other task. Deviations: the searches are those of this package on a table,
not DARTS; of the paper's pretext tasks the benchmarks have jigsaw puzzles, and the autoencoder replaces rotation
prediction and colourisation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.errors import TableError, choice
from benchmarks.metrics import kendall_tau, spearman_rho
from benchmarks.short_repr import ShortRepr
from benchmarks.table import Table
from surrogates.search.studies.grid import run_grid, save_study
from surrogates.search.studies.regret import TrueValues

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from matplotlib.figure import Figure

    from surrogates.search.studies.grid import FinishedSearch

__all__ = ["LABEL_FREE", "UnNASStudy", "unnas_searches", "unnas_study"]

LABEL_FREE = ("jigsaw", "autoencoder")
"""Tasks whose labels are derived from the images themselves."""
TOP = 0.1
"""Fraction of the architectures in the top set."""
_CORRELATIONS = ("kendall", "spearman", "top_kendall", "top_spearman", "top_overlap")
_DEPLOYED = ("regret", "rank", "top_percent")
_MEANS = ("kendall", "top_kendall", "top_overlap", "spearman", "rank", "top_percent")


@dataclass(frozen=True, repr=False)
class UnNASStudy(ShortRepr):
    """Results of `unnas_study`.

    Attributes:
        correlations: One row per ordered pair of tasks: source, target, n (architectures), kendall (tau-b), spearman
            (rho); top_kendall and top_spearman: the same among the top 10 % by the source; top_overlap: share of the
            target's top 10 % that is also in the source's.
        deployed: One row per source, target and seed: source, target, seed, arch (the best found by a search on the
            source), regret (on the target, in its metric's unit), rank (1 is best), top_percent (100 x rank / n). Rows
            with equal source and target are searches on the target's own labels.

    Example:
        >>> import pandas as pd
        >>> rows = pd.DataFrame([{"source": "a", "target": "b", "seed": seed, "rank": 3.0 + seed} for seed in (0, 1)])
        >>> float(UnNASStudy(pd.DataFrame(), rows).matrix("rank").loc["a", "b"])
        3.5
    """

    correlations: pd.DataFrame
    deployed: pd.DataFrame

    @classmethod
    def from_searches(cls, table: Table, searches: Iterable[FinishedSearch]) -> UnNASStudy:
        """Evaluate the best architecture of every search on every task of a table.

        Raises:
            TableError: If the table has fewer than two tasks, or two architectures measured on all of them.
        """
        import pandas as pd

        table = _complete(table)
        values = TrueValues(table.oriented())
        found = [(done.task, done.seed, done.history.best_arch()) for done in searches]
        frames = []
        for target in table.results:
            frame = pd.DataFrame(found, columns=["source", "seed", "arch"])
            frame.insert(1, "target", target)
            frames.append(frame.join(values.regret(target, list(frame["arch"]))))
        return cls(_correlations(table), pd.concat(frames, ignore_index=True))

    def matrix(self, value: str) -> pd.DataFrame:
        """One value, mean over the seeds, of shape (T, T): sources as rows, targets as columns.

        Args:
            value: A column of `correlations` or `deployed`; correlations have NaN on the diagonal.

        Raises:
            UnknownNameError: If there is no such column; names the nearest one.
        """
        rows = self.correlations if choice(value, (*_CORRELATIONS, *_DEPLOYED), "value") in _CORRELATIONS else None
        rows = self.deployed if rows is None else rows
        tasks = list(dict.fromkeys(self.deployed["target"]))
        order = list(dict.fromkeys([*self.deployed["source"], *tasks]))
        matrix = rows.groupby(["source", "target"])[value].mean().unstack()
        return matrix.reindex(index=order, columns=tasks)

    def to_frame(self) -> pd.DataFrame:
        """One row per ordered pair of tasks, including equal ones: all values, search results as means over seeds."""
        means = self.deployed.groupby(["source", "target"], sort=False)[list(_DEPLOYED)].mean().reset_index()
        return means.merge(self.correlations, on=["source", "target"], how="left")

    def by_source(self) -> pd.DataFrame:
        """One row per searched task: means over the supervised target tasks, except itself.

        Returns:
            source, label_free (whether its labels are derived from the images), kendall, top_kendall, top_overlap,
            spearman, rank and top_percent. A task without another supervised task as target has no row.
        """
        pairs = self.to_frame()
        others = pairs[(pairs["source"] != pairs["target"]) & ~pairs["target"].isin(LABEL_FREE)]
        means = others.groupby("source", sort=False)[[*_MEANS]].mean().reset_index()
        order = means["source"].map(list(dict.fromkeys(pairs["source"])).index)
        means.insert(1, "label_free", means["source"].isin(LABEL_FREE))
        return means.iloc[np.argsort(order.to_numpy(), kind="stable")].reset_index(drop=True)

    def plot(self) -> Figure:
        """Two heatmaps over pairs of tasks: Kendall's tau, and the regret and rank of searching one for the other.

        Raises:
            MissingExtraError: If matplotlib is not installed.
        """
        from surrogates.search.studies.figures import unnas_figure

        return unnas_figure({value: self.matrix(value) for value in (*_CORRELATIONS, *_DEPLOYED)})

    def save(self, directory: str | Path, plots: bool = True) -> list[Path]:
        """Write ``unnas.csv`` (`to_frame`), ``unnas_searches.csv`` (`deployed`) and, if `plots`, ``unnas.png``.

        Raises:
            MissingExtraError: If `plots` and matplotlib is not installed; nothing is written in that case.
            OSError: If the directory cannot be written.
        """
        figure = self.plot() if plots else None
        tables = {"unnas.csv": self.to_frame(), "unnas_searches.csv": self.deployed}
        return save_study(directory, tables, "unnas.png", figure)


def unnas_study(
    table: Table, method: str = "evolution", budget: int = 100, seeds: Sequence[int] = tuple(range(10))
) -> UnNASStudy:
    """Search on every task of a table and evaluate on every other one.

    Args:
        table: True values of one space on at least two tasks; only architectures measured on all tasks are used.
        method: Name of a searcher; not ``"transfer"``, which would use the target task.
        budget: Number of queries of each search.
        seeds: Seeds of the searches.

    Raises:
        TableError: If the table has fewer than two tasks, or two architectures measured on all of them.
        ValueError: If the method is ``"transfer"``, or the budget is not between 1 and the number of architectures.
        UnknownNameError: If there is no such method; names the nearest one.

    Example:
        >>> import pandas as pd
        >>> from benchmarks import get_space
        >>> archs = get_space("transnas101-macro").sample(50, rng=0)
        >>> fours = [arch.count("4") for arch in archs]
        >>> table = Table.from_frame(pd.DataFrame({"arch": archs, "jigsaw": fours, "class_scene": fours}))
        >>> study = unnas_study(table, "random", budget=20, seeds=[0])
        >>> float(study.matrix("kendall").loc["jigsaw", "class_scene"])
        1.0
    """
    return UnNASStudy.from_searches(table, unnas_searches(table, method, budget, seeds))


def unnas_searches(table: Table, method: str, budget: int, seeds: Sequence[int]) -> Iterator[FinishedSearch]:
    """Yield each search of `unnas_study` when it is finished; same arguments and errors, raised at the call."""
    if method == "transfer":
        raise ValueError("expected a searcher that does not use the target tasks, got 'transfer', which does")
    return run_grid(_complete(table), [method], seeds, budget)


def _correlations(table: Table) -> pd.DataFrame:
    import pandas as pd

    values = {task: column.to_numpy() for task, column in table.oriented().items()}
    count = max(2, round(TOP * len(table)))
    top = {task: np.argsort(-column, kind="stable")[:count] for task, column in values.items()}
    rows = []
    for source in table.results:
        for target in (task for task in table.results if task != source):
            a, b, best = values[source], values[target], top[source]
            rows.append(
                {
                    "source": source,
                    "target": target,
                    "n": len(table),
                    "kendall": kendall_tau(b, a),
                    "spearman": spearman_rho(b, a),
                    "top_kendall": kendall_tau(b[best], a[best]),
                    "top_spearman": spearman_rho(b[best], a[best]),
                    "top_overlap": len(np.intersect1d(best, top[target])) / count,
                }
            )
    return pd.DataFrame(rows)


def _complete(table: Table) -> Table:
    """The part of the table whose architectures are measured on all tasks."""
    whole = table.to_frame().dropna().index
    if len(table.results) < 2 or len(whole) < 2:
        raise TableError(
            "expected a table of at least two tasks with two architectures measured on all of them, got "
            f"{len(whole):,} measured on {', '.join(table.results)}"
        )
    return table if len(whole) == len(table) else table.where(archs=whole)
