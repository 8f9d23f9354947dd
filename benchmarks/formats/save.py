"""Saving a table in any supported file format: `save_table`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from benchmarks.errors import check_type, choice
from benchmarks.formats.csv import write_csv
from benchmarks.formats.parquet import write_parquet
from benchmarks.formats.transnas_pth import write_pth
from benchmarks.table import Table
from benchmarks.task_log import Epoch

__all__ = ["WRITERS", "save_table", "table_suffix"]

WRITERS: dict[str, Callable[[Table, Path, Epoch], None]] = {
    ".csv": write_csv,
    ".parquet": write_parquet,
    ".pth": write_pth,
}
"""File suffix -> writer."""


def save_table(table: Table, path: str | os.PathLike[str], epoch: Epoch = "final") -> None:
    """Write a table to a file that `load_table` reads; the write is atomic.

    Args:
        table: The table.
        path: Ends in ``.parquet`` (one epoch of every metric, and the table's `provenance`), ``.csv`` (one epoch of
            every metric) or ``.pth`` (every epoch, in the published layout, for the benchmark's own reader; needs
            torch).
        epoch: Epoch that csv and parquet store, as in `Table.to_frame`.

    Raises:
        UnknownNameError: If the file has another suffix.
        TableError: If no task has the epoch, or the file is a .pth and `epoch` is not ``"final"``.
        OSError: If the file cannot be written.
        TypeError: If it is no `Table`.

    Example:
        >>> import tempfile
        >>> from benchmarks.formats.load import load_table
        >>> path = Path(tempfile.mkdtemp()) / "mine.parquet"
        >>> save_table(Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_top1": [90.1]}}), path)
        >>> load_table(path).value("64-2311-basic", "jigsaw")
        90.1
    """
    check_type(table, Table, "table", "a Table (Table.from_frame makes one of a DataFrame)")
    WRITERS[table_suffix(path)](table, Path(path), epoch)


def table_suffix(path: str | os.PathLike[str]) -> str:
    """Suffix of a file that a table can be written to; checks it before long work.

    Raises:
        UnknownNameError: If tables cannot be written to such a file; names the nearest suffix.

    Example:
        >>> table_suffix("results.CSV")
        '.csv'
    """
    return choice(Path(path).suffix.casefold(), WRITERS, "file ending")
