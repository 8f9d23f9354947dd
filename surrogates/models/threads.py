"""`n_jobs`, read the same way by every surrogate."""

from __future__ import annotations

from numbers import Integral

import joblib

__all__ = ["thread_count"]


def thread_count(n_jobs: object, by_default: int | None = None) -> int:
    """How many threads to use.

    All cores are those this process may use: what a container or an affinity mask allows it, and one inside a worker of
    joblib, such as a fold of scikit-learn's ``cross_val_score(..., n_jobs=2)``.

    Args:
        n_jobs: A number from 1; -1 for all cores; None for the default.
        by_default: What None means; all cores if not given.

    Raises:
        TypeError: If it is no whole number.
        ValueError: If it is a number of another kind.

    Example:
        >>> thread_count(3), thread_count(None, by_default=1)
        (3, 1)
    """
    if n_jobs is None:
        return _cores() if by_default is None else by_default
    if not isinstance(n_jobs, Integral):
        raise TypeError(f"n_jobs: expected a whole number of threads, -1 for all cores, or None, got {n_jobs!r}")
    if n_jobs == -1:
        return _cores()
    if n_jobs < 1:
        raise ValueError(f"n_jobs: expected a number of threads from 1, -1 for all cores, or None, got {n_jobs}")
    return int(n_jobs)


def _cores() -> int:
    return int(joblib.effective_n_jobs(-1))
