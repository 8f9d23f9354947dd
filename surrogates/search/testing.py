"""Contract tests of searchers: `check_searcher` tests one searcher against every guarantee of `Searcher`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from benchmarks.errors import ArchitectureError
from benchmarks.spaces.registry import get_space
from benchmarks.spaces.space import Space
from surrogates.search.base import Searcher
from surrogates.search.errors import ConstraintError

__all__ = ["check_searcher"]


def check_searcher(searcher: Searcher, space: str | Space, n: int = 24) -> None:
    """Check the contract of a searcher on synthetic values of a space.

    Args:
        searcher: Any searcher, started or not.
        space: The space to search.
        n: Queries of each of half a dozen searches; more than the searcher asks for before it first uses values.

    Raises:
        AssertionError: If the contract is broken; the message names the broken rule.

    Example:
        >>> from surrogates.search import make_searcher
        >>> check_searcher(make_searcher("evolution"), "transnas101-macro")
    """
    found = get_space(space)
    _check_parameters(searcher)
    first = _search(_seeded(searcher, 1), found, n, batch=4)
    assert len(set(first)) == n, "no architecture is asked for twice"
    assert all(arch in found for arch in first), "only published architectures are asked for"
    again = _seeded(searcher, 1)
    assert _search(again, found, n, batch=4) == first, "the same seed gives the same search"
    assert _search(again, found, n, batch=4) == first, "start discards the state of the previous search"
    assert _search(_seeded(searcher, 2), found, n, batch=4) != first, "another seed gives another search"
    _check_allowed(_seeded(searcher, 0), found, n)
    _check_told(_seeded(searcher, 0), found, n)
    _check_flat(_seeded(searcher, 0), found, n)
    _check_bad_input(_seeded(searcher, 0), found)


def _check_parameters(searcher: Searcher) -> None:
    params = searcher.get_params(deep=False)
    assert "random_state" in params, "a searcher has a random_state"
    copy = type(searcher)(**params)
    assert all(getattr(copy, name) is value for name, value in params.items()), "constructors only store arguments"
    assert list(clone(searcher).get_params(deep=False)) == list(params), "a clone has the same parameters"


def _check_allowed(searcher: Searcher, space: Space, n: int) -> None:
    """One query at a time, with two tasks, until no architecture is left."""
    wanted = set(space.sample(n, rng=5))
    searcher.start(space, n_tasks=2, allowed=lambda archs: np.array([arch in wanted for arch in archs]))
    seen = []
    for _ in range(n):
        asked = searcher.ask()
        searcher.tell(asked, np.column_stack([_values(asked), -100 * _values(asked)]))
        seen += asked
    assert set(seen) == wanted and len(seen) == n, "exactly the allowed architectures are asked for, each once"
    _expect(ValueError, lambda: searcher.ask(), "ask raises ValueError when no architecture is left")


def _check_told(searcher: Searcher, space: Space, n: int) -> None:
    """Architectures told without being asked for are not asked for later; two `ask` before a `tell` do not overlap."""
    known = space.sample(n, rng=6)
    searcher.start(space)
    searcher.tell([], [])
    searcher.tell(known, _values(known))
    waiting = searcher.ask(3) + searcher.ask(3)
    searcher.tell(waiting[::-1], _values(waiting[::-1]))
    rest = searcher.ask(3)
    assert len({*known, *waiting, *rest}) == n + 9, "no architecture that was told or asked for is asked for again"
    told = [*known, *waiting[::-1]]
    assert [space[row] for row in searcher.rows_] == told, "rows_ holds the told architectures in order"
    assert np.array_equal(searcher.values_[:, 0], _values(told)), "values_ holds the told values in order"


def _check_flat(searcher: Searcher, space: Space, n: int) -> None:
    """A search in which all values are equal."""
    searcher.start(space)
    seen = []
    for _ in range(0, n, 6):
        seen += (asked := searcher.ask(6))
        searcher.tell(asked, np.full(6, 7.0))
    assert len(set(seen)) == len(seen), "no architecture is asked for twice when all values are equal"


def _check_bad_input(searcher: Searcher, space: Space) -> None:
    _expect(ValueError, lambda: clone(searcher).ask(), "ask before start raises ValueError")
    _expect(ValueError, lambda: searcher.start(space, n_tasks=0), "n_tasks=0 raises ValueError")
    nothing = lambda archs: np.zeros(len(archs), dtype=bool)  # noqa: E731
    _expect(ConstraintError, lambda: searcher.start(space, allowed=nothing), "nothing allowed raises ConstraintError")
    searcher.start(space)
    _expect(ValueError, lambda: searcher.ask(0), "ask(0) raises ValueError")
    asked = searcher.ask(2)
    _expect(ValueError, lambda: searcher.tell(asked, [1.0, float("nan")]), "telling NaN raises ValueError")
    _expect(ValueError, lambda: searcher.tell(asked, [1.0]), "a wrong number of values raises ValueError")
    _expect(ArchitectureError, lambda: searcher.tell(["?", "!"], [1.0, 2.0]), "unknown strings raise ArchitectureError")
    searcher.tell(asked, [1.0, 2.0])
    assert len(searcher.rows_) == 2, "an error leaves the state of the searcher unchanged"


def _search(searcher: Searcher, space: Space, n: int, batch: int) -> list[str]:
    searcher.start(space)
    seen: list[str] = []
    while len(seen) < n:
        asked = searcher.ask(min(batch, n - len(seen)))
        searcher.tell(asked, _values(asked))
        seen += asked
    return seen


def _values(archs: Sequence[str]) -> NDArray[np.float64]:
    """Synthetic values: the number of digits 3, plus a small term that differs between architectures."""
    return np.array([arch.count("3") + sum(map(ord, arch)) % 17 / 50 for arch in archs], dtype=np.float64)


def _seeded(searcher: Searcher, seed: int) -> Searcher:
    fresh: Searcher = clone(searcher).set_params(random_state=seed)
    return fresh


def _expect(kind: type[Exception], call: object, promise: str) -> None:
    assert callable(call)
    try:
        call()
    except kind:
        return
    raise AssertionError(promise)
