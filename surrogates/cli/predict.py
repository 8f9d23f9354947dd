"""``surrogates predict``: predictions of a stored surrogate as CSV."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from surrogates.cli.arch_lists import ArchNames, numbered_archs
from surrogates.cli.help import examples
from surrogates.cli.models import open_beyond, open_model
from surrogates.cli.output import progress_bar

if TYPE_CHECKING:
    from surrogates.base import Surrogate
    from surrogates.oracle.predictors import Predictor

__all__ = ["EXAMPLES", "predict"]

_BATCH = 1024


EXAMPLES = examples(
    "surrogates predict model 64-41414-3_33_333 64-41414-0_31_023",
    "cat archs.txt | surrogates predict model - > predictions.csv",
    "surrogates predict transnas101-macro 64-2311-basic",
)


def predict(
    model: Annotated[
        str,
        typer.Argument(metavar="MODEL", help="Directory of a stored surrogate, or name of a bundled one (a space)."),
    ],
    archs: ArchNames,
) -> None:
    """Predict architectures with a stored surrogate; prints CSV with mean and standard deviation of every task.

    The last two columns say whether the architecture is one of the published ones, and how unlike the training rows of
    the surrogate it is (novelty): 0 for a trained one, below 1 for most of their kind, and the wider the interval the
    further above 1; empty if the surrogate does not know.
    Outside the published sets a bundled TransNAS-Bench-101 model answers with cells and skeletons together, as in
    lookup.

    Rows are in input order and written in batches of 1,024; blank lines are skipped. At the first line that is not an
    architecture of the model's space the command stops with exit code 2 and reports the line number.
    """
    import csv

    lines = numbered_archs(archs)
    surrogate, beyond = open_model(model), open_beyond(model)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    stds = [f"{task}_std" for task in surrogate.tasks_]
    writer.writerow(["arch", *surrogate.tasks_, *stds, "in_domain", "novelty"])
    sys.stdout.flush()
    with closing(_tracked(_batches(lines), None if "-" in archs else len(archs))) as batches:
        for batch in batches:
            writer.writerows(_rows(surrogate, beyond, batch))
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


def _rows(surrogate: Surrogate, beyond: Predictor | None, batch: list[tuple[str, str]]) -> Iterator[list[object]]:
    import numpy as np

    from benchmarks.errors import ArchitectureError
    from benchmarks.spaces.registry import get_space
    from surrogates.oracle.predictors import novelty_of, predict_matrix

    space = get_space(surrogate.space_)
    good: list[str] = []
    problem = None
    for where, arch in batch:
        try:
            _check(surrogate, arch)
        except ArchitectureError as error:
            problem = ArchitectureError(f"{where}{error}")
            break
        good.append(arch)
    mean, std = np.empty((2, len(good), len(surrogate.tasks_)))
    novelty = np.empty(len(good))
    for predictor, published in ((surrogate, True), (beyond or surrogate, False)):
        if rows := [row for row, arch in enumerate(good) if (arch in space) is published]:
            asked = [good[row] for row in rows]
            mean[rows], std[rows] = predict_matrix(predictor, asked)
            novelty[rows] = novelty_of(predictor, asked)
    for arch, values, spreads, far in zip(good, mean.tolist(), std.tolist(), novelty.tolist(), strict=True):
        yield [arch, *values, *spreads, arch in space, "" if math.isnan(far) else far]
    if problem is not None:
        raise problem


def _check(surrogate: Surrogate, arch: str) -> None:
    from benchmarks.errors import ArchitectureError
    from benchmarks.spaces.registry import infer_space

    space = infer_space(arch)
    if space != surrogate.space_:
        raise ArchitectureError(f"expected an architecture of {surrogate.space_}, got {arch!r:.200} of {space.name}")
    space.validate(arch)
