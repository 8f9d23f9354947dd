"""One-hot encoding: the operation on each edge of a cell, or the digit of each module (White et al., NeurIPS 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.spaces.cell import EDGES, CellSpace
from benchmarks.spaces.transnas_macro import TransNASMacro
from encoders.base import Encoder
from encoders.node_positions import chunks, node_positions

if TYPE_CHECKING:
    from benchmarks.spaces.space import Space

__all__ = ["OneHotEncoding"]

_MODULES = 6


class OneHotEncoding(Encoder):
    """One indicator per position and choice, of the string as written.

    Cells: six edges times the number of operations. Macro codes: six modules times four digits, with zeros for absent
    modules; modules after the sixth, which no published architecture has, are ignored. Skeletons around a cell are
    ignored as well (`Costs` and `GraphFeatures` use both). Other spaces: the operation of each node of the cell graph,
    in the order that the space gives them, and each edge between two of them.

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
        if isinstance(space, TransNASMacro):
            return [f"module{position}={digit}" for position in range(1, _MODULES + 1) for digit in "1234"]
        nodes = range(space.most_nodes)
        return [f"node{node}={name}" for node in nodes for name in space.operations_in_graphs] + [
            f"edge{source}->{target}" for source, target in zip(*np.triu_indices(space.most_nodes, 1), strict=True)
        ]

    def encode(self, space: Space, archs: list[str]) -> NDArray[np.floating]:
        if isinstance(space, CellSpace):
            choices, first = space.cell_codes(archs), 0
            width = len(space.operations)
        elif not isinstance(space, TransNASMacro):
            return np.concatenate([_of_nodes(space, part) for part in chunks(space, archs)])
        else:
            codes = [space.parse(arch).code[:_MODULES].ljust(_MODULES, "0") for arch in archs]
            choices, first = np.array([[int(digit) for digit in code] for code in codes]), 1
            width = 4
        indicators = choices[:, :, None] == np.arange(first, first + width)  # (n, positions, width)
        return np.asarray(indicators.reshape(len(archs), -1), dtype=np.float32)


def _of_nodes(space: Space, archs: Sequence[str]) -> NDArray[np.float32]:
    """Indicators of the operation at each position, then of each edge."""
    found = node_positions(space, archs)
    nodes = found.operation[:, :, None] == np.arange(len(space.operations_in_graphs))
    source, target = np.triu_indices(space.most_nodes, 1)
    return np.concatenate([nodes.reshape(len(archs), -1), found.edges[:, source, target]], axis=1).astype(np.float32)
