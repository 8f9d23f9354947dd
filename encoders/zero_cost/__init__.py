"""Zero-cost proxies: scores of untrained networks on one batch of images.

Names are imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from encoders.zero_cost.estimator import PROXIES as PROXIES
    from encoders.zero_cost.estimator import ZeroCost as ZeroCost

__all__, __getattr__, __dir__ = lazy_facade(__name__)
