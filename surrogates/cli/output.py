"""Output of results: aligned tables and formatted numbers, CSV and JSON, progress bars."""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Iterable, Sequence
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
]


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> None:
    """Print an aligned table; plain text without colour, rules and wrapping if stdout is not a terminal.

    Args:
        columns: Column headings.
        rows: Rows of cells.
        left: Number of leading columns that are left-aligned; the others are right-aligned.

    Example:
        >>> print_table(["task", "value"], [["jigsaw", "94.2 %"]])
        task     value
        jigsaw  94.2 %
    """
    cells = [list(row) for row in rows]
    if sys.stdout.isatty():
        _write_rich(columns, cells, left)
        return
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    for row in [columns, *cells]:
        aligned = [
            cell.ljust(width) if position < left else cell.rjust(width)
            for position, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        typer.echo("  ".join(aligned).rstrip())


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
        >>> no_plots_note() == "" or "[plots]" in no_plots_note()
        True
    """
    return "" if can_plot() else " (no figure without matplotlib: pip install 'transnas-surrogates[plots]')"


def check_figure_file(path: Path, option: str) -> None:
    """Check that a figure can be written, before the computation.

    Args:
        path: File of the figure.
        option: Name of the option that the path was given with, for the message.

    Raises:
        MissingExtraError: If matplotlib is not installed.
        typer.BadParameter: If the folder does not exist, or matplotlib does not support the file type.

    Example:
        >>> check_figure_file(Path("figure.png"), "--plot")
    """
    from surrogates.search.studies.figures import new_figure

    formats = sorted(new_figure((1, 1)).canvas.get_supported_filetypes())
    if path.suffix[1:].lower() not in formats:
        raise typer.BadParameter(
            f"expected a file with one of the suffixes {', '.join(formats)}, got {path.name!r:.200}", param_hint=option
        )
    if not path.parent.is_dir():
        raise typer.BadParameter(f"expected an existing folder, got {str(path.parent)!r}", param_hint=option)


def stderr() -> Console:
    """The console for progress and status messages."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def progress_bar(*columns: ProgressColumn, console: Console | None = None) -> Progress:
    """A progress bar that disappears when done; writes nothing if its console is not a terminal.

    Args:
        *columns: What it shows; rich's default if none.
        console: Where it is shown; `stderr()` if not given.
    """
    from rich.console import Console
    from rich.progress import Progress

    console = console or stderr()
    shown = console.is_terminal
    # quiet: rich before 14.3 ends a disabled bar with an empty line
    return Progress(*columns, console=console if shown else Console(quiet=True), transient=True, disable=not shown)


def _write_rich(columns: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True, header_style="bold")
    for position, heading in enumerate(columns):
        last = position == len(columns) - 1
        table.add_column(
            heading,
            justify="left" if position < left else "right",
            no_wrap=not last,
            overflow="fold" if last else "crop",
        )
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table, highlight=False)


def _nullified(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _nullified(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_nullified(entry) for entry in value]
    return None if isinstance(value, float) and math.isnan(value) else value
