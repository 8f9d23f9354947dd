"""Tables as csv files, and the text files that are nearly csv: other separators, decimal commas, comment lines."""

from __future__ import annotations

import csv
import gzip
import io
import re
import warnings
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO

from benchmarks import limits
from benchmarks.errors import TableError
from benchmarks.files import write_beside
from benchmarks.frames import ARCH_COLUMNS, to_frame
from benchmarks.limits import SHOWN
from benchmarks.table import Table
from benchmarks.table_checks import Duplicates
from benchmarks.task_log import Epoch
from benchmarks.user_warnings import warn_user

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["csv_header", "header_only", "read_csv", "write_csv"]

_SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "vertical bars"}
_TITLES = 20  # lines above the header that may be no part of the table
_GZIP = b"\x1f\x8b"
_BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_COMMA_NUMBER = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+")
_POINT_NUMBER = re.compile(r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?")


def read_csv(
    source: Path | TextIO | BinaryIO, duplicates: Duplicates = "error", minimize: Collection[str] | str = ()
) -> Table:
    r"""Read a csv file with the columns described in `Table.from_frame`.

    Tabs, semicolons or vertical bars between the columns, decimal commas beside them, lines that start with ``#`` or
    stand above the header, UTF-16 with a byte order mark, and gzip are read too; a warning says how. Which separator it
    is, the header tells: the first of comma, tab, semicolon and bar with which it has a column of architectures, or one
    without a name in the first place.

    Args:
        source: The file, or an open text or binary stream.
        duplicates: As in `Table.from_frame`.
        minimize: As in `Table.from_frame`.

    Raises:
        TableError: If the file is not a csv, its content is invalid, or it exceeds `benchmarks.limits`.
        ArchitectureError: If the string in a row is not an architecture.

    Warns:
        UserWarning: If the file is not plain csv, how it was read; if rows have fewer fields than the header.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "mine.csv"
        >>> _ = path.write_text("arch,jigsaw\n64-2311-basic,90.1\n")
        >>> read_csv(path).value("64-2311-basic", "jigsaw")
        90.1
        >>> read_csv(io.StringIO("arch,jigsaw\n64-2311-basic,90.1\n")).value("64-2311-basic", "jigsaw")
        90.1
    """
    import pandas as pd

    try:
        text, how = _text(_content(source))
        lines = _without_title(_without_comments(text, how), how)
        dialect = _dialect(lines, how)
        _check_size(lines, dialect)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows longer than the header
            # read as text, so that `parse_frame` keeps every digit
            frame = pd.read_csv(io.StringIO(lines, newline=""), sep=dialect.separator, dtype=str, index_col=False)
    except TableError:
        raise
    except (ValueError, EOFError, OSError, zlib.error, csv.Error, pd.errors.ParserWarning) as error:
        raise TableError(f"expected a csv file with a header line ({error!s:.{SHOWN}})") from error
    twice = [name for name in dict.fromkeys(dialect.header) if name and dialect.header.count(name) > 1]
    if twice:
        raise TableError(
            f"expected unique column names, got {twice[0]!r:.{SHOWN}} {dialect.header.count(twice[0])} times"
        )
    if dialect.separator != ",":
        frame = _with_points(frame, dialect.separator, how)
    if how:
        warn_user(f"read as csv with {', '.join(how)}")
    if len(frame) and frame.iloc[:, -1].isna().any():  # as in each row that is short
        _warn_of_short_rows(lines, dialect)
    return Table.from_frame(frame, duplicates=duplicates, minimize=minimize)


def header_only(path: Path) -> list[str] | None:
    r"""The columns of a csv file that has a header and no rows, without that of the architectures.

    Returns:
        Names of columns; none if the file is empty; None if it has rows or is no csv file.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "mine.csv"
        >>> _ = path.write_text("arch,jigsaw\n")
        >>> header_only(path)
        ['jigsaw']
    """
    found = _header(path)
    return None if found is None or found[1] else found[0]


def csv_header(path: Path) -> list[str]:
    r"""The columns of a csv file without that of the architectures; none if it is no csv file.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "mine.csv"
        >>> _ = path.write_text("arch,jigsaw\n64-2311-basic,90\n")
        >>> csv_header(path)
        ['jigsaw']
    """
    found = _header(path)
    return [] if found is None else found[0]


def _header(path: Path) -> tuple[list[str], bool] | None:
    """Names of the columns of a csv file, and whether it has rows; None if it is no csv file."""
    how: list[str] = []
    if not path.is_file() or not {".csv", ".tsv", ".txt"} & set(path.suffixes):
        return None
    try:
        text = _without_comments(_text(_content(path))[0], how)
        rows = len([line for line in text.splitlines() if line.strip()]) > 1
        names = _dialect(_without_title(text, how) if rows else text, how).header
    except (TableError, ValueError, EOFError, OSError, zlib.error, csv.Error):
        return None
    return [name.strip() for name in names if name.strip() and name.strip().casefold() not in ARCH_COLUMNS], rows


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


@dataclass(frozen=True)
class _Dialect:
    separator: str
    header: list[str]


def _content(source: Path | TextIO | BinaryIO) -> bytes | str:
    """The content of a file or stream, decompressed."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            content: bytes | str = file.read(limits.TEXT_BYTES + 1)
    else:
        content = source.read(limits.TEXT_BYTES + 1)
    if isinstance(content, bytes) and content.startswith(_GZIP):
        with gzip.open(io.BytesIO(content)) as unzipped:
            content = unzipped.read(limits.TEXT_BYTES + 1)
    if len(content) > limits.TEXT_BYTES:
        raise TableError(f"expected at most {limits.TEXT_BYTES:,} bytes of text, got more")
    return content


def _text(content: bytes | str) -> tuple[str, list[str]]:
    """The text without a byte order mark, and what there is to say about its encoding."""
    if isinstance(content, str):
        return content.removeprefix("\ufeff"), []
    encoding = _BOMS.get(content[:2])
    return (content.decode(encoding), ["UTF-16"]) if encoding else (content.decode("utf-8-sig"), [])


def _without_comments(text: str, how: list[str]) -> str:
    """The text without lines that start with ``#``; if one of them names the columns, it stays, without that sign."""
    if not (text.startswith("#") or "\n#" in text or "\r#" in text):
        return text
    lines = text.splitlines(keepends=True)
    first = next((row for row, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))
    names = first - 1
    if first and lines[names].startswith("#"):
        bare = lines[names].lstrip("# ")
        if _separator(bare) and not (first < len(lines) and _separator(lines[first])):
            lines[names] = bare
    kept = [line for line in lines if not line.startswith("#")]
    if dropped := len(lines) - len(kept):
        how.append(f"{dropped:,} comment line{'s' * (dropped > 1)} left out")
    return "".join(kept)


def _without_title(text: str, how: list[str]) -> str:
    """The text from its header on, if that has a column of architectures, and only lines without one stand above."""
    stream = io.StringIO(text, newline="")
    above = 0
    for _ in range(_TITLES):
        start = stream.tell()
        line = stream.readline()
        if _has_arch(line):
            if above:
                how.append(f"{above} line{'s' * (above > 1)} above the header left out")
                return text[start:]
            return text
        above += bool(line.strip())
    return text


def _has_arch(header: str) -> bool:
    return any(field.strip().casefold() in ARCH_COLUMNS for s in _SEPARATORS for field in _fields(header, s))


def _dialect(text: str, how: list[str]) -> _Dialect:
    """Separator and names of the columns; a comma unless only another one gives a column of architectures."""
    header = next((line for line in io.StringIO(text, newline="") if line.strip()), "")
    separator = _separator(header) or ","
    if separator != ",":
        how.append(f"{_SEPARATORS[separator]} between the columns")
    return _Dialect(separator, _fields(header, separator))


def _separator(header: str) -> str:
    for separator in _SEPARATORS:
        fields = _fields(header, separator)
        if any(field.strip().casefold() in ARCH_COLUMNS for field in fields) and (len(fields) > 1 or separator == ","):
            return separator
    unnamed = (separator for separator in _SEPARATORS if len(parts := header.split(separator)) > 1 and not parts[0])
    return next(unnamed, "")


def _fields(header: str, separator: str) -> list[str]:
    return next(csv.reader([header], delimiter=separator), [])


def _check_size(text: str, dialect: _Dialect) -> None:
    rows, columns = max(text.count("\n"), text.count("\r")), len(dialect.header)
    if rows > limits.ROWS or columns > limits.COLUMNS or rows * columns > limits.CELLS:
        raise TableError(
            f"expected at most {limits.ROWS:,} rows, {limits.COLUMNS:,} columns and {limits.CELLS:,} cells, got "
            f"{rows:,} rows of {columns:,} columns"
        )


def _warn_of_short_rows(text: str, dialect: _Dialect) -> None:
    """Warn of rows that end before the last column: what they lack is missing, or the file is cut."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=dialect.separator)
    rows = (fields for fields in reader if any(map(str.strip, fields)))
    next(rows, None)
    short = [(row, fields) for row, fields in enumerate(rows) if len(fields) < len(dialect.header)]
    if short:
        row, fields = short[0]
        warn_user(
            f"{len(short):,} row{'s end' if len(short) > 1 else ' ends'} before the last column, such as row {row} "
            f"({fields[0].strip()!r:.60}), with {len(fields)} of {len(dialect.header)} fields: the others are taken as "
            "missing; or is the file cut?"
        )


def _with_points(frame: pd.DataFrame, separator: str, how: list[str]) -> pd.DataFrame:
    """Numbers with decimal commas as numbers with points.

    Raises:
        TableError: If commas may be decimal commas or separate thousands.
    """
    results = [name for name in frame.columns if str(name).strip().casefold() not in ARCH_COLUMNS]
    cells = [str(cell).strip() for name in results for cell in frame[name].dropna().unique()]
    commas = [cell for cell in cells if _COMMA_NUMBER.fullmatch(cell)]
    if not commas:
        return frame
    points = next((cell for cell in cells if _POINT_NUMBER.fullmatch(cell)), None)
    if points is not None:
        raise TableError(f"expected decimal points or decimal commas, got both: {points:.40} and {commas[0]:.40}")
    if separator == "\t" and all(_THOUSANDS.fullmatch(cell) for cell in commas):
        raise TableError(
            f"{commas[0]:.40} may be a decimal comma or a separator of thousands: write numbers with a decimal point"
        )
    how.append("decimal commas")
    frame = frame.copy()
    for name in results:
        frame[name] = [
            cell.strip().replace(",", ".") if isinstance(cell, str) and _COMMA_NUMBER.fullmatch(cell.strip()) else cell
            for cell in frame[name]
        ]
    return frame
