"""Graph networks over architectures: pre-trained on tables, fitted to a few labels or many.

Names are imported when first used, as in `surrogates`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_names

if TYPE_CHECKING:
    from surrogates.graph.surrogate import GraphSurrogate

__all__ = ["GraphSurrogate"]

__getattr__ = lazy_names(__name__, {"GraphSurrogate": "surrogates.graph.surrogate"})


def __dir__() -> list[str]:
    return sorted(__all__)
