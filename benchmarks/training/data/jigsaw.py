"""The jigsaw task: images cut into nine tiles, and the permutations that shuffle them.

The permutations are few and have large distances (Noroozi and Favaro, ECCV 2016, section 3.3). They do not need torch.
"""

from __future__ import annotations

import itertools
import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.decoders import TILES

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["jigsaw_permutations", "jigsaw_tiles"]

_CENTRE = 0.9  # fraction of the image's side that is used for the puzzle


def jigsaw_permutations(n: int = 1000) -> NDArray[np.int64]:
    """Different permutations of nine tiles, chosen one after the other for maximal Hamming distance.

    The first is the identity; each next one has the largest distance to the nearest one chosen, then the largest mean
    distance to all of them, then comes first in lexicographic order. A larger n therefore extends the list.

    Args:
        n: Number of permutations, up to 9! = 362,880.

    Returns:
        Tile at each of the nine places, of shape (n, 9).

    Raises:
        ValueError: If n is not between 1 and 362,880.

    Example:
        >>> jigsaw_permutations(3)
        array([[0, 1, 2, 3, 4, 5, 6, 7, 8],
               [1, 0, 3, 2, 5, 4, 7, 8, 6],
               [2, 3, 0, 1, 6, 7, 8, 4, 5]])
    """
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or not 1 <= n <= math.factorial(TILES):
        raise ValueError(f"expected a number of permutations from 1 to {math.factorial(TILES):,}, got {n!r}")
    return _chosen(int(n)).copy()


def jigsaw_tiles(images: Tensor, order: Tensor, offsets: Tensor) -> Tensor:
    """Cut images into nine shuffled tiles.

    The central 0.9 of an image is resized to 3 x 3 cells of S // 3 pixels, and a patch of S // 4 pixels is cut from
    each: for 256 pixels, 64 out of 85, as published; in proportion for other sizes.

    Args:
        images: Images of shape (B, 3, S, S).
        order: Cell at each place, of shape (B, 9).
        offsets: Top and left edge of each cell's patch, of shape (B, 9, 2), from 0 to S // 3 - S // 4.

    Returns:
        Tiles of shape (B, 9, 3, S // 4, S // 4).
    """
    import torch
    import torch.nn.functional as F  # noqa: N812

    n, size = len(images), images.shape[-1]
    cell, patch = size // 3, size // 4
    side = round(_CENTRE * size)
    edge = (size - side) // 2
    centre = images[..., edge : edge + side, edge : edge + side]
    canvas = F.interpolate(centre, (3 * cell, 3 * cell), mode="bilinear", align_corners=False)
    steps = torch.arange(patch, device=images.device)
    corner = torch.stack([order // 3, order % 3], dim=-1) * cell + offsets.gather(1, order[..., None].expand(-1, -1, 2))
    rows, columns = (corner[..., axis, None] + steps for axis in (0, 1))  # each (B, 9, patch)
    place = rows[..., :, None] * (3 * cell) + columns[..., None, :]  # (B, 9, patch, patch)
    flat = canvas.flatten(2)[:, None].expand(n, 9, 3, -1)
    picked = flat.gather(3, place.view(n, 9, 1, -1).expand(n, 9, 3, -1))
    return picked.view(n, 9, 3, patch, patch)


@cache
def _chosen(n: int) -> NDArray[np.int64]:
    everything = np.array(list(itertools.permutations(range(TILES))), dtype=np.uint8)
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
