"""Atomic writes of files and folders, run directories, and file locks."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import shutil
import socket
import stat
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import limits
from benchmarks.errors import ArtefactError

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "RunDirectory",
    "differences",
    "file_lock",
    "file_marks",
    "is_litter",
    "is_locked",
    "kind_of_file",
    "read_file",
    "sha256_of",
    "write_beside",
    "write_folder_beside",
]

_TRIES, _PAUSE = 3, 0.01
_CHUNK = 2**20  # bytes that are hashed at once
_LITTER = frozenset(
    {".DS_Store", ".directory", ".gitkeep", ".ipynb_checkpoints", "Thumbs.db", "__MACOSX", "desktop.ini", "lost+found"}
)
_LITTER_STARTS = ("._", ".nfs", ".Trash-", ".fuse_hidden")
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)
_AT_MOST = 3  # differences listed in one message


@contextmanager
def write_beside(path: str | os.PathLike[str], replace: bool = True) -> Iterator[Path]:
    """Yield a temporary name in the folder of `path`; rename the file written there to `path` on success.

    A reader of `path` sees the old content or the new content, never a partial file. If the block raises (also on
    Ctrl-C), the temporary file is removed and `path` is unchanged.

    Args:
        path: The file to write; its folder must exist.
        replace: Whether to replace an existing file; if not, the first of several writers wins.

    Yields:
        The temporary name; it has the suffix of `path`, for writers that choose the format by suffix.

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
        beside.touch(exist_ok=False)  # fails here, before the work, if the folder is not writable
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
    """Yield a temporary folder beside `path`; rename it to `path` on success.

    A reader of `path` sees the old folder or the new one, never a partial one (and none for the instant between two
    renames). If the block raises (also on Ctrl-C), the temporary folder is removed and `path` is unchanged.

    Args:
        path: The folder to write; its parents are created. An existing folder is replaced.
        keep: Tells by name which entries of a replaced folder are kept where the new folder has no entry of that name.

    Yields:
        The folder to write to.

    Raises:
        OSError: If it cannot be written, or another process wrote `path` at the same time.

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
    """The folder of one run: the run can be resumed in it, and results of different runs are never mixed.

    A JSON file in the folder describes the run.

    Args:
        path: The folder.
        kind: Kind of run for messages, e.g. ``"study"``.
        file: Name of the file with the description; ``<kind>.json`` by default.
        remedy: Advice for messages about a folder that belongs to another run.

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
        """Create the folder of a run, or check that an existing folder belongs to it.

        If several processes do so at the same time, one creates it and the others check.

        Args:
            about: Settings that must not change, as JSON values.
            results: Tells which file names must not exist in a folder without a description; all by default. Files of
                the operating system (`is_litter`) are allowed.
            say: Formats a value of `about` for a message.

        Returns:
            The directory itself.

        Raises:
            ArtefactError: If it belongs to another run, holds other results, or its description is damaged.
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
        """Create the folder if it does not exist, and return its path.

        Raises:
            ArtefactError: If there is a file of this name.
            OSError: If it cannot be created.
        """
        if self.path.exists() and not self.path.is_dir():
            raise ArtefactError(f"expected a folder or nothing at {str(self.path)!r}, got a file")
        self.path.mkdir(parents=True, exist_ok=True)
        return self.path

    def describe(self, about: Mapping[str, Any]) -> None:
        """Write the description unless there is one; the first of several processes wins.

        Args:
            about: JSON values.

        Raises:
            OSError: If it cannot be written, or the folder does not exist.
        """
        with write_beside(self.description, replace=False) as beside:
            beside.write_text(json.dumps(_as_json(about), indent=2) + "\n", encoding="utf-8")

    def file(self, name: str) -> Path:
        """Path of a file in the folder."""
        return self.path / name

    def about(self) -> dict[str, Any]:
        """Content of the description.

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
        """Check that the folder belongs to a run.

        Args:
            about: Settings that must not change; other entries of the description are ignored.
            found: Settings of the folder; the content of its description by default.
            say: Formats a value for a message.

        Raises:
            ArtefactError: If it belongs to another run; names the settings that differ.
        """
        before, now = self.about() if found is None else found, _as_json(about)
        if changed := differences({name: before.get(name) for name in now}, now, say):
            raise ArtefactError(
                f"{str(self.path)!r} holds another {self.kind}: {'; '.join(changed[:_AT_MOST])}; {self.remedy}"
            )

    def _is_foreign(self, name: str) -> bool:
        """Whether a file is neither the operating system's nor a description that another process is writing."""
        return not (is_litter(name) or (name.startswith(".") and name.endswith(f"-{self.description.name}")))


