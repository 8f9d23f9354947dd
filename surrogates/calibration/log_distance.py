"""Logarithm of the distance from the best possible value: the scale on which effects of parts of a network add up.

An error that falls as a power of the width is a straight line here over the logarithm of the width. Of published
networks taken apart in halves, sums on this scale predicted the whole better than sums of normal scores and as well as
sums of values (`perf/open_transnas.py --additivity`), but unlike these they are never beyond the best possible value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.tasks import Task

__all__ = ["LogDistance"]

Float = NDArray[np.float64]

_LEAST = 1e-3
"""Least distance, over the typical distance of the published values."""


@dataclass(frozen=True)
class LogDistance:
    """Maps values of one task to scores, of which more is better, and back.

    Attributes:
        best: Best possible value; infinite if there is none, and scores are then values (times the sign of the metric).
        worst: Worst possible value, which `backward` does not go beyond; infinite if there is none.
        sign: +1 if higher values are better, else -1.
        least: Least distance of a value from the best.

    Example:
        >>> from benchmarks import get_task
        >>> scale = LogDistance.of_task(get_task("jigsaw"), np.array([80.0, 90.0]))
        >>> scores = scale.forward(np.array([80.0, 90.0, 95.0]))
        >>> bool(np.allclose(np.diff(scores), np.log(2))), scale.backward(scores).round(6).tolist()
        (True, [80.0, 90.0, 95.0])
        >>> scale.backward(scores - 3.0).round(1).tolist()
        [0.0, 0.0, 0.0]
    """

    best: float
    worst: float
    sign: float
    least: float

    @classmethod
    def of_task(cls, task: Task, values: Float) -> LogDistance:
        """The scale of a task, given some of its values, of shape (m,)."""
        higher = task.metric.higher_is_better is not False
        best, worst = task.metric.bounds[::-1] if higher else task.metric.bounds
        least = _LEAST * float(np.median(np.abs(best - values))) if np.isfinite(best) else 0.0
        return cls(best, worst, 1.0 if higher else -1.0, least)

    def forward(self, values: Float) -> Float:
        """Scores of values of any shape."""
        return -np.log(self._distance(values)) if np.isfinite(self.best) else self.sign * values

    def backward(self, scores: Float) -> Float:
        """Values of scores of any shape."""
        values = self.best - self.sign * np.exp(-scores) if np.isfinite(self.best) else self.sign * scores
        bounded = np.maximum if self.sign > 0 else np.minimum
        return np.asarray(bounded(values, self.worst))

    def unit(self, values: Float) -> Float:
        """How much a value changes per change of its score, at values of any shape."""
        return self._distance(values) if np.isfinite(self.best) else np.ones_like(values)

    def _distance(self, values: Float) -> Float:
        return np.asarray(np.maximum(self.sign * (self.best - values), self.least))
