"""When a search ends: after a number of queries, or before the training that would exceed a simulated time."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import check_type
from surrogates.search.objective import Objective

__all__ = ["SearchLimits"]

_ROUNDING = 1e-9  # relative; sums in another order differ in their last digits


@dataclass(frozen=True)
class SearchLimits:
    """The end of a search, which is after the last query that is within both limits.

    Attributes:
        budget: Maximum number of queries.
        max_seconds: Maximum simulated training time of all queries together, in seconds; no maximum if None.

    Example:
        >>> SearchLimits(budget=3, max_seconds=10.0).count(np.array([4.0, 5.0, 2.0, 1.0]))
        2
    """

    budget: int
    max_seconds: float | None = None

    @classmethod
    def of_objective(cls, objective: Objective, budget: int | None, max_seconds: float | None) -> SearchLimits:
        """Check the limits of a search.

        Args:
            objective: What is searched.
            budget: Number of queries; all allowed architectures if None and `max_seconds` is given.
            max_seconds: Simulated seconds of training.

        Raises:
            ValueError: If both are None, the budget is not between 1 and the number of allowed architectures, or
                `max_seconds` is less than the shortest training, or the time of a training is unknown.
            TypeError: If one is not a number.
        """
        if budget is None and max_seconds is None:
            raise ValueError("expected a budget (number of queries) or max_seconds (simulated time), got neither")
        available = int(objective.allowed.sum())
        check_type(budget, Integral | None, "budget", "an integer")
        if budget is not None and not 1 <= budget <= available:
            which = [] if objective.known.all() else ["were measured"]
            which += [] if objective.constraint is None else [f"have {objective.constraint}"]
            what = f"the architectures of {objective.space}" + (f" that {' and '.join(which)}" if which else "")
            raise ValueError(f"expected 1 <= budget <= {available:,} ({what}), got {budget}")
        if max_seconds is not None:
            _check_time(objective, max_seconds)
        return cls(available if budget is None else int(budget), None if max_seconds is None else float(max_seconds))

    def count(self, seconds: NDArray[np.float64], done: int = 0, spent: float = 0.0) -> int:
        """How many of the next queries are within the limits.

        Args:
            seconds: Simulated training time of the next m queries in their order, of shape (m,).
            done: Number of queries before them.
            spent: Simulated seconds of those.
        """
        most = min(len(seconds), self.budget - done)
        if self.max_seconds is None:
            return most
        late = spent + np.cumsum(seconds[:most]) > self.max_seconds * (1 + _ROUNDING)
        return int(late.argmax()) if late.any() else most


def _check_time(objective: Objective, max_seconds: float) -> None:
    check_type(max_seconds, Real, "max_seconds", "a number")
    archs = [objective.space[row] for row in np.flatnonzero(objective.allowed).tolist()]
    seconds = objective.seconds(archs)
    unknown = np.isnan(seconds)
    if unknown.any():
        raise ValueError(
            f"max_seconds needs the training time of every architecture, which is unknown (NaN) for "
            f"{int(unknown.sum()):,} of {len(archs):,} on {', '.join(objective.tasks)}, such as "
            f"{archs[int(unknown.argmax())]!r:.200}: the times of a user-defined task must be in a table "
            "(time_elapsed); use a budget instead"
        )
    if not max_seconds * (1 + _ROUNDING) >= seconds.min():
        raise ValueError(
            f"expected max_seconds >= {seconds.min():,.1f}, the shortest training of {objective.space}, "
            f"got {max_seconds}"
        )
