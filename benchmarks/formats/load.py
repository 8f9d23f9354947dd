"""One door for every file format: `load_table`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from benchmarks.checks import Duplicates
from benchmarks.errors import TableError, TableNotFoundError
from benchmarks.formats.csv_parquet import read_csv, read_parquet
from benchmarks.formats.transnas_pth import read_pth
from benchmarks.spaces.space import Space
from benchmarks.table import Table

__all__ = ["READERS", "load_table"]

READERS: dict[str, Callable[[Path, Duplicates], Table]] = {
    ".csv": read_csv,
    ".parquet": read_parquet,
    ".pth": read_pth,
}
"""File suffix -> reader. A new format is one more entry."""


def load_table(
    path: str | os.PathLike[str], space: str | Space | None = None, duplicates: Duplicates = "error"
) -> Table:
    r"""Load a table of measured results.

    Args:
        path: A csv or parquet file with one row an architecture (see `Table.from_frame` for its columns), or
            the published ``transnas-bench_v10141024.pth``, which is converted once into a memory-mapped
            cache.
        space: Keep only the rows of this search space; the published file holds two.
        duplicates: Rows of one architecture that disagree are an ``"error"``, or replaced by their
            ``"mean"``.

    Raises:
        TableNotFoundError: If there is no such file.
        TableError: If the file is damaged or of an unknown format, or its content is not usable.
        ArchitectureError: If a row holds no architecture.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "mine.csv"
        >>> _ = path.write_text("arch,jigsaw,jigsaw/valid_loss\n64-2311-basic,90,0.5\n64-1234-basic,94,\n")
        >>> load_table(path).frame("valid_loss")["jigsaw"].tolist()
        [0.5, nan]
    """
    path = Path(path)
    reader = READERS.get(path.suffix.casefold())
    if reader is None:
        raise TableError(f"{path}: expected a file ending in {', '.join(READERS)}, got {path.suffix or 'no suffix'!r}")
    if not path.is_file():
        raise TableNotFoundError(f"no such file: {path}")
    table = reader(path, duplicates)
    return table if space is None else table.where(space=space)
