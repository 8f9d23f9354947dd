"""Number of parallel trainings on a GPU: doubled while throughput grows and memory suffices."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Sizing"]

_GROWTH = 1.1
"""Minimum relative growth of the throughput when the number of workers is doubled."""
_REPORTS = 2
"""Measured trainings per worker at each size, after one that is not measured."""
_SPARE = 1.2


class Sizing:
    """Size of a worker pool, chosen from the reports of its workers.

    Sizes 1, 2, 4, ... are tried in turn. At each size the images trained per second are measured over two trainings per
    worker; the size is doubled while the rate grows by at least a tenth and the free memory suffices for as many
    additional workers. Otherwise the fastest size is kept. After a training that runs out of memory, the pool keeps one
    worker less.

    Args:
        largest: Maximum number of workers.
        free_memory: Returns the free bytes on the device; called after every size.
        clock: Returns the time in seconds.

    Attributes:
        size: Current number of workers.
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
        """A constant size."""
        sizing = cls(1, lambda: 0.0, lambda: 0.0)
        sizing.size = size
        return sizing

    def report(self, images: int) -> None:
        """Report a finished training of `images` images, over all epochs."""
        if self.settled:
            return
        self._reports += 1
        if self._reports == self.size:  # the first training of each worker includes its start-up
            self._since = self._clock()
        elif self._reports > self.size:
            self._images += images
        if self._reports >= self.size * (1 + _REPORTS):
            self._decide(self._images / max(self._clock() - self._since, 1e-9))

    def out_of_memory(self) -> None:
        """Report a training that failed because the workers together needed too much memory."""
        if self._largest > 1 and self.size > 1:  # otherwise the size is fixed by the user
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
