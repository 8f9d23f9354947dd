"""Files and folders that are there completely or not at all, folders that belong to one undertaking, and locks."""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.errors import ArtefactError

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "RunDirectory",
    "differences",
    "file_lock",
    "is_litter",
    "is_locked",
    "write_beside",
    "write_folder_beside",
]

_TRIES, _PAUSE = 3, 0.01
_LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)
_AT_MOST = 3  # differences in one message


@contextmanager
def write_beside(path: str | os.PathLike[str], replace: bool = True) -> Iterator[Path]:
    """Yield a fresh name in the folder of `path`; move what is written there to `path` on success.

    A reader of `path` sees the old content or the new, never half of it. If the block raises (Ctrl-C too),
    the half file is removed and `path` is left as it was.

    Args:
        path: The file to write; its folder must exist.
        replace: Whether to replace a file that is there; if not, of several writers the first one wins.

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
        if replace:
            beside.replace(target)
        else:
            _link(beside, target)
    except OSError as error:
        raise type(error)(error.errno, f"cannot write: {error.strerror or error}", str(target)) from error
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def write_folder_beside(
    path: str | os.PathLike[str], keep: Callable[[str], bool] = lambda name: False
) -> Iterator[Path]:
    """Yield a fresh folder beside `path`; put it in the place of `path` on success.

    A reader of `path` sees the old folder or the new, never half of it (for the instant between two renames, none).
    If the block raises (Ctrl-C too), the half folder is removed and `path` is left as it was.

    Args:
        path: The folder to write; the folders around it are made. A folder that is there already is replaced.
        keep: Which entries of a folder that is replaced stay, by name, where the new one has none of that name.

    Yields:
        The folder to write to.

    Raises:
        OSError: If it cannot be written, or another process wrote `path` just now.

    Example:
        >>> import tempfile
        >>> target = Path(tempfile.mkdtemp()) / "numbers"
        >>> with write_folder_beside(target) as beside:
        ...     _ = (beside / "a.txt").write_text("1 2 3")
        >>> (target / "a.txt").read_text()
        '1 2 3'
    """
    target = Path(path)
    beside = target.with_name(f".{uuid.uuid4().hex[:8]}-{target.name}")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        beside.mkdir()
        yield beside
        _swap(beside, target, keep)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


class RunDirectory:
    """A folder that belongs to one undertaking: work in it may be resumed, but two undertakings never mix.

    What the undertaking is stands in a JSON file in the folder.

    Args:
        path: The folder.
        kind: Kind of undertaking, as it reads in a message: ``"study"``.
        file: Name of the file with the description; ``<kind>.json`` by default.
        remedy: What to do about a folder of another undertaking, as it reads in a message.

    Attributes:
        path: The folder.
        kind, remedy: As above.
        description: Path of the file with the description.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp()) / "mine"
        >>> RunDirectory(folder, "study").claim({"seed": 0}).about()
        {'seed': 0}
        >>> RunDirectory(folder, "study").claim({"seed": 1})
        Traceback (most recent call last):
        ...
        benchmarks.errors.ArtefactError: ... holds another study: seed was 0 and is now 1; choose another folder, or ...
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        kind: str,
        file: str | None = None,
        remedy: str = "choose another folder, or delete that one to start again",
    ) -> None:
        self.path, self.kind, self.remedy = Path(path), kind, remedy
        self.description = self.path / (file or f"{kind}.json")

    def __repr__(self) -> str:
        return f"RunDirectory({str(self.path)!r}, {self.kind!r})"

    def claim(
        self,
        about: Mapping[str, Any],
        results: Callable[[str], bool] = lambda name: True,
        say: Callable[[Any], str] = repr,
    ) -> Self:
        """Make the folder that of an undertaking, or check that it is.

        Of several processes that do so at once, one makes it and the others check.

        Args:
            about: What must stay as it was, as JSON values.
            results: Which names in a folder without a description must not be there; all by default. The operating
                system's own files (`is_litter`) may be.
            say: A value of `about` in a message.

        Returns:
            The directory itself.

        Raises:
            ArtefactError: If it holds another undertaking, or results of something else, or its description is damaged.
            OSError: If it cannot be written.
        """
        if not self.description.exists():
            self.make()
            foreign = sorted(entry.name for entry in self.path.iterdir() if self._is_foreign(entry.name))
            strange = next(filter(results, foreign), None)
            if strange and not self.description.exists():
                raise ArtefactError(
                    f"{str(self.path)!r} holds {strange!r} but no {self.description.name}; choose a new or empty folder"
                )
            self.describe(about)
        self.check(about, say=say)
        return self

    def make(self) -> Path:
        """Make the folder if it is not there, and return it.

        Raises:
            ArtefactError: If a file is in the way.
            OSError: If it cannot be made.
        """
        if self.path.exists() and not self.path.is_dir():
            raise ArtefactError(f"expected a folder or nothing at {str(self.path)!r}, got a file")
        self.path.mkdir(parents=True, exist_ok=True)
        return self.path

    def describe(self, about: Mapping[str, Any]) -> None:
        """Write the description, unless there is one; of several processes the first one wins.

        Args:
            about: JSON values.

        Raises:
            OSError: If it cannot be written, or there is no such folder.
        """
        with write_beside(self.description, replace=False) as beside:
            beside.write_text(json.dumps(_as_json(about), indent=2) + "\n", encoding="utf-8")

    def file(self, name: str) -> Path:
        """Path of a file in the folder."""
        return self.path / name

    def about(self) -> dict[str, Any]:
        """What the description says.

        Raises:
            FileNotFoundError: If there is none.
            ArtefactError: If it is damaged.
        """
        try:
            found = json.loads(self.description.read_bytes())
        except ValueError as error:
            raise ArtefactError(f"{str(self.description)!r} is damaged: {error}") from error
        if not isinstance(found, dict):
            raise ArtefactError(
                f"{str(self.description)!r} is damaged: expected a JSON object, got {type(found).__name__}"
            )
        return found

    def check(
        self, about: Mapping[str, Any], found: Mapping[str, Any] | None = None, say: Callable[[Any], str] = repr
    ) -> None:
        """Check that the folder is that of an undertaking.

        Args:
            about: What must stay as it was; what else the folder says is not looked at.
            found: What the folder says; what its description says by default.
            say: A value in a message.

        Raises:
            ArtefactError: If it is another's; names what differs.
        """
        before, now = self.about() if found is None else found, _as_json(about)
        if changed := differences({name: before.get(name) for name in now}, now, say):
            raise ArtefactError(
                f"{str(self.path)!r} holds another {self.kind}: {'; '.join(changed[:_AT_MOST])}; {self.remedy}"
            )

    def _is_foreign(self, name: str) -> bool:
        """Whether a name is neither the operating system's nor a description that another process is writing."""
        return not (is_litter(name) or (name.startswith(".") and name.endswith(f"-{self.description.name}")))


