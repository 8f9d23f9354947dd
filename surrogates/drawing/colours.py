"""Colours of operations: the same in all drawings, and different for all readers (Okabe and Ito, 2008)."""

from __future__ import annotations

__all__ = ["PALETTE", "colour_of", "shown_name"]

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8C6BB1", "#7F7F7F")
_KNOWN = {
    "conv3x3": "#0072B2",
    "nor_conv_3x3": "#0072B2",
    "conv1x1": "#56B4E9",
    "nor_conv_1x1": "#56B4E9",
    "skip": "#009E73",
    "skip_connect": "#009E73",
    "avg_pool_3x3": "#E69F00",
    "none": "#8C8C8C",
}
_SHOWN = {
    "conv3x3": "conv 3×3",
    "nor_conv_3x3": "conv 3×3",
    "conv1x1": "conv 1×1",
    "nor_conv_1x1": "conv 1×1",
    "skip_connect": "skip",
    "avg_pool_3x3": "average pool 3×3",
}


def colour_of(operation: str) -> str:
    """Colour of an operation by its name in strings.

    Example:
        >>> colour_of("conv3x3") == colour_of("nor_conv_3x3"), colour_of("skip")
        (True, '#009E73')
    """
    return _KNOWN.get(operation) or PALETTE[sum(map(ord, operation)) % len(PALETTE)]


def shown_name(operation: str) -> str:
    """An operation in words.

    Example:
        >>> shown_name("nor_conv_1x1"), shown_name("sep_conv")
        ('conv 1×1', 'sep_conv')
    """
    return _SHOWN.get(operation, operation)
