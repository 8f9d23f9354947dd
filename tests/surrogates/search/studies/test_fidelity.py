"""Fidelity of a surrogate as a search benchmark, on synthetic values."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks import get_space
from benchmarks.errors import MissingExtraError, TableError, UnknownNameError
from benchmarks.table import Table
from surrogates import BoostedSurrogate
from surrogates.figures import new_figure
from surrogates.search import History, run_search
from surrogates.search.checkpoint import FILE
from surrogates.search.registry import informed_searcher
from surrogates.search.studies.fidelity import Fidelity, predicted_table
from surrogates.search.studies.figures import history_figure
from surrogates.search.studies.grid import run_grid

METHODS = ["random", "local", "evolution"]


@pytest.fixture(scope="module")
def truth() -> Table:
    archs = get_space("transnas101-macro").sample(200, rng=0)
    fours = np.array([float(arch.count("4")) for arch in archs])
    noise = np.random.default_rng(0).normal(size=(2, 200))
    frame = pd.DataFrame({"arch": archs, "jigsaw": 50 + fours + noise[0], "normal": 0.1 * fours + 0.01 * noise[1]})
    frame.loc[::7, "normal"] = np.nan
    return Table.from_frame(frame)


@pytest.fixture(scope="module")
def surrogate(truth: Table) -> Table:
    """Predictions that equal the table plus noise on jigsaw, and have the opposite order on normal."""
    frame = truth.to_frame() * [1.0, -1.0] + np.random.default_rng(1).normal(size=(200, 1)) * [0.5, 0.0]
    return Table.from_frame(frame.reset_index())


@pytest.fixture(scope="module")
def study(truth: Table, surrogate: Table) -> Fidelity:
    return Fidelity.from_searches(truth, surrogate, _searches(truth, surrogate))


def _searches(truth: Table, surrogate: Table):
    for source, table in (("table", truth), ("surrogate", surrogate)):
        for done in run_grid(table, METHODS, [0, 1, 2, 3], 25):
            yield source, done


def test_regret_of_every_step_is_that_of_the_true_values(truth: Table, surrogate: Table, study: Fidelity) -> None:
    assert len(study.runs) == 2 * 3 * 2 * 4 * 25
    rows = study.runs.query("method == 'local' and seed == 2").groupby(["source", "task"])
    for (source, task), found in rows:
        searched = {"table": truth, "surrogate": surrogate}[source]
        history = run_search("local", searched, task, 25, 2)
        values, seen = truth.to_frame()[task], searched.to_frame()[task]
        for step, row in enumerate(found.itertuples()):
            pick = max(history.archs[: step + 1], key=lambda arch, seen=seen: seen[arch])
            assert row.regret == pytest.approx(values.max() - values[pick])
            assert row.rank == 1 + (values > values[pick]).sum()
            assert row.seen_regret == pytest.approx(seen.max() - seen[pick])
            assert row.top_percent == pytest.approx(100 * row.rank / values.notna().sum())


def test_regret_added_by_the_surrogate(study: Fidelity) -> None:
    found = study.regrets().set_index(["method", "task"])
    assert len(found) == 6
    last = study.runs[study.runs["step"] == 25]
    means = last.groupby(["method", "task", "source"])["regret"].mean()
    for pair, row in found.iterrows():
        assert row["added"] == pytest.approx(means[(*pair, "surrogate")] - means[(*pair, "table")])
    assert (found.xs("normal", level="task")["added"] > 0.1).all()  # the surrogate prefers the worst architectures
    assert (found["rank_table"] < 20).all()


def test_order_of_searchers_against_scipy(study: Fidelity) -> None:
    last = study.runs[study.runs["step"] == 20]
    means = last.groupby(["source", "task", "method"])["seen_regret"].mean()
    agreement = study.agreement(20).set_index("task")
    pairs = []
    for task in ("jigsaw", "normal"):
        mine, theirs = means["table"][task][METHODS].to_numpy(), means["surrogate"][task][METHODS].to_numpy()
        assert agreement.loc[task, "tau"] == pytest.approx(stats.kendalltau(mine, theirs).statistic, nan_ok=True)
        pairs += [(np.sign(mine[i] - mine[j]), np.sign(theirs[i] - theirs[j])) for i, j in ((0, 1), (0, 2), (1, 2))]
    mine, theirs = np.array(pairs).T
    expected = (mine * theirs).sum() / np.sqrt(np.abs(mine).sum() * np.abs(theirs).sum())
    assert agreement.loc["all", "tau"] == pytest.approx(expected)


def test_a_table_agrees_with_itself(truth: Table) -> None:
    searches = list(_searches(truth, truth))
    study = Fidelity.from_searches(truth, truth, searches)
    assert (study.regrets()["added"] == 0).all()
    assert (study.agreement()["tau"] == 1).all()
    one_seed = Fidelity(study.runs[study.runs["seed"] == 0]).agreement()
    assert one_seed["tau_seeds"].isna().all()


def test_files_and_picture(study: Fidelity, tmp_path: Path) -> None:
    files = study.save(tmp_path / "study")
    assert [path.name for path in files] == ["curves.csv", "regret.csv", "agreement.csv", "curves.png"]
    pd.testing.assert_frame_equal(pd.read_csv(files[0]), study.runs)
    labels = [text.get_text() for text in study.plot().axes[2].get_legend().get_texts()]
    assert labels == [*METHODS, "searched the table", "searched the surrogate"]


def test_predictions_have_the_gaps_of_the_table(truth: Table) -> None:
    fitted = BoostedSurrogate(n_members=2, n_rounds=5).fit(list(truth.archs), truth.to_frame())
    predicted = predicted_table(fitted, truth)
    expected = fitted.predict(list(truth.archs))
    np.testing.assert_array_equal(predicted.to_frame().isna(), truth.to_frame().isna())
    np.testing.assert_array_equal(predicted.to_frame()["jigsaw"], expected[:, 0])
    narrow = BoostedSurrogate(n_members=2, n_rounds=5).fit(list(truth.archs), truth.to_frame()[["jigsaw"]])
    with pytest.raises(TableError, match="predicts jigsaw, normal, got one of transnas101-macro that predicts jigsaw"):
        predicted_table(narrow, truth)


def test_a_grid_is_resumed(truth: Table, tmp_path: Path) -> None:
    jigsaw = truth.where(tasks="jigsaw")
    first = [done.history.archs for done in run_grid(jigsaw, ["local"], [0, 1], 10, tmp_path)]
    kept = tmp_path / "local" / "jigsaw" / "1" / FILE
    changed = kept.stat().st_mtime_ns
    more = [done.history.archs for done in run_grid(jigsaw, ["local"], [0, 1], 10, tmp_path)]
    assert more == first
    assert kept.stat().st_mtime_ns == changed
    longer = [done.history.archs for done in run_grid(jigsaw, ["local"], [0], 15, tmp_path)]
    assert longer[0][:10] == first[0]
    with pytest.raises(UnknownNameError, match="did you mean 'local'"):
        run_grid(jigsaw, ["random", "locale"], [0], 10, tmp_path)  # before the first search


def test_transfer_learns_from_the_other_tasks(truth: Table) -> None:
    searcher = informed_searcher("transfer", 4, lambda: truth.oriented().drop(columns="jigsaw"), n_first=3)
    assert list(searcher.sources.columns) == ["normal"]
    with pytest.raises(ValueError, match="learns from other tasks"):
        run_grid(truth.where(tasks="jigsaw"), ["transfer"], [0], 5)
    with pytest.raises(ValueError, match="1 <= budget <= 200"):
        run_grid(truth.where(tasks="jigsaw"), ["random"], [0], 201)


def test_bands_cover_the_seeds(truth: Table) -> None:
    histories = [run_search("random", truth, "jigsaw", 20, seed) for seed in range(3)]
    ax = history_figure(histories, "title").axes[0]
    best = np.array([history.best[:, 0] for history in histories])
    np.testing.assert_allclose(ax.lines[0].get_ydata(), best.mean(axis=0))
    (band,) = ax.collections
    corners = band.get_paths()[0].vertices[:, 1]
    assert (corners.min(), corners.max()) == (best.min(), best.max())
    assert not history_figure(histories[:1]).axes[0].collections
    empty: list[History] = []
    for wrong in (empty, [histories[0], run_search("random", truth, "normal", 20)]):
        with pytest.raises(ValueError, match="on the same tasks with at least one query, got"):
            history_figure(wrong)


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"pip install '?matplotlib.* \(extra \[plots\]\)"):
        new_figure((1, 1))
