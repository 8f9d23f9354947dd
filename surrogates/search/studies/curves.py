"""Pictures of searches: the best so far against queries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import MissingExtraError
from benchmarks.tasks import find_task

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from surrogates.search.history import History
    from surrogates.search.studies.fidelity import Fidelity

__all__ = ["COLOURS", "fidelity_figure", "history_figure", "new_figure"]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00")
"""Told apart by colour-blind people too (Okabe and Ito, 2008; its yellow is too light for lines)."""
_MARKERS = "os^Dv"
_DASHED = (0, (4, 1.5))
_COLUMNS = 4
_MOST_BANDS = 4


def new_figure(size: tuple[float, float]) -> Figure:
    """An empty figure of a size in inches that needs no display.

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
    """Best value so far against queries, a panel a task: mean of the seeds, and a band from the worst to the best.

    Args:
        histories: Searches on the same tasks with as many queries.
        title: Of the figure.

    Raises:
        ValueError: If there is none, or they differ in tasks or length.
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
        raise ValueError("expected one search or more on the same tasks with as many queries")
    tasks = histories[0].tasks
    figure, panels = _panels(len(tasks), (3.6, 3.0))
    steps = np.arange(1, len(histories[0]) + 1)
    for number, (task, ax) in enumerate(zip(tasks, panels, strict=False)):
        best = np.array([history.best[:, number] for history in histories])
        several = len(histories) > 1
        if several:
            ax.fill_between(steps, best.min(0), best.max(0), step="post", color=COLOURS[0], alpha=0.2, linewidth=0)
        ax.step(steps, best.mean(0), where="post", color=COLOURS[0])
        metric = find_task(task).metric
        ax.set(
            title=task, xlabel="queries", ylabel=f"{metric.name}" + (f" ({metric.unit})" if metric.unit != "-" else "")
        )
        _trim(ax, best[:, len(steps) // 20 :])
    seeds = f"mean and range of {len(histories)} seeds" if len(histories) > 1 else "one seed"
    figure.suptitle(f"{title + ': ' if title else ''}best so far, {seeds}", fontsize="medium")
    return figure


def fidelity_figure(study: Fidelity) -> Figure:
    """Mean true rank of the best so far against queries: a panel a task, a colour a method.

    Solid lines searched the table, dashed ones the surrogate; bands are one standard error over the seeds, left out
    where there are more than four methods.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    from matplotlib.lines import Line2D

    from surrogates.search.studies.fidelity import ON_SURROGATE, ON_TABLE

    frame = study.frame
    tasks, methods = (list(dict.fromkeys(frame[name])) for name in ("task", "method"))
    figure, panels = _panels(len(tasks), (4.0, 3.2), spare=1)
    last = int(frame["step"].max())
    styles: dict[str, dict[str, Any]] = {
        method: {"color": COLOURS[n % len(COLOURS)], "marker": _MARKERS[n // len(COLOURS)] if n >= len(COLOURS) else ""}
        for n, method in enumerate(methods)
    }
    for task, ax in zip(tasks, panels, strict=False):
        of_task = frame[frame["task"] == task]
        for (source, method), rows in of_task.groupby(["source", "method"], sort=False):
            ranks = rows.pivot_table(index="step", columns="seed", values="rank")
            mean, error = ranks.mean(axis=1), ranks.sem(axis=1).fillna(0.0)
            style = {**styles[method], "linestyle": {ON_TABLE: "-", ON_SURROGATE: _DASHED}[source]}
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


def _panels(count: int, size: tuple[float, float], spare: int = 0) -> tuple[Figure, list[Axes]]:
    """A grid of at least `count` + `spare` panels of a size in inches; those never used are taken away."""
    columns = min(_COLUMNS, count + spare)
    rows = -(-(count + spare) // columns)
    figure = new_figure((size[0] * columns, size[1] * rows + 0.4))
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    if not spare:
        for ax in panels[count:]:
            ax.remove()
    return figure, panels


def _trim(ax: Axes, shown: NDArray[np.float64]) -> None:
    """The axis of values without the first few queries, which may be far below all others."""
    low, high = float(shown.min()), float(shown.max())
    margin = 0.08 * (high - low) or 0.05 * abs(high) or 1.0
    ax.set_ylim(low - margin, high + margin)
