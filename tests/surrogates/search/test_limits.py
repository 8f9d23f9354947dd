"""Searches that end by simulated time."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import get_space
from benchmarks.errors import UnknownNameError
from benchmarks.table import Table
from surrogates import Oracle
from surrogates.oracle.training_cost import training_seconds
from surrogates.search import Constraint, History, SearchError, run_search
from surrogates.search.checkpoint import FILE
from surrogates.search.limits import SearchLimits
from surrogates.search.objective import open_objective
from tests.surrogates.search.functions import threes

MACRO = get_space("transnas101-macro")


@pytest.fixture(scope="module")
def oracle() -> Oracle:
    return Oracle.from_pretrained(MACRO)


@pytest.fixture(scope="module")
def timed() -> Table:
    """60 skeletons whose two trainings take 1 to 60 s on a task of one's own, in the order of the table."""
    archs = MACRO.sample(60, rng=0)
    seconds = [[row / 2, float(row)] for row in range(1, 61)]
    logs = {"depth": {"valid_value": [[0.0, value] for value in threes(archs)], "time_elapsed": seconds}}
    return Table.from_logs(archs, logs)


@pytest.mark.parametrize("batch_size", [1, 4, 7])
@pytest.mark.parametrize("hours", [30, 77.5, 200])
def test_the_search_ends_before_the_query_that_would_exceed_the_time(
    oracle: Oracle, batch_size: int, hours: float
) -> None:
    whole = run_search("evolution", oracle, "jigsaw", 200, seed=2, batch_size=batch_size)
    seconds, queries = 0.0, 0
    for arch in whole.archs:
        seconds += training_seconds([arch], "jigsaw")[0]
        if seconds > hours * 3600:
            break
        queries += 1
    assert 0 < queries < 200
    found = run_search("evolution", oracle, "jigsaw", seed=2, batch_size=batch_size, max_seconds=hours * 3600)
    assert found.archs == whole.archs[:queries]
    assert found.cost.sum() <= hours * 3600
    assert found.search["max_seconds"] == hours * 3600
    assert whole.search["max_seconds"] is None


def test_a_time_that_fits_exactly_is_within_the_limit(oracle: Oracle) -> None:
    whole = run_search("random", oracle, "jigsaw", 150)
    for n in (1, 2, 77, 150):
        for total in (whole.cost[:n].sum(), sum(whole.cost[:n].tolist())):
            assert len(run_search("random", oracle, "jigsaw", max_seconds=total)) == n


def test_later_shorter_queries_of_a_batch_do_not_slip_in(timed: Table) -> None:
    batch = run_search("random", timed, "depth", 8, batch_size=8)
    spent = np.cumsum(batch.cost)
    stop = next(n for n in range(2, 8) if batch.cost[n:].min() < batch.cost[n - 1])  # a shorter one follows
    limit = float(spent[stop - 1] - 0.5)
    assert limit >= spent[stop - 2] + batch.cost[stop:].min()
    assert run_search("random", timed, "depth", max_seconds=limit, batch_size=8).archs == batch.archs[: stop - 1]


def test_whichever_limit_comes_first_ends_the_search(timed: Table) -> None:
    assert len(run_search("random", timed, "depth", 3, max_seconds=1e9)) == 3
    short = run_search("random", timed, "depth", 60, max_seconds=200)
    assert 1 <= len(short) < 60
    assert short.cost.sum() <= 200
    assert len(run_search("random", timed, "depth", max_seconds=1e9)) == 60  # the space is the last limit
    assert len(run_search("random", timed, "depth", max_seconds=float("inf"))) == 60


def test_times_of_the_table_are_used(timed: Table) -> None:
    found = run_search("random", timed, "depth", max_seconds=300)
    expected = [timed.value(arch, "depth", "time_elapsed") for arch in found.archs]
    assert found.cost.tolist() == expected
    assert 300 - 60 < sum(expected) <= 300


@pytest.mark.parametrize("batch_size", [1, 5])
def test_a_search_is_resumed_with_more_or_less_time(timed: Table, tmp_path: Path, batch_size: int) -> None:
    def search(limit: float | None, folder: Path | None = None, budget: int | None = None) -> History:
        return run_search(
            "evolution", timed, "depth", budget, 1, max_seconds=limit, batch_size=batch_size, folder=folder
        )

    short, long = search(400), search(900)
    assert len(short) < len(long)
    assert search(400, tmp_path).archs == short.archs
    assert search(900, tmp_path).archs == long.archs
    stored = (tmp_path / FILE).read_bytes()
    assert History.load(tmp_path / FILE).search["max_seconds"] == 900
    assert search(400, tmp_path).archs == short.archs
    assert search(None, tmp_path, budget=4).archs == long.archs[:4]
    assert (tmp_path / FILE).read_bytes() == stored
    assert search(None, tmp_path, budget=60).archs[: len(long)] == long.archs


