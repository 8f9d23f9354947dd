"""Output of results: aligned tables and formatted numbers, CSV and JSON, progress bars."""

from __future__ import annotations

import csv
import json
import math
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn

__all__ = [
    "can_plot",
    "check_figure_file",
    "counted",
    "duration",
    "measurement",
    "no_plots_note",
    "print_csv",
    "print_json",
    "print_table",
    "progress_bar",
    "score",
    "score_and_sd",
    "stderr",
    "working",
]

_LEAST_FOLD = 20


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1, optional: Sequence[str] = ()
) -> None:
    """Print an aligned table; plain text without colour, rules and limits of width if stdout is not a terminal.

    No value is ever cut. If a terminal is too narrow, columns that may be left out are, with a line that names them;
    then a last column of text is folded between words; then the columns are shown in blocks below each other; and as
    a last resort, every value has its own line.

    Args:
        columns: Column headings.
        rows: Rows of cells.
        left: Number of leading columns that are left-aligned; the others are right-aligned.
        optional: Headings of the columns that may be left out, the first to go first.

    Example:
        >>> print_table(["task", "value"], [["jigsaw", "94.2 %"]])
        task     value
        jigsaw  94.2 %
    """
    cells = [list(columns), *map(list, rows)]
    if not sys.stdout.isatty():
        for line in _aligned(cells, left):
            typer.echo(line)
        return
    for head, *lines in _fitted(cells, left, optional, shutil.get_terminal_size().columns):
        typer.secho(head, bold=True)
        for line in lines:
            typer.echo(line)


def print_json(value: Any) -> None:
    """Print JSON; NaN becomes null.

    Example:
        >>> print_json({"std": float("nan")})
        {
          "std": null
        }
    """
    typer.echo(json.dumps(_nullified(value), indent=2, ensure_ascii=False, allow_nan=False))


def print_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print CSV with full precision; NaN becomes an empty field.

    Example:
        >>> print_csv(["task", "std"], [["jigsaw", float("nan")]])
        task,std
        jigsaw,
    """
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_nullified(cell) for cell in row] for row in rows)


def score(value: float) -> str:
    """Format a score with three decimals; a dash for NaN.

    Example:
        >>> score(0.71849), score(float("nan"))
        ('0.718', '-')
    """
    return "-" if math.isnan(value) else f"{value:.3f}"


def score_and_sd(mean: float, sd: float, signed: bool = False) -> str:
    """Format a mean over seeds with its standard deviation; the mean alone if the deviation is NaN (one seed).

    Example:
        >>> score_and_sd(0.71849, 0.0123), score_and_sd(0.05, float("nan"), signed=True)
        ('0.718 ± 0.012', '+0.050')
    """
    if math.isnan(mean):
        return score(mean)
    return f"{mean:{'+' if signed else ''}.3f}" + ("" if math.isnan(sd) else f" ± {sd:.3f}")


def counted(number: int, noun: str) -> str:
    """Format a number with its noun, in the plural unless it is 1.

    Example:
        >>> counted(1, "task"), counted(2000, "training")
        ('1 task', '2,000 trainings')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def duration(seconds: float) -> str:
    """Format a duration in seconds as text.

    Example:
        >>> duration(7.25), duration(200), duration(4000), duration(200_000), duration(float("nan"))
        ('7.2 s', '3 min 20 s', '1 h 06 min', '2 d 07 h', '-')
    """
    if math.isnan(seconds):
        return "-"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min {rest:02} s"
    return f"{hours} h {minutes:02} min" if hours < 48 else f"{hours // 24} d {hours % 24:02} h"


def measurement(value: float, std: float, unit: str = "-") -> tuple[str, str]:
    """Format a value with its unit, and its standard deviation with two significant digits; a dash for a NaN one.

    Example:
        >>> measurement(94.2345, 1.086, "%"), measurement(0.56339, float("nan"))
        (('94.2 %', '± 1.1'), ('0.56339', '-'))
    """
    digits = min(max(1 - math.floor(math.log10(std)), 0), 6) if std > 0 else 6
    shown = f"{value:.{digits}f}" if std > 0 else f"{value:.6g}"
    return shown + ("" if unit == "-" else f" {unit}"), "-" if math.isnan(std) else f"± {std:.{digits}f}"


def can_plot() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def no_plots_note() -> str:
    """Suffix of a message about written files: how to install matplotlib if it is missing, else empty.

    Example:
        >>> no_plots_note() == "" or "pip install" in no_plots_note()
        True
    """
    from benchmarks.extras import install_command

    return "" if can_plot() else f" (no figure without matplotlib: {install_command('matplotlib', 'plots')})"


