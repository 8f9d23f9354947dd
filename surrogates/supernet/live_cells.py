"""The most probable cell with a path from its input to its output."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from benchmarks.spaces.cell import live_edges

__all__ = ["most_probable_live"]


def most_probable_live(logits: NDArray[np.float64], allowed: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """The most probable live cell, the first of several.

    Args:
        logits: Log probability of each operation on each edge, of shape (6, K), "none" first.
        allowed: Operations to choose from, of shape (6, K); all by default. One of their cells must be live.

    Returns:
        Its operation on each edge, of shape (6,).

    Example:
        >>> logits = np.log(np.tile([0.9, 0.1], (6, 1)))  # "none" is the most probable everywhere
        >>> most_probable_live(logits)  # so is the shortest path, edge 0 -> 3
        array([0, 0, 0, 1, 0, 0])
    """
    options = [np.flatnonzero(edge) for edge in (np.ones(logits.shape, dtype=bool) if allowed is None else allowed)]
    codes = np.array(list(itertools.product(*options)))
    alive = codes[live_edges(codes).any(axis=1)]
    return np.asarray(alive[logits[np.arange(len(logits)), alive].sum(axis=1).argmax()])
