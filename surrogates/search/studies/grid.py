"""Grids of searches: every method on every task with every seed, stored in a folder and resumable."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.errors import shown
from benchmarks.files import write_beside
from benchmarks.short_repr import ShortRepr
from benchmarks.spaces.space import Space
from benchmarks.table import Table
from benchmarks.tasks import trained_task
from surrogates.oracle.oracle import Oracle
from surrogates.search.constraints import Constraint, as_constraint
from surrogates.search.history import History, SearchError
from surrogates.search.objective import Objective
from surrogates.search.registry import SearcherLike, informed_searcher, seeded_searcher
from surrogates.search.run import check_search, search_objective

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["FinishedSearch", "run_grid", "save_study"]


@dataclass(frozen=True, repr=False)
class FinishedSearch(ShortRepr):
    """One search of a grid.

    Attributes:
        method: Name of the searcher.
        task: The task that was searched, by the oracle's name for it: ``jigsaw`` for ``jigsaw/valid_top1``.
        seed: Seed of the searcher.
        history: The queries of the search.
    """

    method: str
    task: str
    seed: int
    history: History


def run_grid(
    oracle: object,
    methods: Sequence[str] | Mapping[str, SearcherLike],
    seeds: Sequence[int],
    budget: int | None = None,
    folder: str | Path | None = None,
    *,
    tasks: str | Sequence[str] | None = None,
    max_seconds: float | None = None,
    space: str | Space | None = None,
    constraint: Constraint | None = None,
    constraints: str | Iterable[str] = (),
    minimize: Collection[str] | str = (),
    batch_size: int = 1,
) -> Iterator[FinishedSearch]:
    """Run every method on every task with every seed; yields each search when it is finished.

    Arguments are checked at the call, before the first search. `transfer` uses the oracle's other tasks as sources.

    Args:
        oracle: The values to search: an `Oracle`, a `Table`, or a function of architectures, as in `run_search`.
        methods: Names of searchers, or a name of one's own -> what `run_search` takes as its searcher.
        seeds: Seeds of the searchers.
        budget: Number of queries of each search.
        folder: Folder to store the searches in, as ``<method>/<task>/<seed>/history.json``; stored searches are not run
            again. Nothing is stored if not given.
        tasks: The tasks, each searched on its own; all tasks of an oracle or table if not given.
        max_seconds: Simulated training time of each search in seconds, as in `run_search`.
        space: The space to search; required if the oracle is a function.
        constraint: Bounds on an architecture, as in `run_search`.
        constraints: Further bounds as strings, as in `run_search`.
        minimize: Tasks of a function that are the user's own and better when lower.
        batch_size: Number of architectures per call of the oracle.

    Raises:
        UnknownNameError: If there is no such method or task; names the nearest one.
        ValueError: If there is no method or seed, a name cannot be one of a folder, the limits do not fit the space (as
            in `run_search`), or `transfer` is among the methods and the oracle has a single task.
        TypeError: If a searcher is none, or the seeds are no list.
        SearchError: If a search fails, when it is its turn; names the searcher, task and seed.

    Example:
        >>> from benchmarks import get_space
        >>> from benchmarks.table import Table
        >>> archs = get_space("transnas101-macro").sample(30, rng=0)
        >>> table = Table.from_logs(archs, {"jigsaw": {"valid_top1": [float(arch.count("4")) for arch in archs]}})
        >>> [(done.method, done.seed, len(done.history)) for done in run_grid(table, ["random", "local"], [0], 5)]
        [('random', 0, 5), ('local', 0, 5)]
    """
    limits: dict[str, Any] = {"budget": budget, "max_seconds": max_seconds}
    bounds = as_constraint(constraint, constraints)
    objectives = _objectives(oracle, tasks, space=space, constraint=bounds, minimize=minimize, **limits)
    if not isinstance(seeds, Collection):
        raise TypeError(f"expected a list of seeds, such as range(5), got {shown(seeds)}")
    if not methods or not seeds:
        raise ValueError(f"expected at least one {'seed' if methods else 'searcher'}, got none")
    named = dict(methods) if isinstance(methods, Mapping) else {name: name for name in methods}
    searchers = {
        (_folder_name(name), task): _searcher(searcher, partial(_others, oracle, task))
        for (name, searcher), task in product(named.items(), objectives)
    }
    run = partial(search_objective, batch_size=batch_size, **limits)
    return _run(run, searchers, objectives, seeds, folder)


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
    run: Callable[..., History],
    searchers: Mapping[tuple[str, str], SearcherLike],
    objectives: Mapping[str, Objective],
    seeds: Sequence[int],
    folder: str | Path | None,
) -> Iterator[FinishedSearch]:
    for (method, task), searcher in searchers.items():
        for seed in seeds:
            kept = None if folder is None else Path(folder) / method / task / str(seed)
            try:
                history = run(searcher, objectives[task], seed=seed, folder=kept)
            except SearchError as error:
                raise SearchError(f"{method} on {task} with seed {seed}: {error}", error.history) from error
            yield FinishedSearch(method, task, seed, history)


def _objectives(oracle: object, tasks: str | Sequence[str] | None, **arguments: Any) -> dict[str, Objective]:
    """The objective of each task, by the name that the oracle has for it."""
    if isinstance(oracle, Table):
        oracle = Oracle.from_table(oracle)
    if tasks is None:
        if not isinstance(oracle, Oracle):
            raise ValueError("expected the tasks of an oracle that is a function, got tasks=None")
        tasks = oracle.tasks
    if isinstance(oracle, Oracle) or isinstance(tasks, str):
        names = [tasks] if isinstance(tasks, str) else list(tasks)
        found = [check_search(oracle, task, **arguments) for task in names]
        return {objective.tasks[0]: objective for objective in found}
    together = check_search(oracle, tasks, **arguments)
    return {task: together.only(task) for task in together.tasks}


def _searcher(searcher: SearcherLike, others: Callable[[], pd.DataFrame]) -> SearcherLike:
    """The searcher, checked; `transfer` is given the values of other tasks."""
    if isinstance(searcher, str):
        return informed_searcher(searcher, 0, others)
    seeded_searcher(searcher, 0)
    return searcher


def _others(oracle: object, task: str) -> pd.DataFrame:
    """Values of an oracle's other tasks, higher is better; other metrics of the task itself are left out."""
    import pandas as pd

    if isinstance(oracle, Oracle | Table):
        known = oracle.oriented()
        return known.drop(columns=[name for name in known.columns if trained_task(name) == trained_task(task)])
    return pd.DataFrame()


def _folder_name(name: str) -> str:
    """The name of a searcher, which is also that of a folder."""
    if not isinstance(name, str) or not name.strip(" .") or set(name) & set('/\\:*?"<>|'):
        raise ValueError(
            'expected names of searchers that can be names of folders, not empty and without / \\ : * ? " < > |, '
            f"got {name!r:.200}"
        )
    return name
