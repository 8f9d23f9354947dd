"""Random numbers per image, independent of the other images in a batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import choice
from benchmarks.tasks import SPLITS

__all__ = ["SceneStreams"]

_NUMBERS = 1000
_LARGEST = 2**40


class SceneStreams:
    """Uniform random numbers, column by column, for a batch of images.

    Image i of a split has its own counter-based generator (Philox, keyed by the seed, the split and i), so its
    numbers depend on these three only.

    Args:
        split: One of `SPLITS`.
        indices: Positions of the images in their split, B of them.
        seed: Another seed gives other images; 0 or more.

    Example:
        >>> one, many = SceneStreams("train", [7], 0), SceneStreams("train", range(10), 0)
        >>> bool(one.uniform(0, 1)[0] == many.uniform(0, 1)[7])
        True
        >>> one.uniform(-1, 1, 2, 3).shape
        (1, 2, 3)
    """

    def __init__(self, split: str, indices: Sequence[int], seed: int) -> None:
        stream = SPLITS.index(choice(split, SPLITS, "split")) * _LARGEST
        if not 0 <= seed < 2**64:
            raise ValueError(f"seed: expected 0 to 2**64 - 1, got {seed}")
        keys = np.array([[seed, stream + index] for index in indices], np.uint64)
        rows = [np.random.Generator(np.random.Philox(key=key)).random(_NUMBERS) for key in keys]
        self._numbers = np.stack(rows)
        self._used = 0
        self.noise_keys: NDArray[np.int64] = (self._numbers[:, -1] * 2**30).astype(np.int64)
        """A separate key for each image's pixel noise, of shape (B,)."""

    def uniform(self, low: float, high: float, *shape: int) -> NDArray[np.float64]:
        """Uniform numbers in [low, high), of shape (B, *shape)."""
        count = int(np.prod(shape, dtype=int))
        assert self._used + count < _NUMBERS, "a scene needs more random numbers than are drawn for it"
        block = self._numbers[:, self._used : self._used + count]
        self._used += count
        return low + (high - low) * block.reshape(len(block), *shape)

    def whole(self, choices: int, *shape: int) -> NDArray[np.int64]:
        """Integers in 0 .. choices - 1, of shape (B, *shape)."""
        return self.uniform(0, choices, *shape).astype(np.int64)
