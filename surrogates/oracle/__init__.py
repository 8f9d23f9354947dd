"""Oracle: measured values of architectures where available, predictions otherwise.

Names are imported when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from surrogates.oracle.oracle import Oracle as Oracle

__all__, __getattr__, __dir__ = lazy_facade(__name__)
