"""How many trainings at once use a GPU best: doubled while that measures faster and memory lasts."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Sizing"]

_GROWTH = 1.1
"""How much faster twice as many workers must be."""
_REPORTS = 2
"""Trainings per worker that are measured at each size, after one that is not."""
_SPARE = 1.2


class Sizing:
    """Decides the size of a worker pool from what its workers report.

    Sizes 1, 2, 4, ... are tried in turn. At each size the images trained per second are measured over two trainings per
    worker; the size is doubled while the rate grows by at least a tenth and the free memory would hold as many workers
    again. Otherwise the fastest size is kept. A training that fails for want of memory takes one worker away for good.

    Args:
        largest: Most workers.
        free_memory: Bytes free on the device; asked after every size.
        clock: Seconds.

    Attributes:
        size: Workers wanted now.
        settled: Whether the search is over.

    Example:
        >>> seconds = iter(range(100))
        >>> sizing = Sizing(2, lambda: 10**9, lambda: float(next(seconds)))
        >>> for _ in range(6):
        ...     sizing.report(images=100)
        >>> sizing.size
        2
    """

    def __init__(self, largest: int, free_memory: Callable[[], float], clock: Callable[[], float]) -> None:
        self.size, self.settled = 1, largest <= 1
        self._largest, self._free_memory, self._clock = largest, free_memory, clock
        self._free_before = free_memory()
        self._best = (0.0, 1)  # images per second, size
        self._begin()

    @classmethod
    def fixed(cls, size: int) -> Sizing:
        """A size that stays."""
        sizing = cls(1, lambda: 0.0, lambda: 0.0)
        sizing.size = size
        return sizing

    def report(self, images: int) -> None:
        """A training of so many images, over all epochs, is done."""
        if self.settled:
            return
        self._reports += 1
        if self._reports == self.size:  # the first of each worker also starts it
            self._since = self._clock()
        elif self._reports > self.size:
            self._images += images
        if self._reports >= self.size * (1 + _REPORTS):
            self._decide(self._images / max(self._clock() - self._since, 1e-9))

    def out_of_memory(self) -> None:
        """A training failed because the workers together asked for too much."""
        if self._largest > 1:  # else somebody chose the size
            self.size, self.settled = max(1, self.size - 1), True

    def _decide(self, rate: float) -> None:
        best, at = self._best
        if rate < _GROWTH * best:
            self.size, self.settled = at, True
            return
        self._best = rate, self.size
        each = max(self._free_before - self._free_memory(), 0.0) / self.size
        double = min(2 * self.size, self._largest)
        if double == self.size or self._free_memory() < _SPARE * each * (double - self.size):
            self.settled = True
            return
        self.size = double
        self._begin()

    def _begin(self) -> None:
        self._reports, self._images, self._since = 0, 0, self._clock()
