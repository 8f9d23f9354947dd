"""Tables as parquet files, with provenance in the file metadata."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.errors import TableError
from benchmarks.files import write_beside
from benchmarks.frames import to_frame
from benchmarks.table import Table
from benchmarks.table_checks import Duplicates
from benchmarks.task_log import Epoch

__all__ = ["read_parquet", "read_provenance", "write_parquet"]

_PROVENANCE = b"transnas-surrogates"


def read_parquet(path: Path, duplicates: Duplicates = "error", minimize: Collection[str] | str = ()) -> Table:
    """Read a parquet file with the columns described in `Table.from_frame`, and its provenance.

    Raises:
        TableError: If the file is not parquet or damaged, or its content is invalid.
        ArchitectureError: If the string in a row is not an architecture.

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
    except (ValueError, OSError) as error:  # pyarrow raises subclasses of these
        raise TableError(f"expected a parquet file; this one is damaged or something else ({error})") from error
    table = Table.from_frame(frame, duplicates=duplicates, minimize=minimize)
    return replace(table, provenance=read_provenance(path))


def read_provenance(path: Path) -> dict[str, Any]:
    """Provenance stored in a parquet file; empty if there is none.

    Raises:
        TableError: If the file is not parquet or damaged.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "mine.parquet"
        >>> table = Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_top1": [90.1]}})
        >>> write_parquet(replace(table, provenance={"commit": "1a2b3c"}), path)
        >>> read_provenance(path), read_parquet(path).provenance
        ({'commit': '1a2b3c'}, {'commit': '1a2b3c'})
    """
    import pyarrow.parquet

    try:
        found = pyarrow.parquet.read_schema(path).metadata or {}
    except (ValueError, OSError) as error:
        raise TableError(f"expected a parquet file; this one is damaged or something else ({error})") from error
    try:
        provenance = json.loads(found.get(_PROVENANCE, b"{}"))
    except ValueError as error:
        raise TableError(f"the stored provenance is damaged ({error})") from error
    if not isinstance(provenance, dict):
        raise TableError(f"expected a JSON object as stored provenance, got {provenance!r:.200}")
    return provenance


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

    columns = pyarrow.Table.from_pandas(to_frame(table.archs, table.logs, epoch), preserve_index=False)
    if table.provenance:
        notes = {_PROVENANCE: json.dumps(dict(table.provenance)).encode()}
        columns = columns.replace_schema_metadata({**columns.schema.metadata, **notes})
    with write_beside(path) as beside:
        pyarrow.parquet.write_table(columns, beside)
