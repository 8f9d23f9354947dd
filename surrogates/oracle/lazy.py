"""A stored surrogate that is read when it is first asked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from surrogates.base import Surrogate

__all__ = ["LazySurrogate"]


class LazySurrogate:
    """Stands in for the surrogate in a directory, so that who may never need it need not wait for it.

    Args:
        directory: Written by `save_surrogate`.

    Example:
        >>> LazySurrogate("/no/such/folder").directory.name  # nothing is read yet
        'folder'
    """

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)

    @cached_property
    def surrogate(self) -> Surrogate:
        """The surrogate itself.

        Raises:
            ArtefactError: If the directory cannot be read.
        """
        from surrogates.store.store import load_surrogate

        return load_surrogate(self.directory)

    @property
    def space_(self) -> str:
        """Name of the space."""
        return self.surrogate.space_

    @property
    def tasks_(self) -> tuple[str, ...]:
        """Names of the T tasks."""
        return self.surrogate.tasks_

    def predict(
        self, archs: Sequence[str], return_std: Literal[True]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and std of n architectures, as the surrogate predicts them."""
        return self.surrogate.predict(archs, return_std=return_std)

    def __getstate__(self) -> dict[str, Any]:
        return {"directory": self.directory}
