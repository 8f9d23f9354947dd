"""Graph features: interpretable numbers computed from a network's graph, e.g. for tree models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.spaces.cell import CellSpace
from benchmarks.spaces.memo import cached_by_space
from benchmarks.spaces.transnas_macro import TransNASMacro
from encoders.base import Encoder
from encoders.cell_features import cell_features
from encoders.dag_features import dag_features
from encoders.macro_features import macro_features

if TYPE_CHECKING:
    from benchmarks.spaces.space import Space

__all__ = ["GraphFeatures"]

_MOST_KEPT = 5_000  # architectures of a matrix that is kept: two megabytes


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
        return list(_names(space))

    def encode(self, space: Space, archs: list[str]) -> NDArray[np.floating]:
        simplest = space.simplify(archs)
        rows: dict[str, int] = {}
        inverse = [rows.setdefault(arch, len(rows)) for arch in simplest]
        matrix = (_kept_matrix if len(rows) <= _MOST_KEPT else _matrix)(space, tuple(rows))
        return matrix[inverse]


@cached_by_space(maxsize=16)
def _names(space: Space) -> tuple[str, ...]:
    return tuple(_features(space, [space.example]))


def _matrix(space: Space, simplest: tuple[str, ...]) -> NDArray[np.float32]:
    """Features of m different simplest forms, of shape (m, d)."""
    columns = _features(space, list(simplest))
    matrix = np.empty((len(simplest), len(columns)), dtype=np.float32)
    for i, column in enumerate(columns.values()):
        matrix[:, i] = column
    return matrix


_kept_matrix = cached_by_space(maxsize=8)(_matrix)
"""The members of an ensemble, and the steps of a fit, ask for the same architectures one after the other."""


def _features(space: Space, archs: list[str]) -> dict[str, NDArray[Any]]:
    if isinstance(space, CellSpace):
        return cell_features(space, archs)
    if isinstance(space, TransNASMacro):
        return macro_features(space, archs)
    return dag_features(space, archs)
