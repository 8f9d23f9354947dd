"""Tables as csv files."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Collection
from pathlib import Path

from benchmarks.errors import TableError
from benchmarks.files import write_beside
from benchmarks.frames import to_frame
from benchmarks.table import Table
from benchmarks.table_checks import Duplicates
from benchmarks.task_log import Epoch

__all__ = ["read_csv", "write_csv"]


def read_csv(path: Path, duplicates: Duplicates = "error", minimize: Collection[str] | str = ()) -> Table:
    r"""Read a csv file with the columns described in `Table.from_frame`.

    Raises:
        TableError: If the file is not a csv, or its content is invalid.
        ArchitectureError: If the string in a row is not an architecture.

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
            # read as text, so that `parse_frame` keeps every digit
            frame = pd.read_csv(path, encoding="utf-8-sig", dtype=str, index_col=False)
    except (ValueError, UnicodeDecodeError, pd.errors.ParserWarning) as error:  # pandas' own errors are ValueErrors
        raise TableError(f"expected a csv file with a header line ({error})") from error
    twice = [name for name in dict.fromkeys(header) if name and header.count(name) > 1]
    if twice:
        raise TableError(f"expected unique column names, got {twice[0]!r} {header.count(twice[0])} times")
    return Table.from_frame(frame, duplicates=duplicates, minimize=minimize)


def write_csv(table: Table, path: Path, epoch: Epoch = "final") -> None:
    """Write one epoch of every metric as csv, with every digit.

    Raises:
        OSError: If the file cannot be written.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "mine.csv"
        >>> write_csv(Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_top1": [90.1]}}), path)
        >>> path.read_text().split()
        ['arch,jigsaw', '64-2311-basic,90.1']
    """
    frame = to_frame(table.archs, table.logs, epoch)
    with write_beside(path) as beside:
        frame.to_csv(beside, index=False)
