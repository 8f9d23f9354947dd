"""Contact sheet: images with their labels for visual inspection."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks.training.data.images import ImageSet
from benchmarks.training.rooms.furniture import SEGMENTS, object_classes
from benchmarks.training.rooms.labels import LAYOUT_MEAN, LAYOUT_STD
from benchmarks.training.rooms.scene_types import SCENES

__all__ = ["contact_sheet"]

_COLOURS = (
    "#000000", "#dedbd2", "#d1495b", "#edae49", "#66a182", "#3f7d5e", "#8d5bb5", "#7a4a21", "#b5703a", "#4a6fa5",
    "#7ec8e3", "#ffe066", "#9acd32", "#23233b", "#30c5c5", "#f06a2b", "#8a8fa8", "#f08cae",
)  # fmt: skip
_LINE = 11  # height of a line of text in pixels
_SWATCH = 16  # width of a colour of the legend in pixels, with its margin


def contact_sheet(images: ImageSet, columns: int = 6, rows: int = 3) -> Image.Image:
    """Draw the first images of a set, each with its segmentation, normals, and other labels as text.

    Args:
        images: Images with all domains.
        columns: Number of images per row.
        rows: Number of rows.

    Returns:
        An image; each room is shown about 128 pixels wide, above its labels: scene, room size in metres, and the most
        probable object.

    Example:
        >>> from benchmarks.training.rooms.source import rooms
        >>> contact_sheet(rooms("train", 2, size=32, cache=False), columns=2, rows=1).size
        (256, 507)
    """
    scale = max(1, round(128 / images.size))
    side = images.size * scale
    draw = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    found = [
        {name: array[0].cpu() for name, array in images.batch(torch.tensor([place]), list(images.arrays)).items()}
        for place in range(min(len(images), columns * rows))
    ]
    captions = [[line for text in _caption(values) for line in _lines(draw, text, side - 4)] for values in found]
    height = 3 * side + max(map(len, captions), default=0) * _LINE + 6
    entry = _SWATCH + max(round(draw.textlength(name)) for name in SEGMENTS[1:]) + 8
    across = max(1, columns * side // entry)
    legend = -(-(len(SEGMENTS) - 1) // across) * (_LINE + 3)
    sheet = Image.new("RGB", (max(columns * side, entry), rows * height + legend), "white")
    draw = ImageDraw.Draw(sheet)
    palette = np.array([[int(colour[place : place + 2], 16) for place in (1, 3, 5)] for colour in _COLOURS], np.uint8)
    for place, (values, caption) in enumerate(zip(found, captions, strict=True)):
        left, top = place % columns * side, place // columns * height
        shown = (_pixels(values["rgb"]), palette[values["segmentsemantic"].numpy()], _pixels(values["normal"]))
        for row, pixels in enumerate(shown):
            picture = Image.fromarray(pixels).resize((side, side), Image.Resampling.NEAREST)
            sheet.paste(picture, (left, top + row * side))
        for line, text in enumerate(caption):
            draw.text((left + 2, top + 3 * side + line * _LINE), text, fill="black")
    for place, name in enumerate(SEGMENTS[1:]):
        left, top = place % across * entry, sheet.height - legend + place // across * (_LINE + 3)
        draw.rectangle((left + 2, top + 2, left + 12, top + 11), fill=_COLOURS[place + 1], outline="grey")
        draw.text((left + _SWATCH, top), name, fill="black")
    return sheet


def _pixels(values: torch.Tensor) -> NDArray[np.uint8]:
    return np.ascontiguousarray(values.permute(1, 2, 0).numpy())


def _caption(values: dict[str, torch.Tensor]) -> tuple[str, str, str]:
    """Scene; room size; most probable object class."""
    room = (values["room_layout"].numpy() * LAYOUT_STD + LAYOUT_MEAN)[6:]
    scene, thing = int(values["class_scene"].argmax()), int(values["class_object"].argmax())
    share = round(float(values["class_object"][thing]) * 100)
    size = " x ".join(f"{x:.1f}" for x in room)
    return list(SCENES)[scene].replace("_", " "), f"{size} m", f"{object_classes()[thing].replace('_', ' ')} {share}%"


def _lines(draw: ImageDraw.ImageDraw, text: str, width: int) -> list[str]:
    """A text in lines of at most `width` pixels, broken at spaces."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and draw.textlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