def differences(
    before: Mapping[str, Any], now: Mapping[str, Any], say: Callable[[Any], str] = repr, where: str = ""
) -> list[str]:
    """Differences between two descriptions as text, one string per difference.

    Args:
        before: JSON values by name; nested mappings are compared entry by entry.
        now: The same; a name that is missing in one of them counts as None.
        say: Formats a value.
        where: Prefix of every string.

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
    """Whether a name is one that file managers, file systems, git or Jupyter create in any folder.

    Example:
        >>> is_litter(".DS_Store"), is_litter("._mine"), is_litter("results.csv")
        (True, True, False)
    """
    return name in _LITTER or name.startswith(_LITTER_STARTS)


def kind_of_file(path: str | os.PathLike[str]) -> str:
    """What is at a path: ``"a file"``, ``"a folder"``, ``"a FIFO"``, ``"a socket"``, ``"a device"`` or ``"nothing"``.

    Example:
        >>> kind_of_file("/no/such/file"), kind_of_file("/dev/null")
        ('nothing', 'a device')
    """
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):  # a name with a null character is a ValueError
        return "nothing"
    return next((kind for test, kind in _KINDS if test(mode)), "a file")


def read_file(path: str | os.PathLike[str], most: int = limits.FILE_BYTES) -> bytes:
    """The content of a regular file; anything else (a FIFO would wait for ever) is refused before it is read.

    Args:
        path: The file.
        most: Largest size in bytes.

    Raises:
        OSError: If it does not exist, cannot be read, is not a regular file, or is larger.

    Example:
        >>> read_file("/dev/zero")
        Traceback (most recent call last):
        ...
        OSError: [Errno 22] expected a file, got a device: '/dev/zero'
    """
    with _regular(path) as file:
        if (size := os.fstat(file.fileno()).st_size) > most:
            raise OSError(errno.EFBIG, f"expected at most {most:,} bytes, got {size:,}", str(path))
        return file.read(most)


def sha256_of(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a regular file's content, 64 hexadecimal digits; the file is read in parts.

    Raises:
        OSError: If it does not exist, cannot be read, or is not a regular file.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "empty"
        >>> path.touch()
        >>> sha256_of(path)[:12]
        'e3b0c44298fc'
    """
    digest, part = hashlib.sha256(), memoryview(bytearray(_CHUNK))
    with _regular(path) as file:
        while size := file.readinto(part):
            digest.update(part[:size])
    return digest.hexdigest()


def file_marks(path: str | os.PathLike[str]) -> tuple[int, int, int, int]:
    """What changes when a file is changed or replaced: its size, times (of its content and of its entry) and inode.

    Raises:
        OSError: If it does not exist.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "numbers.txt"
        >>> _ = path.write_text("1 2 3")
        >>> before = file_marks(path)
        >>> _ = path.write_text("1 2 3 4")
        >>> file_marks(path) == before
        False
    """
    state = Path(path).stat()
    return state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino


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


@contextmanager
def _regular(path: str | os.PathLike[str]) -> Iterator[io.BufferedReader]:
    """Open a regular file for reading; anything else is refused before it is opened.

    Raises:
        OSError: If it does not exist, cannot be read, or is not a regular file.
    """
    if (kind := kind_of_file(path)) not in ("a file", "nothing"):
        raise OSError(errno.EINVAL, f"expected a file, got {kind}", str(path))
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # a FIFO that appears now does not wait either
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "expected a file, got something else", str(path))
        yield file


def _swap(beside: Path, target: Path, keep: Callable[[str], bool]) -> None:
    """Replace a folder by another; on any failure `target` is unchanged."""
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
    """Rename a file unless the target exists."""
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
    """The values after a round trip through JSON: tuples become lists."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(about)))
    return plain


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
