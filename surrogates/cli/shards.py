"""``surrogates predict --space``: predictions of a whole space, or of all that a grammar allows, in shards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surrogates.cli.models import open_predictor
from surrogates.cli.output import counted, progress_bar

if TYPE_CHECKING:
    from benchmarks.spaces.enumeration import ArchRows
    from surrogates.oracle.predictors import Predictor
    from surrogates.shards.predict import ShardProgress

__all__ = ["Doublings", "Halvings", "Modules", "Shards", "Widths", "predict_space"]

Modules = Annotated[
    str | None,
    typer.Option(
        metavar="MIN-MAX",
        help="Predict any skeleton of so many modules, with any cell, instead of the published architectures.",
        show_default=False,
    ),
]
Widths = Annotated[
    str | None,
    typer.Option(
        metavar="N,N", help="Base channels of the skeletons, comma-separated. Default: 64.", show_default=False
    ),
]
Halvings = Annotated[
    str | None,
    typer.Option(metavar="MIN-MAX", help="Halvings of the resolution in a skeleton. Default: any.", show_default=False),
]
Doublings = Annotated[
    str | None,
    typer.Option(metavar="MIN-MAX", help="Doublings of the channels in a skeleton. Default: any.", show_default=False),
]
Shards = Annotated[
    str | None,
    typer.Option(
        metavar="[N/]M",
        help="Shard N of M, or all M that no other process is working on. Default: 1.",
        show_default=False,
    ),
]


def predict_space(
    model: str,
    space: str,
    bounds: dict[str, str | None],
    shards: str | None,
    out: Path | None,
    top: int,
    keep_rows: bool,
    ray: str | None = None,
) -> None:
    """Predict a space in shards, with progress, and say what was written.

    Raises:
        typer.BadParameter: If an option is missing or has another form.
        UnknownNameError: If there is no such space or model.
        ValueError: If bounds or shards are out of range.
        ArtefactError: If the folder holds other predictions.
        OSError: If a file cannot be written.
    """
    if out is None:
        raise typer.BadParameter("expected a folder with --space, got none", param_hint="--out")
    shard, count = _shards(shards or "1")
    predictor = open_predictor(model)
    rows = _rows(predictor, space, bounds)
    from surrogates.pretrained.load import is_stored
    from surrogates.shards import predict_shards, predict_shards_on_ray

    if ray is None:
        work = predict_shards(predictor, rows, out, count, shard, top, keep_rows)
    elif shard is not None:
        raise typer.BadParameter("expected the number of all shards with --ray, got one of them", param_hint="--shards")
    else:
        place = str(Path(model).absolute()) if is_stored(model) else model
        work = predict_shards_on_ray(partial(open_predictor, place), rows, out, count, top, keep_rows, ray)
    with closing(work) as steps:
        last = _shown(steps)
    which = counted(count, "shard") if shard is None else f"shard {shard:,} of {count:,}"
    typer.echo(f"{out}: {which}, {last.finished:,} of {counted(last.total, 'row')} finished.")
    if last.elsewhere:
        typer.echo(f"In other processes: {counted(len(last.elsewhere), 'shard')}.")


def _rows(predictor: Predictor, space: str, bounds: dict[str, str | None]) -> ArchRows:
    from benchmarks.spaces.enumeration import enumerate_space
    from surrogates.oracle.predictors import about

    widths = bounds["widths"]
    return enumerate_space(
        space,
        widths=None if widths is None else _widths(widths),
        equivalence=about(predictor).equivalence,
        **{name: _range(bounds[name], f"--{name}") for name in ("modules", "halvings", "doublings")},
    )


def _shown(steps: Iterator[ShardProgress]) -> ShardProgress:
    """Show progress; returns the last one."""
    with progress_bar() as progress:
        step = next(steps)
        bar = progress.add_task("predicting", total=step.total, completed=step.finished, before=step.finished)
        for step in steps:
            progress.update(bar, completed=step.finished)
    return step


def _shards(text: str) -> tuple[int | None, int]:
    """Number of the shard, None for all, and number of shards.

    Example:
        >>> _shards("3/16"), _shards("16")
        ((3, 16), (None, 16))
    """
    found = re.fullmatch(r"(?:([0-9]{1,9})/)?([0-9]{1,9})", text.strip())
    if found is None or not int(found[2]) or (found[1] and not 1 <= int(found[1]) <= int(found[2])):
        raise typer.BadParameter(
            f"expected a number of shards, or N/M with N from 1 to M, got {text!r:.200}", param_hint="--shards"
        )
    return int(found[1]) if found[1] else None, int(found[2])


def _range(text: str | None, option: str) -> tuple[int, int] | None:
    """Least and most of a range.

    Example:
        >>> _range("4-6", "--modules"), _range("4", "--modules")
        ((4, 6), (4, 4))
    """
    if text is None:
        return None
    found = re.fullmatch(r"([0-9]{1,4})(?:-([0-9]{1,4}))?", text.strip())
    if found is None:
        raise typer.BadParameter(f"expected MIN-MAX or one number, got {text!r:.200}", param_hint=option)
    return int(found[1]), int(found[2] or found[1])


def _widths(text: str) -> list[int]:
    found = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch("[0-9]{1,4}", part) for part in found):
        raise typer.BadParameter(f"expected comma-separated numbers, got {text!r:.200}", param_hint="--widths")
    return list(map(int, found))
