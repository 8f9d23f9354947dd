"""Drawings of architectures as SVG, without a library: cells, skeletons, and graphs of your own.

Names are imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from surrogates.drawing.pictures import Drawing as Drawing
    from surrogates.drawing.pictures import draw as draw

__all__, __getattr__, __dir__ = lazy_facade(__name__)
