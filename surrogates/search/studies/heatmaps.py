"""The picture of a study of all ordered pairs of tasks: how far they agree, and what the wrong one costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.tasks import find_task
from surrogates.search.studies.curves import new_figure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from surrogates.search.studies.unnas import UnNASStudy

__all__ = ["unnas_figure"]


def unnas_figure(study: UnNASStudy) -> Figure:
    """Two heatmaps, searched tasks as rows, deployed ones as columns.

    Left: Kendall's tau over all architectures and, below, among the top 10 % by the row's task. Right: mean regret in
    the unit of the column's metric and, below, mean true rank; dark is bad.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    tau, among_top = study.matrix("kendall"), study.matrix("top_kendall")
    regret, rank, percent = study.matrix("regret"), study.matrix("rank"), study.matrix("top_percent")
    rows, columns = tau.shape
    figure = new_figure((max(10.0, 4.6 + 1.9 * columns), 2.7 + 0.62 * rows))
    left, right = figure.subplots(1, 2)

    left.imshow(tau, cmap="RdBu", vmin=-1, vmax=1, aspect="auto")
    for row, column in zip(*tau.notna().to_numpy().nonzero(), strict=True):
        entry = tau.iloc[row, column]
        text = f"{_tau(entry)}\n({_tau(among_top.iloc[row, column])})"
        left.text(column, row, text, ha="center", va="center", color="white" if abs(entry) > 0.65 else "black")
    _label(left, tau, [""] * columns)
    left.set_title("Kendall's tau\n(in brackets: among the top 10 % of the row's task)", fontsize="medium")

    worse = np.log10(percent.to_numpy())
    shown = right.imshow(worse, cmap="cividis_r", vmin=-2, vmax=2, aspect="auto")
    for row, column in np.ndindex(rows, columns):
        text = f"{_short(regret.iloc[row, column])}\n#{rank.iloc[row, column]:,.0f}"
        colour = "white" if worse[row, column] > 0.1 else "black"
        right.text(column, row, text, ha="center", va="center", color=colour)
    units = [find_task(str(task)).metric.unit for task in regret.columns]
    _label(right, regret, ["" if unit == "-" else f" ({unit})" for unit in units])
    right.set_title("regret and true rank (#)\nof the architecture found", fontsize="medium")
    bar = figure.colorbar(shown, ax=right, ticks=[-2, -1, 0, 1, 2], shrink=0.9)
    bar.ax.set_yticklabels(["0.01 %", "0.1 %", "1 %", "10 %", "100 %"])
    bar.set_label("true rank / number of architectures")
    return figure


def _label(ax: Axes, matrix: pd.DataFrame, units: list[str]) -> None:
    names = [f"{task}{unit}" for task, unit in zip(matrix.columns, units, strict=True)]
    ax.set_xticks(range(len(names)), names, rotation=35, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(matrix)), [str(task) for task in matrix.index])
    ax.set(xlabel="deployed on", ylabel="searched on")


def _tau(value: float) -> str:
    """Two decimals, never minus nothing.

    Example:
        >>> _tau(-0.001), _tau(float("nan"))
        ('0.00', '-')
    """
    return "-" if np.isnan(value) else f"{round(value, 2) + 0.0:.2f}"


def _short(value: float) -> str:
    """Two digits, without a leading exponent.

    Example:
        >>> _short(0.01234), _short(12.34), _short(0.0)
        ('0.012', '12', '0')
    """
    return f"{value:.0f}" if value >= 10 or value == 0 else f"{value:.2g}"
