"""Drawing of a skeleton: the stem and one box for each module, as high as its resolution and as dark as it is wide."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from benchmarks.spaces.skeleton import BlockShape
from surrogates.drawing.svg import arrow, box, text

__all__ = ["SKELETON_HEIGHT", "skeleton_elements", "skeleton_width"]

SKELETON_HEIGHT = 156.0
_BOX, _GAP, _TALLEST = 54.0, 24.0, 84.0
_DIGITS = {
    "1": "same shape",
    "2": "doubles the channels",
    "3": "halves the resolution",
    "4": "doubles the channels and halves the resolution",
}
"""Digit of a macro code -> what its module does."""
_PALE, _DARK = (222, 235, 247), (8, 81, 156)


def skeleton_width(modules: int, gap: float = _GAP) -> float:
    """Width of the drawing of a skeleton, in pixels, with a gap between its boxes."""
    return (modules + 1) * (_BOX + gap) - gap


def skeleton_elements(
    code: str, blocks: Sequence[BlockShape], what: str, image: int, x: float, y: float, gap: float = _GAP
) -> Iterator[str]:
    """Elements of a skeleton whose upper left corner is at (x, y): one text for the stem, and one for each module.

    Args:
        code: Macro code, a digit for each module.
        blocks: Shapes of its blocks, two for each module.
        what: What a module holds two of, e.g. ``"cells"``.
        image: Side of the input in pixels.
        x: Left edge, in pixels.
        y: Upper edge, in pixels.
        gap: Pixels between two boxes.
    """
    shapes = [(first, last) for first, last in zip(blocks[::2], blocks[1::2], strict=True)]
    stem = (blocks[0].channels_in, blocks[0].resolution)
    after = [stem, *((last.channels_out, last.resolution) for _, last in shapes)]
    widest, largest = max(channels for channels, _ in after), max(side for _, side in after)
    axis = y + 18 + _TALLEST / 2
    for index, (channels, side) in enumerate(after):
        left, height = x + index * (_BOX + gap), max(18.0, _TALLEST * math.sqrt(side / largest))
        share = math.log2(channels / stem[0]) / max(math.log2(widest / stem[0]), 1.0)
        fill = "#" + "".join(
            f"{round(pale + (dark - pale) * share):02x}" for pale, dark in zip(_PALE, _DARK, strict=True)
        )
        name = "stem" if index == 0 else code[index - 1]
        about = (
            f"stem: {image}×{image} pixels to {channels} channels of {side}×{side}"
            if index == 0
            else f"module {index}, digit {name} ({_DIGITS[name]}): two {what}, {channels} channels of {side}×{side}"
        )
        step = []
        if index:
            line = f"M{left - gap:.1f} {axis:.1f} L{left - 3:.1f} {axis:.1f}"
            tip = f"M{left - 1:.1f} {axis:.1f} L{left - 8:.1f} {axis - 4:.1f} L{left - 8:.1f} {axis + 4:.1f} Z"
            step.append(arrow(line, "#7F7F7F", width=1.5, head=tip, about=""))
        step.append(box(left, axis - height / 2, _BOX, height, fill=fill, about=about))
        colour = "#ffffff" if share > 0.45 else "#1a1a1a"
        middle, size = left + _BOX / 2, 14 if index else 12
        step.append(text(middle, axis + 5, name, anchor="middle", weight="bold", size=size, fill=colour))
        step.append(text(middle, y + 18 + _TALLEST + 18, f"{channels:,}", anchor="middle", size=11))
        step.append(text(middle, y + 18 + _TALLEST + 33, f"{side}×{side}", anchor="middle", size=11, kind="note"))
        yield "\n".join(step)
