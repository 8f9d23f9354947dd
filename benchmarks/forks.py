"""What makes the package safe to fork: locks that a child finds open, and one thread for its numerical work.

A child made by ``fork`` has one thread, the one that forked. It inherits locks that other threads held, which nobody
will release, and the thread pool that OpenMP made for the forking thread, whose threads do not exist: the next
parallel loop waits for them for ever (GCC bug 58378). With one thread no pool is entered. XGBoost, torch and
scikit-learn each bring an OpenMP of their own. Children of ``spawn`` and ``forkserver`` start afresh and use as many
threads as any process.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

__all__ = ["ForkSafeLock", "cached_property", "is_forked", "one_thread_if_forked", "without_forks"]

_T = TypeVar("_T")
_LONGEST_WAIT = 60.0  # seconds that a fork waits for imports in other threads


class ForkSafeLock:
    """A lock of threads that is open in a forked child, whoever held it in the parent.

    It is for short changes that leave their data valid at every step, as a change that a fork cuts short is not
    finished in the child.

    Example:
        >>> lock = ForkSafeLock()
        >>> with lock:
        ...     pass
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        _locks.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def renew(self) -> None:
        """Replace the lock by an open one; for a forked child only."""
        self._lock = threading.Lock()


_locks: weakref.WeakSet[ForkSafeLock] = weakref.WeakSet()


class cached_property(functools.cached_property[_T]):  # noqa: N801
    """`functools.cached_property`; before Python 3.12 it has a lock, which here is open in a forked child.

    Example:
        >>> class Circle:
        ...     @cached_property
        ...     def area(self) -> float:
        ...         return 3.14
        >>> Circle().area
        3.14
    """

    def __init__(self, func: Callable[[Any], _T]) -> None:
        super().__init__(func)
        if hasattr(self, "lock"):
            _properties.append(self)

    def renew(self) -> None:
        """Replace the lock by an open one; for a forked child only."""
        self.lock = threading.RLock()


_properties: list[cached_property[Any]] = []


class _Process:
    """What this process knows about forks."""

    forked = False
    waiting = False
    imports = threading.RLock()


def is_forked() -> bool:
    """Whether this process, or one of its ancestors that had imported this package, was made by ``fork``.

    Example:
        >>> is_forked()
        False
    """
    return _Process.forked


@contextlib.contextmanager
def one_thread_if_forked() -> Iterator[None]:
    """Use one thread of OpenMP, of the linear algebra and of torch in the context, if this is a forked child.

    Also a decorator. Elsewhere it does nothing.

    Example:
        >>> with one_thread_if_forked():
        ...     pass
    """
    if not _Process.forked:
        yield
        return
    from threadpoolctl import threadpool_limits

    torch = sys.modules.get("torch")
    before = None if torch is None else torch.get_num_threads()
    with threadpool_limits(1):
        if torch is not None:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            if torch is not None:
                torch.set_num_threads(before)


@contextlib.contextmanager
def without_forks() -> Iterator[None]:
    """Let a fork by another thread wait until the context ends: for imports, as half an import cannot be gone on with.

    Example:
        >>> with without_forks():
        ...     import json
    """
    with _Process.imports:
        yield


def _before() -> None:
    _Process.waiting = _Process.imports.acquire(timeout=_LONGEST_WAIT)


def _in_parent() -> None:
    if _Process.waiting:
        _Process.imports.release()


def _in_child() -> None:
    _Process.forked = True
    _Process.imports = threading.RLock()
    for lock in list(_locks):
        lock.renew()
    for value in _properties:
        value.renew()


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
