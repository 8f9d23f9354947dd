"""`Searcher`: the ask/tell base class of all search methods."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from benchmarks.errors import ArchitectureError
from benchmarks.seeds import as_generator
from benchmarks.spaces.registry import get_space
from surrogates.search.errors import ConstraintError

if TYPE_CHECKING:
    from typing_extensions import Self

    from benchmarks.spaces.space import Space

__all__ = ["Searcher"]

_TRIES = 20  # a sampler may draw only rows that are not free, and a free one in the next call


class Searcher(BaseEstimator, ABC):  # type: ignore[misc]
    """Batched ask/tell interface over the published architectures of a space; higher values are always better.

    Constructors only store their keyword arguments, as in scikit-learn; `start` resets all state and seeds the random
    generator. This class keeps the queue of proposals and the observed values, and never asks for an architecture
    twice. A subclass works with rows, the positions of architectures in the space, and overrides

    - `propose`: the rows to ask for next; the only required method,
    - `begin`: set up the subclass's state and check its arguments (the constructor only stores them),
    - `learn`: update after new values were told.

    It may draw with `random_rows`, and read the attributes below and `values_`. `check_searcher` in
    `surrogates.search.testing` tests a searcher against this contract.

    Args:
        random_state: Seed.

    Attributes:
        space_: The space of N architectures, after `start`.
        n_tasks_: Number T of values per architecture.
        allowed_: Mask of the architectures that may be asked for, of shape (N,).
        free_: Mask of the allowed architectures that were neither asked for nor told yet, of shape (N,).
        rng_: The random generator of all draws.
        rows_: Rows of the m architectures told so far, in that order.

    Example:
        >>> class Alphabetical(Searcher):
        ...     def propose(self, n):
        ...         free = np.flatnonzero(self.free_)
        ...         return sorted(free, key=lambda row: self.space_[row])[:n]
        >>> Alphabetical().start("transnas101-macro").ask(2)
        ['64-111114-basic', '64-111123-basic']
    """

    def __init__(self, *, random_state: int = 0) -> None:
        self.random_state = random_state

    # -- for callers --------------------------------------------------------------------------------------------

    def start(
        self,
        space: str | Space,
        n_tasks: int = 1,
        allowed: Callable[[Sequence[str]], NDArray[np.bool_]] | None = None,
    ) -> Self:
        """Start a new search and discard the state of any previous one.

        Args:
            space: The space whose published architectures are searched.
            n_tasks: Number of values per architecture.
            allowed: Function that maps n architectures to a mask of those that may be asked for, of shape (n,); called
                once. All are allowed if not given.

        Raises:
            UnknownNameError: If there is no such space.
            ValueError: If `n_tasks` is below 1, or `allowed` returns another shape.
            ConstraintError: If no architecture is allowed.
        """
        if n_tasks < 1:
            raise ValueError(f"expected n_tasks >= 1, got {n_tasks}")
        self.space_ = get_space(space)
        self.n_tasks_ = n_tasks
        self.allowed_ = _mask(self.space_, allowed)
        self.free_ = self.allowed_.copy()
        self.rng_ = as_generator(self.random_state, "random_state")
        self.rows_: list[int] = []
        self._values = np.empty((16, n_tasks))  # grown by doubling; the first m rows are in use
        self._queue: list[int] = []
        self._left = int(self.free_.sum())
        self.begin()
        return self

    def ask(self, n: int = 1) -> list[str]:
        """The next n architectures to measure, none asked for or told before; fewer if fewer are left.

        `ask` may be called again before `tell`: the searcher proposes from the values observed so far.

        Raises:
            ValueError: If n < 1, the search was not started, or no architecture is left.
        """
        self._check_started()
        if n < 1:
            raise ValueError(f"expected n >= 1, got {n}")
        if not self._left:
            raise ValueError(
                f"no architecture is left to ask for: all {int(self.allowed_.sum()):,} allowed architectures of "
                f"{self.space_} were asked for or told"
            )
        wanted = min(n, self._left)
        rows: list[int] = []
        while len(rows) < wanted:
            if not self._queue:
                self._queue = self._next(wanted - len(rows))
            row = self._queue.pop(0)
            if self.free_[row]:
                self._take(row)
                rows.append(row)
        archs = self.space_.archs
        return [archs[row] for row in rows]

    def tell(self, archs: Sequence[str], values: NDArray[np.float64] | Sequence[float]) -> None:
        """Record the values of n architectures, whether they were asked for or not.

        Args:
            archs: n published architectures.
            values: Higher is better, finite, of shape (n,) or (n, T).

        Raises:
            ValueError: If the search was not started, or the values are not finite numbers of that shape.
            ArchitectureError: If a string is not one of the published architectures.
        """
        self._check_started()
        if isinstance(archs, str):
            raise ArchitectureError(f"expected a list of architecture strings, got the string {archs!r:.200}")
        told = np.asarray(values, dtype=np.float64)
        if told.shape != (len(archs), self.n_tasks_) and not (self.n_tasks_ == 1 and told.shape == (len(archs),)):
            raise ValueError(f"expected values of shape {(len(archs), self.n_tasks_)}, got {told.shape}")
        if not np.isfinite(told).all():
            raise ValueError(f"expected finite values, got {told[~np.isfinite(told)][0]}")
        rows = [self.space_.index(arch) for arch in archs]
        told = told.reshape(len(rows), self.n_tasks_)
        for row in rows:
            if self.free_[row]:
                self._take(row)
        self._append(told)
        self.rows_ += rows
        if rows:
            self.learn(rows, told)

    @property
    def values_(self) -> NDArray[np.float64]:
        """The observed values in the order of `rows_`, of shape (m, T); read-only."""
        values = self._values[: len(self.rows_)]
        values.flags.writeable = False
        return values

    # -- for subclasses -----------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Set up the subclass's state; `space_`, `n_tasks_`, `free_` and `rng_` are already set."""

    @abstractmethod
    def propose(self, n: int) -> Iterable[int]:
        """Rows to ask for next, best first.

        About n rows, or as many as one round of the method has: the surplus is queued and used up before `propose` is
        called again. Rows that are not free are skipped; if repeated calls return no free row, a random one is used.
        """

    def learn(self, rows: list[int], values: NDArray[np.float64]) -> None:
        """Update after n rows and their values, of shape (n, T), were told."""

    def random_rows(self, n: int) -> NDArray[np.int64]:
        """Up to n different free rows, drawn uniformly without replacement."""
        free = np.flatnonzero(self.free_)
        if n == 1 and len(free):
            return free[self.rng_.integers(len(free), size=1)]
        return self.rng_.permutation(free)[:n]

    # -- internals ----------------------------------------------------------------------------------------------

    def _next(self, n: int) -> list[int]:
        """Rows to queue, at least one of them free."""
        for _ in range(_TRIES):
            proposed = self.propose(n)
            rows = np.array(list(proposed) if isinstance(proposed, Iterable) else proposed)
            if rows.size == 0:
                break
            if rows.ndim != 1 or rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= len(self.free_):
                raise TypeError(
                    f"expected {type(self).__name__}.propose to return a list of rows of {self.space_}, integers from "
                    f"0 to {len(self.free_) - 1} (space_.index(arch) of a string), got {rows.tolist()!r:.60}"
                )
            if self.free_[rows].any():
                return list(rows.tolist())
        return list(self.random_rows(1).tolist())

    def _append(self, told: NDArray[np.float64]) -> None:
        """Append n values, of shape (n, T), to the observed ones."""
        first, stop = len(self.rows_), len(self.rows_) + len(told)
        if stop > len(self._values):
            room = np.empty((2 * stop, self.n_tasks_))
            room[:first] = self._values[:first]
            self._values = room
        self._values[first:stop] = told

    def _take(self, row: int) -> None:
        self.free_[row] = False
        self._left -= 1

    def _check_started(self) -> None:
        if not hasattr(self, "space_"):
            raise ValueError(f"expected a started searcher; call {type(self).__name__}.start(space) first")

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "space_")


def _mask(space: Space, allowed: Callable[[Sequence[str]], NDArray[np.bool_]] | None) -> NDArray[np.bool_]:
    if allowed is None:
        return np.ones(len(space), dtype=bool)
    mask = np.array(allowed(space.archs), dtype=bool)
    if mask.shape != (len(space),):
        raise ValueError(f"expected allowed(archs) of shape ({len(space)},), got {mask.shape}")
    if not mask.any():
        raise ConstraintError(f"none of the {len(space):,} architectures of {space} is allowed")
    return mask
