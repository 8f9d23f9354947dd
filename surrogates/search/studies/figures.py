"""Figures of searches: best value so far against queries or time, Pareto fronts, and heatmaps over pairs of tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import choice
from benchmarks.spaces.registry import get_space
from benchmarks.tasks import find_task
from surrogates.figures import COLOURS, line_style, new_figure, value_label, wrapped
from surrogates.search.pareto import front
from surrogates.search.space_arrays import cost_column

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from surrogates.search.history import History

__all__ = ["comparison_figure", "fidelity_figure", "front_figure", "history_figure", "unnas_figure"]

_DASHED = (0, (4, 1.5))
_COLUMNS = 4
_MOST_BANDS = 4
_TITLE = 12.0  # points
_PANEL = (3.8, 3.2)  # inches
_SCALES = {"params": ("parameters (million)", 1e6), "multiply_adds": ("multiply-adds (billion)", 1e9)}
_AXES = {"queries": ("step", "queries", 1), "time": ("seconds", "simulated training time (h)", 3600)}


def history_figure(histories: Sequence[History], title: str = "", over: str | None = None) -> Figure:
    """Best value so far, one panel per task: mean and range (worst to best) over the seeds.

    Args:
        histories: Searches on the same tasks, one per seed, of at least one query each.
        title: Title of the figure.
        over: ``"queries"``, or ``"time"`` for simulated hours; time if the searches have different numbers of queries,
            else queries.

    Raises:
        UnknownNameError: If there is no such axis.
        ValueError: If there is no history, or they differ in tasks, or in length while their times are unknown.
        MissingExtraError: If matplotlib is not installed.

    Example:
        >>> from surrogates import Oracle
        >>> from surrogates.search import run_search
        >>> oracle = Oracle.from_pretrained("transnas101-micro")
        >>> figure = history_figure([run_search("random", oracle, "jigsaw", 20, seed) for seed in (0, 1)])
        >>> figure.axes[0].get_xlabel()
        'queries'
    """
    if len({history.tasks for history in histories}) != 1 or not all(map(len, histories)):
        raise ValueError(
            "expected one or more searches on the same tasks with at least one query, got "
            f"{len(histories)} searches on {len({history.tasks for history in histories})} different lists of tasks"
        )
    tasks = histories[0].tasks
    figure, panels = _panels(len(tasks))
    for number, (task, ax) in enumerate(zip(tasks, panels, strict=False)):
        runs = _curves(histories, number)
        over = _axis(runs, over)
        curves = _pivot(runs, over, "best")
        if len(histories) > 1:
            low, high = curves.min(axis=1), curves.max(axis=1)
            ax.fill_between(curves.index, low, high, step="post", color=COLOURS[0], alpha=0.2, linewidth=0)
        ax.step(curves.index, curves.mean(axis=1), where="post", color=COLOURS[0])
        _title(ax, task)
        ax.set(xlabel=_AXES[over][1], ylabel=wrapped(value_label(task), _PANEL[1] - 0.6))
        _trim(ax, curves.iloc[len(curves) // 20 :].to_numpy())
    seeds = f"mean and range of {len(histories)} seeds" if len(histories) > 1 else "one seed"
    _heading(figure, f"{title + ': ' if title else ''}best so far, {seeds}")
    return figure


def front_figure(histories: Sequence[History], cost: str | pd.Series[float], title: str = "") -> Figure:
    """Queried architectures and their Pareto front, value against cost, one panel per task.

    With several tasks, the front is that of all tasks and the cost together, and each panel shows its points.

    Args:
        histories: Searches on the same tasks of one space.
        cost: ``"params"`` or ``"multiply_adds"`` of the backbone, or another cost as a named Series indexed by
            architecture.
        title: Title of the figure.

    Raises:
        ValueError: If there is no history, or they differ in space or tasks.
        UnknownNameError: If there is no such cost; names the nearest one.
        MissingExtraError: If matplotlib is not installed.

    Example:
        >>> from surrogates import Oracle
        >>> from surrogates.search import run_search
        >>> found = run_search("nsga2", Oracle.from_pretrained("transnas101-micro"), "jigsaw", 40)
        >>> front_figure([found], "params").axes[0].get_xlabel()
        'parameters (million)'
    """
    from surrogates.search.history import History

    together = History.from_histories(histories)
    best = front(together, cost)
    column = str(best.columns[-1])
    name, scale = _SCALES.get(column, (column, 1.0))
    space = get_space(together.space)
    charged = cost_column(space, cost)[[space.index(arch) for arch in together.archs]]
    figure, panels = _panels(len(together.tasks))
    for number, (task, ax) in enumerate(zip(together.tasks, panels, strict=False)):
        ax.plot(charged / scale, together.values[:, number], ".", color="0.7", markersize=4, label="queried")
        line = "-" if len(together.tasks) == 1 else ""
        style: dict[str, Any] = {"color": COLOURS[1], "markersize": 4, "linestyle": line, "drawstyle": "steps-post"}
        ax.plot(best[column] / scale, best[task], marker="o", label="Pareto front", **style)
        _title(ax, task)
        ax.set(xlabel=wrapped(name, _PANEL[0] - 0.6), ylabel=wrapped(value_label(task), _PANEL[1] - 0.6))
    panels[0].legend(frameon=False, fontsize="small")
    queries = f"{len(together):,} architectures of {len(histories)} searches" if len(histories) > 1 else "one search"
    _heading(figure, f"{title + ': ' if title else ''}Pareto front, {queries}")
    return figure


def comparison_figure(runs: pd.DataFrame, ranking: pd.DataFrame, over: str | None = None) -> Figure:
    """Mean true rank of the best so far, one panel per task, and the mean rank of each searcher with its interval.

    Bands show one standard error over the seeds and are omitted with more than four searchers.

    Args:
        runs: `SearcherComparison.runs`.
        ranking: `SearcherComparison.ranking`.
        over: ``"queries"``, or ``"time"`` for simulated hours; time if the searches have different numbers of queries,
            else queries.

    Raises:
        UnknownNameError: If there is no such axis.
        ValueError: If the training times are unknown.
        MissingExtraError: If matplotlib is not installed.

    Example:
        >>> import pandas as pd
        >>> runs = pd.DataFrame([(name, "jigsaw", 0, step, 60.0 * step, 9) for name in "ab" for step in (1, 2)])
        >>> runs.columns = ["searcher", "task", "seed", "step", "seconds", "rank"]
        >>> ranking = pd.DataFrame({"searcher": ["a", "b"], "mean_rank": [1.5, 1.5], "low": [1, 1], "high": [2, 2]})
        >>> [len(ax.lines) for ax in comparison_figure(runs, ranking).axes]
        [2, 4]
    """
    tasks, names = (list(dict.fromkeys(runs[name])) for name in ("task", "searcher"))
    over = _axis(runs, over)
    figure, panels = _panels(len(tasks), spare=1)
    styles = {name: line_style(number) for number, name in enumerate(names)}
    for task, ax in zip(tasks, panels, strict=False):
        for name, rows in runs[runs["task"] == task].groupby("searcher", sort=False):
            _mean_rank(ax, _pivot(rows, over, "rank"), styles[str(name)], band=len(names) <= _MOST_BANDS)
        _title(ax, task)
        ax.set(xlabel=_AXES[over][1], yscale="log")
    for ax in panels[: len(tasks) : _COLUMNS]:
        ax.set_ylabel("true rank of the best so far")
    last = panels[len(tasks)]
    for place, row in enumerate(ranking.to_dict(orient="records")):
        style = styles[str(row["searcher"])]
        last.plot([row["low"], row["high"]], [place, place], color=style["color"], linewidth=2)
        last.plot([row["mean_rank"]], [place], color=style["color"], marker=style["marker"] or "|", markersize=9)
    last.set_yticks(range(len(ranking)), [wrapped(str(name), 1.6) for name in ranking["searcher"]])
    last.invert_yaxis()
    last.set_xlabel("mean rank and interval over the seeds")
    _title(last, "searchers, 1 is best")
    for ax in panels[len(tasks) + 1 :]:
        ax.remove()
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
    figure, panels = _panels(runs["task"].nunique(), spare=1)
    from matplotlib.lines import Line2D

    tasks, methods = (list(dict.fromkeys(runs[name])) for name in ("task", "method"))
    over = _axis(runs, None)
    styles = {method: line_style(number) for number, method in enumerate(methods)}
    for task, ax in zip(tasks, panels, strict=False):
        of_task = runs[runs["task"] == task]
        for (source, method), rows in of_task.groupby(["source", "method"], sort=False):
            style = {**styles[method], "linestyle": {"table": "-", "surrogate": _DASHED}[source]}
            _mean_rank(ax, _pivot(rows, over, "rank"), style, band=len(methods) <= _MOST_BANDS)
        _title(ax, task)
        ax.set(xlabel=_AXES[over][1], yscale="log")
    for ax in panels[: len(tasks) : _COLUMNS]:
        ax.set_ylabel("true rank of the best so far")
    lines = [Line2D([], [], **styles[method], markersize=4, label=wrapped(method, 2.4)) for method in methods]
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

    correlation = left.imshow(tau, cmap="RdBu", vmin=-1, vmax=1, aspect="auto")
    figure.colorbar(correlation, ax=left, shrink=0.9, label="Kendall's tau")
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


def _panels(count: int, spare: int = 0) -> tuple[Figure, list[Axes]]:
    """A grid of at least `count` + `spare` panels; unused panels are removed if `spare` is 0."""
    columns = min(_COLUMNS, count + spare)
    rows = -(-(count + spare) // columns)
    figure = new_figure((_PANEL[0] * columns, _PANEL[1] * rows + 0.4))
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    if not spare:
        for ax in panels[count:]:
            ax.remove()
    return figure, panels


def _title(ax: Axes, text: str) -> None:
    ax.set_title(wrapped(text, _PANEL[0] - 0.8, _TITLE), fontsize=_TITLE)


def _heading(figure: Figure, text: str) -> None:
    """Title of the whole figure, which grows by the lines that it needs."""
    lines = wrapped(text, figure.get_figwidth() - 0.2)
    figure.set_figheight(figure.get_figheight() + 0.17 * lines.count("\n"))
    figure.suptitle(lines, fontsize="medium")


def _curves(histories: Sequence[History], number: int) -> pd.DataFrame:
    """One row per seed and step of searches: seconds so far, and the best so far on the task of this number."""
    import pandas as pd

    frames = [
        pd.DataFrame(
            {
                "seed": seed,
                "step": np.arange(1, len(history) + 1),
                "seconds": np.cumsum(history.cost),
                "best": history.best[:, number],
            }
        )
        for seed, history in enumerate(histories)
    ]
    return pd.concat(frames, ignore_index=True)


def _axis(runs: pd.DataFrame, over: str | None) -> str:
    """Whether curves are drawn over queries or over time."""
    if over is None:
        keys = [key for key in ("source", "method", "searcher", "task", "seed") if key in runs]
        over = "time" if runs.groupby(keys)["step"].max().nunique() > 1 else "queries"
    if choice(over, _AXES, "axis") == "time" and ("seconds" not in runs or runs["seconds"].isna().any()):
        raise ValueError("expected searches with known training times, or with the same number of queries, got neither")
    return over


def _pivot(rows: pd.DataFrame, over: str, value: str) -> pd.DataFrame:
    """A value so far, seeds as columns; from where all seeds have one, ended searches keep their last."""
    column, _, scale = _AXES[over]
    curves = rows.pivot_table(index=column, columns="seed", values=value, aggfunc="last").ffill().dropna()
    return curves.set_axis(curves.index / scale if scale > 1 else curves.index, axis=0)


def _mean_rank(ax: Axes, ranks: pd.DataFrame, style: Mapping[str, Any], band: bool) -> None:
    """Mean over the seeds, with one standard error if `band`."""
    mean, error = ranks.mean(axis=1), ranks.sem(axis=1).fillna(0.0)
    ax.step(mean.index, mean, where="post", markevery=max(1, len(mean) // 6), markersize=4, linewidth=1.4, **style)
    if band:
        low = np.maximum(mean - error, 1.0)
        ax.fill_between(mean.index, low, mean + error, step="post", color=style["color"], alpha=0.1, linewidth=0)


def _trim(ax: Axes, shown: NDArray[np.float64]) -> None:
    """Set the limits of the value axis without the first few queries, which may be far below all others."""
    low, high = float(shown.min()), float(shown.max())
    margin = 0.08 * (high - low) or 0.05 * abs(high) or 1.0
    ax.set_ylim(low - margin, high + margin)


def _label(ax: Axes, matrix: pd.DataFrame, units: list[str]) -> None:
    names = [f"{task}{unit}" for task, unit in zip(matrix.columns, units, strict=True)]
    names = [wrapped(name, 1.6) for name in names]
    ax.set_xticks(range(len(names)), names, rotation=35, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(matrix)), [wrapped(str(task), 1.6) for task in matrix.index])
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
