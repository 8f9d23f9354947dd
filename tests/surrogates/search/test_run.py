"""`run_search`: running, resuming and failing searches."""

import copy
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from benchmarks import get_space
from benchmarks.errors import UnknownNameError
from benchmarks.table import Table
from surrogates import Oracle
from surrogates.oracle.training_cost import training_seconds
from surrogates.search import Constraint, ConstraintError, History, SearchError, make_searcher, run_search
from surrogates.search.checkpoint import FILE
from surrogates.search.pareto import front
from surrogates.search.run import check_search, search_objective
from tests.surrogates.search.functions import threes

MICRO, MACRO = get_space("transnas101-micro"), get_space("transnas101-macro")
Function = Callable[[list[str]], NDArray[np.float64]]


def failing(after: int, how: str) -> Function:
    """An oracle that returns `threes` for the first `after` architectures and then fails."""
    asked: list[str] = []

    def oracle(archs: list[str]) -> NDArray[np.float64]:
        values = threes(archs)
        asked.extend(archs)
        if len(asked) > after and how == "raises":
            raise OSError("the machine is gone")
        if len(asked) > after:
            values[-1] = np.nan if how == "nan" else np.inf
        return values

    return oracle


def test_history_row_by_row(macro_table: Table) -> None:
    history = run_search("random", macro_table, "room_layout", 20, seed=1)
    frame = history.to_frame()
    assert frame["step"].tolist() == list(range(1, 21))
    best = -np.inf
    for row in frame.itertuples():
        assert row.value == macro_table.value(row.arch, "room_layout")
        best = max(best, row.value)
        assert row.best == best
    np.testing.assert_allclose(frame["cost"], training_seconds(history.archs, "room_layout"))
    assert macro_table.value(history.best_arch(), "room_layout") == best


