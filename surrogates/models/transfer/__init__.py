"""Transfer learning: prediction of a new task from a few labels and the results of other tasks.

Names are imported when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from surrogates.models.transfer.surrogate import TransferSurrogate as TransferSurrogate

__all__, __getattr__, __dir__ = lazy_facade(__name__)
