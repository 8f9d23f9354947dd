"""Help texts: examples that keep their line breaks, and arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["AsJson", "SpaceName", "TableFile", "TaskNames", "examples"]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
SpaceName = Annotated[str | None, typer.Option("--space", help="Only this space, where the table holds several.")]
TableFile = Annotated[
    Path, typer.Argument(metavar="TABLE", exists=True, dir_okay=False, help="csv, parquet or the published .pth.")
]
TaskNames = Annotated[list[str] | None, typer.Option("--task", "-t", help="Only this task; may be repeated.")]


def examples(*lines: str) -> str:
    r"""The epilog of a command's help.

    Example:
        >>> examples("surrogates doctor")
        '\x08\nExamples:\n  surrogates doctor'
    """
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])
