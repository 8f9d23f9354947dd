"""Estimates of architectures by a supernet, a surrogate made from them, and searches with shared weights inside.

Names are imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from surrogates.supernet.cost_law import CostLaw as CostLaw
    from surrogates.supernet.ddpnas import DDPNASResult as DDPNASResult
    from surrogates.supernet.ddpnas import search_ddpnas as search_ddpnas
    from surrogates.supernet.entrannas import EnTranResult as EnTranResult
    from surrogates.supernet.entrannas import search_entrannas as search_entrannas
    from surrogates.supernet.estimates import SupernetEstimates as SupernetEstimates
    from surrogates.supernet.front import costed_estimates as costed_estimates
    from surrogates.supernet.front import supernet_front as supernet_front
    from surrogates.supernet.samplers import BestUp as BestUp
    from surrogates.supernet.samplers import Sandwich as Sandwich
    from surrogates.supernet.samplers import WorstUp as WorstUp
    from surrogates.supernet.samplers import supernet_sampler as supernet_sampler
    from surrogates.supernet.surrogate import SupernetSurrogate as SupernetSurrogate

_EXTRAS = {
    "torch": ("torch", "training"),
    "lightning": ("lightning", "training"),
    "PIL": ("pillow", "training"),
}
"""Libraries of the extra: import name -> package, extra."""

__all__, __getattr__, __dir__ = lazy_facade(__name__, _EXTRAS)
