"""``surrogates rooms``: preview the synthetic images, and export them in Taskonomy's layout."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.optional import needs_extra
from surrogates.cli.help import NamedCommands, examples
from surrogates.cli.out_files import writable
from surrogates.cli.output import progress_bar, working

__all__ = ["rooms_app"]

rooms_app = typer.Typer(
    cls=NamedCommands,
    help="Synthetic images of random indoor scenes (Rooms), with labels for all tasks.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class _Split(str, Enum):
    train = "train"
    valid = "valid"
    test = "test"


Size = Annotated[int, typer.Option(metavar="N", min=16, max=1024, help="Height and width of the images in pixels.")]
Seed = Annotated[int, typer.Option(metavar="N", min=0, help="Random seed of the scenes.")]


@rooms_app.command(
    short_help="Draw some images and their labels.",
    epilog=examples(
        "surrogates rooms sheet --out rooms.png",
        "surrogates rooms sheet --out large.png --size 256 --columns 4 --rows 2",
    ),
)
def sheet(
    out: Annotated[Path, typer.Option("--out", "-o", callback=writable, help="PNG file to write.")],
    split: Annotated[_Split, typer.Option(help="Split to draw images from.")] = _Split.train,
    size: Size = 64,
    seed: Seed = 0,
    columns: Annotated[int, typer.Option(metavar="N", min=1, help="Number of images per row.")] = 6,
    rows: Annotated[int, typer.Option(metavar="N", min=1, help="Number of rows of images.")] = 3,
) -> None:
    """Draw a contact sheet of images with their segmentation, surface normals and, as text, other labels."""
    from benchmarks.errors import choice
    from benchmarks.files import write_beside

    choice(out.suffix.casefold(), (".png",), "file ending")
    with needs_extra("Rooms", "training", "torch", "pillow"):
        from benchmarks.training.rooms import contact_sheet, rooms
    with working("rendering"):
        images = rooms(split.value, columns * rows, size=size, seed=seed, cache=False)
    picture = contact_sheet(images, columns, rows)
    with write_beside(out) as beside:
        picture.save(beside)
    typer.echo(f"Wrote {out}: {columns * rows} images of {size} x {size}.")


@rooms_app.command(
    short_help="Write images and labels in Taskonomy's layout.",
    epilog=examples(
        "surrogates rooms export --out rooms --size 64",
        "surrogates train 64-2311-basic --task normal --data rooms",
    ),
)
def export(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Directory to write; an interrupted export is resumed.", file_okay=False)
    ],
    train: Annotated[int, typer.Option(metavar="N", min=1, help="Number of training images.")] = 8_192,
    valid: Annotated[int, typer.Option(metavar="N", min=1, help="Number of validation images.")] = 1_024,
    test: Annotated[int, typer.Option(metavar="N", min=1, help="Number of test images.")] = 1_024,
    size: Size = 256,
    seed: Seed = 0,
) -> None:
    """Render images and write them with their labels and split files in the folder layout of Taskonomy."""
    with needs_extra("Rooms", "training", "torch", "pillow"):
        from benchmarks.training.rooms.export import export as write
    sizes = {"train": train, "valid": valid, "test": test}
    with progress_bar() as progress:
        bar = progress.add_task("rendering", total=sum(sizes.values()))
        write(out, sizes, size=size, seed=seed, progress=lambda done, _: progress.update(bar, completed=done))
    typer.echo(f"Wrote {out}: {sum(sizes.values()):,} images of {size} x {size}.")
