"""Refinement: select architectures to train, train them, add them to the table, refit the surrogate.

Names are imported when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from surrogates.refinement.loop import Round as Round
    from surrogates.refinement.loop import refine as refine
    from surrogates.refinement.selection import pick_asked as pick_asked
    from surrogates.refinement.selection import pick_designed as pick_designed
    from surrogates.refinement.selection import pick_uncertain as pick_uncertain

__all__, __getattr__, __dir__ = lazy_facade(__name__)
