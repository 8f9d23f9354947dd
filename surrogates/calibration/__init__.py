"""Calibration: from normal scores to the metric's own unit, with intervals of nominal coverage.

Names are imported when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from surrogates.calibration.base import CalibratedSurrogate as CalibratedSurrogate
    from surrogates.calibration.calibration import Calibration as Calibration
    from surrogates.calibration.folds import FoldCalibration as FoldCalibration
    from surrogates.calibration.normal_scores import NormalScores as NormalScores

__all__, __getattr__, __dir__ = lazy_facade(__name__)
