"""``surrogates predict``: predictions of a stored surrogate as CSV."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surrogates.cli.arch_lists import OptionalArchNames, numbered_archs
from surrogates.cli.help import examples
from surrogates.cli.launchers import RayAddress
from surrogates.cli.models import open_predictor
from surrogates.cli.output import progress_bar
from surrogates.cli.shards import Doublings, Halvings, Modules, Shards, Widths, predict_space

if TYPE_CHECKING:
    from benchmarks.spaces.space import Space
    from surrogates.oracle.predictors import Predictor

__all__ = ["EXAMPLES", "predict"]

_BATCH = 1024
_KEPT = 32_768  # rows, those of all published architectures


EXAMPLES = examples(
    "surrogates predict model 64-41414-3_33_333 64-41414-0_31_023",
    "cat archs.txt | surrogates predict model - > predictions.csv",
    "surrogates predict transnas101-macro 64-2311-basic",
    "surrogates predict nasbench201 --space nasbench201 --out predictions",
    "surrogates predict transnas101-micro --space transnas101-micro --modules 1-6 --shards 2/16 --out predictions",
    "surrogates top predictions --task jigsaw",
)


def predict(
    model: Annotated[
        str,
        typer.Argument(metavar="MODEL", help="Directory of a stored surrogate, or name of a bundled one (a space)."),
    ],
    archs: OptionalArchNames = None,
    space: Annotated[
        str | None,
        typer.Option(help="Instead of ARCH, predict a whole space in shards: its name.", show_default=False),
    ] = None,
    modules: Modules = None,
    widths: Widths = None,
    halvings: Halvings = None,
    doublings: Doublings = None,
    shards: Shards = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FOLDER", help="Folder of the shards, with --space.", show_default=False),
    ] = None,
    top: Annotated[
        int | None,
        typer.Option(
            min=1, help="Best rows of every task to keep of each shard, with --space. Default: 100.", show_default=False
        ),
    ] = None,
    only_top: Annotated[bool, typer.Option("--only-top", help="Write the best rows only, with --space.")] = False,
    ray: RayAddress = None,
) -> None:
    """Predict architectures with a stored surrogate; prints CSV with mean and standard deviation of every task.

    The last two columns say whether the architecture is one of the published ones, and how unlike the training rows of
    the surrogate it is (novelty): 0 for a trained one, below 1 for most of their kind, and the wider the interval the
    further above 1; empty if the surrogate does not know.
    Outside the published sets a bundled TransNAS-Bench-101 model answers with cells and skeletons together, as in
    lookup.

    Rows are in input order and written in batches of 1,024; blank lines are skipped. At the first line that is not an
    architecture of the model's space the command stops with exit code 2 and reports the line number.

    With --space, predictions are parquet files in --out, one row a function, as docs/many_machines.md says. The same
    command resumes, also in several processes at once; 'surrogates top' shows the best of all.
    """
    bounds = {"modules": modules, "widths": widths, "halvings": halvings, "doublings": doublings}
    if space is not None:
        if archs:
            raise typer.BadParameter("expected either architectures or --space, got both")
        predict_space(model, space, bounds, shards, out, top or 100, not only_top, ray)
        return
    if not archs:
        raise typer.BadParameter("expected one or more architectures, -, or --space, got none", param_hint="ARCH|-")
    given = {**bounds, "shards": shards, "out": out, "top": top, "only-top": only_top or None, "ray": ray}
    if extra := [f"--{name}" for name, value in given.items() if value is not None]:
        raise typer.BadParameter(f"expected --space with {', '.join(extra)}, got architectures")
    lines = numbered_archs(archs)
    predictor = open_predictor(model)
    stds = [f"{task}_std" for task in predictor.tasks_]
    sys.stdout.write(_as_csv([["arch", *predictor.tasks_, *stds, "in_domain", "novelty"]])[0])
    sys.stdout.flush()
    known: dict[str, str] = {}
    with closing(_tracked(_batches(lines), None if "-" in archs else len(archs))) as batches:
        for batch in batches:
            _write_rows(predictor, batch, known)
            sys.stdout.flush()


def _batches(lines: Iterable[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    lines = iter(lines)
    while batch := list(itertools.islice(lines, _BATCH)):
        yield batch


def _tracked(
    batches: Iterator[list[tuple[str, str]]], total: int | None
) -> Generator[list[tuple[str, str]], None, None]:
    """The batches, with progress on stderr unless the rows themselves are seen, on a terminal."""
    if sys.stdout.isatty():
        yield from batches
        return
    with progress_bar() as progress:
        bar = None
        for batch in batches:
            if bar is None:  # nothing to report before input arrives
                bar = progress.add_task("predicting", total=total)
            yield batch
            progress.update(bar, advance=len(batch))


def _write_rows(predictor: Predictor, batch: list[tuple[str, str]], known: dict[str, str]) -> None:
    """Write the rows of a batch, up to the first that is not an architecture; `known` rows are written again."""
    from benchmarks.errors import ArchitectureError
    from benchmarks.spaces.registry import get_space

    space = get_space(predictor.space_)
    good: list[str] = []
    problem = None
    for where, arch in batch:
        try:
            if arch not in known:
                _check(space, arch)
        except ArchitectureError as error:
            problem = ArchitectureError(f"{where}{error}")
            break
        good.append(arch)
    if new := [arch for arch in dict.fromkeys(good) if arch not in known]:
        if len(known) + len(new) > _KEPT:
            known.clear()
            new = list(dict.fromkeys(good))
        known.update(zip(new, _predicted(predictor, new), strict=True))
    sys.stdout.write("".join([known[arch] for arch in good]))
    if problem is not None:
        raise problem


def _predicted(predictor: Predictor, archs: list[str]) -> list[str]:
    """The rows of n architectures, as lines of csv."""
    from benchmarks.spaces.registry import get_space
    from surrogates.oracle.predictors import novelty_of, predict_matrix

    space = get_space(predictor.space_)
    mean, std = predict_matrix(predictor, archs)
    columns = zip(archs, mean.tolist(), std.tolist(), novelty_of(predictor, archs).tolist(), strict=True)
    return _as_csv(
        [arch, *values, *spreads, arch in space, "" if math.isnan(far) else far]
        for arch, values, spreads, far in columns
    )


def _as_csv(rows: Iterable[list[object]]) -> list[str]:
    """One line for each row."""
    import csv
    from types import SimpleNamespace

    lines: list[str] = []
    csv.writer(SimpleNamespace(write=lines.append), lineterminator="\n").writerows(rows)  # one call of write a row
    return lines


def _check(space: Space, arch: str) -> None:
    from benchmarks.errors import ArchitectureError
    from benchmarks.spaces.registry import infer_space

    if arch in space:
        return
    came = infer_space(arch)
    if came != space:
        raise ArchitectureError(f"expected an architecture of {space.name}, got {arch!r:.200} of {came.name}")
    space.validate(arch)
