"""The contract suite of searchers: `check_searcher` runs every promise of `Searcher` against one of them."""

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
    """Check a searcher on made-up values of a space.

    Args:
        searcher: Any searcher, started or not.
        space: What to search.
        n: Queries of each of half a dozen searches; more than the searcher asks before it first learns something.

    Raises:
        AssertionError: Naming the broken promise.

    Example:
        >>> from surrogates.search import make_searcher
        >>> check_searcher(make_searcher("evolution"), "transnas101-macro")
    """
    found = get_space(space)
    _check_parameters(searcher)
    first = _search(_seeded(searcher, 1), found, n, batch=4)
    assert len(set(first)) == n, "nothing is asked twice"
    assert all(arch in found for arch in first), "what is asked was published"
    again = _seeded(searcher, 1)
    assert _search(again, found, n, batch=4) == first, "the same seed asks the same"
    assert _search(again, found, n, batch=4) == first, "start forgets the search before"
    assert _search(_seeded(searcher, 2), found, n, batch=4) != first, "another seed asks something else"
    _check_allowed(_seeded(searcher, 0), found, n)
    _check_told(_seeded(searcher, 0), found, n)
    _check_flat(_seeded(searcher, 0), found, n)
    _check_bad_input(_seeded(searcher, 0), found)


def _check_parameters(searcher: Searcher) -> None:
    params = searcher.get_params(deep=False)
    assert "random_state" in params, "a searcher has a random_state"
    copy = type(searcher)(**params)
    assert all(getattr(copy, name) is value for name, value in params.items()), "constructors only store"
    assert list(clone(searcher).get_params(deep=False)) == list(params), "a clone has the same parameters"


def _check_allowed(searcher: Searcher, space: Space, n: int) -> None:
    """One by one, with two tasks, until nothing is left."""
    wanted = set(space.sample(n, rng=5))
    searcher.start(space, n_tasks=2, allowed=lambda archs: np.array([arch in wanted for arch in archs]))
    seen = []
    for _ in range(n):
        asked = searcher.ask()
        searcher.tell(asked, np.column_stack([_values(asked), -100 * _values(asked)]))
        seen += asked
    assert set(seen) == wanted and len(seen) == n, "all that is allowed is asked once, and nothing else"
    _expect(ValueError, lambda: searcher.ask(), "asking when nothing is left is an error")


def _check_told(searcher: Searcher, space: Space, n: int) -> None:
    """What was told unasked counts as asked; asking twice before telling gives different architectures."""
    known = space.sample(n, rng=6)
    searcher.start(space)
    searcher.tell([], [])
    searcher.tell(known, _values(known))
    waiting = searcher.ask(3) + searcher.ask(3)
    searcher.tell(waiting[::-1], _values(waiting[::-1]))
    rest = searcher.ask(3)
    assert len({*known, *waiting, *rest}) == n + 9, "what was told or asked is not asked again"
    told = [*known, *waiting[::-1]]
    assert [space[row] for row in searcher.rows_] == told, "what was told is kept in order"
    assert np.array_equal(searcher.values_[:, 0], _values(told)), "and so are its values"


def _check_flat(searcher: Searcher, space: Space, n: int) -> None:
    """Equal values are no reason to stop."""
    searcher.start(space)
    seen = []
    for _ in range(0, n, 6):
        seen += (asked := searcher.ask(6))
        searcher.tell(asked, np.full(6, 7.0))
    assert len(set(seen)) == len(seen), "equal values are searched like others"


def _check_bad_input(searcher: Searcher, space: Space) -> None:
    _expect(ValueError, lambda: clone(searcher).ask(), "asking before start is an error")
    _expect(ValueError, lambda: searcher.start(space, n_tasks=0), "no task is an error")
    nothing = lambda archs: np.zeros(len(archs), dtype=bool)  # noqa: E731
    _expect(ConstraintError, lambda: searcher.start(space, allowed=nothing), "nothing allowed is an error")
    searcher.start(space)
    _expect(ValueError, lambda: searcher.ask(0), "asking for nothing is an error")
    asked = searcher.ask(2)
    _expect(ValueError, lambda: searcher.tell(asked, [1.0, float("nan")]), "NaN is an error")
    _expect(ValueError, lambda: searcher.tell(asked, [1.0]), "another number of values is an error")
    _expect(ArchitectureError, lambda: searcher.tell(["?", "!"], [1.0, 2.0]), "what is no architecture is an error")
    searcher.tell(asked, [1.0, 2.0])
    assert len(searcher.rows_) == 2, "an error leaves the searcher as it was"


def _search(searcher: Searcher, space: Space, n: int, batch: int) -> list[str]:
    searcher.start(space)
    seen: list[str] = []
    while len(seen) < n:
        asked = searcher.ask(min(batch, n - len(seen)))
        searcher.tell(asked, _values(asked))
        seen += asked
    return seen


def _values(archs: Sequence[str]) -> NDArray[np.float64]:
    """Made-up values: how often the digit 3 occurs, and a little that tells all architectures apart."""
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
