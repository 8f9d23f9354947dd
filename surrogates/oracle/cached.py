"""A surrogate that remembers: equivalent architectures are predicted once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.registry import get_space
from surrogates.oracle.predictor import Predictor, predict_matrix

__all__ = ["CachedSurrogate"]


class CachedSurrogate:
    """Wraps a predictor with a bounded cache keyed by canonical form; the oldest entries leave first.

    Safe to share between threads (one of them predicts at a time); picklable (the cache stays behind).

    Args:
        predictor: What to ask about architectures not seen before.
        size: Most canonical architectures to remember.

    Example:
        >>> from surrogates import load_pretrained
        >>> cached = CachedSurrogate(load_pretrained("transnas101-macro"), size=2)
        >>> mean, std = cached.predict(["64-2311-basic", "64-1234-basic", "64-2311-basic"], return_std=True)
        >>> mean.shape, len(cached)
        ((3, 7), 2)
    """

    def __init__(self, predictor: Predictor, size: int) -> None:
        if size < 1:
            raise ValueError(f"expected a cache size of at least 1, got {size}")
        self.predictor = predictor
        self.size = size
        self._rows: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
        self._lock = threading.Lock()

    @property
    def space_(self) -> str:
        """Name of the space."""
        return self.predictor.space_

    @property
    def tasks_(self) -> tuple[str, ...]:
        """Names of the T tasks."""
        return self.predictor.tasks_

    def predict(
        self, archs: Sequence[str], return_std: Literal[True]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and std of n architectures, each of shape (n, T), in the metrics' own units.

        Raises:
            ArchitectureError: If a string is no architecture of the space.
        """
        canonical = get_space(self.space_).canonicals(archs)
        distinct = dict.fromkeys(canonical)
        with self._lock:
            known = {arch: self._rows[arch] for arch in distinct if arch in self._rows}
            new = [arch for arch in distinct if arch not in known]
            if new:
                for arch, mean, std in zip(new, *predict_matrix(self.predictor, new), strict=True):
                    known[arch] = self._rows[arch] = (mean, std)
                for oldest in list(self._rows)[: max(len(self._rows) - self.size, 0)]:
                    del self._rows[oldest]
        found = np.array([known[arch] for arch in canonical]).reshape(len(archs), 2, len(self.tasks_))
        return found[:, 0], found[:, 1]

    def __len__(self) -> int:
        return len(self._rows)

    def __getstate__(self) -> dict[str, Any]:
        return {"predictor": self.predictor, "size": self.size}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]
