"""Loading a table from any supported file format: `load_table`."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.errors import ArchitectureError, TableError
from benchmarks.formats.bundled import find_table
from benchmarks.formats.csv import read_csv
from benchmarks.formats.parquet import read_parquet, read_provenance
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

PROVENANCE_READERS: dict[str, Callable[[Path], dict[str, Any]]] = {".parquet": read_provenance}
"""File suffix -> reader of the provenance, for formats that hold one."""


def load_table(
    path: str | os.PathLike[str],
    space: str | Space | None = None,
    duplicates: Duplicates = "error",
    *,
    minimize: Collection[str] | str = (),
) -> Table:
    r"""Load a table of measured results.

    Args:
        path: The name of a bundled table (`list_tables`), a csv or parquet file with one row per architecture (see
            `Table.from_frame` for its columns), or the published ``transnas-bench_v10141024.pth``, which is converted
            once into a memory-mapped cache.
        space: Keep only the rows of this search space; the published file holds two.
        duplicates: Rows of one architecture that disagree are an ``"error"`` or replaced by their ``"mean"``.
        minimize: User-defined tasks that are better when lower, as in `Table.from_frame`.

    Returns:
        The table; its `provenance` is that of the parquet file or bundled table.

    Raises:
        TableNotFoundError: If there is no such file or bundled table.
        TableError: If the file is damaged or of an unknown format, or its content is invalid; names the file.
        ArchitectureError: If the string in a row is not an architecture; names the file.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "mine.csv"
        >>> _ = path.write_text("arch,jigsaw,jigsaw/valid_loss\n64-2311-basic,90,0.5\n64-1234-basic,94,\n")
        >>> load_table(path).to_frame("valid_loss")["jigsaw"].tolist()
        [0.5, nan]
    """
    file = Path(path)
    if file.suffix.casefold() in READERS or not (file.suffix or file.is_dir()):
        file = find_table(path)
    reader = READERS.get(file.suffix.casefold())
    if reader is None:
        raise TableError(f"{file}: expected a file ending in {', '.join(READERS)}, got {file.suffix or 'no suffix'!r}")
    with _naming(file):
        table = reader(file, duplicates, minimize)
    return table if space is None else table.where(space=space)


def table_provenance(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Provenance of a parquet file or bundled table, read without loading the table.

    Tables of campaigns record the plan, the recipes and their differences from the published ones, images, seeds,
    commits, hardware and seconds; for other files the result is empty.

    Raises:
        TableNotFoundError: If there is no such file or bundled table.
        TableError: If a parquet file is damaged.

    Example:
        >>> table_provenance("rooms-mini")["preset"]
        'mini'
    """
    file = find_table(path)
    reader = PROVENANCE_READERS.get(file.suffix.casefold())
    if reader is None:
        return {}
    with _naming(file):
        return reader(file)


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    """Prefix errors about the content of a file with its name."""
    try:
        yield
    except (ArchitectureError, TableError) as error:
        raise type(error)(f"{file}: {error}") from error
