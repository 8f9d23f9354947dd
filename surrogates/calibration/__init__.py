"""From scores to the metric's own unit, with an uncertainty that keeps its word.

Names are imported when first used, as in `surrogates`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_names

if TYPE_CHECKING:
    from surrogates.calibration.calibration import Calibration

__all__ = ["Calibration"]

__getattr__ = lazy_names(__name__, {"Calibration": "surrogates.calibration.calibration"})


def __dir__() -> list[str]:
    return sorted(__all__)