def test_lower_is_better_where_the_metric_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task whose metric is better when lower: best is the minimum, and the searcher is told the negative."""
    from benchmarks import tasks

    falling = tasks.Task("error", tasks.infer_metric("loss"), "valid", "error", "user", 1, 0)
    monkeypatch.setitem(tasks._TASKS, "error", falling)
    history = run_search("evolution", threes, "error", 60, space=MICRO)
    assert history.best[-1, 0] == history.values.min() == 0
    assert np.isnan(history.cost).all()


def test_several_tasks(macro_table: Table) -> None:
    history = run_search("evolution", macro_table, ["jigsaw", "room_layout"], 25)
    assert {"value/jigsaw", "best/room_layout"} <= set(history.to_frame())
    both = sum(training_seconds(history.archs, task) for task in history.tasks)
    np.testing.assert_allclose(history.cost, both)
    assert history.best_arch("jigsaw") == history.archs[int(history.values[:, 0].argmax())]
    assert front(history, cost=None)["arch"].isin(history.archs).all()


def test_a_table_is_searched_where_it_was_measured(macro_table: Table) -> None:
    measured = macro_table.to_frame()["jigsaw"].dropna()
    history = run_search("local", macro_table, "jigsaw", len(measured))
    assert set(history.archs) == set(measured.index)
    with pytest.raises(ValueError, match=rf"1 <= budget <= {len(measured)} .* that were measured"):
        run_search("local", macro_table, "jigsaw", len(measured) + 1)


def test_oracle_and_function_agree() -> None:
    oracle = Oracle.from_pretrained("transnas101-micro")
    asked = run_search("evolution", oracle, "jigsaw", 40, seed=4)
    values = dict(zip(asked.archs, asked.values[:, 0], strict=True))
    again = run_search("evolution", lambda archs: [values[a] for a in archs], "jigsaw", 40, 4, space=MICRO)
    assert again.archs == asked.archs
    assert oracle.queries.total == 40


def test_a_searcher_is_not_changed() -> None:
    searcher = make_searcher("evolution", population=7, sample=2, seed=9)
    history = run_search(searcher, threes, "mine", 10, seed=1, space=MICRO)
    assert not hasattr(searcher, "space_")
    assert history.search["params"] == {"population": 7, "sample": 2}
    assert history.archs == run_search(searcher, threes, "mine", 10, seed=1, space=MICRO).archs


@pytest.mark.parametrize("bound", [{"max_params": 2e6}, {"max_multiply_adds": 5e8}])
def test_constraint_holds(bound: dict[str, float]) -> None:
    from encoders import Costs

    constraint = Constraint(**bound)
    history = run_search("evolution", threes, "mine", 60, space=MICRO, constraint=constraint)
    column = 0 if "max_params" in bound else 1
    assert (Costs().exact(history.archs)[:, column] <= next(iter(bound.values()))).all()


def test_the_best_of_several_searches() -> None:
    searches = [run_search("random", threes, "mine", 300, seed=seed, space=MICRO) for seed in (0, 1)]
    together = History.from_histories(searches)
    assert len(together) == len({arch for search in searches for arch in search.archs})
    values = dict(zip(together.archs, together.values[:, 0], strict=True))
    best = together.best_archs(9)
    assert [values[arch] for arch in best] == sorted(values.values(), reverse=True)[:9]
    assert best[0] == together.best_arch("mine") == next(a for a in together.archs if values[a] == values[best[0]])
    with pytest.raises(ValueError, match="on the same tasks of one space, got 2 different combinations"):
        History.from_histories([searches[0], run_search("random", threes, "other", 2, space=MICRO)])
    with pytest.raises(ValueError, match="on the same tasks of one space, got 0 different combinations"):
        History.from_histories([])
    with pytest.raises(ValueError, match="n >= 1, got 0"):
        together.best_archs(0)


def test_of_equals_on_the_front_one_is_kept_where_it_is_wanted() -> None:
    history = run_search("random", threes, "mine", 400, space=MICRO)
    whole, distinct = front(history), front(history, distinct=True)
    assert len(whole) > len(distinct)
    pairs = [*map(tuple, whole[["mine", "multiply_adds"]].to_numpy().tolist())]
    assert [*map(tuple, distinct[["mine", "multiply_adds"]].to_numpy().tolist())] == list(dict.fromkeys(pairs))
    for row in distinct.itertuples():
        equal = whole[(whole["mine"] == row.mine) & (whole["multiply_adds"] == row.multiply_adds)]
        assert row.arch == min(equal["arch"], key=history.archs.index)


def test_one_check_serves_many_searches() -> None:
    objective = check_search(threes, "mine", 20, space=MICRO, constraint=Constraint(max_params=2e6))
    for seed in (0, 1):
        mine = search_objective("local", objective, 20, seed, batch_size=3)
        usual = run_search(
            "local", threes, "mine", 20, seed, space=MICRO, constraint=objective.constraint, batch_size=3
        )
        assert mine.archs == usual.archs
        assert mine.search == usual.search


# -- failures ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("raises", r"the oracle raised OSError: the machine is gone, at query 13 of 20; the 12 queries before are in"),
        ("nan", r"the oracle returned \[nan\] for '64-.*', at query 16 of 20; the 15 queries before are in"),
        ("inf", r"the oracle returned \[inf\] for '64-.*', at query 16 of 20"),
    ],
)
def test_oracle_that_fails_half_way(tmp_path: Path, how: str, message: str) -> None:
    whole = run_search("evolution", threes, "mine", 20, space=MICRO, batch_size=4)
    with pytest.raises(SearchError, match=message) as caught:
        run_search("evolution", failing(12, how), "mine", 20, space=MICRO, batch_size=4, folder=tmp_path)
    kept = 12 if how == "raises" else 15
    assert caught.value.history.archs == whole.archs[:kept] == History.load(tmp_path / FILE).archs
    resumed = run_search("evolution", threes, "mine", 20, space=MICRO, batch_size=4, folder=tmp_path)
    assert resumed.archs == whole.archs


def test_interrupt_keeps_the_history(tmp_path: Path) -> None:
    def interrupted(archs: list[str]) -> NDArray[np.float64]:
        if (tmp_path / "stop").exists():
            raise KeyboardInterrupt
        (tmp_path / "stop").touch()
        return threes(archs)

    with pytest.raises(KeyboardInterrupt):
        run_search("random", interrupted, "mine", 5, space=MICRO, folder=tmp_path)
    assert len(History.load(tmp_path / FILE)) == 1


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"budget": 0}, ValueError, r"1 <= budget <= 4,096 \(the architectures of transnas101-micro\), got 0"),
        ({"budget": 4097}, ValueError, "got 4097"),
        ({"budget": 9, "constraint": Constraint(max_params=2e4)}, ValueError, "8 .*have at most 20,000 params.*got 9"),
        ({"constraint": Constraint(max_params=10)}, ConstraintError, "at most 10 params: the smallest has 19,488"),
        ({"batch_size": 0}, ValueError, "batch_size >= 1, got 0"),
        ({"task": []}, ValueError, "at least one task"),
        ({"task": ["a", "a"]}, ValueError, "'a' more than once"),
        ({"space": None}, ValueError, "expected a space for an oracle that is a function, got space=None"),
        ({"space": "transnas"}, UnknownNameError, "did you mean 'transnas101-ma?i?cro'"),
        ({"oracle": 3}, TypeError, "expected an Oracle, a Table or a function of architectures, got int"),
        ({"oracle": lambda archs: [1.0, 2.0]}, SearchError, r"expected values of shape \(1, 1\), got \(2,\)"),
        ({"searcher": "randon"}, UnknownNameError, "did you mean 'random'"),
        (
            {"searcher": 5},
            TypeError,
            r"expected a name, a Searcher, a class of searchers or a function as searcher, got 5 \(int\)",
        ),
        ({"batch_size": 2.5}, TypeError, "expected an integer as batch_size, got 2.5"),
        ({"task": 5}, TypeError, r"expected a name or a list of names as task, got 5 \(int\)"),
        ({"task": None}, TypeError, "expected a name or a list of names as task, got None"),
        ({"budget": 5.5}, TypeError, "expected an integer as budget, got 5.5"),
        ({"seed": None}, TypeError, "expected an integer as seed, got None"),
        (
            {"constraint": {"max_params": 3e6}},
            TypeError,
            r"expected a Constraint or None as constraint, got .*\(dict\)",
        ),
    ],
)
def test_bad_input(given: dict[str, object], kind: type[Exception], message: str) -> None:
    usual = {"searcher": "random", "oracle": threes, "task": "mine", "budget": 5, "space": MICRO}
    with pytest.raises(kind, match=message):
        run_search(**{**usual, **given})


def test_a_task_that_only_the_table_has_is_searched_where_it_was_measured() -> None:
    archs = MICRO.sample(60, rng=0)
    bundled = Oracle.from_pretrained("transnas101-micro")
    table = Table.from_frame(pd.DataFrame({"arch": archs, "mine": threes(archs)}))
    oracle = Oracle(bundled.surrogate, table)
    history = run_search("random", oracle, "mine", 60)
    assert sorted(history.archs) == sorted(archs)
    assert history.values[:, 0].tolist() == threes(list(history.archs)).tolist()
    assert set(run_search("random", oracle, ["mine", "jigsaw"], 60).archs) == set(archs)
    assert not set(run_search("random", oracle, "jigsaw", 100).archs) <= set(archs)


def test_oracle_knows_its_tasks_and_space(macro_table: Table) -> None:
    with pytest.raises(UnknownNameError, match="unknown task of the oracle 'jigsau'; did you mean 'jigsaw'"):
        run_search("random", macro_table, "jigsau", 5)
    oracle = Oracle.from_table(macro_table)
    with pytest.raises(ValueError, match="the space of the oracle, transnas101-macro, got space='transnas101-micro'"):
        run_search("random", oracle, "jigsaw", 5, space=MICRO)


@pytest.mark.parametrize(("bounds", "message"), [({}, "got neither"), ({"max_params": 0}, "max_params > 0, got 0")])
def test_bad_constraint(bounds: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Constraint(**bounds)


def test_constraints_that_exclude_each_other() -> None:
    macro = get_space("transnas101-macro")
    from surrogates.search.space_arrays import costs

    least = costs(macro).min(axis=0)
    constraint = Constraint(max_params=float(least[0]), max_multiply_adds=float(least[1]))
    every = np.ones(len(macro), dtype=bool)
    if constraint.mask(macro).any():
        assert np.array_equal(constraint.check(macro, every), constraint.mask(macro))
    else:
        with pytest.raises(ConstraintError, match="at once; the smallest available of each: params"):
            constraint.check(macro, every)


def test_a_constraint_that_nothing_measured_meets_names_the_smallest_measured(macro_table: Table) -> None:
    from surrogates.search.adapters.objectives import Objectives
    from surrogates.search.space_arrays import costs

    macro = get_space("transnas101-macro")
    largest = macro.archs[int(costs(macro)[:, 0].argmax())]
    one = Table.from_logs([largest], {"jigsaw": {"valid_top1": [90.0]}})
    message = (
        rf"no measured architecture of transnas101-macro has .* params: the smallest has {costs(macro)[:, 0].max():,}"
    )
    for ask in (
        lambda bound: run_search("random", one, "jigsaw", 1, constraint=bound),
        lambda bound: Objectives(one, "jigsaw", constraint=bound),
    ):
        with pytest.raises(ConstraintError, match=message):
            ask(Constraint(max_params=float(costs(macro)[:, 0].min())))


def test_progress_goes_to_the_error_stream(capsys: pytest.CaptureFixture[str]) -> None:
    run_search("random", threes, "mine", 5, space=MICRO, progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "searching" in shown.err


# -- errors in worker processes -----------------------------------------------------------------------------------


def search_that_fails(after: int) -> None:
    run_search("random", failing(after, "raises"), "mine", 9, space=MACRO)


def test_the_error_of_a_search_is_pickled_with_its_history() -> None:
    with pytest.raises(SearchError, match="the machine is gone") as caught:
        search_that_fails(4)
    error = caught.value
    error.where = "here"
    for copied in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(copied) is SearchError
        assert (str(copied), copied.where) == (str(error), "here")
        pd.testing.assert_frame_equal(copied.history.to_frame(), error.history.to_frame())


def test_the_error_of_a_search_comes_back_from_a_spawned_process() -> None:
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
        pytest.raises(SearchError, match="the machine is gone, at query 5 of 9") as caught,
    ):
        pool.submit(search_that_fails, 4).result(timeout=120)
    assert len(caught.value.history) == 4
