"""Run one search: ask a searcher for architectures, query the oracle, tell the values back, record a `History`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.errors import check_type
from benchmarks.spaces.registry import own_space
from benchmarks.spaces.space import Space
from benchmarks.user_errors import user_place
from surrogates.search.base import Searcher
from surrogates.search.checkpoint import SearchCheckpoint
from surrogates.search.constraints import Constraint
from surrogates.search.describe import describe_search
from surrogates.search.history import History
from surrogates.search.limits import SearchLimits
from surrogates.search.objective import Objective, open_objective
from surrogates.search.registry import SearcherLike, seeded_searcher

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
__all__ = ["check_search", "run_search", "search_objective"]


def run_search(
    searcher: SearcherLike,
    oracle: object,
    task: str | Sequence[str],
    budget: int | None = None,
    seed: int = 0,
    *,
    max_seconds: float | None = None,
    space: str | Space | None = None,
    constraint: Constraint | None = None,
    constraints: str | Iterable[str] = (),
    minimize: Collection[str] | str = (),
    batch_size: int = 1,
    folder: str | Path | None = None,
    progress: bool = False,
) -> History:
    """Search for good architectures.

    Args:
        searcher: A name (`list_searchers`); a searcher, which is not modified: a copy with this seed is used; or a
            function that proposes architectures (see `FunctionSearcher`). A searcher's parameter ``cost`` may name a
            task of the oracle that is better when lower.
        oracle: An `Oracle`, a `Table` (only measured architectures are searched), or a function from a list of n
            architectures to values of shape (n,) or (n, T) in the tasks' own units.
        task: One task or several. The metric of a task gives its direction; a task of no benchmark is maximised unless
            it is in `minimize`.
        budget: Number of architectures to query; may be left out if `max_seconds` is given.
        seed: Seed of the searcher. The same seed gives the same search.
        max_seconds: Maximum simulated training time of all queries together (the sum of `History.cost`). The search
            ends before the first query that would exceed it, also within a batch: later queries of that batch are not
            measured either, even if they are shorter.
        space: The space to search; required if the oracle is a function.
        constraint: Bounds on an architecture.
        constraints: Further bounds as strings, such as ``["params<=1e6", "latency_ms<=5"]`` (`Bound.parse`): on costs
            of the backbone, and on tasks of an oracle or table, which may have been joined to it (`Oracle.join`).
        minimize: Tasks of a function that are the user's own and better when lower (an oracle or table knows its
            directions); names that say so, such as ``test_error``, are refused without it.
        batch_size: Number of architectures per call of the oracle; if the oracle fails on one of them, the values of
            those after it are discarded.
        folder: Folder to store the history in. An interrupted search found there is resumed, also with other
            limits: the stored values are told to the searcher again. A function is not called again for them; an
            oracle or table is, to check that it still returns the same values. A search by a function or class of your
            own whose code has changed since is refused.
        progress: Show a progress bar on standard error.

    Returns:
        The queries, in order.

    Raises:
        ValueError: If there is neither a budget nor `max_seconds`, the budget is not between 1 and the number of
            allowed architectures, `max_seconds` is less than the shortest training, the training time of an
            architecture is unknown (a task of no benchmark, without times in a table), or `batch_size` < 1.
        ConstraintError: If no architecture meets the constraints; names the nearest bounds that one meets.
        UnknownNameError: If there is no such searcher, task or space, or a task's name is refused; names the nearest.
        TypeError: If an argument has the wrong type.
        ArtefactError: If the folder holds another search or one of another oracle, or is damaged.
        SearchError: If the oracle fails or returns a value that is not finite, the searcher raises or asks for what it
            must not (an architecture twice, an unknown or forbidden one, none at all), or the first query exceeds
            `max_seconds`; its `history` (also stored in the folder) holds the queries before.

    Example:
        >>> from surrogates import Oracle
        >>> history = run_search("random", Oracle.from_pretrained("transnas101-micro"), "class_scene", budget=20)
        >>> history.to_frame().columns.tolist()
        ['step', 'arch', 'value', 'best', 'cost']
    """
    objective = check_search(
        oracle,
        task,
        budget,
        max_seconds=max_seconds,
        space=space,
        constraint=constraint,
        constraints=constraints,
        minimize=minimize,
    )
    return search_objective(
        searcher,
        objective,
        budget,
        seed,
        max_seconds=max_seconds,
        batch_size=batch_size,
        folder=folder,
        progress=progress,
    )


def check_search(
    oracle: object,
    task: str | Sequence[str],
    budget: int | None = None,
    *,
    max_seconds: float | None = None,
    space: str | Space | None = None,
    constraint: Constraint | None = None,
    constraints: str | Iterable[str] = (),
    minimize: Collection[str] | str = (),
) -> Objective:
    """Check the arguments of a search and return its objective; nothing is queried or written.

    The parameters are those of `run_search`. For many searches of one oracle, call this once and `search_objective` for
    each search.

    Raises:
        ValueError: As `run_search`.
        ConstraintError: If no architecture meets the constraints; names the nearest bounds that one meets.
        UnknownNameError: If there is no such task or space; names the nearest one.
        TypeError: If an argument has the wrong type.

    Example:
        >>> from surrogates import Oracle
        >>> check_search(Oracle.from_pretrained("transnas101-micro"), "jigsaw", budget=5000)
        Traceback (most recent call last):
        ...
        ValueError: expected 1 <= budget <= 4,096 (the architectures of transnas101-micro), got 5000
    """
    objective = open_objective(
        oracle, task, space=space, constraint=constraint, constraints=constraints, minimize=minimize
    )
    SearchLimits.of_objective(objective, budget, max_seconds)
    return objective


def search_objective(
    searcher: SearcherLike,
    objective: Objective,
    budget: int | None = None,
    seed: int = 0,
    *,
    max_seconds: float | None = None,
    batch_size: int = 1,
    folder: str | Path | None = None,
    progress: bool = False,
) -> History:
    """Run one search of an objective from `check_search`; other parameters, return value and errors as `run_search`.

    Example:
        >>> from surrogates import Oracle
        >>> objective = check_search(Oracle.from_pretrained("transnas101-micro"), "jigsaw", budget=20)
        >>> [len(search_objective("random", objective, 20, seed)) for seed in (0, 1)]
        [20, 20]
    """
    limits = SearchLimits.of_objective(objective, budget, max_seconds)
    agent = objective.charge(seeded_searcher(searcher, seed))
    check_type(batch_size, Integral, "batch_size", "an integer")
    if batch_size < 1:
        raise ValueError(f"expected batch_size >= 1, got {batch_size}")
    agent.start(objective.space, len(objective.tasks), lambda archs: objective.allowed)
    search = describe_search(agent, seed, batch_size, objective.constraint)
    if (own := own_space(objective.space.name)) is not None:
        search["space_fingerprint"] = own.fingerprint
    checkpoint = SearchCheckpoint(objective, search, limits, folder)
    with _bar(progress) as bar:
        try:
            while not checkpoint.ended:
                _one_batch(agent, checkpoint, batch_size)
                if bar is not None:
                    bar.update(bar.task_ids[0], completed=checkpoint.share())
                checkpoint.save_if_due()
        finally:
            checkpoint.save()
    return checkpoint.found()


def _one_batch(agent: Searcher, checkpoint: SearchCheckpoint, batch_size: int) -> None:
    """Ask for a full batch, so that the first queries do not depend on the limits; measure what the limits allow."""
    start = checkpoint.replayed
    with _contract(checkpoint, "was asked"):
        asked = agent.ask(batch_size)
    batch = _check_batch(checkpoint, asked, batch_size)
    stop = checkpoint.take(batch)
    known = min(stop, len(checkpoint.archs))
    if known < stop:
        fresh = batch[known - start : stop - start]
        try:
            values = checkpoint.objective.measure(fresh)
        except Exception as error:
            raise checkpoint.failed(f"the oracle raised {type(error).__name__}: {error}", user_place(error)) from error
        finite = np.isfinite(values)
        good = len(fresh) if finite.all() else int(finite.all(axis=1).argmin())
        checkpoint.add(fresh[:good], values[:good])
        if good < len(fresh):
            raise checkpoint.failed(f"the oracle returned {values[good].tolist()} for {fresh[good]!r}")
    if not checkpoint.ended:  # otherwise the searcher is not used again
        with _contract(checkpoint, "was told values"):
            agent.tell(batch, np.array(checkpoint.values[start:stop]) * checkpoint.signs)


def _check_batch(checkpoint: SearchCheckpoint, batch: object, batch_size: int) -> list[str]:
    """The architectures that a searcher asked for, if it may ask for them."""
    archs = list(batch) if isinstance(batch, Sequence | np.ndarray) and not isinstance(batch, str) else []
    if not 1 <= len(archs) <= batch_size or not all(isinstance(arch, str) for arch in archs):
        raise checkpoint.failed(
            f"the searcher was asked for a list of {batch_size} architecture strings, or fewer at the end of the "
            f"space, but returned {batch!r:.100}"
        )
    objective, before = checkpoint.objective, checkpoint.asked
    for place, arch in enumerate(archs):
        if arch in before or arch in archs[:place]:
            raise checkpoint.failed(f"the searcher asked for {arch!r:.100} twice")
        if arch not in objective.space:
            raise checkpoint.failed(f"the searcher asked for {arch!r:.100}, which is not in {objective.space}")
        row = objective.space.index(arch)
        if not objective.allowed[row]:
            why = "does not meet the constraint" if objective.known[row] else "was not measured"
            raise checkpoint.failed(f"the searcher asked for {arch!r:.100}, which {why}")
    return [str(arch) for arch in archs]


@contextmanager
def _contract(checkpoint: SearchCheckpoint, when: str) -> Iterator[None]:
    """Turn an exception of the searcher into a `SearchError` with the queries so far."""
    try:
        yield
    except Exception as error:
        what = f"the searcher raised {type(error).__name__} when it {when}: {error}"
        raise checkpoint.failed(what, user_place(error)) from error


def _bar(progress: bool) -> AbstractContextManager[Any]:
    if not progress:
        return nullcontext()
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True))
    bar.add_task("searching", total=1.0)
    return bar
