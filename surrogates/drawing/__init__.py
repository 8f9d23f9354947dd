"""Drawings of architectures as SVG, without a library: cells, skeletons, and graphs of your own."""

from surrogates.drawing.draw import Drawing, draw

__all__ = ["Drawing", "draw"]