def check_figure_file(path: Path, option: str) -> None:
    """Check that a figure can be written, before the computation.

    Args:
        path: File of the figure.
        option: Name of the option that the path was given with, for the message.

    Raises:
        MissingExtraError: If matplotlib is not installed.
        typer.BadParameter: If matplotlib does not support the file type.

    Example:
        >>> check_figure_file(Path("figure.png"), "--plot")
    """
    from surrogates.figures import new_figure

    formats = sorted(new_figure((1, 1)).canvas.get_supported_filetypes())
    if path.suffix[1:].lower() not in formats:
        raise typer.BadParameter(
            f"expected a file with one of the suffixes {', '.join(formats)}, got {path.name!r:.200}", param_hint=option
        )


def stderr() -> Console:
    """The console for progress and status messages."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def progress_bar(*columns: ProgressColumn, console: Console | None = None) -> Progress:
    """Progress of long work: on a terminal a bar that disappears when done, elsewhere lines on stderr.

    The lines come after five seconds, then every minute, then once at the end (`surrogates.cli.logged_progress`).

    Args:
        *columns: What the bar shows; rich's default if none.
        console: Where it is shown; `stderr()` if not given.
    """
    from rich.progress import Progress

    console = console or stderr()
    if not console.is_terminal:
        from surrogates.cli.logged_progress import LoggedProgress

        return LoggedProgress(duration)
    # what is printed meanwhile is a result, not for this console
    return Progress(*columns, console=console, transient=True, redirect_stdout=False)


@contextmanager
def working(what: str) -> Iterator[None]:
    """Progress of work whose length is unknown: on a terminal a spinner, elsewhere lines as those of `progress_bar`.

    Args:
        what: What is done, e.g. "fitting 64 architectures".

    Example:
        >>> with working("fitting 64 architectures"):
        ...     pass
    """
    console = stderr()
    if console.is_terminal:
        with console.status(what):
            yield
        return
    from surrogates.cli.logged_progress import LoggedProgress

    with LoggedProgress(duration) as progress:
        progress.add_task(what, total=None)
        yield


def _aligned(cells: list[list[str]], left: int) -> list[str]:
    """One line per row; the first row is the headings."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(
            cell + pad if position < left else pad + cell
            for position, (cell, width) in enumerate(zip(row, widths, strict=True))
            for pad in [" " * (width - cell_len(cell))]
        ).rstrip()
        for row in cells
    ]


def _fitted(cells: list[list[str]], left: int, optional: Sequence[str], width: int) -> list[list[str]]:
    """Parts of a table that are not wider than `width`, each as lines of which the first one is a heading."""
    for leave in range(len(optional) + 1):
        gone = [name for name in optional[:leave] if name in cells[0]]
        shown = [position for position, name in enumerate(cells[0]) if name not in gone]
        lines = _aligned(_pick(cells, shown), sum(position < left for position in shown))
        if _width(lines) <= width:
            note = f"(not shown at this width: {', '.join(gone)})"
            return [[*_ruled(lines), *([note] if gone else [])]]
    if left >= len(cells[0]):
        return _folded(cells, width) or _listed(cells, len(cells[0]) - 1)
    return _blocks(cells, left, width) or _listed(cells, left)


def _folded(cells: list[list[str]], width: int) -> list[list[str]]:
    """The table with its last column folded between words; empty if there is no room."""
    before = [row[:-1] for row in cells]
    room = width - _width([line + "  " for line in _aligned(before, len(before[0]))])
    if room < _LEAST_FOLD:
        return []
    rows = []
    for *others, text in cells:
        first, *more = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
        rows += [[*others, first], *([*[""] * len(others), line] for line in more)]
    return [_ruled(_aligned(rows, len(cells[0])))]


def _blocks(cells: list[list[str]], left: int, width: int) -> list[list[str]]:
    """The table as several with the same left columns; empty if one of the other columns does not fit."""
    keys, blocks = list(range(left)), [[left]]
    for position in range(left + 1, len(cells[0])):
        if _width(_aligned(_pick(cells, [*keys, *blocks[-1], position]), left)) <= width:
            blocks[-1].append(position)
        else:
            blocks.append([position])
    parts = [_ruled(_aligned(_pick(cells, [*keys, *block]), left)) for block in blocks]
    return parts if all(_width(part) <= width for part in parts) else []


def _listed(cells: list[list[str]], left: int) -> list[list[str]]:
    """One line per value below the left cells of its row."""
    names, *rows = cells
    return [["  ".join(row[:left]), *map("  {}  {}".format, names[left:], row[left:])] for row in rows]


def _pick(cells: list[list[str]], positions: Sequence[int]) -> list[list[str]]:
    return [[row[position] for position in positions] for row in cells]


def _ruled(lines: list[str]) -> list[str]:
    return [lines[0], "─" * _width(lines), *lines[1:]]


def _width(lines: list[str]) -> int:
    from rich.cells import cell_len

    return max(map(cell_len, lines), default=0)


def _nullified(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _nullified(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_nullified(entry) for entry in value]
    return None if isinstance(value, float) and math.isnan(value) else value
