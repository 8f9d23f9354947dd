"""Figures of searches: best value so far against queries, and heatmaps over pairs of tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import MissingExtraError
from benchmarks.tasks import find_task

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from surrogates.search.history import History

__all__ = ["fidelity_figure", "history_figure", "new_figure", "unnas_figure"]

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00")
"""Colour-blind safe palette (Okabe and Ito, 2008), without its yellow, which is too light for lines."""
_MARKERS = "os^Dv"
_DASHED = (0, (4, 1.5))
_COLUMNS = 4
_MOST_BANDS = 4


def new_figure(size: tuple[float, float]) -> Figure:
    """An empty figure of a size (width, height) in inches; works without a display.

    Raises:
        MissingExtraError: If matplotlib is not installed.

    Example:
        >>> float(new_figure((4, 3)).get_figwidth())
        4.0
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("a plot", "matplotlib", "plots") from None
    return Figure(figsize=size, layout="constrained")


def history_figure(histories: Sequence[History], title: str = "") -> Figure:
    """Best value so far against queries, one panel per task: mean and range (worst to best) over the seeds.

    Args:
        histories: Searches on the same tasks with the same number of queries.
        title: Title of the figure.

    Raises:
        ValueError: If there is no history, or they differ in tasks or length.
        MissingExtraError: If matplotlib is not installed.

    Example:
        >>> from surrogates import Oracle
        >>> from surrogates.search import run_search
        >>> oracle = Oracle.from_pretrained("transnas101-micro")
        >>> figure = history_figure([run_search("random", oracle, "jigsaw", 20, seed) for seed in (0, 1)])
        >>> figure.axes[0].get_xlabel()
        'queries'
    """
    if not histories or len({(history.tasks, len(history)) for history in histories}) > 1:
        kinds = {(history.tasks, len(history)) for history in histories}
        raise ValueError(
            "expected one or more searches on the same tasks with the same number of queries, got "
            f"{len(kinds)} different combinations of both"
        )
    tasks = histories[0].tasks
    figure, panels = _panels(len(tasks), (3.6, 3.0))
    steps = np.arange(1, len(histories[0]) + 1)
    for number, (task, ax) in enumerate(zip(tasks, panels, strict=False)):
        best = np.array([history.best[:, number] for history in histories])
        several = len(histories) > 1
        if several:
            ax.fill_between(steps, best.min(0), best.max(0), step="post", color=_COLOURS[0], alpha=0.2, linewidth=0)
        ax.step(steps, best.mean(0), where="post", color=_COLOURS[0])
        metric = find_task(task).metric
        ax.set(
            title=task, xlabel="queries", ylabel=f"{metric.name}" + (f" ({metric.unit})" if metric.unit != "-" else "")
        )
        _trim(ax, best[:, len(steps) // 20 :])
    seeds = f"mean and range of {len(histories)} seeds" if len(histories) > 1 else "one seed"
    figure.suptitle(f"{title + ': ' if title else ''}best so far, {seeds}", fontsize="medium")
    return figure


def fidelity_figure(runs: pd.DataFrame) -> Figure:
    """Mean true rank of the best so far against queries: one panel per task, one colour per method.

    Solid lines are searches on the table, dashed lines on the surrogate; bands show one standard error over the seeds
    and are omitted with more than four methods.

    Args:
        runs: One row per source (``"table"`` or ``"surrogate"``), method, task, seed and step, with the rank.

    Raises:
        MissingExtraError: If matplotlib is not installed.

    Example:
        >>> import pandas as pd
        >>> rows = [(source, "local", "jigsaw", 0, step, 9) for source in ("table", "surrogate") for step in (1, 2)]
        >>> figure = fidelity_figure(pd.DataFrame(rows, columns=["source", "method", "task", "seed", "step", "rank"]))
        >>> [len(ax.lines) for ax in figure.axes]
        [2, 0]
    """
    figure, panels = _panels(runs["task"].nunique(), (4.0, 3.2), spare=1)
    from matplotlib.lines import Line2D

    tasks, methods = (list(dict.fromkeys(runs[name])) for name in ("task", "method"))
    last = int(runs["step"].max())
    styles: dict[str, dict[str, Any]] = {
        method: {
            "color": _COLOURS[n % len(_COLOURS)],
            "marker": _MARKERS[n // len(_COLOURS)] if n >= len(_COLOURS) else "",
        }
        for n, method in enumerate(methods)
    }
    for task, ax in zip(tasks, panels, strict=False):
        of_task = runs[runs["task"] == task]
        for (source, method), rows in of_task.groupby(["source", "method"], sort=False):
            ranks = rows.pivot_table(index="step", columns="seed", values="rank")
            mean, error = ranks.mean(axis=1), ranks.sem(axis=1).fillna(0.0)
            style = {**styles[method], "linestyle": {"table": "-", "surrogate": _DASHED}[source]}
            ax.plot(mean.index, mean, markevery=max(1, last // 6), markersize=4, linewidth=1.4, **style)
            if len(methods) <= _MOST_BANDS:
                low = np.maximum(mean - error, 1.0)
                ax.fill_between(mean.index, low, mean + error, color=style["color"], alpha=0.1, linewidth=0)
        ax.set(title=task, xlabel="queries", yscale="log")
    for ax in panels[: len(tasks) : _COLUMNS]:
        ax.set_ylabel("true rank of the best so far")
    lines = [Line2D([], [], **styles[method], markersize=4, label=method) for method in methods]
    lines += [
        Line2D([], [], color="grey", label="searched the table"),
        Line2D([], [], color="grey", linestyle=_DASHED, label="searched the surrogate"),
    ]
    corner = panels[len(tasks)]
    corner.axis("off")
    corner.legend(handles=lines, loc="center", frameon=False)
    for ax in panels[len(tasks) + 1 :]:
        ax.remove()
    return figure


def unnas_figure(matrices: Mapping[str, pd.DataFrame]) -> Figure:
    r"""Two heatmaps over pairs of tasks, searched tasks as rows and target tasks as columns.

    Left: Kendall's tau over all architectures and, below, among the top 10 % by the row's task. Right: mean regret in
    the unit of the column's metric and, below, mean true rank; darker is worse.

    Args:
        matrices: Name -> DataFrame of shape (S, T), searched tasks as rows: kendall, top_kendall, regret, rank and
            top_percent. Correlations may be NaN.

    Raises:
        MissingExtraError: If matplotlib is not installed.

    Example:
        >>> import pandas as pd
        >>> one = pd.DataFrame([[1.0]], index=["jigsaw"], columns=["normal"])
        >>> figure = unnas_figure(dict.fromkeys(["kendall", "top_kendall", "regret", "rank", "top_percent"], one))
        >>> [text.get_text() for ax in figure.axes[:2] for text in ax.texts]
        ['1.00\n(1.00)', '1\n#1']
    """
    tau, among_top = matrices["kendall"], matrices["top_kendall"]
    regret, rank, percent = matrices["regret"], matrices["rank"], matrices["top_percent"]
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


def _panels(count: int, size: tuple[float, float], spare: int = 0) -> tuple[Figure, list[Axes]]:
    """A grid of at least `count` + `spare` panels of a size in inches; unused panels are removed if `spare` is 0."""
    columns = min(_COLUMNS, count + spare)
    rows = -(-(count + spare) // columns)
    figure = new_figure((size[0] * columns, size[1] * rows + 0.4))
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    if not spare:
        for ax in panels[count:]:
            ax.remove()
    return figure, panels


def _trim(ax: Axes, shown: NDArray[np.float64]) -> None:
    """Set the limits of the value axis without the first few queries, which may be far below all others."""
    low, high = float(shown.min()), float(shown.max())
    margin = 0.08 * (high - low) or 0.05 * abs(high) or 1.0
    ax.set_ylim(low - margin, high + margin)


def _label(ax: Axes, matrix: pd.DataFrame, units: list[str]) -> None:
    names = [f"{task}{unit}" for task, unit in zip(matrix.columns, units, strict=True)]
    ax.set_xticks(range(len(names)), names, rotation=35, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(matrix)), [str(task) for task in matrix.index])
    ax.set(xlabel="deployed on", ylabel="searched on")


def _tau(value: float) -> str:
    """Format with two decimals, without negative zero; a dash for NaN.

    Example:
        >>> _tau(-0.001), _tau(float("nan"))
        ('0.00', '-')
    """
    return "-" if np.isnan(value) else f"{round(value, 2) + 0.0:.2f}"


def _short(value: float) -> str:
    """Format with two significant digits; integers from 10.

    Example:
        >>> _short(0.01234), _short(12.34), _short(0.0)
        ('0.012', '12', '0')
    """
    return f"{value:.0f}" if value >= 10 or value == 0 else f"{value:.2g}"
