"""The cost that a searcher minimises as a second objective."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from surrogates.search.space_arrays import cost_column

if TYPE_CHECKING:
    import pandas as pd

    from surrogates.search.base import Searcher

__all__ = ["known_costs"]


def known_costs(searcher: Searcher, cost: str | pd.Series[float]) -> NDArray[np.float64]:
    """A cost of all N architectures of a started searcher's space, of shape (N,); known for all allowed ones.

    Raises:
        UnknownNameError: If there is no such cost; names the nearest one.
        ValueError: If it is not known for an allowed architecture.

    Example:
        >>> from surrogates.search import make_searcher
        >>> known_costs(make_searcher("random").start("transnas101-macro"), "params").shape
        (3256,)
    """
    charged = cost_column(searcher.space_, cost)
    unknown = np.flatnonzero(searcher.allowed_ & ~np.isfinite(charged))
    if len(unknown):
        name = cost if isinstance(cost, str) else str(cost.name)
        raise ValueError(
            f"expected a known {name:.200} of every architecture that is searched, {searcher.space_[unknown[0]]!r} and "
            f"{len(unknown) - 1:,} others have none; a bound on it, such as '{name:.200}>=0', leaves them out"
        )
    return charged
