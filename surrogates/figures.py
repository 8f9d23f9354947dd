"""What all figures share: an empty figure, colours that colour-blind readers tell apart, and text that is never cut."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from benchmarks.optional import needs_extra
from benchmarks.tasks import find_task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["COLOURS", "line_style", "new_figure", "value_label", "wrapped"]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00")
"""Colour-blind safe palette (Okabe and Ito, 2008), without its yellow, which is too light for lines."""
_MARKERS = ("", "o", "s", "^", "D", "v")
_CHARACTER = 0.62  # mean width of a character, relative to the font size
_POINTS_PER_INCH = 72


def new_figure(size: tuple[float, float]) -> Figure:
    """An empty figure of a size (width, height) in inches; works without a display.

    Raises:
        MissingExtraError: If matplotlib is not installed.

    Example:
        >>> float(new_figure((4, 3)).get_figwidth())
        4.0
    """
    with needs_extra("a plot", "plots", "matplotlib"):
        from matplotlib.figure import Figure
    return Figure(figsize=size, layout="constrained")


def line_style(number: int) -> dict[str, Any]:
    """Colour and marker of the line with this number; the first seven differ by colour alone, the others by both.

    Example:
        >>> line_style(0), line_style(8)
        ({'color': '#0072B2', 'marker': ''}, {'color': '#D55E00', 'marker': 'o'})
    """
    turn, colour = divmod(number, len(COLOURS))
    return {"color": COLOURS[colour], "marker": _MARKERS[turn % len(_MARKERS)]}


def value_label(task: str) -> str:
    """Name and unit of a task's metric, for an axis.

    Example:
        >>> value_label("jigsaw"), value_label("normal")
        ('valid_top1 (%)', 'valid_ssim')
    """
    known = find_task(task)
    name = "value" if known.metric.name == "value" else known.column
    return name if known.metric.unit == "-" else f"{name} ({known.metric.unit})"


def wrapped(text: str, width: float, points: float = 10.0) -> str:
    """Break a text into lines that fit a width, after spaces and within names after ``_ / - . :``, else anywhere.

    Args:
        text: The text.
        width: Width in inches.
        points: Font size.

    Example:
        >>> print(wrapped("depth_estimation_on_my_rooms: best so far", 1.6))
        depth_estimation_
        on_my_rooms:
        best so far
    """
    most = max(4, int(width * _POINTS_PER_INCH / (_CHARACTER * points)))
    lines = [""]
    for whole in re.findall(r"[^\s_/.:-]*[\s_/.:-]*", text):
        pieces = [whole[start : start + most] for start in range(0, len(whole), most)]
        for piece in pieces:
            if len((lines[-1] + piece).rstrip()) > most:
                lines.append("")
            lines[-1] += piece
    return "\n".join(line.strip() for line in lines)
