"""Claims: a file that one process at a time holds a lock on, so that nobody else does the same work.

The lock is the operating system's (``flock``): it goes when its process goes, however it goes, so a killed campaign
leaves nothing to clean up. The file tells people who holds it; what counts is the lock. Needs a POSIX system and, for
processes on several machines, a file system whose locks they share.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["claim", "is_claimed"]

_TRIES, _PAUSE = 3, 0.01


@contextmanager
def claim(path: Path) -> Iterator[bool]:
    """Try to hold a claim for the time of the block.

    Args:
        path: The file; its folder is made if it is not there. It is removed afterwards.

    Yields:
        Whether this process holds it now; if not, another one does.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "work.claim"
        >>> with claim(path) as mine, claim(path) as again:
        ...     print(mine, again, is_claimed(path))
        True False True
        >>> is_claimed(path)
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
        path.unlink(missing_ok=True)  # while it is still locked: who opened it before sees below that it is gone
        os.close(handle)


def is_claimed(path: Path) -> bool:
    """Whether some process holds this claim."""
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
    """An open file that is locked and still at its path, or None.

    A few tries: `is_claimed` locks a file for an instant, and another process may remove it between open and lock.
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
