"""Standardised graph features: centred and scaled over the space, weighted by their correlation with the labels.

Distances and linear layers, unlike trees, depend on the units of features and suffer from irrelevant ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.spaces.memo import cached_by_space
from benchmarks.spaces.registry import get_space
from benchmarks.spaces.space import Space
from encoders.graph_features import GraphFeatures
from encoders.written_features import WrittenFeatures

__all__ = [
    "centre_and_spread",
    "graph_features",
    "reference_forms",
    "relevance",
    "standard_features",
    "standardise",
    "written_features",
    "written_groups",
]

Float = NDArray[np.float64]

_REFERENCE = 1000
_CLIP = 5.0
_CONSTANT = 1e-9


def standard_features(space: str, archs: Sequence[str]) -> Float:
    """`GraphFeatures` centred and scaled by a fixed sample of the space, without labels.

    Args:
        space: Name of the space.
        archs: m architecture strings of the space.

    Returns:
        Features of shape (m, d), clipped to +-5 for architectures far from the published ones; features that are
        constant in the space are dropped, all but one if there are no others.

    Example:
        >>> from benchmarks import get_space
        >>> X = standard_features("transnas101-macro", get_space("transnas101-macro").sample(500))
        >>> bool(abs(X.mean()) < 0.05), bool(abs(X.std() - 1) < 0.05)
        (True, True)
    """
    centre = _reference_centre(get_space(space))
    varying = centre[1] > _CONSTANT
    varying[0] |= not varying.any()  # a space of one function has one feature, 0
    X = GraphFeatures().fit([get_space(space).example]).transform(archs).astype(np.float64)
    return standardise(X[:, varying], centre[:, varying], _CLIP)


def written_features(space: str, archs: Sequence[str]) -> Float:
    """`WrittenFeatures` centred and scaled by a fixed sample of the space's strings, without labels.

    Args:
        space: Name of the space.
        archs: m architecture strings of the space.

    Returns:
        Features of shape (m, d); those that are constant in the space are dropped (see `written_groups`). Those of the
        function are clipped to +-5; sizes are not, because costs are nearly linear in them.

    Example:
        >>> written_features("nasbench201", ["|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"]).shape
        (1, 221)
    """
    centre, groups = _written_reference(get_space(space))
    varying = centre[1] > _CONSTANT
    X = WrittenFeatures().fit([get_space(space).example]).transform(archs).astype(np.float64)
    found = standardise(X[:, varying], centre[:, varying])
    if (function := groups.get("function")) is not None:  # a space of one function has none
        found[:, function] = np.clip(found[:, function], -_CLIP, _CLIP)
    return found


def written_groups(space: str) -> dict[str, slice]:
    """The columns of `written_features` of each group of `WrittenFeatures`; groups without a column are left out.

    Example:
        >>> list(written_groups("transnas101-macro"))
        ['choices', 'size', 'function']
    """
    return _written_reference(get_space(space))[1]


def graph_features(archs: Sequence[str]) -> Float:
    """`GraphFeatures` of m architectures of one space, not standardised, of shape (m, d)."""
    return np.asarray(GraphFeatures().fit_transform(archs), dtype=np.float64)


def centre_and_spread(X: Float) -> Float:
    """Mean and standard deviation of each column of a matrix of shape (m, d), of shape (2, d)."""
    return np.stack([X.mean(axis=0), X.std(axis=0)])


def standardise(X: Float, centre: Float, clip: float = np.inf) -> Float:
    """Subtract the mean of each column and divide by its standard deviation.

    Args:
        X: Features of shape (m, d).
        centre: Mean and standard deviation of each column, of shape (2, d); a constant column becomes 0.
        clip: Largest absolute value of the result.

    Returns:
        Standardised features of shape (m, d).

    Example:
        >>> standardise(np.array([[9.0, 1.0]]), np.array([[1.0, 1.0], [2.0, 0.0]]), clip=2.5).tolist()
        [[2.5, 0.0]]
    """
    mean, spread = centre
    varying = spread > _CONSTANT
    return np.asarray(np.clip(np.where(varying, (X - mean) / np.where(varying, spread, 1.0), 0.0), -clip, clip))


def reference_forms(space: str, draws: int) -> list[str]:
    """Distinct simplest forms among a fixed sample of a space, in the order drawn.

    Args:
        space: Name of the space.
        draws: Size of the sample; the whole space if that is smaller.

    Example:
        >>> len(reference_forms("transnas101-micro", 100)) <= 100
        True
    """
    there = get_space(space)
    return list(dict.fromkeys(there.simplify(there.sample(min(draws, len(there)), rng=0))))


def relevance(X: Float, Z: Float, power: float, floor: float = 0.1) -> Float:
    """Weights of features: |correlation with the labels| ** power + floor, root mean square over the tasks.

    The squared correlation expected by chance (1 / n) is subtracted.

    Args:
        X: Features of shape (n, d).
        Z: Normal scores of shape (n, T), NaN where not measured.
        power: 0 weights all features equally.
        floor: Weight of a feature without any correlation, before scaling.

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


@cached_by_space(maxsize=8)
def _reference_centre(space: Space) -> Float:
    """Mean and standard deviation of every feature over the space, of shape (2, d)."""
    centre = centre_and_spread(graph_features(sorted(reference_forms(space.name, _REFERENCE))))
    centre.setflags(write=False)
    return centre


@cached_by_space(maxsize=8)
def _written_reference(space: Space) -> tuple[Float, dict[str, slice]]:
    """Mean and standard deviation of every feature as written, of shape (2, d), and the columns kept of each group."""
    encoder = WrittenFeatures()
    sample = sorted(space.sample(min(_REFERENCE, len(space)), rng=0))
    centre = centre_and_spread(encoder.fit_transform(sample).astype(np.float64))
    centre.setflags(write=False)
    kept = np.append(0, np.cumsum(centre[1] > _CONSTANT)).tolist()
    groups = {name: slice(kept[own.start], kept[own.stop]) for name, own in encoder.groups(space).items()}
    return centre, {name: own for name, own in groups.items() if own.start < own.stop}