def differences(
    before: Mapping[str, Any], now: Mapping[str, Any], say: Callable[[Any], str] = repr, where: str = ""
) -> list[str]:
    """What differs between two descriptions, in words; empty if nothing does.

    Args:
        before: JSON values by name; mappings in it are compared entry by entry.
        now: The same; a name that only one of them has counts as None in the other.
        say: A value in a message.
        where: What each entry begins with.

    Example:
        >>> differences({"seed": 0, "of": {"k": 1, "n": 2}}, {"seed": 1, "of": {"k": 1, "n": 3}})
        ['seed was 0 and is now 1', 'of: n was 2 and is now 3']
    """
    found = []
    for name in dict.fromkeys((*before, *now)):
        old, new = before.get(name), now.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += differences(old, new, say, f"{where}{name}: ")
        elif old != new:
            found.append(f"{where}{name} was {say(old)} and is now {say(new)}")
    return found


def is_litter(name: str) -> bool:
    """Whether an operating system's file manager leaves files of this name in any folder.

    Example:
        >>> is_litter(".DS_Store"), is_litter("results.csv")
        (True, False)
    """
    return name in _LITTER


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


def _swap(beside: Path, target: Path, keep: Callable[[str], bool]) -> None:
    """Put a folder in the place of another; on any failure `target` is as it was."""
    if not target.exists():
        beside.rename(target)
        return
    aside = target.with_name(f"{beside.name}-old")
    target.rename(aside)
    kept: list[str] = []
    try:
        for name in sorted(entry.name for entry in aside.iterdir()):
            if keep(name) and not (beside / name).exists():
                (aside / name).rename(beside / name)
                kept.append(name)
        beside.rename(target)
    except BaseException:
        for name in kept:
            (beside / name).rename(aside / name)
        aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _link(beside: Path, target: Path) -> None:
    """Give a file its name, unless the name is taken."""
    try:
        os.link(beside, target)
    except FileExistsError:
        pass
    except OSError as error:  # a file system without links
        if error.errno not in _NO_LINKS:
            raise
        if not target.exists():
            beside.replace(target)


def _as_json(about: Mapping[str, Any]) -> dict[str, Any]:
    """What comes back when it is written and read: tuples become lists."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(about)))
    return plain


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
