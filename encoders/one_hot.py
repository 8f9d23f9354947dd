"""One-hot encoding: the operation on each edge of a cell, or the digit of each module (White et al., NeurIPS 2020)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.spaces.cell import EDGES, CellSpace
from encoders.base import Encoder

if TYPE_CHECKING:
    from benchmarks.spaces.space import Space

__all__ = ["OneHotEncoding"]

_MODULES = 6


class OneHotEncoding(Encoder):
    """One indicator per position and choice, of the string as written.

    Cells: six edges times the number of operations. Macro codes: six modules times four digits, with zeros for absent
    modules; modules after the sixth, which no published architecture has, are ignored. Skeletons around a cell are
    ignored as well (`Costs` and `GraphFeatures` use both).

    Example:
        >>> encoding = OneHotEncoding().fit(["64-41414-0_31_023"])
        >>> encoding.transform(["64-41414-0_31_023"])[0].reshape(6, 4).argmax(axis=1).tolist()
        [0, 3, 1, 0, 2, 3]
        >>> encoding.get_feature_names_out()[:4].tolist()
        ['0->1=none', '0->1=skip', '0->1=conv1x1', '0->1=conv3x3']
    """

    def feature_names(self, space: Space) -> list[str]:
        if isinstance(space, CellSpace):
            return [f"{source}->{target}={op.name}" for source, target in EDGES for op in space.operations]
        return [f"module{position}={digit}" for position in range(1, _MODULES + 1) for digit in "1234"]

    def encode(self, space: Space, archs: list[str]) -> NDArray[np.floating]:
        if isinstance(space, CellSpace):
            choices, first = space.cell_codes(archs), 0
            width = len(space.operations)
        else:
            codes = [space.parse(arch).code[:_MODULES].ljust(_MODULES, "0") for arch in archs]
            choices, first = np.array([[int(digit) for digit in code] for code in codes]), 1
            width = 4
        indicators = choices[:, :, None] == np.arange(first, first + width)  # (n, positions, width)
        return np.asarray(indicators.reshape(len(archs), -1), dtype=np.float32)