def test_an_interrupted_search_goes_on(timed: Table, tmp_path: Path) -> None:
    calls = 0

    def tired(archs: list[str]) -> np.ndarray:
        nonlocal calls
        calls += 1
        if calls == 9:
            raise OSError("the machine is gone")
        return threes(archs)

    limit = 40 * 3600.0
    whole = run_search("local", threes, "jigsaw", max_seconds=limit, space=MACRO)
    with pytest.raises(SearchError, match=r"the machine is gone, at query 9; the 8 queries before are in") as caught:
        run_search("local", tired, "jigsaw", max_seconds=limit, space=MACRO, folder=tmp_path)
    assert caught.value.history.archs == whole.archs[:8]
    assert run_search("local", tired, "jigsaw", max_seconds=limit, space=MACRO, folder=tmp_path).archs == whole.archs


def test_unknown_times_are_an_error(timed: Table) -> None:
    message = r"training time of every architecture, which is unknown \(NaN\) for 3,256 of 3,256 on mine, such as"
    with pytest.raises(ValueError, match=message):
        run_search("random", threes, "mine", max_seconds=100, space=MACRO)
    archs = MACRO.sample(20, rng=1)
    seconds = [float("nan") if row == 7 else 1.0 for row in range(20)]
    some = Table.from_logs(archs, {"depth": {"valid_value": threes(archs).tolist(), "time_elapsed": seconds}})
    with pytest.raises(ValueError, match=rf"unknown \(NaN\) for 1 of 20 on depth, such as '{archs[7]}'"):
        run_search("random", some, "depth", 5, max_seconds=100)
    assert len(run_search("random", some, "depth", 5)) == 5


def test_a_first_query_that_takes_too_long_ends_with_an_error(timed: Table) -> None:
    first = run_search("random", timed, "depth", 1)
    with pytest.raises(SearchError, match=rf"training '{first.archs[0]}' takes {first.cost[0]:.1f} s, more than") as e:
        run_search("random", timed, "depth", max_seconds=first.cost[0] - 0.5)
    assert len(e.value.history) == 0


def test_a_first_query_that_takes_too_long_ends_a_resumed_search_as_well(timed: Table, tmp_path: Path) -> None:
    first = run_search("random", timed, "depth", 5, folder=tmp_path)
    stored = (tmp_path / FILE).read_bytes()
    caught = []
    for folder in (None, tmp_path):
        with pytest.raises(SearchError, match=rf"training '{first.archs[0]}' takes .* more than .*, at query 1;") as e:
            run_search("random", timed, "depth", 5, max_seconds=first.cost[0] - 0.5, folder=folder)
        caught.append(e.value)
    assert [len(error.history) for error in caught] == [0, 0]
    assert str(caught[1]).startswith(str(caught[0]))
    assert (tmp_path / FILE).read_bytes() == stored
    exact = run_search("random", timed, "depth", 5, max_seconds=first.cost[0], folder=tmp_path)
    assert exact.archs == first.archs[:1]


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({}, ValueError, "expected a budget .* or max_seconds .*, got neither"),
        ({"max_seconds": 0.5}, ValueError, "expected max_seconds >= 1.0, the shortest training of .*, got 0.5"),
        ({"max_seconds": -3}, ValueError, "got -3"),
        ({"max_seconds": float("nan")}, ValueError, "got nan"),
        ({"max_seconds": "1h"}, TypeError, "expected a number as max_seconds, got '1h'"),
        ({"max_seconds": 100, "budget": 61}, ValueError, "1 <= budget <= 60 .*got 61"),
    ],
)
def test_bad_limits(timed: Table, given: dict[str, object], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        run_search("random", timed, "depth", **given)


def test_the_shortest_training_is_that_of_the_allowed(oracle: Oracle) -> None:
    small = Constraint(max_params=2e6)
    objective = open_objective(oracle, "jigsaw", constraint=small)
    shortest = objective.seconds([arch for arch, ok in zip(MACRO.archs, objective.allowed, strict=True) if ok]).min()
    with pytest.raises(ValueError, match="the shortest training"):
        SearchLimits.of_objective(objective, None, shortest * 0.99)
    assert SearchLimits.of_objective(objective, None, shortest).max_seconds == shortest


def test_one_of_several_tasks() -> None:
    both = open_objective(lambda archs: np.column_stack([threes(archs), -threes(archs)]), ["a", "b"], space=MACRO)
    archs = MACRO.archs[:5]
    assert both.only("b").tasks == ("b",)
    np.testing.assert_array_equal(both.only("b").measure(list(archs))[:, 0], -threes(list(archs)))
    with pytest.raises(UnknownNameError, match="unknown task 'c'"):
        both.only("c")


def test_counts_are_those_of_a_loop() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        seconds, spent, done = rng.exponential(size=9), rng.exponential(), int(rng.integers(5))
        limits = SearchLimits(int(rng.integers(done, 15)), float(rng.exponential() * 5))
        total, expected = spent, 0
        for each in seconds:
            total += each
            if total > limits.max_seconds or done + expected == limits.budget:
                break
            expected += 1
        assert limits.count(seconds, done, spent) == expected


def test_frames_of_a_timed_search(timed: Table) -> None:
    frame = run_search("random", timed, "depth", max_seconds=250).to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert frame["cost"].cumsum().iloc[-1] <= 250
