"""Features of a network as its string writes it, dead operations included, e.g. for costs such as latency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.spaces.cell import CellSpace, live_edges
from benchmarks.spaces.transnas_macro import TransNASMacro
from encoders.base import Encoder
from encoders.costs import Costs
from encoders.graph_features import GraphFeatures
from encoders.one_hot import OneHotEncoding

if TYPE_CHECKING:
    from benchmarks.spaces.space import Space

__all__ = ["WrittenFeatures"]


class WrittenFeatures(Encoder):
    """Choices, sizes and live operations of the string as written, and the features of its function.

    Unlike `GraphFeatures`, architectures of equal function have different features if a dead operation differs. Four
    groups of columns, in this order (`groups`):

    - ``choices``: `OneHotEncoding`.
    - ``size``: how often each operation (or digit of a macro code) occurs, and `Costs` with their logarithms, if the
      space has networks.
    - ``live``: the operations that carry data from input to output, by edge; only for cells, as others have no dead
      operations. Some compilers remove the others.
    - ``function``: `GraphFeatures`.

    Example:
        >>> features = WrittenFeatures()
        >>> X = features.fit_transform(["64-41414-3_00_300", "64-41414-0_00_300"])  # the first conv3x3 leads nowhere
        >>> differ = features.get_feature_names_out()[X[0] != X[1]].tolist()
        >>> differ[:2], [name for name in differ if name.startswith("live")]
        (['written[0->1=none]', 'written[0->1=conv3x3]'], [])
    """

    def feature_names(self, space: Space) -> list[str]:
        return [name for names in _names(space).values() for name in names]

    def groups(self, space: Space) -> dict[str, slice]:
        """The columns of each group.

        Example:
            >>> from benchmarks import get_space
            >>> {name: columns.stop for name, columns in WrittenFeatures().groups(get_space("nasbench201")).items()}
            {'choices': 30, 'size': 43, 'live': 67, 'function': 221}
        """
        found, start = {}, 0
        for name, names in _names(space).items():
            found[name] = slice(start, start + len(names))
            start += len(names)
        return found

    def encode(self, space: Space, archs: list[str]) -> NDArray[np.floating]:
        choices = OneHotEncoding().encode(space, archs)
        by_position = choices[:, : _positions(space) * _width(space)].reshape(len(archs), -1, _width(space))
        parts = [choices, by_position.sum(axis=1)]
        if space.has_networks:
            costs = Costs().fit([space.example]).exact(archs).astype(np.float64)
            parts += [costs, np.log1p(costs)]
        if isinstance(space, CellSpace):
            live = live_edges(space.cell_codes(archs))
            parts.append((by_position * live[:, :, None])[:, :, 1:].reshape(len(archs), -1))  # operation 0 is no edge
        return np.concatenate([*parts, GraphFeatures().encode(space, archs)], axis=1)


def _names(space: Space) -> dict[str, list[str]]:
    """Names of the features of each group."""
    choices = OneHotEncoding().feature_names(space)
    operations = [name.partition("=")[2] for name in choices[: _width(space)]]
    costs = Costs().feature_names(space) if space.has_networks else []
    carrying = [name for name in choices if isinstance(space, CellSpace) and not name.endswith(f"={operations[0]}")]
    return {
        "choices": [f"written[{name}]" for name in choices],
        "size": [f"written_count[{name}]" for name in operations]
        + [f"written_{name}" for name in costs]
        + [f"written_log_{name}" for name in costs],
        "live": [f"live[{name}]" for name in carrying],
        "function": GraphFeatures().feature_names(space),
    }


def _width(space: Space) -> int:
    """Choices per position of the one-hot encoding."""
    if isinstance(space, CellSpace):
        return len(space.operations)
    return 4 if isinstance(space, TransNASMacro) else len(space.operations_in_graphs)


def _positions(space: Space) -> int:
    """Positions with an operation (or digit) in the one-hot encoding."""
    names = OneHotEncoding().feature_names(space)
    return len(names) // _width(space) if isinstance(space, (CellSpace, TransNASMacro)) else space.most_nodes
