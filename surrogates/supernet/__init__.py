"""Estimates of architectures with the shared weights of a supernet, and a surrogate made from them.

Names are imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from surrogates.supernet.estimates import SupernetEstimates as SupernetEstimates
    from surrogates.supernet.surrogate import SupernetSurrogate as SupernetSurrogate

__all__, __getattr__, __dir__ = lazy_facade(__name__)
