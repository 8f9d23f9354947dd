"""Files that are either there completely or not at all, and folders that belong to one undertaking."""

from __future__ import annotations

import json
import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.errors import ArtefactError

__all__ = ["claim_folder", "file_lock", "is_locked", "write_beside"]

_TRIES, _PAUSE = 3, 0.01


@contextmanager
def write_beside(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a fresh name in the folder of `path`; move what is written there to `path` on success.

    A reader of `path` sees the old content or the new, never half of it. If the block raises (Ctrl-C too),
    the half file is removed and `path` is left as it was.

    Args:
        path: The file to write; its folder must exist.

    Yields:
        The name to write to; it ends like `path`, so that writers which look at the suffix agree.

    Raises:
        OSError: If the folder does not exist or cannot be written; the message names `path`.

    Example:
        >>> import tempfile
        >>> target = Path(tempfile.mkdtemp()) / "numbers.txt"
        >>> with write_beside(target) as beside:
        ...     _ = beside.write_text("1 2 3")
        >>> target.read_text()
        '1 2 3'
    """
    target = Path(path)
    beside = target.with_name(f".{uuid.uuid4().hex[:8]}-{target.name}")
    try:
        if not target.parent.is_dir():
            raise FileNotFoundError(2, "the folder does not exist")
        beside.touch(exist_ok=False)  # a folder that cannot be written says so before the work is done
        yield beside
        beside.replace(target)
    except OSError as error:
        raise type(error)(error.errno, f"cannot write: {error.strerror or error}", str(target)) from error
    finally:
        beside.unlink(missing_ok=True)


def claim_folder(
    folder: str | os.PathLike[str],
    about: Mapping[str, Any],
    what: str,
    results: Callable[[str], bool] = lambda name: True,
    say: Callable[[Any], str] = repr,
) -> Path:
    """Make a folder that of one undertaking, or check that it is: work may be taken up again, but two never mix.

    Args:
        folder: Made if it does not exist.
        about: What must stay as it was, as JSON values; kept in ``<what>.json``.
        what: Kind of undertaking, e.g. ``"study"``.
        results: Which names in a folder without that file must not be there; all by default.
        say: A value of `about` in a message.

    Raises:
        ArtefactError: If it holds another undertaking, or results of something else, or its description is damaged.
        OSError: If it cannot be written.

    Example:
        >>> import tempfile
        >>> folder = claim_folder(Path(tempfile.mkdtemp()) / "mine", {"seed": 0}, "study")
        >>> claim_folder(folder, {"seed": 1}, "study")
        Traceback (most recent call last):
        ...
        benchmarks.errors.ArtefactError: ... holds another study: seed was 0 and is now 1; choose another folder, or ...
    """
    folder = Path(folder)
    path, mine = folder / f"{what}.json", json.loads(json.dumps(dict(about)))
    if not path.exists():
        if folder.exists() and not folder.is_dir():
            raise ArtefactError(f"expected a folder or nothing at {str(folder)!r}, got a file")
        strange = sorted(entry.name for entry in folder.iterdir() if results(entry.name)) if folder.is_dir() else []
        if strange:
            raise ArtefactError(
                f"{str(folder)!r} holds {strange[0]!r} but no {path.name}; choose a new or empty folder"
            )
        folder.mkdir(parents=True, exist_ok=True)
        with write_beside(path) as beside:
            beside.write_text(json.dumps(mine, indent=2) + "\n", encoding="utf-8")
        return folder
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        changed = [key for key in mine if found.get(key) != mine[key]]
    except (ValueError, AttributeError) as error:
        raise ArtefactError(f"{str(path)!r} is damaged: {error}") from error
    if changed:
        key = changed[0]
        raise ArtefactError(
            f"{str(folder)!r} holds another {what}: {key} was {say(found.get(key))} and is now {say(mine[key])}; "
            "choose another folder, or delete that one to start again"
        )
    return folder


@contextmanager
def file_lock(path: Path) -> Iterator[bool]:
    """Try to hold a file as a lock for the time of the block, so that nobody else does the same work.

    The lock is the operating system's (``flock``): it goes when its process goes, however it goes, so a killed process
    leaves nothing to clean up. The file tells people who holds it; what counts is the lock. Needs a POSIX system and,
    for processes on several machines, a file system whose locks they share.

    Args:
        path: The file; its folder is made if it is not there. It is removed afterwards.

    Yields:
        Whether this process holds it now; if not, another one does.

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
        path.unlink(missing_ok=True)  # while it is still locked: who opened it before sees below that it is gone
        os.close(handle)


def is_locked(path: Path) -> bool:
    """Whether some process holds this lock."""
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

    A few tries: `is_locked` locks a file for an instant, and another process may remove it between open and lock.
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
