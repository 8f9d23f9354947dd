"""One place to ask for any architecture: measured where known, predicted where not.

Names are imported when first used, as in `surrogates`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_names

if TYPE_CHECKING:
    from surrogates.oracle.oracle import Oracle

__all__ = ["Oracle"]

__getattr__ = lazy_names(__name__, {"Oracle": "surrogates.oracle.oracle"})


def __dir__() -> list[str]:
    return sorted(__all__)
