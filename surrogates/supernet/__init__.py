"""Estimates of architectures with the shared weights of a supernet, and a surrogate made from them.

Names are imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from surrogates.supernet.cost_law import CostLaw as CostLaw
    from surrogates.supernet.estimates import SupernetEstimates as SupernetEstimates
    from surrogates.supernet.front import costed_estimates as costed_estimates
    from surrogates.supernet.front import supernet_front as supernet_front
    from surrogates.supernet.samplers import BestUp as BestUp
    from surrogates.supernet.samplers import Sandwich as Sandwich
    from surrogates.supernet.samplers import WorstUp as WorstUp
    from surrogates.supernet.samplers import supernet_sampler as supernet_sampler
    from surrogates.supernet.surrogate import SupernetSurrogate as SupernetSurrogate

__all__, __getattr__, __dir__ = lazy_facade(__name__)
