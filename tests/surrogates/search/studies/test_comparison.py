"""Comparison of searchers: ranks, intervals and tests against naive computation, scipy and numbers worked by hand."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks import get_space
from benchmarks.errors import ArtefactError, UnknownNameError
from benchmarks.table import Table
from surrogates import Oracle
from surrogates.search import Constraint, Searcher, SearcherComparison, SearchError, compare_searchers, run_search
from surrogates.search.checkpoint import FILE
from surrogates.search.searchers.transfer import TransferSearch
from surrogates.search.studies.comparison import holm
from surrogates.search.studies.grid import run_grid
from tests.surrogates.search.functions import threes

MACRO = get_space("transnas101-macro")
SEEDS = (0, 1, 2, 3, 4)


class Greedy(Searcher):
    """Neighbours of the best so far."""

    def propose(self, n: int) -> Iterable[int]:
        if not self.rows_:
            return self.random_rows(4)
        best = self.space_[self.rows_[int(self.values_[:, 0].argmax())]]
        return [self.space_.index(arch) for arch in self.space_.neighbors(best)]


def mutate(space: Any, archs: list[str], values: np.ndarray, rng: np.random.Generator) -> Any:
    return space.mutate(archs[values.argmax()], rng) if archs else space.sample(4, rng)


METHODS = {"mine": Greedy(), "a class": Greedy, "a function": mutate, "random": "random", "evolution": "evolution"}


@pytest.fixture(scope="module")
def table() -> Table:
    archs = MACRO.sample(250, rng=0)
    noise = np.random.default_rng(0).normal(size=(2, 250))
    frame = pd.DataFrame({"arch": archs, "jigsaw": 50 + threes(archs) + noise[0], "normal": 0.01 * noise[1]})
    frame.loc[::5, "normal"] = np.nan
    return Table.from_frame(frame)


@pytest.fixture(scope="module")
def found(table: Table) -> SearcherComparison:
    return compare_searchers(METHODS, table, budget=20, seeds=SEEDS)


def test_the_repr_is_short(found: SearcherComparison) -> None:
    assert repr(found) == "SearcherComparison(runs=<1,000 x 9 DataFrame>)"


def made_up(percents: dict[str, list[float]], tasks: int = 1) -> SearcherComparison:
    """Searches of one query that found these percentiles, seeds within tasks."""
    rows = [
        (name, f"task {place % tasks}", place // tasks, 1, 60.0, -value, value, value, value)
        for name, values in percents.items()
        for place, value in enumerate(values)
    ]
    columns = ["searcher", "task", "seed", "step", "seconds", "best", "regret", "rank", "top_percent"]
    return SearcherComparison(pd.DataFrame(rows, columns=columns))


def test_every_step_by_hand(table: Table, found: SearcherComparison) -> None:
    assert len(found.runs) == 5 * 2 * 5 * 20
    assert found.to_frame() is found.runs
    for (name, task, seed), rows in found.runs.groupby(["searcher", "task", "seed"]):
        history = run_search(METHODS[name], table, task, 20, seed)
        values = table.to_frame()[task]
        assert rows["step"].tolist() == list(range(1, 21))
        for step, row in enumerate(rows.itertuples(), start=1):
            best = max(values[arch] for arch in history.archs[:step])
            assert row.best == best
            assert row.seconds == pytest.approx(history.cost[:step].sum())
            assert row.regret == pytest.approx(values.max() - best)
            assert row.rank == 1 + (values > best).sum()
            assert row.top_percent == pytest.approx(100 * row.rank / values.notna().sum())


@pytest.mark.parametrize("step", [None, 7])
def test_mean_ranks_by_a_loop(found: SearcherComparison, step: int | None) -> None:
    ranking = found.ranking(step).set_index("searcher")
    last = found.runs[found.runs["step"] == (step or 20)]
    ranks: dict[str, list[float]] = {name: [] for name in METHODS}
    for task in ("jigsaw", "normal"):
        for seed in SEEDS:
            pair = last[(last["task"] == task) & (last["seed"] == seed)].set_index("searcher")["regret"]
            for name in METHODS:
                better, equal = (pair < pair[name]).sum(), (pair == pair[name]).sum()
                ranks[name].append(better + (equal + 1) / 2)
    for name in METHODS:
        assert ranking.loc[name, "mean_rank"] == pytest.approx(np.mean(ranks[name]))
        mean = last[last["searcher"] == name]["top_percent"].mean()
        assert ranking.loc[name, "top_percent"] == pytest.approx(mean)
    assert ranking["mean_rank"].is_monotonic_increasing
    assert ranking["mean_rank"].mean() == pytest.approx(3.0)
    assert ranking.loc["mine", "mean_rank"] == ranking.loc["a class", "mean_rank"]  # the same searches


def test_the_signed_rank_test_of_worked_numbers() -> None:
    good, worse, mixed = [1, 1, 1, 1, 1, 1], [2, 3, 4, 5, 6, 7], [2, 0.5, 4, 5, 6, 7]
    ranking = made_up({"good": good, "worse": worse, "mixed": mixed}).ranking().set_index("searcher")
    assert ranking.index[0] == "good"
    assert ranking.loc["worse", "p"] == pytest.approx(2 / 2**6)  # six differences of one sign
    # differences 1, -.5, 3, 4, 5, 6: the smallest is the only negative one, so W = 1, which two of 64 signs reach
    assert ranking.loc["mixed", "p"] == pytest.approx(4 / 2**6)
    assert np.isnan(ranking.loc["good", "p"])
    assert ranking.loc["worse", "p_holm"] == pytest.approx(4 / 2**6)
    assert ranking.loc["mixed", "p_holm"] == pytest.approx(4 / 2**6)
    assert ranking.loc["mixed", ["wins", "ties", "losses"]].tolist() == [1, 0, 5]
    assert ranking.loc["good", ["wins", "ties", "losses"]].tolist() == [0, 0, 0]


def test_p_values_are_scipys(found: SearcherComparison) -> None:
    ranking = found.ranking()
    last = found.runs[found.runs["step"] == 20].set_index(["task", "seed"])
    best = last[last["searcher"] == ranking["searcher"][0]]["top_percent"]
    for row in ranking.iloc[1:].itertuples():
        mine = last[last["searcher"] == row.searcher]["top_percent"]
        lead = (mine - best.reindex(mine.index)).to_numpy()
        assert (row.wins, row.ties, row.losses) == ((lead < 0).sum(), (lead == 0).sum(), (lead > 0).sum())
        used = lead[lead != 0]
        assert row.p == pytest.approx(stats.wilcoxon(used).pvalue if len(used) else 1.0)


def test_equal_searchers_do_not_differ() -> None:
    ranking = made_up({"a": [1, 2, 3], "b": [1, 2, 3]}).ranking()
    assert ranking["p"].tolist()[1:] == [1.0]
    assert ranking["mean_rank"].tolist() == [1.5, 1.5]
    assert ranking["ties"].tolist() == [0, 3]


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        ([0.01, 0.02, 0.03], [0.03, 0.04, 0.04]),
        ([0.5, 0.02, 0.9], [1.0, 0.06, 1.0]),
        ([0.04], [0.04]),
        ([np.nan, 0.3, 0.01], [np.nan, 0.3, 0.02]),
        ([], []),
    ],
)
def test_holm_by_hand(p: list[float], expected: list[float]) -> None:
    np.testing.assert_allclose(holm(np.array(p, dtype=float)), expected)


def test_holm_by_a_loop() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        p = rng.uniform(size=6) ** 2
        before = 0.0
        for place, index in enumerate(np.argsort(p)):
            before = min(1.0, max(before, (6 - place) * p[index]))
            assert holm(p)[index] == pytest.approx(before)


def test_intervals_are_those_of_scipys_bootstrap() -> None:
    rng = np.random.default_rng(0)
    study = made_up({name: rng.uniform(size=60).tolist() for name in "abc"}, tasks=3)  # 20 seeds of 3 tasks
    ranking = study.ranking(confidence=0.9).set_index("searcher")
    wide = study.runs.pivot_table(index=["task", "seed"], columns="searcher", values="regret")
    by_seed = wide.rank(axis=1).groupby("seed").mean()
    for name in "abc":
        values = by_seed[name].to_numpy()
        other = stats.bootstrap((values,), np.mean, confidence_level=0.9, method="percentile", n_resamples=20_000)
        low, high = other.confidence_interval
        assert ranking.loc[name, "low"] == pytest.approx(low, abs=0.02)
        assert ranking.loc[name, "high"] == pytest.approx(high, abs=0.02)
        assert low < ranking.loc[name, "mean_rank"] < high
    assert study.ranking().equals(study.ranking())
    assert study.ranking().equals(study.ranking(rng=np.random.default_rng(0)))


def test_one_seed_has_no_interval() -> None:
    ranking = made_up({"a": [1, 2, 3], "b": [3, 3, 4]}, tasks=3).ranking()
    assert ranking[["low", "high"]].isna().all(axis=None)
    assert ranking["mean_rank"].tolist() == [1.0, 2.0]


def test_intervals_cover_as_often_as_they_say() -> None:
    """Mean rank of the first of three equal searchers is 2; the percentile bootstrap of 20 seeds is a little narrow."""
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(100):
        study = made_up({name: rng.uniform(size=20).tolist() for name in "abc"})
        row = study.ranking(confidence=0.9, rng=rng).set_index("searcher").loc["a"]
        inside += row["low"] <= 2 <= row["high"]
    assert 0.82 <= inside / 100 <= 0.95


def test_the_same_seeds_give_the_same_comparison(table: Table, found: SearcherComparison) -> None:
    again = compare_searchers(METHODS, table, budget=20, seeds=SEEDS)
    pd.testing.assert_frame_equal(again.runs, found.runs)
    other = compare_searchers({"random": "random"}, table, "jigsaw", budget=20, seeds=[9])
    assert not set(other.runs["best"]) <= set(found.runs.query("task == 'jigsaw' and seed == 0")["best"])


def test_regrets_are_means_over_seeds(found: SearcherComparison) -> None:
    means = found.regrets().set_index(["searcher", "task"])
    for key, rows in found.runs[found.runs["step"] == 20].groupby(["searcher", "task"]):
        row = means.loc[key]
        assert (row["seeds"], row["queries"]) == (5, 20)
        for column in ("best", "regret", "rank", "top_percent"):
            assert row[column] == pytest.approx(rows[column].mean())
        assert row["regret_sd"] == pytest.approx(np.std(rows["regret"], ddof=1))


def test_a_comparison_is_resumed(table: Table, found: SearcherComparison, tmp_path: Path) -> None:
    first = compare_searchers(METHODS, table, budget=20, seeds=SEEDS, folder=tmp_path)
    kept = sorted(tmp_path.rglob(FILE))
    assert len(kept) == 5 * 2 * 5
    assert tmp_path / "a function" / "jigsaw" / "3" / FILE in kept
    kept[3].unlink()
    changed = {path: path.stat().st_mtime_ns for path in kept if path.exists()}
    again = compare_searchers(METHODS, table, budget=20, seeds=SEEDS, folder=tmp_path)
    for one in (first, again):
        pd.testing.assert_frame_equal(one.runs, found.runs)
    assert {path: path.stat().st_mtime_ns for path in changed} == changed
    with pytest.raises(ArtefactError, match="holds another search: searcher was 'Greedy' and is now 'RandomSearch'"):
        compare_searchers({"mine": "random"}, table, budget=20, seeds=SEEDS, folder=tmp_path)


def test_searches_of_equal_time(table: Table) -> None:
    hours = 24.0
    timed = compare_searchers(["random", "local"], table, "jigsaw", seeds=[0, 1, 2], max_seconds=hours * 3600)
    for (name, seed), rows in timed.runs.groupby(["searcher", "seed"]):
        history = run_search(name, table, "jigsaw", seed=seed, max_seconds=hours * 3600)
        assert len(rows) == len(history)
        assert rows["seconds"].max() == pytest.approx(history.cost.sum())
        assert rows["seconds"].max() <= hours * 3600
    lengths = timed.runs.groupby(["searcher", "seed"])["step"].max()
    assert lengths.nunique() > 1
    assert (
        timed.to_frame(10_000)["step"].tolist()
        == lengths.reindex(pd.MultiIndex.from_frame(timed.to_frame(10_000)[["searcher", "seed"]])).tolist()
    )
    assert timed.plot().axes[0].get_xlabel() == "simulated training time (h)"
    assert timed.plot("queries").axes[0].get_xlabel() == "queries"


def test_a_function_is_compared_with_what_any_search_found() -> None:
    both = compare_searchers(
        {"mine": mutate, "random": "random"},
        lambda archs: np.column_stack([threes(archs), [len(arch) for arch in archs]]),
        ["threes", "length"],
        budget=15,
        seeds=[0, 1],
        space=MACRO,
    )
    histories = [
        run_search(searcher, threes, "threes", 15, seed, space=MACRO)
        for searcher in (mutate, "random")
        for seed in (0, 1)
    ]
    known = {
        arch: value for history in histories for arch, value in zip(history.archs, history.values[:, 0], strict=True)
    }
    values = np.array(list(known.values()))
    of_threes = both.runs[both.runs["task"] == "threes"]
    assert set(both.runs["task"]) == {"threes", "length"}
    for row in of_threes.itertuples():
        assert row.regret == values.max() - row.best
        assert row.rank == 1 + (values > row.best).sum()


def test_regret_is_among_the_allowed() -> None:
    oracle = Oracle.from_pretrained(MACRO)
    small = Constraint(max_params=1e6)
    study = compare_searchers(["random"], oracle, "jigsaw", budget=10, seeds=[0], constraint=small)
    values = oracle.oriented("jigsaw")["jigsaw"].to_numpy()[small.mask(MACRO)]
    best = study.runs["best"].to_numpy()
    np.testing.assert_allclose(study.runs["regret"], values.max() - best)
    assert study.runs["rank"].tolist() == [1 + (values > value).sum() for value in best]


@pytest.mark.parametrize("kind", ["table", "function"])
def test_a_task_that_is_better_when_lower(table: Table, kind: str) -> None:
    error = 100 - table.to_frame()["jigsaw"]
    frame = pd.DataFrame({"arch": error.index, "test_error": error.to_numpy()})
    lowered = Table.from_frame(frame, minimize=["test_error"])
    oracle = lowered if kind == "table" else lambda archs: 100 - threes(archs)
    given = {} if kind == "table" else {"minimize": ["test_error"], "space": MACRO}
    study = compare_searchers({"mine": mutate, "random": "random"}, oracle, "test_error", 15, [0, 1], **given)
    for (_, seed), rows in study.runs.groupby(["searcher", "seed"]):
        assert rows["best"].is_monotonic_decreasing, seed
        assert (rows["regret"].diff().dropna() <= 0).all()
    if kind == "table":
        np.testing.assert_allclose(study.runs["regret"], study.runs["best"] - error.min())
        assert study.runs["rank"].tolist() == [1 + (error < best).sum() for best in study.runs["best"]]
    mirrored = compare_searchers({"mine": mutate, "random": "random"}, table, "jigsaw", 15, [0, 1])
    if kind == "table":
        pd.testing.assert_frame_equal(study.ranking(), mirrored.ranking())


def test_bounds_as_strings(table: Table) -> None:
    bounded = compare_searchers(["random"], table, "jigsaw", 9, [0], constraints=["params<=2e7", "normal>=0"])
    frame = table.to_frame()
    small = Constraint(max_params=2e7)(list(frame.index))
    values = frame["jigsaw"][small & (frame["normal"] >= 0)]
    np.testing.assert_allclose(bounded.runs["regret"], values.max() - bounded.runs["best"])
    assert bounded.runs["rank"].tolist() == [1 + (values > best).sum() for best in bounded.runs["best"]]


def test_transfer_is_told_the_other_tasks(table: Table) -> None:
    study = compare_searchers({"informed": "transfer", "random": "random"}, table, "jigsaw", budget=6, seeds=[0])
    assert set(study.runs["searcher"]) == {"informed", "random"}
    with pytest.raises(ValueError, match="learns from other tasks"):
        compare_searchers(["transfer"], threes, "mine", budget=6, seeds=[0], space=MACRO)


def test_a_task_by_its_full_name(table: Table, tmp_path: Path) -> None:
    """``jigsaw/valid_top1`` of an oracle is ``jigsaw``: the same searches, in the same folder."""
    methods, oracle = ["random", "transfer"], Oracle.from_pretrained("transnas101-macro")
    plain = compare_searchers(methods, oracle, ["jigsaw", "normal"], 8, [0], folder=tmp_path)
    kept = sorted(tmp_path.rglob(FILE))
    full = compare_searchers(methods, oracle, ["jigsaw/valid_top1", "normal"], 8, [0], folder=tmp_path)
    pd.testing.assert_frame_equal(full.runs, plain.runs)
    assert sorted(tmp_path.rglob(FILE)) == kept
    assert len(kept) == 4
    measured = [compare_searchers(methods, table, name, 8, [0]) for name in ("jigsaw", "jigsaw/valid_top1")]
    same = [found.runs.drop(columns="task") for found in measured]
    pd.testing.assert_frame_equal(*same)


def test_another_metric_of_a_task_is_searched_without_the_task_as_a_source() -> None:
    archs = MACRO.sample(60, rng=0)
    score = threes(archs)
    jigsaw = {"valid_top1": score.tolist(), "valid_loss": (9 - score).tolist()}
    both = Table.from_logs(archs, {"jigsaw": jigsaw, "normal": {"valid_ssim": (score / 99).tolist()}})
    (done,) = run_grid(both, {"informed": "transfer"}, [0], 8, tasks="jigsaw/valid_loss")
    expected = TransferSearch(sources=both.oriented()[["normal"]])
    assert done.task == "jigsaw/valid_loss"
    assert done.history.archs == run_search(expected, both, "jigsaw/valid_loss", 8).archs
    found = compare_searchers(["transfer"], both, "jigsaw/valid_loss", 8, [0])
    assert found.runs["best"].tolist() == done.history.best[:, 0].tolist()
    with pytest.raises(ValueError, match="learns from other tasks"):
        run_grid(both.where(tasks="jigsaw"), ["transfer"], [0], 8, tasks="jigsaw/valid_loss")


def test_files(found: SearcherComparison, tmp_path: Path) -> None:
    files = found.save(tmp_path / "study")
    assert [file.name for file in files] == ["searchers.csv", "searches.csv", "searcher_regret.csv", "searchers.png"]
    pd.testing.assert_frame_equal(pd.read_csv(files[0]), found.ranking())
    pd.testing.assert_frame_equal(pd.read_csv(files[1]), found.runs)
    assert files[3].stat().st_size > 10_000
    assert len(found.save(tmp_path / "study", plots=False)) == 3
    assert not files[3].exists()


class Unlucky(Greedy):
    def learn(self, rows: list[int], values: np.ndarray) -> None:
        if len(self.rows_) == 3 and self.random_state == 1:
            raise KeyError("oh")


def test_a_failing_search_is_named(table: Table) -> None:
    with pytest.raises(SearchError, match=r"unlucky on jigsaw with seed 1: the searcher raised KeyError .*'oh'"):
        compare_searchers({"unlucky": Unlucky}, table, "jigsaw", budget=9, seeds=[0, 1])


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"searchers": {}}, ValueError, "at least one searcher, got none"),
        ({"seeds": []}, ValueError, "at least one seed, got none"),
        ({"seeds": 3}, TypeError, r"expected a list of seeds, such as range\(5\), got 3"),
        ({"searchers": ["randon"]}, UnknownNameError, "did you mean 'random'"),
        ({"searchers": {"a/b": "random"}}, ValueError, "names of folders, .* got 'a/b'"),
        ({"searchers": {"..": "random"}}, ValueError, r"names of folders, .* got '\.\.'"),
        ({"searchers": {"": "random"}}, ValueError, "names of folders, .* got ''"),
        ({"searchers": {"mine": 5}}, TypeError, "expected a name, a Searcher, a class of searchers or a function"),
        ({"tasks": "jigsau"}, UnknownNameError, "did you mean 'jigsaw'"),
        ({"budget": None}, ValueError, "expected a budget .* or max_seconds .*, got neither"),
        ({"budget": 999}, ValueError, "1 <= budget <= 250"),
        ({"oracle": threes}, ValueError, "expected the tasks of an oracle that is a function, got tasks=None"),
    ],
)
def test_bad_input(table: Table, given: dict[str, Any], kind: type[Exception], message: str) -> None:
    usual = {"searchers": ["random"], "oracle": table, "budget": 5, "seeds": [0]}
    with pytest.raises(kind, match=message):
        compare_searchers(**{**usual, **given})


def test_incomplete_searches_are_refused(table: Table) -> None:
    searches = list(run_grid(table, ["random", "local"], [0, 1], 5, tasks="jigsaw"))
    for wrong in (searches[:3], [*searches, searches[0]], []):
        with pytest.raises(ValueError, match=r"each searcher once on every task|at least one search"):
            SearcherComparison.from_searches(wrong)
    with pytest.raises(ValueError, match="0 < confidence < 1, got 95"):
        SearcherComparison.from_searches(searches).ranking(confidence=95)
    with pytest.raises(ValueError, match="step >= 1, got 0"):
        SearcherComparison.from_searches(searches).ranking(0)
