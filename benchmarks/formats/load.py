"""Loading a table from any supported file format: `load_table`."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from benchmarks import limits
from benchmarks.errors import ArchitectureError, TableError, shown
from benchmarks.files import kind_of_file
from benchmarks.formats.bundled import find_table, list_tables
from benchmarks.formats.csv import read_csv
from benchmarks.formats.parquet import parquet_files, read_parquet, read_provenance
from benchmarks.formats.transnas_pth import read_pth
from benchmarks.spaces.space import Space
from benchmarks.table import Table
from benchmarks.table_checks import Duplicates

__all__ = ["PROVENANCE_READERS", "READERS", "load_table", "table_provenance"]

READERS: dict[str, Callable[[Path, Duplicates, Collection[str] | str], Table]] = {
    ".csv": read_csv,
    ".parquet": read_parquet,
    ".pth": read_pth,
}
"""File suffix -> reader; readers report errors in the content, `load_table` adds the file name. To add a format, add an
entry here and in `benchmarks.formats.save.WRITERS`."""

_CSV_TOO = (".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
_PARQUET, _ZIP = b"PAR1", b"PK\x03\x04"

PROVENANCE_READERS: dict[str, Callable[[Path], dict[str, Any]]] = {".parquet": read_provenance}
"""File suffix -> reader of the provenance, for formats that hold one."""


def load_table(
    path: str | os.PathLike[str] | TextIO | BinaryIO,
    space: str | Space | None = None,
    duplicates: Duplicates = "error",
    *,
    minimize: Collection[str] | str = (),
) -> Table:
    r"""Load a table of measured results.

    Args:
        path: The name of a bundled table (`list_tables`); a csv or parquet file with one row per architecture (see
            `Table.from_frame` for its columns); a folder of partitioned parquet files; the published
            ``transnas-bench_v10141024.pth``, which is converted once into a memory-mapped cache; or an open stream of
            csv or parquet. Text with tabs, semicolons, decimal commas or comment lines, and gzip, are read as csv.
        space: Keep only the rows of this search space; the published file holds two.
        duplicates: Rows of one architecture that disagree are an ``"error"`` or replaced by their ``"mean"``.
        minimize: User-defined tasks that are better when lower, as in `Table.from_frame`.

    Returns:
        The table; its `provenance` is that of the parquet file or bundled table.

    Raises:
        TableNotFoundError: If there is no such file or bundled table.
        TableError: If the file is damaged or of an unknown format, or its content is invalid; names the file.
        ArchitectureError: If the string in a row is not an architecture; names the file.

    Warns:
        UserWarning: If a text file is not plain csv, how it was read; if a .pth has fields that are not
            known.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "mine.csv"
        >>> _ = path.write_text("arch,jigsaw,jigsaw/valid_loss\n64-2311-basic,90,0.5\n64-1234-basic,94,\n")
        >>> load_table(path).to_frame("valid_loss")["jigsaw"].tolist()
        [0.5, nan]
    """
    if isinstance(path, (str, os.PathLike)):
        table = _from_file(path, duplicates, minimize)
    else:
        table = _from_stream(path, duplicates, minimize)
    return table if space is None else table.where(space=space)


def table_provenance(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Provenance of a parquet file, a folder of them or a bundled table, read without loading the table.

    Tables of campaigns record the plan, the recipes and their differences from the published ones, images, seeds,
    commits, hardware and seconds; for other files the result is empty.

    Raises:
        TableNotFoundError: If there is no such file or bundled table.
        TableError: If a parquet file is damaged, or files of a folder differ in their provenance.

    Example:
        >>> table_provenance("rooms-mini")["preset"]
        'mini'
    """
    file, suffix = (Path(path), ".parquet") if _is_parted(path) else (find_table(path), "")
    reader = PROVENANCE_READERS.get(suffix or _suffix(file))
    if reader is None:
        return {}
    with _naming(file):
        return reader(file)


def _from_file(path: str | os.PathLike[str], duplicates: Duplicates, minimize: Collection[str] | str) -> Table:
    file = Path(path)
    folder = kind_of_file(file) == "a folder"
    if folder and str(path) not in list_tables():
        suffix = ".parquet" if _is_parted(path) else ""
    else:
        file = find_table(path) if _suffix(file) in READERS or not file.suffix else file
        suffix = _suffix(file)
    if suffix not in READERS:
        kind = (
            "of a stored surrogate or another artefact"
            if (file / "metadata.json").is_file()
            else "without parquet files"
        )
        came = f"{shown(file.suffix or 'no suffix')}{f', a folder {kind}' * folder}"
        raise TableError(
            f"{_name(file)}: expected a file ending in {', '.join(READERS)}, got {came} "
            f"({', '.join(_CSV_TOO)} are read as csv)"
        )
    with _naming(file):
        return READERS[suffix](file, duplicates, minimize)


def _from_stream(stream: TextIO | BinaryIO, duplicates: Duplicates, minimize: Collection[str] | str) -> Table:
    """A table of an open stream, whose first bytes tell the format."""
    if not hasattr(stream, "read"):
        raise TableError(f"expected a path, or an open stream, got {type(stream).__name__} {shown(stream)}")
    name = getattr(stream, "name", None)
    with _naming(name if isinstance(name, str) else f"the {type(stream).__name__}"):
        try:
            content = stream.read(limits.FILE_BYTES + 1)
        except (OSError, ValueError) as error:  # closed, only for writing, or not UTF-8
            raise TableError(f"expected a stream that can be read, got one that cannot ({error!s:.200})") from error
        if len(content) > limits.FILE_BYTES:
            raise TableError(f"expected at most {limits.FILE_BYTES:,} bytes, got more")
        if isinstance(content, str):
            return read_csv(io.StringIO(content, newline=""), duplicates, minimize)
        if content.startswith(_PARQUET):
            return read_parquet(io.BytesIO(content), duplicates, minimize)
        if content.startswith(_ZIP):
            raise TableError("a .pth is read from a file, not from a stream: pass its path")
        return read_csv(io.BytesIO(content), duplicates, minimize)


def _is_parted(path: str | os.PathLike[str]) -> bool:
    """Whether it is a folder with parquet files, and not the name of a bundled table."""
    if kind_of_file(path) != "a folder" or str(path) in list_tables():
        return False
    with _naming(Path(path)):
        return bool(parquet_files(Path(path)))


def _suffix(file: Path) -> str:
    """The suffix of the format: ``.csv`` for every text file that `read_csv` reads."""
    return ".csv" if file.name.casefold().endswith(_CSV_TOO) else file.suffix.casefold()


@contextmanager
def _naming(file: Path | str) -> Iterator[None]:
    """Prefix errors about the content of a file with its name."""
    try:
        yield
    except (ArchitectureError, TableError) as error:
        raise type(error)(f"{_name(file)}: {error}") from error


def _name(file: Path | str) -> str:
    """A path for messages."""
    return shown(str(file))[1:-1]
