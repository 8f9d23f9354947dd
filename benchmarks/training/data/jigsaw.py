"""The permutations of the jigsaw task: few, and far from each other (Noroozi and Favaro, ECCV 2016, section 3.3)."""

from __future__ import annotations

import itertools
import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["jigsaw_permutations"]

_TILES = 9


def jigsaw_permutations(n: int = 1000) -> NDArray[np.int64]:
    """Different permutations of nine tiles, chosen one after the other for maximal Hamming distance.

    The first is the identity; each next one has the largest distance to the nearest one chosen, then the largest mean
    distance to all of them, then comes first in lexicographic order. So the first n are the same whatever n is.

    Args:
        n: How many, up to 9! = 362,880.

    Returns:
        Tile of each of the nine places, of shape (n, 9).

    Raises:
        ValueError: If n is not between 1 and 362,880.

    Example:
        >>> jigsaw_permutations(3)
        array([[0, 1, 2, 3, 4, 5, 6, 7, 8],
               [1, 0, 3, 2, 5, 4, 7, 8, 6],
               [2, 3, 0, 1, 6, 7, 8, 4, 5]])
    """
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or not 1 <= n <= math.factorial(_TILES):
        raise ValueError(f"expected a number of permutations from 1 to {math.factorial(_TILES):,}, got {n!r}")
    return _chosen(int(n)).copy()


@cache
def _chosen(n: int) -> NDArray[np.int64]:
    everything = np.array(list(itertools.permutations(range(_TILES))), dtype=np.uint8)
    places = np.ascontiguousarray(everything.T)
    most_shared = np.zeros(len(everything), dtype=np.uint8)  # places shared with the nearest chosen permutation
    total_shared = np.zeros(len(everything), dtype=np.uint32)  # summed over the chosen ones
    rows = [0]
    while len(rows) < n:
        shared = (places == places[:, rows[-1], None]).sum(axis=0, dtype=np.uint8)
        np.maximum(most_shared, shared, out=most_shared)
        total_shared += shared
        nearest = np.flatnonzero(most_shared == most_shared.min())
        rows.append(int(nearest[np.argmin(total_shared[nearest])]))
    return everything[rows].astype(np.int64)
