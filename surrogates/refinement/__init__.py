"""Measured architectures beget others: choose what to train next, train it, add it to the table, fit again.

Names are imported when first used, as in `surrogates`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_names

if TYPE_CHECKING:
    from surrogates.refinement.choice import pick_asked, pick_uncertain
    from surrogates.refinement.loop import Round, refine

__all__ = ["Round", "pick_asked", "pick_uncertain", "refine"]

__getattr__ = lazy_names(
    __name__,
    {
        "Round": "surrogates.refinement.loop",
        "pick_asked": "surrogates.refinement.choice",
        "pick_uncertain": "surrogates.refinement.choice",
        "refine": "surrogates.refinement.loop",
    },
)


def __dir__() -> list[str]:
    return sorted(__all__)
