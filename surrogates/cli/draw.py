"""``surrogates draw``: an architecture as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from surrogates.cli.help import examples
from surrogates.cli.out_files import writable

__all__ = ["EXAMPLES", "draw"]

EXAMPLES = examples(
    "surrogates draw 64-41414-3_01_003 --out cell.svg",
    "surrogates draw 64-2311-basic --out skeleton.svg",
    "surrogates --spaces graphs.jsonl draw cell7 --out cell7.svg",
)


def draw(
    arch: Annotated[str, typer.Argument(metavar="ARCH", help="Architecture string of any space.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", callback=writable, help="Picture to write: an .svg file.")
    ],
) -> None:
    """Draw an architecture: cell, simplest form and skeleton, with shapes, and how the string is read.

    Operations are in colour; those without effect, as no path from the cell's input to its output uses them, are pale
    and dashed. In notebooks: `from surrogates import draw; draw("64-41414-3_01_003")`.
    """
    from surrogates.drawing.pictures import draw as drawn

    if out.suffix.casefold() != ".svg":
        raise typer.BadParameter(f"expected a file ending in .svg as --out, got {str(out)!r:.200}")
    drawn(arch).save(out)
    typer.echo(f"Wrote {out}.")
