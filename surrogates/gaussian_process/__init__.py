"""Gaussian processes over several tasks at once, on graph features.

Names are imported when first used, as in `surrogates`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_names

if TYPE_CHECKING:
    from surrogates.gaussian_process.surrogate import GaussianProcessSurrogate

__all__ = ["GaussianProcessSurrogate"]

__getattr__ = lazy_names(__name__, {"GaussianProcessSurrogate": "surrogates.gaussian_process.surrogate"})


def __dir__() -> list[str]:
    return sorted(__all__)
