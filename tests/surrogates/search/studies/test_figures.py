"""Figures of searches: what is drawn, on which axes."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks import get_space
from benchmarks.errors import UnknownNameError
from surrogates import Oracle, load_agreement
from surrogates.search import History, run_search
from surrogates.search.pareto import non_dominated
from surrogates.search.space_arrays import COSTS, costs
from surrogates.search.studies.figures import comparison_figure, front_figure, history_figure
from tests.surrogates.search.functions import threes

MACRO = get_space("transnas101-macro")
LONG = "my_package.searchers.evolutionary:a_very_long_named_searcher_of_my_own_with_many_options_v2"


@pytest.fixture(scope="module")
def oracle() -> Oracle:
    return Oracle.from_pretrained(MACRO)


def whole(figure: Figure) -> bool:
    """Whether all that is drawn lies inside the figure, up to a pixel."""
    FigureCanvasAgg(figure).draw()  # lays it out
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    return bool(min(box.x0, box.y0) > -0.01 and box.x1 < width + 0.01 and box.y1 < height + 0.01)


def test_a_cut_title_is_noticed(oracle: Oracle) -> None:
    figure = history_figure([run_search("random", oracle, "jigsaw", 5)])
    assert whole(figure)
    figure.suptitle(LONG * 2)
    assert not whole(figure)


@pytest.mark.parametrize("tasks", [["jigsaw"], ["jigsaw", "normal"], list(Oracle.from_pretrained(MACRO).tasks)])
def test_no_text_of_a_search_is_cut(oracle: Oracle, tasks: list[str]) -> None:
    histories = [run_search("random", oracle, tasks, 12, seed) for seed in range(3)]
    title = f"{LONG} on transnas101-macro"
    for figure in (history_figure(histories, title), front_figure(histories, "params", title)):
        assert whole(figure)
        assert len(figure.axes) == len(tasks)


def test_no_text_of_own_tasks_is_cut() -> None:
    names = ["a_task_with_a_rather_long_name_of_its_own_kind", "b"]
    two = run_search("random", lambda archs: np.column_stack([threes(archs)] * 2), names, 12, space=MACRO)
    for figure in (history_figure([two], LONG), front_figure([two], "multiply_adds", LONG)):
        assert whole(figure)


@pytest.mark.parametrize("cost", COSTS)
def test_the_front_is_that_of_all_searches(oracle: Oracle, cost: str) -> None:
    histories = [run_search("nsga2", oracle, "jigsaw", 40, seed) for seed in (0, 1)]
    ax = front_figure(histories, cost).axes[0]
    values = {
        arch: value for history in histories for arch, value in zip(history.archs, history.values[:, 0], strict=True)
    }
    charged = costs(MACRO)[[MACRO.index(arch) for arch in values], COSTS.index(cost)]
    points = np.column_stack([list(values.values()), -charged])
    kept = non_dominated(points)
    queried, best = ax.lines
    scale = {"params": 1e6, "multiply_adds": 1e9}[cost]
    np.testing.assert_allclose(np.sort(queried.get_xdata()), np.sort(charged / scale))
    np.testing.assert_allclose(np.sort(best.get_xdata()), np.sort(charged[kept] / scale))
    np.testing.assert_allclose(np.sort(best.get_ydata()), np.sort(points[kept, 0]))
    assert ax.get_xlabel() == {"params": "parameters (million)", "multiply_adds": "multiply-adds (billion)"}[cost]
    assert ax.get_ylabel() == "valid_top1 (%)"
    with pytest.raises(UnknownNameError, match="unknown cost 'flops'"):
        front_figure(histories, "flops")


def test_the_front_of_a_cost_of_ones_own(oracle: Oracle) -> None:
    latency = pd.Series([float(len(arch)) for arch in MACRO.archs], index=list(MACRO.archs), name="edge_latency_ms")
    history = run_search("random", oracle, "jigsaw", 60)
    ax = front_figure([history], latency).axes[0]
    assert ax.get_xlabel() == "edge_latency_ms"
    paid = latency[history.archs].to_numpy()
    kept = non_dominated(np.column_stack([history.values[:, 0], -paid]))
    np.testing.assert_allclose(np.sort(ax.lines[1].get_xdata()), np.sort(paid[kept]))


def test_curves_over_time_are_the_means_of_the_steps(oracle: Oracle) -> None:
    histories = [run_search("random", oracle, "jigsaw", seed=seed, max_seconds=90 * 3600) for seed in (0, 1, 2)]
    assert len({len(history) for history in histories}) > 1
    ax = history_figure(histories).axes[0]
    assert ax.get_xlabel() == "simulated training time (h)"
    hours, means = ax.lines[0].get_data()
    spent = [np.cumsum(history.cost) / 3600 for history in histories]
    assert hours[0] == pytest.approx(max(each[0] for each in spent))
    for hour, mean in zip(hours, means, strict=True):
        found = [
            history.best[int((each <= hour + 1e-9).sum()) - 1, 0]
            for history, each in zip(histories, spent, strict=True)
        ]
        assert mean == pytest.approx(np.mean(found))


def test_searches_of_unknown_time_and_unequal_length_are_refused() -> None:
    first, second = (run_search("random", threes, "mine", n, space=MACRO) for n in (5, 9))
    with pytest.raises(ValueError, match="known training times, or with the same number of queries, got neither"):
        history_figure([first, second])
    assert history_figure([second, second]).axes[0].get_xlabel() == "queries"
    empty = History(MACRO.name, ("mine",), [], np.zeros((0, 1)), np.zeros(0), {})
    with pytest.raises(ValueError, match="at least one query"):
        history_figure([empty])
    with pytest.raises(UnknownNameError, match="did you mean 'queries'"):
        history_figure([first], over="querys")


def test_many_searchers_and_tasks_are_told_apart() -> None:
    names = [f"{LONG}_{number}" for number in range(9)]
    rows = [
        (name, task, seed, step, 60.0 * step, 100.0 / (step + place))
        for place, name in enumerate(names)
        for task in [f"task_of_my_own_with_a_long_name_{number}" for number in range(6)]
        for seed in (0, 1)
        for step in (1, 2, 3)
    ]
    runs = pd.DataFrame(rows, columns=["searcher", "task", "seed", "step", "seconds", "rank"])
    ranking = pd.DataFrame({"searcher": names, "mean_rank": range(9), "low": range(9), "high": range(1, 10)})
    figure = comparison_figure(runs, ranking)
    assert len(figure.axes) == 7
    assert whole(figure)
    styles = {(line.get_color(), line.get_marker()) for line in figure.axes[0].lines}
    assert len(styles) == 9
    shown = ["".join(label.get_text().split()) for label in figure.axes[-1].get_yticklabels()]
    assert shown == names


def test_agreement_has_a_colour_bar_and_units() -> None:
    found = load_agreement("transnas101-micro")
    figure = found.plot()
    *panels, bar = figure.axes
    assert len(panels) == len(found.tasks)
    assert bar.get_ylabel() == "architectures"
    assert panels[0].get_xlabel() == "predicted valid_top1 (%)"
    assert panels[0].get_ylabel() == "measured valid_top1 (%)"
    assert whole(figure)
    for task, ax in zip(found.tasks, panels, strict=True):
        (mesh,) = ax.collections
        counts = found.grid(task)[1]
        np.testing.assert_array_equal(np.nan_to_num(np.ma.filled(mesh.get_array(), 0)).reshape(counts.shape), counts)
