"""What commands that draw say where matplotlib is not installed."""

from __future__ import annotations

from importlib.util import find_spec

__all__ = ["can_plot", "no_plots_note"]


def can_plot() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def no_plots_note() -> str:
    """How a line about written files goes on: not at all, or with what to install for figures.

    Example:
        >>> no_plots_note() == "" or "[plots]" in no_plots_note()
        True
    """
    return "" if can_plot() else " (no figure without matplotlib: pip install 'transnas-surrogates[plots]')"
