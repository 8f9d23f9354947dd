"""Tables as parquet files, with provenance and checksums in the file metadata."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from benchmarks import limits
from benchmarks.errors import TableError, shown
from benchmarks.files import kind_of_file, write_beside
from benchmarks.frames import to_frame
from benchmarks.limits import SHOWN
from benchmarks.table import Table
from benchmarks.table_checks import Duplicates
from benchmarks.task_log import Epoch
from benchmarks.user_warnings import warn_user

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["parquet_files", "parquet_header", "read_parquet", "read_provenance", "write_parquet"]

_PROVENANCE = b"transnas-surrogates"
_LONG = ("task", "tasks", "metric", "dataset", "split")
_HASH = b"transnas-surrogates sha256"


def read_parquet(
    path: Path | BinaryIO, duplicates: Duplicates = "error", minimize: Collection[str] | str = ()
) -> Table:
    """Read a parquet file with the columns described in `Table.from_frame`, and its provenance.

    The checksums of pages, and the SHA-256 of the content, are compared if the file has them (`write_parquet` writes
    both): a damaged file is refused. The files of a folder must have the same provenance, and the limits bound all of
    them together.

    Args:
        path: The file; a folder of a partitioned table, whose files are read in the order of their names, without the
            columns that only the names of folders hold; or a binary stream.
        duplicates: As in `Table.from_frame`.
        minimize: As in `Table.from_frame`.

    Raises:
        TableError: If the file is not parquet or damaged, its content is invalid, or it exceeds `benchmarks.limits`; if
            files of a folder differ in their provenance.
        ArchitectureError: If the string in a row is not an architecture.

    Warns:
        UserWarning: If columns that only the names of folders hold are left out.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "mine.parquet"
        >>> write_parquet(Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_top1": [90.1]}}), path)
        >>> read_parquet(path).value("64-2311-basic", "jigsaw")
        90.1
    """
    frame, provenance = _whole(path) if isinstance(path, Path) and path.is_dir() else _checked(path, _Size())
    return replace(Table.from_frame(frame, duplicates=duplicates, minimize=minimize), provenance=provenance)


def read_provenance(path: Path) -> dict[str, Any]:
    """Provenance stored in a parquet file, or in all files of a folder; empty if there is none.

    Raises:
        TableError: If the file is not parquet or damaged, or files of a folder differ in their provenance.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "mine.parquet"
        >>> table = Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_top1": [90.1]}})
        >>> write_parquet(replace(table, provenance={"commit": "1a2b3c"}), path)
        >>> read_provenance(path), read_parquet(path).provenance
        ({'commit': '1a2b3c'}, {'commit': '1a2b3c'})
    """
    import pyarrow.parquet

    found: dict[Path, dict[str, Any]] = {}
    for part in _parts(path) if path.is_dir() else [path]:
        with _named(part, path), _damage_named():
            found[part] = _provenance(pyarrow.parquet.read_schema(part).metadata or {})
    return _common(found)


def parquet_header(path: Path) -> list[str]:
    """The columns of a parquet file, or of all files of a folder; none if it is neither, or damaged.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "mine.parquet"
        >>> write_parquet(Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_top1": [90.1]}}), path)
        >>> parquet_header(path)
        ['arch', 'jigsaw']
    """
    import pyarrow.parquet

    found: dict[str, None] = {}
    try:
        for part in _parts(path) if path.is_dir() else [path]:
            with _named(part, path), _damage_named():
                found |= dict.fromkeys(map(str, pyarrow.parquet.read_schema(part).names))
    except (TableError, OSError):
        return []
    return list(found)


def write_parquet(table: Table, path: Path, epoch: Epoch = "final") -> None:
    """Write one epoch of every metric as parquet, with the table's provenance in the file metadata.

    Args:
        table: The table; its provenance must consist of JSON values.
        path: The file to write.
        epoch: As in `Table.to_frame`.

    Raises:
        OSError: If the file cannot be written.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "mine.parquet"
        >>> write_parquet(Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_top1": [90.1]}}), path)
        >>> path.exists()
        True
    """
    import pyarrow.parquet

    frame = to_frame(table.archs, table.logs, epoch)
    columns = pyarrow.Table.from_pandas(frame, preserve_index=False)
    notes = {_PROVENANCE: json.dumps(dict(table.provenance)).encode()} if table.provenance else {}
    metadata = {**columns.schema.metadata, **notes}
    metadata[_HASH] = _content_hash(frame, metadata).encode()
    with write_beside(path) as beside:
        pyarrow.parquet.write_table(columns.replace_schema_metadata(metadata), beside, write_page_checksum=True)


class _Size:
    """Rows and columns of the files that were read for one table."""

    def __init__(self) -> None:
        self.rows = 0
        self.columns: set[str] = set()

    def add(self, rows: int, names: list[str]) -> None:
        """Count one more file.

        Raises:
            TableError: If there is more than `benchmarks.limits` allows.
        """
        self.rows += rows
        self.columns.update(names)
        columns = max(len(self.columns), len(names))  # a file may repeat a name
        if self.rows > limits.ROWS or columns > limits.COLUMNS or self.rows * columns > limits.CELLS:
            raise TableError(
                f"expected at most {limits.ROWS:,} rows, {limits.COLUMNS:,} columns and {limits.CELLS:,} cells, got "
                f"{self.rows:,} rows of {columns:,} columns"
            )


def _whole(folder: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The columns and the provenance of all files of a folder."""
    import pandas as pd

    parts = _parts(folder)
    names = _left_out(folder, parts)
    if rows_of := [name for name in names if name.casefold() in _LONG]:
        raise TableError(
            f"expected one row per architecture and a column per task, got files split by {rows_of[0]!r}: pivot the "
            "table first, as in frame.pivot(index='arch', columns='task', values='value')"
        )
    if names:
        warn_user(f"partition columns left out: {', '.join(names)}")
    size = _Size()
    frames: list[pd.DataFrame] = []
    found: dict[Path, dict[str, Any]] = {}
    for part in parts:
        with _named(part, folder):
            frame, found[part] = _checked(part, size)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True), _common(found)


def _checked(source: Path | BinaryIO, size: _Size) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The columns and the provenance of one file, compared with its SHA-256.

    Raises:
        TableError: If it is damaged, or there is too much in all files so far.
    """
    frame, metadata = _read(source, size)
    recorded = metadata.get(_HASH)
    if recorded is not None and recorded.decode("ascii", "replace") != _content_hash(frame, metadata):
        raise TableError("damaged: the SHA-256 of the content differs from the recorded one")
    return frame, _provenance(metadata)


def _read(source: Path | BinaryIO, size: _Size) -> tuple[pd.DataFrame, dict[bytes, bytes]]:
    """The columns of a parquet file, and the metadata of its schema."""
    import pyarrow.parquet

    with _damage_named(), pyarrow.parquet.ParquetFile(source, page_checksum_verification=True) as file:
        size.add(file.metadata.num_rows, file.schema_arrow.names)
        columns = file.read()
        frame = columns.to_pandas()
    return frame, columns.schema.metadata or {}


def parquet_files(folder: Path) -> list[Path]:
    """Everything below a folder whose name ends in ``.parquet``, sorted.

    Raises:
        TableError: If more than `limits.FILES` files and folders are below it, such as in a home folder.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> (folder / "part-0.parquet").touch()
        >>> [path.name for path in parquet_files(folder)]
        ['part-0.parquet']
    """
    found, seen = [], 0
    for place, folders, files in os.walk(folder):
        seen += len(folders) + len(files)
        if seen > limits.FILES:
            raise TableError(f"expected a folder with at most {limits.FILES:,} files below it, got more")
        found += [Path(place, name) for name in (*folders, *files) if name.endswith(".parquet")]
    return sorted(found)


def _parts(folder: Path) -> list[Path]:
    """The files of a partitioned table."""
    kinds = {path: kind_of_file(path) for path in parquet_files(folder)}
    parts = [path for path, kind in kinds.items() if kind != "a folder" and not path.name.startswith((".", "_"))]
    if not parts:
        raise TableError("expected a folder with parquet files, got none in it")
    for path in parts:
        if kinds[path] != "a file":
            raise TableError(f"{shown(path.name)[1:-1]}: expected a file, got {kinds[path]}")
    return parts


def _left_out(folder: Path, parts: list[Path]) -> dict[str, None]:
    """Names of the columns that only the names of folders hold."""
    return dict.fromkeys(
        place.partition("=")[0] for path in parts for place in path.relative_to(folder).parts[:-1] if "=" in place
    )


def _common(found: dict[Path, dict[str, Any]]) -> dict[str, Any]:
    """The provenance of all files of a table.

    Raises:
        TableError: If two differ: values of other trainings would pass for those of the first.
    """
    (first, provenance), *others = found.items()
    for path, other in others:
        if other != provenance:
            keys = sorted(key for key in {*provenance, *other} if provenance.get(key) != other.get(key))
            raise TableError(
                f"expected files of one provenance, got another in {shown(path.name)} than in {shown(first.name)} "
                f"({', '.join(keys):.{SHOWN}})"
            )
    return provenance


@contextmanager
def _named(part: Path, whole: Path) -> Iterator[None]:
    """Prefix errors about one of several files with its name."""
    try:
        yield
    except TableError as error:
        if part == whole:
            raise
        raise TableError(f"{shown(str(part.relative_to(whole)))[1:-1]}: {error}") from error


def _content_hash(frame: pd.DataFrame, metadata: dict[bytes, bytes]) -> str:
    """SHA-256 of the names and values of all columns, and of the provenance."""
    digest = hashlib.sha256(metadata.get(_PROVENANCE, b""))
    for position, name in enumerate(frame.columns):
        values = frame.iloc[:, position]
        kind = values.dtype.kind
        digest.update(f"\n{name}\n{kind if kind in 'if' else 's'}\n".encode())
        if kind in "if":
            numbers = values.to_numpy(dtype=np.int64 if kind == "i" else np.float64, copy=True)
            if kind == "f":
                numbers[np.isnan(numbers)] = np.nan  # one NaN, one bit pattern
            digest.update(numbers.astype(numbers.dtype.newbyteorder("<")).tobytes())
        else:
            digest.update("\n".join(map(str, values)).encode())
    return digest.hexdigest()


def _provenance(metadata: dict[bytes, bytes]) -> dict[str, Any]:
    try:
        provenance = json.loads(metadata.get(_PROVENANCE, b"{}"))
    except (ValueError, RecursionError) as error:
        raise TableError(f"the stored provenance is damaged ({error})") from error
    if not isinstance(provenance, dict):
        raise TableError(f"expected a JSON object as stored provenance, got {shown(provenance)}")
    return provenance


@contextmanager
def _damage_named() -> Iterator[None]:
    """Report what pyarrow, and pandas about the columns it returns, make of a damaged file."""
    try:
        yield
    except TableError:
        raise
    except Exception as error:  # most are subclasses of ValueError and OSError; damaged metadata raises other types
        reason = " ".join(str(error).split())
        raise TableError(
            f"expected a parquet file; this one is damaged or something else ({reason:.{SHOWN}})"
        ) from error
