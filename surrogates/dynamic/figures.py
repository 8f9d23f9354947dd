"""Figures of multi-stage networks: accuracy against average multiply-adds, and the course of a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from surrogates.figures import line_style, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

__all__ = ["plot_epochs", "plot_tradeoffs"]

_SIZE = (6.0, 4.0)
_MILLION = 1e6


def plot_tradeoffs(
    title: str,
    curves: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
    points: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]] | None = None,
) -> Figure:
    """Accuracy against average multiply-adds for one image, on a logarithmic axis.

    Args:
        title: Title.
        curves: Label -> multiply-adds and accuracies (%), each of shape (k,), joined by a line.
        points: Likewise, not joined.

    Raises:
        MissingExtraError: If matplotlib is not installed.

    Example:
        >>> figure = plot_tradeoffs("scene", {"test": (np.array([1e6, 2e6]), np.array([50.0, 60.0]))})
        >>> figure.axes[0].get_ylabel()
        'top1 (%)'
    """
    figure = new_figure(_SIZE)
    axes = figure.subplots()
    for number, (label, (costs, accuracy)) in enumerate(curves.items()):
        order = np.argsort(costs, kind="stable")
        axes.plot(costs[order] / _MILLION, accuracy[order], label=label, **line_style(number))
    for number, (label, (costs, accuracy)) in enumerate((points or {}).items(), start=len(curves)):
        axes.plot(costs / _MILLION, accuracy, "x", label=label, color=line_style(number)["color"])
    axes.set_xscale("log")
    axes.set_xlabel("average multiply-adds (millions)")
    axes.set_ylabel("top1 (%)")
    axes.set_title(title)
    axes.legend()
    return figure


def plot_epochs(title: str, metrics: Mapping[str, Sequence[float]], name: str = "top1") -> Figure:
    """A metric of each split after each epoch.

    Args:
        title: Title.
        metrics: ``{split}_{metric}`` -> one value per epoch.
        name: Metric.

    Raises:
        MissingExtraError: If matplotlib is not installed.

    Example:
        >>> plot_epochs("scene", {"train_top1": [10.0, 20.0], "valid_top1": [9.0, 18.0]}).axes[0].get_xlabel()
        'epoch'
    """
    figure = new_figure(_SIZE)
    axes = figure.subplots()
    found = [column for column in metrics if column.endswith(f"_{name}")]
    for number, column in enumerate(found):
        values = metrics[column]
        axes.plot(range(1, len(values) + 1), values, label=column.partition("_")[0], **line_style(number))
    axes.set_xlabel("epoch")
    axes.set_ylabel(f"{name} (%)")
    axes.set_title(title)
    axes.legend()
    return figure
