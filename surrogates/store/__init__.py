"""Fitted surrogates on disk, without pickle: what is written, vouched for and read again.

Names are imported when first used, as in `surrogates`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_names

if TYPE_CHECKING:
    from surrogates.store.store import load_surrogate, save_surrogate

__all__ = ["load_surrogate", "save_surrogate"]

__getattr__ = lazy_names(
    __name__, {"load_surrogate": "surrogates.store.store", "save_surrogate": "surrogates.store.store"}
)


def __dir__() -> list[str]:
    return sorted(__all__)
