"""A new task from a few labels and what is known about other tasks.

Names are imported when first used, as in `surrogates`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_names

if TYPE_CHECKING:
    from surrogates.transfer.map import TransferMap
    from surrogates.transfer.surrogate import TransferSurrogate

__all__ = ["TransferMap", "TransferSurrogate"]

__getattr__ = lazy_names(
    __name__, {"TransferMap": "surrogates.transfer.map", "TransferSurrogate": "surrogates.transfer.surrogate"}
)


def __dir__() -> list[str]:
    return sorted(__all__)
