"""What the oracle asks of whatever predicts: a space, its tasks, means and standard deviations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Predictor", "predict_matrix"]


class Predictor(Protocol):
    """A fitted surrogate, or a wrapper around one.

    Attributes:
        space_: Name of the space.
        tasks_: Names of the T tasks.

    Example:
        >>> from surrogates import load_pretrained
        >>> predictor: Predictor = load_pretrained("transnas101-micro")
        >>> predictor.space_
        'transnas101-micro'
    """

    @property
    def space_(self) -> str:
        """Name of the space."""

    @property
    def tasks_(self) -> tuple[str, ...]:
        """Names of the T tasks."""

    def predict(
        self, archs: Sequence[str], return_std: Literal[True]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and std of n architectures, each of shape (n, T), or (n,) for one task, in the metrics' own units."""


def predict_matrix(predictor: Predictor, archs: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and std of n architectures, each of shape (n, T) whatever the number of tasks."""
    shape = (len(archs), len(predictor.tasks_))
    mean, std = predictor.predict(archs, return_std=True)
    return mean.reshape(shape), std.reshape(shape)
