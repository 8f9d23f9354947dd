"""How results are shown: tables for people, exact csv and JSON for programs."""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

__all__ = ["progress_bar", "score", "score_and_sd", "stderr", "print_csv", "print_json", "print_table"]


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> None:
    """Print an aligned table; without colour, rules and line breaks where stdout is no terminal.

    Args:
        columns: Headings.
        rows: Cells.
        left: The first so many columns are text; the others align to the right.

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
    """Print csv with every digit; NaN becomes an empty field.

    Example:
        >>> print_csv(["task", "std"], [["jigsaw", float("nan")]])
        task,std
        jigsaw,
    """
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_nullified(cell) for cell in row] for row in rows)


def score(value: float) -> str:
    """A score with three digits; a dash where there is none.

    Example:
        >>> score(0.71849), score(float("nan"))
        ('0.718', '-')
    """
    return "-" if math.isnan(value) else f"{value:.3f}"


def score_and_sd(mean: float, sd: float, signed: bool = False) -> str:
    """A mean over seeds with its standard deviation; the mean alone where there was one seed.

    Example:
        >>> score_and_sd(0.71849, 0.0123), score_and_sd(0.05, float("nan"), signed=True)
        ('0.718 ± 0.012', '+0.050')
    """
    if math.isnan(mean):
        return score(mean)
    return f"{mean:{'+' if signed else ''}.3f}" + ("" if math.isnan(sd) else f" ± {sd:.3f}")


def stderr() -> Console:
    """The console for progress and notes."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def progress_bar() -> Progress:
    """A progress bar that goes when it is done; nothing at all where stderr is no terminal."""
    from rich.progress import Progress

    console = stderr()
    return Progress(console=console, transient=True, disable=not console.is_terminal)


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
