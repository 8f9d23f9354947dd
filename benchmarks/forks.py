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
_LONGEST_WAIT = 30.0  # seconds that a fork waits for other threads


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


class _Gate:
    """Lets a fork wait until no other thread is inside, and nobody in meanwhile."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.inside: dict[int, int] = {}
        self.closed = False

    def enter(self) -> None:
        me = threading.get_ident()
        with self.changed:
            while self.closed and me not in self.inside:
                self.changed.wait()
            self.inside[me] = self.inside.get(me, 0) + 1

    def leave(self) -> None:
        me = threading.get_ident()
        with self.changed:
            self.inside[me] -= 1
            if not self.inside[me]:
                del self.inside[me]
            self.changed.notify_all()

    def close(self) -> None:
        """Close the gate and wait for the others to leave; a fork from inside it does not wait for itself."""
        me = {threading.get_ident()}
        self.changed.acquire()
        self.closed = True
        self.changed.wait_for(lambda: self.inside.keys() <= me, timeout=_LONGEST_WAIT)

    def open(self) -> None:
        self.closed = False
        self.changed.notify_all()
        self.changed.release()


class _Process:
    """What this process knows about forks."""

    forked = False
    gate = _Gate()


def is_forked() -> bool:
    """Whether this process, or one of its ancestors that had imported this package, was made by ``fork``.

    Example:
        >>> is_forked()
        False
    """
    return _Process.forked


@contextlib.contextmanager
def one_thread_if_forked() -> Iterator[None]:
    """Use one thread of OpenMP, of the linear algebra and of torch, if this is a forked child.

    Also a decorator. The child keeps its one thread when the context ends, as the limits are those of the process and
    other threads may be in such a context too. Elsewhere it does nothing.

    Example:
        >>> with one_thread_if_forked():
        ...     pass
    """
    if _Process.forked:
        _limit_to_one_thread()
    yield


def _limit_to_one_thread() -> None:
    """Limit all thread pools that are loaded by now, for the rest of the process's life."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)
    torch = sys.modules.get("torch")
    if torch is not None:  # also if it says 1: that is OpenMP's number, and its linear algebra has another
        torch.set_num_threads(1)


@contextlib.contextmanager
def without_forks() -> Iterator[None]:
    """Let forks by other threads wait until the context ends, half a minute at most.

    For imports, and for objects of native libraries that have locks of their own: a child could not go on with half an
    import, nor open such a lock. Also a decorator.

    Example:
        >>> with without_forks():
        ...     import json
    """
    gate = _Process.gate
    gate.enter()
    try:
        yield
    finally:
        if gate is _Process.gate:  # not in a child that was forked in here
            gate.leave()


def _before() -> None:
    _Process.gate.close()


def _in_parent() -> None:
    _Process.gate.open()


def _in_child() -> None:
    _Process.forked = True
    _Process.gate = _Gate()
    for lock in list(_locks):
        lock.renew()
    for value in _properties:
        value.renew()


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
