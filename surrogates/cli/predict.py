"""``surrogates predict``: a stored surrogate, from stdin to stdout."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surrogates.cli.help import examples

if TYPE_CHECKING:
    from surrogates.base import Surrogate

__all__ = ["EXAMPLES", "open_model", "predict"]

_BATCH = 1024


EXAMPLES = examples(
    "surrogates predict model 64-41414-3_33_333 64-41414-0_31_023",
    "cat archs.txt | surrogates predict model - > predictions.csv",
    "surrogates predict transnas101-macro 64-2311-basic",
)


def predict(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="Directory of a stored surrogate, or the name of a bundled one.")
    ],
    archs: Annotated[
        list[str], typer.Argument(metavar="ARCH...|-", help="Architecture strings; - reads one a line from stdin.")
    ],
) -> None:
    """Predict architectures with a stored surrogate: csv with mean and std of every task.

    Lines are written in the order they are read, 1,024 at a time; blank lines are skipped. At a line that is no
    architecture of the model's space the command stops with exit code 2 and names the line.
    """
    import csv

    if "-" in archs and len(archs) > 1:
        raise typer.BadParameter("expected architectures, or - alone to read them from stdin, got both")
    surrogate = open_model(model)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["arch", *surrogate.tasks_, *(f"{task}_std" for task in surrogate.tasks_)])
    sys.stdout.flush()
    for batch in _batches(_numbered(archs)):
        writer.writerows(_rows(surrogate, batch))
        sys.stdout.flush()


def open_model(model: str) -> Surrogate:
    """The surrogate in a directory, or the bundled one of a space.

    Raises:
        UnknownNameError: If it is neither.
        ArtefactError: If the directory holds none, or is damaged.

    Example:
        >>> open_model("transnas101-macro").space_
        'transnas101-macro'
    """
    from benchmarks.errors import choice
    from surrogates.pretrained import list_pretrained, load_pretrained
    from surrogates.store.load import load_surrogate

    if Path(model).exists():
        return load_surrogate(model)
    return load_pretrained(choice(model, list_pretrained(), "directory or bundled model"))


def _numbered(archs: list[str]) -> Iterator[tuple[str, str]]:
    """What to call each architecture in an error, and the architecture."""
    if archs != ["-"]:
        yield from (("", arch) for arch in archs)
        return
    for number, line in enumerate(sys.stdin, start=1):
        if arch := line.lstrip("\ufeff").strip():  # some editors begin a file with a mark
            yield f"stdin, line {number}: ", arch


def _batches(lines: Iterable[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    lines = iter(lines)
    while batch := list(itertools.islice(lines, _BATCH)):
        yield batch


def _rows(surrogate: Surrogate, batch: list[tuple[str, str]]) -> Iterator[list[object]]:
    from benchmarks.errors import ArchitectureError
    from surrogates.oracle.predictors import predict_matrix

    good: list[str] = []
    problem = None
    for where, arch in batch:
        try:
            _check(surrogate, arch)
        except ArchitectureError as error:
            problem = ArchitectureError(f"{where}{error}")
            break
        good.append(arch)
    mean, std = predict_matrix(surrogate, good)
    for arch, values, spreads in zip(good, mean.tolist(), std.tolist(), strict=True):
        yield [arch, *values, *spreads]
    if problem is not None:
        raise problem


def _check(surrogate: Surrogate, arch: str) -> None:
    from benchmarks.errors import ArchitectureError
    from benchmarks.spaces.registry import infer_space

    space = infer_space(arch)
    if space != surrogate.space_:
        raise ArchitectureError(f"{arch!r} is of {space.name}; this surrogate was fitted on {surrogate.space_}")
    space.validate(arch)
