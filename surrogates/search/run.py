"""One search: a searcher asks, an oracle answers, a history remembers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.spaces.space import Space
from surrogates.search.base import Searcher
from surrogates.search.checkpoint import SearchCheckpoint
from surrogates.search.constraints import Constraint
from surrogates.search.describe import describe_search
from surrogates.search.errors import expect
from surrogates.search.history import History
from surrogates.search.objective import Objective, open_objective
from surrogates.search.registry import seeded_searcher

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = ["check_search", "run_search"]


def run_search(
    searcher: str | Searcher,
    oracle: object,
    task: str | Sequence[str],
    budget: int,
    seed: int = 0,
    *,
    space: str | Space | None = None,
    constraint: Constraint | None = None,
    batch_size: int = 1,
    folder: str | Path | None = None,
    progress: bool = False,
) -> History:
    """Search for good architectures.

    Args:
        searcher: A name (`list_searchers`), or a searcher; it is not changed, a copy with this seed searches.
        oracle: An `Oracle`, a `Table` (what was measured is searched), or a function: a list of n architectures in,
            values of shape (n,) or (n, T) in the tasks' own units out.
        task: One task or several, whose metrics say what is better; a name of no benchmark is better when higher.
        budget: Architectures to ask about.
        seed: Of the searcher. The same seed gives the same search.
        space: What to search; needed if the oracle is a function.
        constraint: What an architecture may cost.
        batch_size: Architectures the oracle is asked about at once; when it fails on one, its answers for those after
            that one are not kept.
        folder: Where to keep the history. A search that stopped there is taken up again, also with a larger budget: the
            searcher is told once more what it was told before. A function is not asked again; an oracle or table is, to
            see that it is still the same.
        progress: Show a bar on the standard error.

    Returns:
        The queries, in order.

    Raises:
        ValueError: If the budget is not between 1 and the number of architectures that may be asked, or
            `batch_size` < 1.
        ConstraintError: If no architecture meets the constraint; names the smallest there is.
        UnknownNameError: If there is no such searcher, task or space; names the nearest one.
        TypeError: If something else is given for one of these.
        ArtefactError: If the folder holds another search or one of another oracle, or is damaged.
        SearchError: If the oracle fails or returns something that is no finite number, or the searcher raises; its
            `history` (also in the folder) holds what was answered before.

    Example:
        >>> from surrogates import Oracle
        >>> history = run_search("random", Oracle.from_pretrained("transnas101-micro"), "class_scene", budget=20)
        >>> history.to_frame().columns.tolist()
        ['step', 'arch', 'value', 'best', 'cost']
    """
    source, allowed = check_search(oracle, task, budget, space=space, constraint=constraint)
    agent = seeded_searcher(searcher, seed)
    expect(batch_size, Integral, "batch_size", "an integer")
    if batch_size < 1:
        raise ValueError(f"expected batch_size >= 1, got {batch_size}")
    agent.start(source.space, len(source.tasks), lambda archs: allowed)
    search = describe_search(agent, seed, batch_size, constraint)
    record = SearchCheckpoint(source, search, None if folder is None else Path(folder))
    with _bar(progress, budget) as bar:
        try:
            while len(record.archs) < budget:
                _one_batch(agent, record, source, batch_size, budget)
                if bar is not None:
                    bar.update(bar.task_ids[0], completed=len(record.archs))
                record.save_if_due()
        finally:
            record.save()
    return record.history(budget)


def check_search(
    oracle: object,
    task: str | Sequence[str],
    budget: int,
    *,
    space: str | Space | None = None,
    constraint: Constraint | None = None,
) -> tuple[Objective, np.ndarray]:
    """Find out whether a search is possible before anything is asked or written; parameters as of `run_search`.

    Returns:
        What answers, and which architectures of its space may be asked about, of shape (n,).

    Raises:
        ValueError: If the budget is not between 1 and the number of architectures that may be asked.
        ConstraintError: If no architecture meets the constraint; names the smallest there is.
        UnknownNameError: If there is no such task or space; names the nearest one.
        TypeError: If something else is given for one of these.

    Example:
        >>> from surrogates import Oracle
        >>> check_search(Oracle.from_pretrained("transnas101-micro"), "jigsaw", budget=5000)
        Traceback (most recent call last):
        ...
        ValueError: expected 1 <= budget <= 4,096 (the architectures of transnas101-micro), got 5000
    """
    source = open_objective(oracle, task, space)
    allowed = source.known
    expect(budget, Integral, "budget", "an integer")
    expect(constraint, Constraint | None, "constraint", "a Constraint or None")
    if constraint is not None:
        allowed = constraint.check(source.space, allowed)
    _check_budget(budget, int(allowed.sum()), source, constraint)
    return source, allowed


def _one_batch(agent: Searcher, record: SearchCheckpoint, source: Objective, batch_size: int, budget: int) -> None:
    """Ask for a whole batch, so that a longer search begins like a shorter one; measure what the budget allows."""
    start = record.replayed
    with _contract(record, budget, "was asked"):
        batch = agent.ask(batch_size)
    stop = min(start + len(batch), budget)
    known = min(stop, len(record.archs))
    record.check(start, batch[: known - start])
    if known < stop:
        fresh = batch[known - start : stop - start]
        try:
            values = source.measure(fresh)
        except Exception as error:
            raise record.failed(f"the oracle raised {type(error).__name__}: {error}", budget) from error
        finite = np.isfinite(values)
        good = len(fresh) if finite.all() else int(finite.all(axis=1).argmin())
        record.add(fresh[:good], values[:good])
        if good < len(fresh):
            raise record.failed(f"the oracle returned {values[good].tolist()} for {fresh[good]!r}", budget)
    if stop - start == len(batch):  # else the budget ends within this batch, and nobody asks again
        with _contract(record, budget, "was told values"):
            agent.tell(batch, np.array(record.values[start:stop]) * record.signs)
    record.replayed = stop


@contextmanager
def _contract(record: SearchCheckpoint, budget: int, when: str) -> Iterator[None]:
    """A searcher that raises ends the search; what was answered is kept."""
    try:
        yield
    except Exception as error:
        raise record.failed(f"the searcher raised {type(error).__name__} when it {when}: {error}", budget) from error


def _check_budget(budget: int, available: int, source: Objective, constraint: Constraint | None) -> None:
    if 1 <= budget <= available:
        return
    what = f"the architectures of {source.space}"
    if not source.known.all():
        what += " that were measured"
    if constraint is not None:
        what += f"{' and' if not source.known.all() else ' that'} have {constraint}"
    raise ValueError(f"expected 1 <= budget <= {available:,} ({what}), got {budget}")


def _bar(progress: bool, budget: int) -> AbstractContextManager[Any]:
    if not progress:
        return nullcontext()
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True))
    bar.add_task("searching", total=budget)
    return bar
