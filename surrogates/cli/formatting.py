"""Numbers as people say them."""

from __future__ import annotations

import math

__all__ = ["counted", "duration"]


def counted(number: int, noun: str) -> str:
    """A number and its noun, in the plural unless it is one.

    Example:
        >>> counted(1, "task"), counted(2000, "training")
        ('1 task', '2,000 trainings')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def duration(seconds: float) -> str:
    """Time for people.

    Example:
        >>> duration(7.25), duration(200), duration(4000), duration(200_000), duration(float("nan"))
        ('7.2 s', '3 min 20 s', '1 h 06 min', '2 d 07 h', '-')
    """
    if math.isnan(seconds):
        return "-"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min {rest:02} s"
    return f"{hours} h {minutes:02} min" if hours < 48 else f"{hours // 24} d {hours % 24:02} h"
