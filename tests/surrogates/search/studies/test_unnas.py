"""The UnNAS study on synthetic tasks with known relations, against naive loops and scipy."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks import get_space
from benchmarks.errors import TableError, UnknownNameError
from benchmarks.table import Table
from surrogates.search import History, run_search
from surrogates.search.studies.regret import TrueValues, incumbents
from surrogates.search.studies.unnas import UnNASStudy, unnas_searches, unnas_study

TASKS = ("jigsaw", "normal", "room_layout")


@pytest.fixture(scope="module")
def table() -> Table:
    """150 skeletons: normal is jigsaw on another scale, room_layout has the opposite order."""
    archs = get_space("transnas101-macro").sample(150, rng=0)
    jigsaw = np.random.default_rng(0).permutation(150) / 2
    columns = {"jigsaw": jigsaw, "normal": jigsaw / 1000, "room_layout": -jigsaw}
    return Table.from_frame(pd.DataFrame({"arch": archs, **columns}))


@pytest.fixture(scope="module")
def study(table: Table) -> UnNASStudy:
    return unnas_study(table, "random", budget=30, seeds=[0, 1])


def test_what_one_search_found_is_looked_up_on_every_task(table: Table, study: UnNASStudy) -> None:
    assert len(study.deployed) == 3 * 3 * 2
    for row in study.deployed.itertuples():
        history = run_search("random", table, row.source, 30, row.seed)
        assert row.arch == history.best_arch()
        truth = table.to_frame()[row.target]
        value = truth[row.arch]
        assert row.regret == pytest.approx(truth.max() - value)
        assert row.rank == 1 + sum(other > value for other in truth)
        assert row.top_percent == pytest.approx(100 * row.rank / 150)


def test_same_and_opposite_tasks(study: UnNASStudy) -> None:
    ranks = study.matrix("rank")
    assert list(ranks.index) == list(ranks.columns) == list(TASKS)
    assert ranks.loc["jigsaw", "normal"] == ranks.loc["jigsaw", "jigsaw"] < 20
    assert ranks.loc["jigsaw", "room_layout"] == 151 - ranks.loc["jigsaw", "jigsaw"]
    regret = study.matrix("regret")
    assert regret.loc["jigsaw", "normal"] == pytest.approx(regret.loc["jigsaw", "jigsaw"] / 1000)
    overlap = study.matrix("top_overlap")
    assert (overlap.loc["jigsaw", "normal"], overlap.loc["jigsaw", "room_layout"]) == (1.0, 0.0)


def test_means_by_source_one_by_one(study: UnNASStudy) -> None:
    means = study.by_source().set_index("source")
    assert means["label_free"].to_dict() == {"jigsaw": True, "normal": False, "room_layout": False}
    supervised = {"jigsaw": ["normal", "room_layout"], "normal": ["room_layout"], "room_layout": ["normal"]}
    for source, targets in supervised.items():
        for value in ("kendall", "top_overlap", "rank"):
            expected = np.mean([study.matrix(value).loc[source, target] for target in targets])
            assert means.loc[source, value] == pytest.approx(expected)


def test_correlations_against_scipy() -> None:
    archs = get_space("transnas101-macro").sample(100, rng=0)
    rng = np.random.default_rng(1)
    a = rng.normal(size=100)
    b = a + rng.normal(size=100)
    study = unnas_study(Table.from_frame(pd.DataFrame({"arch": archs, "a": a, "b": b})), "random", 5, [0])
    for source, target, x, y in (("a", "b", a, b), ("b", "a", b, a)):
        best = sorted(range(100), key=lambda row, x=x: -x[row])[:10]
        for value, expected in {
            "kendall": stats.kendalltau(x, y).statistic,
            "spearman": stats.spearmanr(x, y).statistic,
            "top_kendall": stats.kendalltau(x[best], y[best]).statistic,
            "top_spearman": stats.spearmanr(x[best], y[best]).statistic,
            "top_overlap": len(set(best) & set(np.argsort(-y)[:10].tolist())) / 10,
        }.items():
            assert study.matrix(value).loc[source, target] == pytest.approx(expected)
    assert np.isnan(study.matrix("kendall").loc["a", "a"])


def test_gaps_are_left_out(table: Table) -> None:
    frame = table.to_frame().copy()
    best = frame["jigsaw"].idxmax()
    frame.loc[best, "normal"] = np.nan
    study = unnas_study(Table.from_frame(frame.reset_index()), "random", budget=149, seeds=[0])
    assert set(study.correlations["n"]) == {149}
    assert best not in set(study.deployed["arch"])
    assert study.matrix("rank").loc["jigsaw", "jigsaw"] == 1  # among the architectures measured on all tasks
    with pytest.raises(ValueError, match="1 <= budget <= 149"):
        unnas_study(Table.from_frame(frame.reset_index()), "random", budget=150)


def test_bad_input(table: Table) -> None:
    with pytest.raises(TableError, match=r"at least two tasks .* got 150 measured on jigsaw"):
        unnas_study(table.where(tasks="jigsaw"))
    with pytest.raises(UnknownNameError, match="did you mean 'evolution'"):
        unnas_study(table, "evolutoin")
    with pytest.raises(ValueError, match="does not use the target tasks, got 'transfer'"):
        unnas_searches(table, "transfer", 5, [0])


def test_files(study: UnNASStudy, tmp_path) -> None:
    files = study.save(tmp_path / "study")
    assert [path.name for path in files] == ["unnas.csv", "unnas_searches.csv", "unnas.png"]
    pairs = pd.read_csv(files[0])
    assert len(pairs) == 9
    row = pairs.set_index(["source", "target"]).loc[("normal", "room_layout")]
    assert row["kendall"] == pytest.approx(-1.0)
    assert row["rank"] == study.matrix("rank").loc["normal", "room_layout"]
    assert len(pd.read_csv(files[1])) == 18
    with pytest.raises(UnknownNameError, match="did you mean 'kendall'"):
        study.matrix("kendal")


def test_picks_against_a_naive_loop() -> None:
    values = np.random.default_rng(3).integers(0, 10, size=40).astype(float)
    history = History("transnas101-macro", ("jigsaw",), ["a"] * 40, values[:, None], np.ones(40), {})
    expected = [max(range(step + 1), key=lambda row: (values[row], -row)) for step in range(40)]
    assert incumbents(history).tolist() == expected


def test_truth_of_gaps_and_ties() -> None:
    archs = get_space("transnas101-macro").archs[:5]
    table = Table.from_frame(pd.DataFrame({"arch": archs, "normal": [0.1, np.nan, 0.3, 0.3, 0.2]}))
    found = TrueValues(table.oriented()).regret("normal", archs)
    np.testing.assert_array_equal(found["rank"], [4, np.nan, 1, 1, 3])
    np.testing.assert_allclose(found["top_percent"], [100, np.nan, 25, 25, 75])
    np.testing.assert_allclose(found["regret"], [0.2, np.nan, 0, 0, 0.1])
    with pytest.raises(UnknownNameError, match="did you mean 'normal'"):
        TrueValues(table.oriented()).regret("norma", archs)
    with pytest.raises(TableError, match="no values of '64-4444-basic' are known"):
        TrueValues(table.oriented()).regret("normal", ["64-4444-basic"])


@pytest.mark.data
def test_on_the_published_values(nas_data) -> None:
    """A search on the target itself reaches the top 1 %; jigsaw correlates with supervised tasks except at the top."""
    from benchmarks import load_table

    study = unnas_study(load_table(nas_data / "transnas101" / "micro_final.csv"), "evolution", 100, [0, 1, 2])
    assert np.diag(study.matrix("top_percent")).max() < 2
    jigsaw = study.correlations.set_index(["source", "target"]).loc["jigsaw"].drop("autoencoder")
    assert jigsaw["kendall"].mean() > 0.5
    assert jigsaw["top_kendall"].mean() < 0.2
