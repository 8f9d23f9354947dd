"""Selection of architectures to train: by uncertainty of a surrogate, by design, or by a searcher.

By uncertainty, a batch is selected greedily by the standard deviation of a candidate times its distance to the labelled
and selected architectures. The first factor alone would select similar architectures, because a surrogate's standard
deviation is a function of its predicted score; the second alone would cover the space evenly, independent of the
labels (greedy k-centres, Sener and Savarese, ICLR 2018). A design uses the measured architectures, not their labels.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.base import clone

from benchmarks.table import Table
from surrogates.design import initial_design
from surrogates.kernels.features import standard_features
from surrogates.search.base import Searcher
from surrogates.search.registry import make_searcher

if TYPE_CHECKING:
    from surrogates.base import Surrogate

__all__ = ["pick_asked", "pick_designed", "pick_uncertain"]


def pick_uncertain(surrogate: Surrogate, table: Table, n: int, tried: Collection[str] = ()) -> list[str]:
    """Architectures to train with high uncertainty, distant from each other and from the labelled ones.

    Args:
        surrogate: Fitted surrogate; its standard deviations are averaged over the tasks with equal weight.
        table: Measured results.
        n: Number of architectures.
        tried: Further architectures to exclude.

    Returns:
        At most n published architectures, each of a function that is neither in the table nor tried.

    Example:
        >>> import pandas as pd
        >>> from surrogates import GaussianProcessSurrogate
        >>> archs = ["64-2311-basic", "64-1234-basic", "64-4231-basic"]
        >>> table = Table.from_frame(pd.DataFrame({"arch": archs, "jigsaw": [1.0, 2.0, 3.0]}))
        >>> surrogate = GaussianProcessSurrogate(length_scales=(4.0,)).fit(archs, table.to_frame())
        >>> len(pick_uncertain(surrogate, table, 4))
        4
    """
    candidates = _candidates(table, tried)
    if not candidates:
        return []
    _, std = surrogate.predict(candidates, return_std=True)
    std = std.reshape(len(candidates), -1)  # (m, T)
    uncertain = (std / np.maximum(std.mean(axis=0), np.finfo(float).tiny)).mean(axis=1)
    X = standard_features(surrogate.space_, candidates)
    known = standard_features(surrogate.space_, sorted({*table.archs, *tried}))
    nearest = cdist(X, known).min(axis=1)
    found: list[int] = []
    for _ in range(min(n, len(candidates))):
        worth = uncertain * nearest
        worth[found] = -1.0
        best = int(worth.argmax())
        found.append(best)
        nearest = np.minimum(nearest, cdist(X, X[[best]])[:, 0])
    return [candidates[position] for position in found]


def pick_designed(table: Table, n: int, tried: Collection[str] = (), random_state: int = 0) -> list[str]:
    """Architectures that complement the measured ones best, whatever their labels (`surrogates.initial_design`).

    Args:
        table: Measured results.
        n: Number of architectures.
        tried: Further architectures to exclude.
        random_state: Seed.

    Returns:
        At most n published architectures, each of a function that is neither in the table nor tried.

    Example:
        >>> import pandas as pd
        >>> table = Table.from_frame(pd.DataFrame({"arch": ["64-2311-basic", "64-1234-basic"], "jigsaw": [1.0, 2.0]}))
        >>> len(pick_designed(table, 4))
        4
    """
    have = sorted({*table.archs, *tried})
    left = min(n, len(_candidates(table, tried)))
    return initial_design(table.space, left, have=have, random_state=random_state) if left else []


def pick_asked(searcher: str | Searcher, table: Table, n: int, tried: Collection[str] = ()) -> list[str]:
    """Architectures proposed by a searcher given all measured results (its `ask` after `tell`).

    Args:
        searcher: A name (`surrogates.search.list_searchers`), or a searcher; a clone with the same seed is used, so it
            is not changed.
        table: Measured results; the searcher gets the architectures measured on all tasks.
        n: Number of architectures.
        tried: Further architectures to exclude.

    Returns:
        At most n published architectures, none in the table or tried.

    Raises:
        UnknownNameError: If there is no such searcher; the message names the nearest one.

    Example:
        >>> import pandas as pd
        >>> table = Table.from_frame(pd.DataFrame({"arch": ["64-2311-basic", "64-1234-basic"], "jigsaw": [1.0, 2.0]}))
        >>> len(pick_asked("local", table, 4))
        4
    """
    known = table.oriented().dropna()
    barred = {*table.archs, *tried}
    left = sum(arch not in barred for arch in table.space.archs)
    if not left:
        return []
    barred -= set(known.index)  # a searcher never proposes what it was told
    fresh: Searcher = make_searcher(searcher) if isinstance(searcher, str) else clone(searcher)
    fresh.start(table.space, len(table.results), lambda archs: np.array([arch not in barred for arch in archs]))
    fresh.tell(list(known.index), known.to_numpy())
    return fresh.ask(min(n, left))


def _candidates(table: Table, tried: Collection[str]) -> list[str]:
    """One architecture per function that is neither in the table nor tried."""
    space = table.space
    known = set(space.simplify([*table.archs, *tried]))
    first: dict[str, str] = {}
    for arch, form in zip(space.archs, space.simplify(list(space.archs)), strict=True):
        if form not in known:
            first.setdefault(form, arch)
    return list(first.values())
