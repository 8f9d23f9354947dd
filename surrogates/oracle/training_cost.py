"""What it costs to train an architecture, in seconds: measured where the table knows, else estimated.

The estimate is 3 x multiply-adds x images x epochs / throughput: a backward pass costs about two forward passes. It is
meant for comparing searches with each other, not for billing: data loading, batch norm, activations and the
discriminator of the two generative tasks are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.decoders import DECODER_CLASSES
from benchmarks.tasks import TIME, find_task

if TYPE_CHECKING:
    from benchmarks.table import Table

__all__ = ["THROUGHPUT", "training_seconds"]

THROUGHPUT = 2e12
"""Multiply-adds a second: a quarter of the single-precision peak of one V100 GPU (7.8e12)."""
_PASSES = 3
_TILES, _TILE_SIZE = 9, 64


def training_seconds(archs: Sequence[str], task: str, table: Table | None = None) -> NDArray[np.float64]:
    """Seconds on one GPU to train each of n architectures of one space on a task, as published.

    Args:
        archs: n architecture strings, at least one.
        task: Task name.
        table: Where it has ``time_elapsed``, its last value is the answer.

    Returns:
        Of shape (n,); NaN for a task of no benchmark that the table has no times for.

    Example:
        >>> hours = training_seconds(["64-41414-3_33_333", "64-41414-1_00_100"], "class_scene") / 3600
        >>> hours.round(2).tolist()
        [7.06, 0.12]
    """
    seconds = np.full(len(archs), np.nan)
    if table is not None and task in table.tasks and TIME in table.metrics(task):
        seconds[:] = [table.value(arch, task, TIME) if arch in table else np.nan for arch in archs]
    unknown = np.flatnonzero(np.isnan(seconds)).tolist()
    if unknown:
        seconds[unknown] = _estimate([archs[row] for row in unknown], task)
    return seconds


def _estimate(archs: Sequence[str], task: str) -> NDArray[np.float64]:
    known = find_task(task)
    if not known.train_images:
        return np.full(len(archs), np.nan)
    distinct = list(dict.fromkeys(archs))
    by_arch = dict(zip(distinct, _multiply_adds(distinct, task), strict=True))
    per_image = np.array([by_arch[arch] for arch in archs])
    return per_image * (_PASSES * known.train_images * known.epochs / THROUGHPUT)


def _multiply_adds(archs: list[str], task: str) -> NDArray[np.float64]:
    """Of one training image, of shape (n,); NAS-Bench-201's classifier (at most 7,680) is left out."""
    from encoders import Costs

    column = 1
    if task not in DECODER_CLASSES:
        return Costs().exact(archs)[:, column].astype(np.float64)
    if task != "jigsaw":
        return Costs(task=task).exact(archs)[:, column].astype(np.float64)
    tile = Costs(input_size=_TILE_SIZE).exact(archs)[:, column]
    with_head = Costs(input_size=_TILE_SIZE, task=task).exact(archs)[:, column]
    return (_TILES * tile + with_head - tile).astype(np.float64)
