"""Several drawings in one picture, below each other, each under a heading."""

from __future__ import annotations

import re
from collections.abc import Sequence

from surrogates.drawing.pictures import Drawing
from surrogates.drawing.svg import document, text

__all__ = ["stacked"]

_HEAD, _MARGIN = 28.0, 24.0
_SIZE = re.compile(r'<svg [^>]*?width="([0-9.]+)" height="([0-9.]+)"')


def stacked(drawings: Sequence[Drawing], headings: Sequence[str], title: str) -> str:
    """One picture of several drawings.

    Args:
        drawings: The drawings.
        headings: A heading for each.
        title: What the picture shows, for readers that do not see it.

    Returns:
        The picture, a self-contained SVG file as text.

    Example:
        >>> from surrogates import draw
        >>> both = stacked([draw("64-2311-basic"), draw("64-1234-basic")], ["A", "B"], "A and B")
        >>> both.count("<svg"), both.count("</svg>")
        (3, 3)
    """
    elements, top, widest = [], 0.0, 0.0
    for drawing, heading in zip(drawings, headings, strict=True):
        found = _SIZE.search(drawing.svg)
        assert found is not None
        width, height = (float(number) for number in found.groups())
        elements.append(text(_MARGIN, top + _HEAD - 8, heading, size=16, weight="bold"))
        elements.append(drawing.svg.replace("<svg ", f'<svg y="{top + _HEAD:g}" ', 1).strip())
        top, widest = top + _HEAD + height, max(widest, width)
    return document(widest, top, title, elements)
