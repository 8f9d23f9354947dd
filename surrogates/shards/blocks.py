"""Predictions of numbered rows, a block at a time: memory does not grow with the number of rows.

Rows are predicted in batches whose bounds do not depend on shards, so any number of shards holds the same values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.spaces.enumeration import ArchRows, CellRows
from surrogates.models.transnas import TransNASSurrogate
from surrogates.oracle.predictors import CachedSurrogate, LazySurrogate, Predictor, novelty_of, predict_matrix
from surrogates.oracle.tabulated import TabulatedSurrogate

__all__ = ["Block", "batch_size", "predicted_blocks"]

Float = NDArray[np.float64]

_STRINGS = 4096
_SKELETONS = 256


class Block(NamedTuple):
    """Predictions of m consecutive rows.

    Attributes:
        start: Number of the first row.
        archs: Their m architectures.
        mean: Expected performance of shape (m, T), in the metrics' own units.
        std: Its standard deviation, likewise.
        novelty: Novelty of shape (m,); NaN if the predictor does not know.
        published: Whether each is a published architecture, of shape (m,).
    """

    start: int
    archs: list[str]
    mean: Float
    std: Float
    novelty: Float
    published: NDArray[np.bool_]


def batch_size(predictor: Predictor, rows: ArchRows) -> int:
    """Number of rows that are predicted together: 4,096, or all cells in 256 skeletons if that is possible.

    Example:
        >>> from benchmarks.spaces.enumeration import enumerate_space
        >>> from surrogates.pretrained.load import load_answers
        >>> rows = enumerate_space("transnas101-micro", modules=(1, 4))
        >>> batch_size(load_answers("transnas101-micro"), rows)
        314624
    """
    whole = isinstance(rows, CellRows) and _of_both_spaces(predictor) is not None
    return _SKELETONS * len(rows.cells) if whole and isinstance(rows, CellRows) else _STRINGS


def predicted_blocks(predictor: Predictor, rows: ArchRows, start: int, stop: int) -> Iterator[Block]:
    """Predict the rows from `start` to before `stop`, each as `predict` does.

    Args:
        predictor: Predictor of the rows' space.
        rows: The rows.
        start: First row, a multiple of `batch_size`.
        stop: A later multiple, or the number of rows.

    Yields:
        Blocks of consecutive rows.

    Raises:
        ValueError: If `start` or `stop` is no such number.
    """
    batch = batch_size(predictor, rows)
    if start % batch or (stop % batch and stop != len(rows)):
        raise ValueError(f"expected multiples of {batch:,} rows, got {start:,} to {stop:,}")
    both = _of_both_spaces(predictor)
    for first in range(start, stop, batch):
        last = min(first + batch, stop)
        if isinstance(rows, CellRows) and both is not None:
            yield from _cells(predictor, both, rows, first, last)
        else:
            archs = rows.archs(first, last)
            mean, std = predict_matrix(predictor, archs)
            published = np.array([arch in rows.space for arch in archs], dtype=bool)
            yield Block(first, archs, mean, std, novelty_of(predictor, archs), published)


def _cells(predictor: Predictor, both: TransNASSurrogate, rows: CellRows, start: int, stop: int) -> Iterator[Block]:
    """Blocks of all cells in whole skeletons; published architectures as the predictor itself knows them."""
    n = len(rows.cells)
    skeletons = rows.skeletons.skeletons(start // n, stop // n)
    for mean, std, novelty in both.predict_grid(skeletons, rows.cells):
        archs = rows.archs(start, start + len(mean))
        names = skeletons[: len(mean) // n]
        skeletons = skeletons[len(names) :]
        published = np.repeat([name == rows.space.skeleton for name in names], n)
        if known := np.flatnonzero(published).tolist():
            named = [archs[row] for row in known]
            mean[known], std[known] = predict_matrix(predictor, named)
            novelty[known] = novelty_of(predictor, named)
        yield Block(start, archs, mean, std, novelty, published)
        start += len(mean)


def _of_both_spaces(predictor: Predictor | None) -> TransNASSurrogate | None:
    """What predicts cells in open skeletons, inside of wrappers."""
    if isinstance(predictor, TransNASSurrogate) or predictor is None:
        return predictor
    if isinstance(predictor, TabulatedSurrogate):
        return _of_both_spaces(predictor.beyond)
    if isinstance(predictor, LazySurrogate):
        return _of_both_spaces(predictor.surrogate)
    return _of_both_spaces(predictor.predictor) if isinstance(predictor, CachedSurrogate) else None
