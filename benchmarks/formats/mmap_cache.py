"""Memory-mapped cache of tables that are slow to read: converted once, opened in a fraction of a second.

A cache is a folder with ``header.json`` (architectures, the position of each column), one flat ``.npy`` file per number
type, and the SHA-256 of each. All are compared when it is opened, and a damaged cache is rebuilt; that reads every byte
once: the 90 MB of a table as large as the published one take 0.1 to 0.2 s on one core. Its key is the file's resolved
path, size, times (of its content and of its entry) and inode, so a changed or replaced file gets a new cache.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.files import file_marks, read_file, sha256_of, write_folder_beside
from benchmarks.table import Table
from benchmarks.task_log import TaskLog

__all__ = ["cache_dir", "cached"]

_VERSION = 3
_HEADER, _CHECKSUM = "header.json", "header.sha256"
_TYPES = ("float64", "int64")
_log = logging.getLogger(__name__)


def cache_dir() -> Path:
    """Folder of all caches: ``$TRANSNAS_CACHE_DIR``, else ``transnas-surrogates`` in the user's cache folder.

    For a user without a home it is a temporary folder of this process, with a warning.

    Example:
        >>> cache_dir().is_absolute()
        True
    """
    chosen = os.environ.get("TRANSNAS_CACHE_DIR")
    if chosen:
        return Path(chosen).expanduser().absolute()
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or _home()
    if home is None:
        return _for_now()
    return Path(home).absolute() / "transnas-surrogates"


def cached(path: Path, convert: Callable[[Path], Table], notes: dict[str, Any] | None = None) -> Table:
    """Return ``convert(path)``, cached on disk until the file changes.

    A damaged or missing cache is rebuilt silently. If the cache folder is not writable, the table is still returned,
    with a warning, and the next load converts again.

    Args:
        path: An existing file.
        convert: Reads the file.
        notes: JSON values that `convert` adds, such as what to warn of; they are kept in the cache, and added here
            also if the file is not converted again.

    Example:
        >>> import tempfile
        >>> from unittest.mock import patch
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "slow.txt").write_text("64-2311-basic")
        >>> def convert(path):
        ...     print("converting")
        ...     return Table.from_logs([path.read_text()], {"jigsaw": {"valid_top1": [90.0]}})
        >>> with patch.dict(os.environ, TRANSNAS_CACHE_DIR=str(folder / "cache")):
        ...     for _ in range(2):
        ...         table = cached(folder / "slow.txt", convert)
        converting
    """
    path = path.resolve()
    marks = file_marks(path)
    family = hashlib.sha256(str(path).encode()).hexdigest()[:16]
    prefix = f"{path.stem}-{family}-"
    folder = cache_dir() / f"{prefix}{'-'.join(f'{mark:x}' for mark in marks)}"
    notes = {} if notes is None else notes
    table = _open(folder, notes)
    if table is not None:
        return table
    _log.info("converting %s once into %s", path, folder)
    table = convert(path)
    try:
        _store(table, folder, notes)
        for other in folder.parent.iterdir():
            if other.name.startswith(prefix) and other != folder:
                shutil.rmtree(other, ignore_errors=True)
    except OSError as error:
        mapped = _open(folder, notes)  # another process may have created it in the meantime
        if mapped is not None:
            return mapped
        warnings.warn(
            f"{folder.parent} cannot be written ({error.strerror or error}): every load will convert "
            f"{path.name} again; set TRANSNAS_CACHE_DIR to a writable folder",
            stacklevel=2,
        )
        return table
    return _open(folder, notes) or table


def _home() -> Path | None:
    """The user's cache folder, or None for a user without a home."""
    try:
        return Path.home() / ".cache"
    except RuntimeError:
        return None


@lru_cache(maxsize=1)
def _for_now() -> Path:
    """A cache of this process alone: one that others can write to could hold anything."""
    warnings.warn(
        "this user has no home folder: caches are kept for this process only; set TRANSNAS_CACHE_DIR to a folder",
        stacklevel=3,
    )
    folder = tempfile.mkdtemp(prefix="transnas-surrogates-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _open(folder: Path, notes: dict[str, Any]) -> Table | None:
    """The memory-mapped table of a cache folder, whose notes are added; None if it is missing or damaged."""
    try:
        text = read_file(folder / _HEADER)
        if read_file(folder / _CHECKSUM) != hashlib.sha256(text).hexdigest().encode():
            return None
        header = json.loads(text)
        if header["version"] != _VERSION:
            return None
        flat = {name: _mapped(folder / f"{name}.npy", header["sha256"][name]) for name in _TYPES}
        names = header["spaces"]
        logs = {
            task: TaskLog(
                {name: _column(flat, place) for name, place in parts["metrics"].items()},
                _column(flat, parts["lengths"]),
                {name: _column(flat, place) for name, place in parts["info"].items()},
            )
            for task, parts in header["tasks"].items()
        }
        table = Table(tuple(header["archs"]), tuple(names[code] for code in header["rows"]), logs)
        notes.update(header["notes"])
        return table
    except (OSError, EOFError, ValueError, KeyError, TypeError, IndexError):
        return None


def _mapped(path: Path, recorded: str) -> NDArray[Any]:
    """A flat array, memory-mapped, after its file was compared with the recorded SHA-256.

    Raises:
        OSError: If it is missing.
        ValueError: If it is another file.
    """
    if sha256_of(path) != recorded:
        raise ValueError(f"{path.name} is damaged")
    array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def _store(table: Table, folder: Path, notes: dict[str, Any]) -> None:
    """Write a cache folder under a temporary name, then rename it."""
    with write_folder_beside(folder) as beside:
        parts: dict[str, list[NDArray[Any]]] = {name: [] for name in _TYPES}
        sizes = dict.fromkeys(_TYPES, 0)

        def place(values: NDArray[Any]) -> list[Any]:
            kind = values.dtype.name
            parts[kind].append(values.ravel())
            sizes[kind] += values.size
            return [kind, sizes[kind] - values.size, list(values.shape)]

        tasks = {
            task: {
                "metrics": {name: place(values) for name, values in log.metrics.items()},
                "lengths": place(log.lengths),
                "info": {name: place(values) for name, values in log.info.items()},
            }
            for task, log in table.logs.items()
        }
        hashes = {}
        for kind, arrays in parts.items():
            path = beside / f"{kind}.npy"
            np.save(path, np.concatenate([np.empty(0, kind), *arrays]), allow_pickle=False)
            hashes[kind] = sha256_of(path)
        header = {
            "version": _VERSION,
            "sha256": hashes,
            "archs": table.archs,
            "spaces": table.spaces,
            "rows": [table.spaces.index(name) for name in table.row_spaces],
            "tasks": tasks,
            "notes": notes,
        }
        text = json.dumps(header).encode()
        (beside / _HEADER).write_bytes(text)
        (beside / _CHECKSUM).write_text(hashlib.sha256(text).hexdigest(), "ascii")


def _column(flat: dict[str, NDArray[Any]], place: list[Any]) -> NDArray[Any]:
    """View of a column; it stays memory-mapped."""
    kind, start, shape = place
    size = int(np.prod(shape))
    return np.asarray(flat[kind])[start : start + size].reshape(shape)
