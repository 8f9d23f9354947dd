"""Training time of architectures in seconds: measured if the table has it, otherwise estimated.

The estimate is 3 x multiply-adds x images x epochs / throughput: a backward pass costs about two forward passes. It is
meant to compare searches, not for absolute costs: data loading, batch norm, activations and the discriminator of the
two generative tasks are not included.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.decoders import DECODER_CLASSES, TILES
from benchmarks.errors import TableError
from benchmarks.spaces.registry import infer_space
from benchmarks.tasks import TIME, find_task, trained_task

if TYPE_CHECKING:
    from benchmarks.table import Table

__all__ = ["THROUGHPUT", "partial_seconds", "training_seconds"]

THROUGHPUT = 2e12
"""Multiply-adds per second: a quarter of the single-precision peak of one V100 GPU (7.8e12)."""
_PASSES = 3
_TILE_SIZE = 64


def training_seconds(archs: Sequence[str], task: str, table: Table | None = None) -> NDArray[np.float64]:
    """Seconds on one GPU to train each of n architectures of one space on a task, with the published recipe.

    Args:
        archs: n architecture strings, at least one.
        task: Task name; that of another metric is the same training.
        table: Table whose last ``time_elapsed``, where it has one, is used instead of the estimate.

    Returns:
        Seconds of shape (n,); NaN without times in the table if the task is user-defined or the space has no networks.

    Example:
        >>> hours = training_seconds(["64-41414-3_33_333", "64-41414-1_00_100"], "class_scene") / 3600
        >>> hours.round(2).tolist()
        [7.06, 0.12]
    """
    task = trained_task(task)
    seconds = np.full(len(archs), np.nan)
    if table is not None and task in table.tasks and TIME in table.metrics(task):
        seconds[:] = [table.value(arch, task, TIME) if arch in table else np.nan for arch in archs]
    unknown = np.flatnonzero(np.isnan(seconds)).tolist()
    if unknown:
        seconds[unknown] = _estimate([archs[row] for row in unknown], task)
    return seconds


def partial_seconds(
    archs: Sequence[str], task: str, epochs: Sequence[int], table: Table | None = None, of: int | None = None
) -> NDArray[np.float64]:
    """Seconds on one GPU of the first epochs of a training of each of n architectures.

    Args:
        archs: n architecture strings of one space, at least one.
        task: Task name, as in `training_seconds`.
        epochs: Epochs trained of each architecture, of shape (n,), each at least 1; all of them if it is larger.
        table: Table whose ``time_elapsed`` after that epoch, where it has one, is used instead of a share of the whole.
        of: Epochs of a whole training that is not in the table; those of the published recipe if not given.

    Returns:
        Seconds of shape (n,); NaN where those of the whole training are.

    Raises:
        TableError: If the time of a training decreases from one epoch to the next: it is cumulative.

    Example:
        >>> arch = "64-41414-3_33_333"
        >>> whole, half = training_seconds([arch], "jigsaw"), partial_seconds([arch], "jigsaw", [5])
        >>> find_task("jigsaw").epochs, bool(np.isclose(2 * half, whole)[0])
        (10, True)
    """
    task = trained_task(task)
    seconds = training_seconds(archs, task, table)
    usual = of or find_task(task).epochs
    log = None if table is None else table.logs.get(task)
    for place, (arch, trained) in enumerate(zip(archs, epochs, strict=True)):
        length, elapsed = usual, np.zeros(0)
        if log is not None and table is not None and arch in table and log.lengths[table.row(arch)]:
            length = int(log.lengths[table.row(arch)])
            elapsed = log.metrics[TIME][table.row(arch), :length] if TIME in log.metrics else elapsed
            _check_cumulative(elapsed, arch, task)
        if trained < length or not length:
            known = elapsed[trained - 1] if trained <= len(elapsed) else np.nan
            share = trained / length if length else np.nan
            seconds[place] = seconds[place] * share if np.isnan(known) else known
    return seconds


def _check_cumulative(elapsed: NDArray[np.float64], arch: str, task: str) -> None:
    """Raise if measured times of shape (E,) decrease."""
    known = np.flatnonzero(~np.isnan(elapsed))
    falls = np.flatnonzero(np.diff(elapsed[known]) < 0)
    if len(falls):
        one, other = known[falls[0]], known[falls[0] + 1]
        raise TableError(
            f"{arch!r} on {task}: expected {TIME} since the start of the training, which cannot decrease, got "
            f"{elapsed[one]:g} s after epoch {one} and {elapsed[other]:g} s after epoch {other}"
        )


def _estimate(archs: Sequence[str], task: str) -> NDArray[np.float64]:
    known = find_task(task)
    if not known.train_images or not infer_space(archs[0]).has_networks:
        return np.full(len(archs), np.nan)
    distinct = list(dict.fromkeys(archs))
    by_arch = dict(zip(distinct, _multiply_adds(distinct, task), strict=True))
    per_image = np.array([by_arch[arch] for arch in archs])
    return per_image * (_PASSES * known.train_images * known.epochs / THROUGHPUT)


def _multiply_adds(archs: list[str], task: str) -> NDArray[np.float64]:
    """Multiply-adds of one training image, of shape (n,), without NAS-Bench-201's classifier (at most 7,680)."""
    from encoders import Costs

    column = 1
    if task not in DECODER_CLASSES:
        return Costs().exact(archs)[:, column].astype(np.float64)
    if task != "jigsaw":
        return Costs(task=task).exact(archs)[:, column].astype(np.float64)
    tile = Costs(input_size=_TILE_SIZE).exact(archs)[:, column]
    with_head = Costs(input_size=_TILE_SIZE, task=task).exact(archs)[:, column]
    return (TILES * tile + with_head - tile).astype(np.float64)
