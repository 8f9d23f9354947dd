"""Estimates of architectures by a supernet, a surrogate made from them, and searches with shared weights inside.

Names are imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from surrogates.supernet.ddpnas import DDPNASResult as DDPNASResult
    from surrogates.supernet.ddpnas import search_ddpnas as search_ddpnas
    from surrogates.supernet.entrannas import EnTranResult as EnTranResult
    from surrogates.supernet.entrannas import search_entrannas as search_entrannas
    from surrogates.supernet.estimates import SupernetEstimates as SupernetEstimates
    from surrogates.supernet.surrogate import SupernetSurrogate as SupernetSurrogate

_EXTRAS = {
    "torch": ("torch", "training"),
    "lightning": ("lightning", "training"),
    "PIL": ("pillow", "training"),
}
"""Libraries of the extra: import name -> package, extra."""

__all__, __getattr__, __dir__ = lazy_facade(__name__, _EXTRAS)
