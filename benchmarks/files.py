"""Files and folders: written as a whole or not at all, and read only if they are regular files."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import limits

__all__ = [
    "file_marks",
    "is_litter",
    "kind_of_file",
    "read_file",
    "sha256_of",
    "write_beside",
    "write_folder_beside",
]

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
