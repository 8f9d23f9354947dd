"""Tables as csv and parquet files."""

from __future__ import annotations

import csv
import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.errors import ArchitectureError, TableError
from benchmarks.files import write_beside
from benchmarks.frames import to_frame
from benchmarks.table import Table
from benchmarks.table_checks import Duplicates
from benchmarks.task_log import Epoch

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_csv", "read_parquet", "read_provenance", "write_csv", "write_parquet"]

_PROVENANCE = b"transnas-surrogates"


def read_csv(path: Path, duplicates: Duplicates = "error") -> Table:
    r"""Read a csv file; what its columns mean is told at `Table.from_frame`.

    Raises:
        TableError: If the file is not a csv, or its content is not usable; names the file.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "mine.csv"
        >>> _ = path.write_text("arch,jigsaw\n64-2311-basic,90.1\n")
        >>> read_csv(path).value("64-2311-basic", "jigsaw")
        90.1
    """
    import pandas as pd

    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file), [])
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows longer than the header
            # everything as text: `parse_frame` keeps every digit
            frame = pd.read_csv(path, encoding="utf-8-sig", dtype=str, index_col=False)
    except (ValueError, UnicodeDecodeError, pd.errors.ParserWarning) as error:  # pandas' own errors are ValueErrors
        raise TableError(f"{path}: expected a csv file with a header line ({error})") from error
    twice = [name for name in dict.fromkeys(header) if name and header.count(name) > 1]
    if twice:
        raise TableError(f"{path}: expected different columns, got {twice[0]!r} {header.count(twice[0])} times")
    return _table(frame, path, duplicates)


def read_parquet(path: Path, duplicates: Duplicates = "error") -> Table:
    """Read a parquet file and its provenance; what its columns mean is told at `Table.from_frame`.

    Raises:
        TableError: If the file is not parquet or damaged, or its content is not usable; names the file.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "mine.parquet"
        >>> write_parquet(Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_top1": [90.1]}}), path)
        >>> read_parquet(path).value("64-2311-basic", "jigsaw")
        90.1
    """
    import pandas as pd

    try:
        frame = pd.read_parquet(path)
    except (ValueError, OSError) as error:  # pyarrow's own errors are one or the other
        raise TableError(f"{path}: expected a parquet file; this one is damaged or something else ({error})") from error
    return replace(_table(frame, path, duplicates), provenance=read_provenance(path))


def write_csv(table: Table, path: str | os.PathLike[str], epoch: Epoch = "final") -> None:
    """Write one epoch of every metric as csv, every digit kept.

    Raises:
        OSError: If the file cannot be written.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "mine.csv"
        >>> write_csv(Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_top1": [90.1]}}), path)
        >>> path.read_text().split()
        ['arch,jigsaw', '64-2311-basic,90.1']
    """
    frame = to_frame(table, epoch)
    with write_beside(path) as beside:
        frame.to_csv(beside, index=False)


def read_provenance(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a parquet file says about where its values come from; empty if it says nothing.

    Raises:
        TableError: If the file is not parquet or damaged.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "mine.parquet"
        >>> table = Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_top1": [90.1]}})
        >>> write_parquet(table, path, provenance={"commit": "1a2b3c"})
        >>> read_provenance(path), read_parquet(path).provenance
        ({'commit': '1a2b3c'}, {'commit': '1a2b3c'})
    """
    import pyarrow.parquet

    try:
        found = pyarrow.parquet.read_schema(path).metadata or {}
    except (ValueError, OSError) as error:
        raise TableError(f"{path}: expected a parquet file; this one is damaged or something else ({error})") from error
    try:
        provenance = json.loads(found.get(_PROVENANCE, b"{}"))
    except ValueError as error:
        raise TableError(f"{path}: what it says about where its values come from is damaged ({error})") from error
    if not isinstance(provenance, dict):
        raise TableError(f"{path}: expected a JSON object about where its values come from, got {provenance!r}")
    return provenance


def write_parquet(
    table: Table, path: str | os.PathLike[str], epoch: Epoch = "final", provenance: Mapping[str, Any] | None = None
) -> None:
    """Write one epoch of every metric as parquet.

    Args:
        table: What to write.
        path: Where.
        epoch: As in `Table.to_frame`.
        provenance: Where the values come from, as JSON values, kept in the file's metadata for `read_provenance`; the
            table's own if not given.

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

    columns = pyarrow.Table.from_pandas(to_frame(table, epoch), preserve_index=False)
    known = table.provenance if provenance is None else provenance
    if known:
        notes = {_PROVENANCE: json.dumps(dict(known)).encode()}
        columns = columns.replace_schema_metadata({**columns.schema.metadata, **notes})
    with write_beside(path) as beside:
        pyarrow.parquet.write_table(columns, beside)


def _table(frame: pd.DataFrame, path: Path, duplicates: Duplicates) -> Table:
    try:
        return Table.from_frame(frame, duplicates=duplicates)
    except (ArchitectureError, TableError) as error:
        raise type(error)(f"{path}: {error}") from None
