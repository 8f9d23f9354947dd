"""Graph neural networks on architectures: fitted from scratch, or pre-trained on tables and fine-tuned.

Names are imported when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from surrogates.models.graph.directed_gnn import DirectedGNN as DirectedGNN
    from surrogates.models.graph.surrogate import GraphSurrogate as GraphSurrogate

__all__, __getattr__, __dir__ = lazy_facade(__name__, {"torch": ("torch", "gnn")})
