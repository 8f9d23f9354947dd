"""Interpretation of `n_jobs`, the same for all surrogates."""

from __future__ import annotations

from numbers import Integral

import joblib

from benchmarks.forks import is_forked

__all__ = ["thread_count"]


def thread_count(n_jobs: object, by_default: int | None = None) -> int:
    """Number of threads to use.

    "All cores" are the cores available to this process, as limited by a container or an affinity mask; inside a joblib
    worker, such as a fold of scikit-learn's ``cross_val_score(..., n_jobs=2)``, this is one core. In a child made by
    ``fork`` it is one thread, whatever is asked for (`benchmarks.forks`).

    Args:
        n_jobs: A number from 1; -1 for all cores; None for the default.
        by_default: Number of threads for None; all cores if not given.

    Raises:
        TypeError: If `n_jobs` is not an integer.
        ValueError: If `n_jobs` is 0, or negative other than -1.

    Example:
        >>> thread_count(3), thread_count(None, by_default=1)
        (3, 1)
    """
    found = _asked_for(n_jobs, by_default)
    return 1 if is_forked() else found


def _asked_for(n_jobs: object, by_default: int | None) -> int:
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
