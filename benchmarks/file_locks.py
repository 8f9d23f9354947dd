"""File locks of the operating system, which two processes use to share work."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["file_lock", "is_locked"]

_TRIES, _PAUSE = 3, 0.01


@contextmanager
def file_lock(path: Path) -> Iterator[bool]:
    """Try to lock a file for the duration of the block, so that two processes do not do the same work.

    The lock is the operating system's (``flock``): it is released when its process ends for any reason, so a killed
    process leaves nothing to clean up. The file's content names the holder for people; only the lock itself counts.
    Needs a POSIX system and, for processes on several machines, a file system with shared locks.

    Args:
        path: The lock file; its folder is created if needed. The file is removed afterwards.

    Yields:
        Whether this process holds the lock; if not, another one does.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "work.lock"
        >>> with file_lock(path) as mine, file_lock(path) as again:
        ...     print(mine, again, is_locked(path))
        True False True
        >>> is_locked(path)
        False
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = _lock(path)
    if handle is None:
        yield False
        return
    try:
        holder = {"host": socket.gethostname(), "pid": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        os.ftruncate(handle, 0)
        os.write(handle, json.dumps(holder).encode())
        yield True
    finally:
        path.unlink(missing_ok=True)  # while still locked: `_is_at` shows other openers that it is gone
        os.close(handle)


def is_locked(path: Path) -> bool:
    """Whether a process holds this lock."""
    import fcntl

    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _lock(path: Path) -> int | None:
    """Handle of an open file that is locked and still at its path, or None.

    Tries a few times: `is_locked` locks a file for an instant, and another process may remove it between open and lock.
    """
    import fcntl

    for _ in range(_TRIES):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(handle, path):
                return handle
        except BlockingIOError:
            time.sleep(_PAUSE)
        os.close(handle)
    return None


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
