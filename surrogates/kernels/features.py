"""Graph features made comparable: centred and scaled on the space, weighted by what labels say about them.

Distances and linear layers, unlike trees, mind the unit of a feature and are led astray by the many that say nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.spaces.registry import get_space
from encoders.graph_features import GraphFeatures

__all__ = ["relevance", "standard_features"]

_REFERENCE = 1000
_CLIP = 5.0
_CONSTANT = 1e-9


def standard_features(space: str, archs: Sequence[str]) -> NDArray[np.float64]:
    """`GraphFeatures` centred and scaled by a fixed sample of the space, no labels used.

    Args:
        space: Name of the space.
        archs: m architecture strings of it.

    Returns:
        Features of shape (m, d), within +-5 where an architecture is unlike any published one; features that do not
        vary in the space are left out.

    Example:
        >>> from benchmarks import get_space
        >>> X = standard_features("transnas101-macro", get_space("transnas101-macro").sample(500, rng=0))
        >>> bool(abs(X.mean()) < 0.05), bool(abs(X.std() - 1) < 0.05)
        (True, True)
    """
    centre, scale, kept = _reference(space)
    X = GraphFeatures().fit([get_space(space).example]).transform(archs).astype(np.float64)
    return np.clip((X[:, kept] - centre) / scale, -_CLIP, _CLIP)


def relevance(X: NDArray[np.float64], Z: NDArray[np.float64], power: float, floor: float = 0.1) -> NDArray[np.float64]:
    """Weights of features: |correlation with the labels| ** power + floor, root mean square over the tasks.

    What chance alone gives (1 / n of the squared correlation) is taken off.

    Args:
        X: Features of shape (n, d).
        Z: Normal scores of shape (n, T), NaN where not measured.
        power: 0 weights all features equally.
        floor: What a feature without any correlation gets.

    Returns:
        Weights of shape (d,) with a mean square of 1.

    Example:
        >>> X = np.array([[0.0, 1.0], [1.0, -1.0], [2.0, -1.0], [3.0, 1.0]])
        >>> relevance(X, X[:, :1], power=1).round(2).tolist()
        [1.41, 0.15]
    """
    if power == 0:
        return np.ones(X.shape[1])
    squares = np.zeros(X.shape[1])
    for z in Z.T:
        known = ~np.isnan(z)
        n = int(known.sum())
        if n < 2 or np.ptp(z[known]) == 0:
            continue
        centred, target = X[known] - X[known].mean(axis=0), z[known] - z[known].mean()
        norm = np.maximum((centred**2).sum(axis=0), _CONSTANT) * (target @ target)
        squares += np.maximum((target @ centred) ** 2 / norm - 1 / n, 0) / Z.shape[1]
    weights = squares ** (power / 2) + floor
    return np.asarray(weights / np.sqrt((weights**2).mean()))


@lru_cache(maxsize=8)
def _reference(space: str) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Centre and scale of the features that vary, and which do, over simplest forms of a fixed sample."""
    found = get_space(space)
    archs = sorted(set(found.simplify(found.sample(min(_REFERENCE, len(found)), rng=0))))
    X = GraphFeatures().fit_transform(archs).astype(np.float64)
    scale = X.std(axis=0)
    kept = scale > _CONSTANT
    return X.mean(axis=0)[kept], scale[kept], kept
