"""Grids of searches: every method on every task with every seed, stored in a folder and resumable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.files import write_beside
from benchmarks.short_repr import ShortRepr
from surrogates.oracle.oracle import Oracle
from surrogates.search.history import History
from surrogates.search.registry import informed_searcher
from surrogates.search.run import check_search, search_objective

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from benchmarks.table import Table
    from surrogates.search.base import Searcher
    from surrogates.search.objective import Objective

__all__ = ["FinishedSearch", "run_grid", "save_study"]


@dataclass(frozen=True, repr=False)
class FinishedSearch(ShortRepr):
    """One search of a grid.

    Attributes:
        method: Name of the searcher.
        task: The task that was searched.
        seed: Seed of the searcher.
        history: The queries of the search.
    """

    method: str
    task: str
    seed: int
    history: History


def run_grid(
    table: Table,
    methods: Sequence[str],
    seeds: Sequence[int],
    budget: int,
    folder: str | Path | None = None,
) -> Iterator[FinishedSearch]:
    """Run every method on every task of a table with every seed; yields each search when it is finished.

    Arguments are checked at the call, before the first search. `transfer` uses the table's other tasks as sources.

    Args:
        table: The values to search, measured or predicted.
        methods: Names of searchers.
        seeds: Seeds of the searchers.
        budget: Number of queries of each search.
        folder: Folder to store the searches in, as ``<method>/<task>/<seed>/history.json``; stored searches are not run
            again. Nothing is stored if not given.

    Raises:
        UnknownNameError: If there is no such method; names the nearest one.
        ValueError: If the budget is not between 1 and the number of architectures measured on a task, or `transfer` is
            among the methods and the table has a single task.

    Example:
        >>> from benchmarks import get_space
        >>> from benchmarks.table import Table
        >>> archs = get_space("transnas101-macro").sample(30, rng=0)
        >>> table = Table.from_logs(archs, {"jigsaw": {"valid_top1": [float(arch.count("4")) for arch in archs]}})
        >>> [(done.method, done.seed, len(done.history)) for done in run_grid(table, ["random", "local"], [0], 5)]
        [('random', 0, 5), ('local', 0, 5)]
    """
    oracle, known = Oracle.from_table(table), table.oriented()
    objectives = {task: check_search(oracle, task, budget) for task in table.tasks}
    searchers = {
        (method, task): informed_searcher(method, 0, partial(known.drop, columns=task))
        for method, task in product(methods, table.tasks)
    }
    return _run(searchers, objectives, seeds, budget, folder)


def save_study(
    folder: str | Path, tables: Mapping[str, pd.DataFrame], picture: str, figure: Figure | None
) -> list[Path]:
    """Write the tables and the figure of a study; without a figure, the one of an earlier run is deleted.

    Args:
        folder: Folder to write to; created if it does not exist.
        tables: File name -> DataFrame to write there as CSV.
        picture: File name of the figure.
        figure: The figure, or None to write none.

    Returns:
        Paths of the written files.

    Raises:
        OSError: If the folder cannot be written to.

    Example:
        >>> import tempfile
        >>> import pandas as pd
        >>> save_study(tempfile.mkdtemp(), {"a.csv": pd.DataFrame({"x": [1]})}, "a.png", None)[0].name
        'a.csv'
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    files = []
    for name, frame in tables.items():
        files.append(place / name)
        with write_beside(files[-1]) as beside:
            frame.to_csv(beside, index=False)
    if figure is None:
        (place / picture).unlink(missing_ok=True)
        return files
    with write_beside(place / picture) as beside:
        figure.savefig(beside, dpi=150)
    return [*files, place / picture]


def _run(
    searchers: Mapping[tuple[str, str], Searcher],
    objectives: Mapping[str, Objective],
    seeds: Sequence[int],
    budget: int,
    folder: str | Path | None,
) -> Iterator[FinishedSearch]:
    for (method, task), searcher in searchers.items():
        for seed in seeds:
            kept = None if folder is None else Path(folder) / method / task / str(seed)
            history = search_objective(searcher, objectives[task], budget, seed, folder=kept)
            yield FinishedSearch(method, task, seed, history)
