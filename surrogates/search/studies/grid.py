"""Many searches: every method on every task with every seed, kept in a folder and taken up again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.errors import choice
from benchmarks.files import claim_folder, write_beside
from surrogates.search.base import Searcher
from surrogates.search.history import History
from surrogates.search.registry import list_searchers, make_searcher
from surrogates.search.run import run_search

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from benchmarks.table import Table

__all__ = ["FinishedSearch", "claim_study_folder", "informed_searcher", "run_grid", "save_study"]

_TRANSFER = "transfer"


@dataclass(frozen=True)
class FinishedSearch:
    """One search of a grid.

    Attributes:
        method: Name of the searcher.
        task: What was searched for.
        seed: Of the searcher.
        history: Its queries.
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
    """Run every method on every task of a table with every seed; each search as soon as it is done.

    `transfer` knows the table's other tasks.

    Args:
        table: What is searched: true values, or predicted ones.
        methods: Names of searchers.
        seeds: Of the searchers.
        budget: Queries of each search.
        folder: Where to keep them: ``<method>/<task>/<seed>/history.json``. What is there is not run again.

    Raises:
        UnknownNameError: Before the work, if there is no such method; names the nearest one.
        ValueError: If the budget is not between 1 and the number of architectures measured on a task, or `transfer` is
            wanted of a single task.

    Example:
        >>> from benchmarks import get_space
        >>> from benchmarks.table import Table
        >>> archs = get_space("transnas101-macro").sample(30, rng=0)
        >>> table = Table.from_logs(archs, {"jigsaw": {"valid_top1": [float(arch.count("4")) for arch in archs]}})
        >>> [(done.method, done.seed, len(done.history)) for done in run_grid(table, ["random", "local"], [0], 5)]
        [('random', 0, 5), ('local', 0, 5)]
    """
    for method in methods:
        choice(method, list_searchers(), "searcher")
    known = table.oriented()
    for method in methods:
        for task in table.tasks:
            for seed in seeds:
                kept = None if folder is None else Path(folder) / method / task / str(seed)
                searcher = informed_searcher(method, seed, known.drop(columns=task))
                yield FinishedSearch(method, task, seed, run_search(searcher, table, task, budget, seed, folder=kept))


def informed_searcher(method: str, seed: int, others: pd.DataFrame, **params: Any) -> Searcher:
    """A searcher by name; `transfer` is given what is known of other tasks.

    Args:
        method: Its name.
        seed: Its random state.
        others: Other tasks' values, higher is better, of shape (n, S), indexed by architecture.
        params: Its other parameters.

    Raises:
        UnknownNameError: If there is no such method or parameter; names the nearest one.
        ValueError: If `transfer` has no other task to learn from.

    Example:
        >>> import pandas as pd
        >>> informed_searcher("random", 3, pd.DataFrame())
        RandomSearch(random_state=3)
    """
    if method == _TRANSFER:
        if not others.shape[1]:
            raise ValueError("the searcher 'transfer' learns from other tasks: expected one besides those searched")
        params["sources"] = others
    return make_searcher(method, seed, **params)


def claim_study_folder(folder: str | Path, about: Mapping[str, Any]) -> Path:
    """Make a folder that of one study, or check that it is: later runs may add to it, but not mix two studies.

    Args:
        folder: Made if it does not exist.
        about: What all searches in it have in common, as JSON values; kept in ``study.json``.

    Raises:
        ArtefactError: If it holds another study, or files of something else.
        OSError: If it cannot be written.

    Example:
        >>> import tempfile
        >>> folder = claim_study_folder(Path(tempfile.mkdtemp()) / "study", {"table": "abc"})
        >>> claim_study_folder(folder, {"table": "abc"}) == folder
        True
    """
    return claim_folder(folder, about, "study")


def save_study(
    folder: str | Path, tables: Mapping[str, pd.DataFrame], picture: str, figure: Figure | None
) -> list[Path]:
    """Write the tables and the picture of a study; without a figure, a picture of an older run is removed.

    Args:
        folder: Made if it does not exist.
        tables: File name -> what to write there as csv.
        picture: File name of the figure.
        figure: What to draw; None = nothing.

    Returns:
        The files that were written.

    Raises:
        OSError: If the folder cannot be written.

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
