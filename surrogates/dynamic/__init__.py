"""Search for multi-stage networks: their splits by REINFORCE (S2DNAS), or depths, kernels and sides too (ENAS4D).

Names are imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from surrogates.dynamic.enas4d import search_tradeoffs as search_tradeoffs
    from surrogates.dynamic.enas4d import tradeoff_front as tradeoff_front
    from surrogates.dynamic.s2dnas import search_splits as search_splits
    from surrogates.dynamic.space import ChoiceSpace as ChoiceSpace

__all__, __getattr__, __dir__ = lazy_facade(__name__)
