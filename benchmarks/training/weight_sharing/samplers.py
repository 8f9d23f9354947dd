"""Which paths a step trains: the protocols of samplers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = ["SANDWICH", "BatchSampler", "PathSampler", "is_sandwich"]

SANDWICH = "sandwich"
"""Order of paths: the largest, one or more sampled, the smallest."""


@runtime_checkable
class PathSampler(Protocol):
    """Draws the paths of each step.

    A sampler whose paths come in an order says so by an attribute of its own, `order`, which others need not have:
    ``"sandwich"`` if they are the largest, one or more sampled, and the smallest (`is_sandwich`).

    Attributes:
        name: What tells it from other samplers, with its settings; a training resumes only with the same one.
    """

    @property
    def name(self) -> str:
        """What tells it from other samplers."""

    def paths(self, step: int, rng: np.random.Generator) -> list[str]:
        """Live architectures to train in a step.

        Args:
            step: Number of steps before this one.
            rng: Random numbers; the only ones it may use, so that a training can be resumed.
        """


@runtime_checkable
class BatchSampler(Protocol):
    """Draws the paths of each step after a look at their losses on the batch that is about to be trained.

    May have an `order`, as in `PathSampler`.

    Attributes:
        name: As in `PathSampler`.
    """

    @property
    def name(self) -> str:
        """What tells it from other samplers."""

    def paths_on(
        self, step: int, rng: np.random.Generator, losses: Callable[[Sequence[str]], NDArray[np.float64]]
    ) -> list[str]:
        """Live architectures to train in a step.

        Args:
            step: As in `PathSampler.paths`.
            rng: Likewise.
            losses: The losses of n architectures on the batch of the step, of shape (n,): with the statistics of the
                batch, and without gradients. Each costs a forward pass.
        """


def is_sandwich(sampler: PathSampler | BatchSampler) -> bool:
    """Whether the paths of a step are the largest, one or more sampled, and the smallest, as the sampler says.

    Example:
        >>> from benchmarks.training.supernet import UniformSampler
        >>> is_sandwich(UniformSampler("transnas101-micro"))
        False
    """
    return getattr(sampler, "order", None) == SANDWICH
