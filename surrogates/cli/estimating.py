"""Estimates of trained supernets on the command line: common options, the architectures asked for, progress."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surrogates.cli.output import progress_bar, stderr

if TYPE_CHECKING:
    from surrogates.supernet.estimates import SupernetEstimates

__all__ = ["Folders", "Metric", "NormStatistics", "Sample", "SampleSeed", "asked_archs", "estimates_of", "scoring"]

Folders = Annotated[
    list[Path], typer.Argument(metavar="FOLDER...", help="Folders of supernets of one task; they are averaged.")
]
NormStatistics = Annotated[
    str,
    typer.Option(help="Batch norm of an architecture: batch (statistics of each batch) or recalibrated (slower)."),
]
Metric = Annotated[
    str, typer.Option(help="Rank by the validation loss, which ranks better, or the primary metric: loss or primary.")
]
Sample = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Only a random sample of N functions of the space.")
]
SampleSeed = Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Random seed of the sample.")]


def estimates_of(folders: list[Path], metric: str, statistics: str) -> SupernetEstimates:
    """Estimates of supernets of one task.

    Raises:
        ArtefactError: If a folder holds no finished supernet.
        ValueError: If they are of several tasks, or differ in more than their seed.
    """
    from surrogates.supernet.estimates import SupernetEstimates

    found = SupernetEstimates(list(map(str, folders)), metric=metric, statistics=statistics)  # type: ignore[arg-type]
    if len(found.tasks_) > 1:
        raise ValueError(f"expected supernets of one task, got those of {' and '.join(found.tasks_)}")
    return found


def asked_archs(estimates: SupernetEstimates, arch: list[str] | None, sample: int | None, seed: int) -> list[str]:
    """The architectures given, or the functions of the space, or some of them.

    Raises:
        typer.BadParameter: If architectures and a sample are given.
    """
    import numpy as np

    from benchmarks.training.supernet.layouts import layout_of

    if arch and sample is not None:
        raise typer.BadParameter("expected one of --arch and --sample, got both")
    if arch:
        return list(dict.fromkeys(arch))
    functions = layout_of(estimates.space_).functions
    if sample is None or sample >= len(functions):
        return list(functions)
    return [functions[row] for row in sorted(np.random.default_rng(seed).choice(len(functions), sample, replace=False))]


@contextmanager
def scoring(estimates: SupernetEstimates, total: int, threads: int) -> Iterator[None]:
    """Show the progress of estimates within the context, which are computed with a number of CPU threads.

    Raises:
        MissingExtraError: If the extra ``[training]`` is not installed.
    """
    from benchmarks.optional import needs_extra

    with needs_extra("Scores of a supernet", "training", "torch", "lightning", "pillow"):
        from benchmarks.training.device import training_process
    training_process(threads)
    with progress_bar(console=stderr()) as bar:
        line = bar.add_task("scoring", total=total)
        estimates.progress = lambda done, of: bar.update(line, completed=done, total=of)
        yield
