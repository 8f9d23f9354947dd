"""Lists of architectures: arguments, lines of stdin, and files; one a line, or a column of a table."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from benchmarks.spaces.space import Space
    from benchmarks.table import Table

__all__ = ["ArchNames", "OptionalArchNames", "numbered_archs", "read_archs", "validated"]

_ARCHS = typer.Argument(
    metavar="ARCH|-",
    help="One or more architecture strings, or - to read them from stdin, one a line or as the column arch of csv.",
)
ArchNames = Annotated[list[str], _ARCHS]
OptionalArchNames = Annotated[list[str] | None, _ARCHS]
_SEPARATORS = (",", "\t", ";")
_TEXT = (".txt", ".csv", ".tsv")


def numbered_archs(archs: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Pairs of a prefix for error messages (the line number if read from stdin) and an architecture.

    Blank lines, a byte order mark and a header are skipped.

    Raises:
        typer.BadParameter: If - is given beside architectures.

    Example:
        >>> list(numbered_archs(["64-2311-basic"]))
        [('', '64-2311-basic')]
    """
    if "-" not in archs:
        return (("", arch) for arch in archs)
    if len(archs) > 1:
        raise typer.BadParameter("expected either architectures or - (read them from stdin), got both")
    return ((f"stdin, line {number}: ", arch) for number, arch in _entries(sys.stdin))


def read_archs(path: Path, space: str) -> list[str]:
    """The architectures of a file: text with one a line, or any table of results, of which a column names them.

    Args:
        path: The file, or the name of a bundled table.
        space: Of a table of several spaces, the rows of this one are read.

    Raises:
        ArchitectureError: If a line is not an architecture; names it.
        ValueError: If there is none.
        TableError: If there is no such file, or it is neither a list nor a table.

    Example:
        >>> len(read_archs(Path("rooms-mini"), "transnas101-micro"))
        40
    """
    from benchmarks import limits
    from benchmarks.files import read_file
    from benchmarks.formats.load import load_table
    from benchmarks.spaces.registry import get_space

    if path.suffix.casefold() not in _TEXT or not (path.exists() or path.suffix.casefold() == ".txt"):
        return _of_table(load_table(path), get_space(space))
    lines = read_file(path, limits.TEXT_BYTES).decode("utf-8-sig", errors="replace").splitlines()
    if path.suffix.casefold() != ".txt" and not _is_list(lines):
        return _of_table(load_table(path), get_space(space))
    if found := [validated(arch, f"{path}, line {number}: ") for number, arch in _entries(lines)]:
        return found
    raise ValueError(f"expected architectures in {path}, one a line, got none")


def validated(arch: str, where: str) -> str:
    """The architecture in the spelling of its space.

    Raises:
        ArchitectureError: If it is none; the message begins with `where`.

    Example:
        >>> validated("64-2311-basic", "line 1: ")
        '64-2311-basic'
    """
    from benchmarks.errors import ArchitectureError
    from benchmarks.spaces.registry import infer_space

    try:
        return infer_space(arch).validate(arch)
    except ArchitectureError as error:
        raise ArchitectureError(f"{where}{error}") from None


def _of_table(table: Table, space: Space) -> list[str]:
    rows = zip(table.archs, table.row_spaces, strict=True)
    return [arch for arch, name in rows if name == space or space.name not in table.spaces]


def _is_list(lines: Iterable[str]) -> bool:
    """Whether lines are architectures, with or without a header, and nothing else."""
    from benchmarks.frames import ARCH_COLUMNS
    from benchmarks.spaces.registry import get_space, list_spaces

    first = next(filter(None, map(str.strip, lines)), "")
    return first.casefold() in ARCH_COLUMNS or any(get_space(name).recognises(first) for name in list_spaces())


def _entries(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Number and architecture of each line that is not blank; of lines of csv, the column with the architectures."""
    separator, column = "", -1
    for number, line in enumerate(lines, start=1):
        text = line.lstrip("\ufeff").strip()
        if not text:
            continue
        if column < 0:
            separator, column = _header(text)
            if column >= 0:
                continue
            column = 0
        cells = next(csv.reader([text], delimiter=separator)) if separator else [text]
        yield number, cells[column].strip() if column < len(cells) else ""


def _header(line: str) -> tuple[str, int]:
    """Separator and column of the architectures, if a line is a header: -1 if not; no separator for one column."""
    from benchmarks.frames import ARCH_COLUMNS

    if line.casefold() in ARCH_COLUMNS:
        return "", 0
    for separator in _SEPARATORS:
        names = [name.strip().casefold() for name in next(csv.reader([line], delimiter=separator))]
        if found := [column for column, name in enumerate(names) if name in ARCH_COLUMNS]:
            return separator, found[0]
    return "", -1
