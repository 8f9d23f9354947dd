"""Graph features: interpretable numbers computed from a network's graph, e.g. for tree models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.spaces.cell import CellSpace
from benchmarks.spaces.transnas_macro import TransNASMacro
from encoders.base import Encoder
from encoders.cell_features import cell_features
from encoders.dag_features import dag_features
from encoders.macro_features import macro_features

if TYPE_CHECKING:
    from benchmarks.spaces.space import Space

__all__ = ["GraphFeatures"]


class GraphFeatures(Encoder):
    """Named features of the simplest architecture that computes the same function (`Space.simplify`).

    Architectures that compute the same function therefore get equal features. Cells: see `encoders.cell_features`
    (after Kadlecova et al., ICML 2024). Macro skeletons: see `encoders.macro_features`. Spaces of the user's own:
    `encoders.dag_features`.

    Example:
        >>> archs = ["64-41414-3_33_333", "64-41414-0_00_100"]
        >>> features = GraphFeatures()
        >>> X = features.fit_transform(archs)
        >>> named = dict(zip(features.get_feature_names_out(), X[0], strict=True))
        >>> float(named["paths[conv3x3]"]), float(named["most[conv]"])
        (4.0, 3.0)
    """

    def feature_names(self, space: Space) -> list[str]:
        return list(_features(space, [space.example]))

    def encode(self, space: Space, archs: list[str]) -> NDArray[np.floating]:
        simplest = space.simplify(archs)
        rows: dict[str, int] = {}
        inverse = [rows.setdefault(arch, len(rows)) for arch in simplest]
        columns = _features(space, list(rows))
        matrix = np.empty((len(rows), len(columns)), dtype=np.float32)
        for i, column in enumerate(columns.values()):
            matrix[:, i] = column
        return matrix[inverse]


def _features(space: Space, archs: list[str]) -> dict[str, NDArray[Any]]:
    if isinstance(space, CellSpace):
        return cell_features(space, archs)
    if isinstance(space, TransNASMacro):
        return macro_features(space, archs)
    return dag_features(space, archs)
