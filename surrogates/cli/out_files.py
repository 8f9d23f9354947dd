"""Files that commands write: the option ``--out``, and a check of every path before the computation begins."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["TableOut", "writable"]


def writable(path: Path | None) -> Path | None:
    """Callback of an option that names a file to write; None if it is not given.

    Raises:
        typer.BadParameter: If its folder does not exist or cannot be written to, or if the path is a folder.

    Example:
        >>> str(writable(Path("run.json")))
        'run.json'
    """
    if path is None:
        return None
    folder = path.parent
    if path.is_dir():
        raise typer.BadParameter(f"expected a file, got the folder {str(path)!r:.200}")
    if not folder.is_dir():
        raise typer.BadParameter(f"cannot write {str(path)!r:.200}: there is no folder {str(folder)!r:.200}")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        why = f"the folder {str(folder)!r:.200} cannot be written to ({error.strerror or error})"
        raise typer.BadParameter(f"cannot write {str(path)!r:.200}: {why}") from error
    return path


TableOut = Annotated[
    Path,
    typer.Option("--out", "-o", callback=writable, help="Table file to write, by its ending: .parquet, .csv or .pth."),
]
