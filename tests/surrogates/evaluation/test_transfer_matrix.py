"""Transfer matrices of made-up tables."""

import builtins

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau

from benchmarks import MissingExtraError, TableError, UnknownNameError, get_space
from benchmarks.table import Table
from encoders import Costs
from surrogates.evaluation.transfer_matrix import ALL_OTHERS, TransferMatrix, transfer_matrix, transfer_runs
from surrogates.models.boosted import BoostedSurrogate
from surrogates.models.transfer.surrogate import TransferSurrogate

QUICK = {
    "surrogate": TransferSurrogate(n_members=2, n_rounds=10, n_jobs=1),
    "baseline": BoostedSurrogate(n_members=2, n_rounds=10, n_jobs=1),
}


@pytest.fixture(scope="module")
def table():
    archs = get_space("transnas101-macro").sample(80, rng=0)
    size = np.log(Costs().fit_transform(archs)[:, 0])
    rng = np.random.default_rng(0)
    columns = {"size": size, "small": -size + 0.1 * rng.normal(size=80), "noise": rng.normal(size=80)}
    return Table.from_frame(pd.DataFrame({"arch": archs, **columns}))


@pytest.fixture(scope="module")
def found(table):
    return transfer_matrix(table, k=[16, 30], seeds=[0], **QUICK)


def test_every_pair_and_all_others_at_once(found):
    assert found.to_frame().columns.tolist() == ["source", "target", "k", "seed", "correlation", "tau", "alone", "gain"]
    assert len(found.to_frame()) == 3 * 3 * 2
    assert set(found.to_frame()["source"]) == {"size", "small", "noise", ALL_OTHERS}
    assert (found.to_frame()["source"] != found.to_frame()["target"]).all()
    np.testing.assert_allclose(found.to_frame()["gain"], found.to_frame()["tau"] - found.to_frame()["alone"])


def test_values_are_those_computed_by_hand(found, table):
    truth = table.to_frame()
    matrix = found.matrix("correlation")
    assert matrix.loc["small", "size"] == pytest.approx(kendalltau(truth["small"], truth["size"])[0])
    assert matrix.loc["small", "size"] == matrix.loc["size", "small"]
    rows = np.random.default_rng(0).permutation(80)
    train, test = truth.iloc[rows[:30]], truth.iloc[rows[30:]]
    surrogate = TransferSurrogate(sources=truth[["small"]], n_members=2, n_rounds=10, n_jobs=1)
    predicted = surrogate.fit(list(train.index), train["size"].to_numpy()).predict(list(test.index))
    expected = kendalltau(predicted, test["size"])[0]
    assert found.matrix("tau", 30).loc["small", "size"] == pytest.approx(expected, abs=0.02)


def test_a_related_task_helps_and_noise_does_not(found):
    tau = found.matrix("tau", 16)["size"]
    assert tau["small"] > tau["noise"]
    assert tau[ALL_OTHERS] > tau["noise"]


def test_matrices_are_sources_by_targets(found):
    matrix = found.matrix("gain", 16)
    assert matrix.index.tolist() == ["size", "small", "noise", ALL_OTHERS]
    assert matrix.columns.tolist() == ["size", "small", "noise"]
    assert np.isnan(np.diag(matrix)).all()
    with pytest.raises(UnknownNameError, match="did you mean 'gain'"):
        found.matrix("gains")
    with pytest.raises(ValueError, match="k to be one of 16, 30, got 20"):
        found.matrix("gain", 20)


def test_files_and_heatmaps(found, tmp_path):
    files = found.save(tmp_path / "map")
    assert sorted(path.name for path in files) == sorted(path.name for path in (tmp_path / "map").iterdir())
    again = TransferMatrix(pd.read_csv(tmp_path / "map" / "transfer.csv"))
    pd.testing.assert_frame_equal(again.matrix("tau"), found.matrix("tau"))
    assert matplotlib.image.imread(tmp_path / "map" / "transfer_gain_16.png").std() > 0
    assert [ax.get_ylabel() for ax in found.plot("gain", 16).figure.axes] == ["source", "gain"]  # with a colour bar
    texts = [text.get_text() for text in found.plot("tau", 16).texts]
    assert f"{found.matrix('tau', 16).loc['small', 'size']:.2f}" in texts


def test_without_matplotlib_the_extra_is_named(found, tmp_path, monkeypatch):
    real = builtins.__import__

    def no_matplotlib(name, *arguments, **keywords):
        if name.startswith("matplotlib"):
            raise ModuleNotFoundError(name, name=name)  # absent, not broken
        return real(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", no_matplotlib)
    with pytest.raises(MissingExtraError, match=r"pip install '?matplotlib.* \(extra \[plots\]\)"):
        found.save(tmp_path / "map")
    assert not (tmp_path / "map").exists()
    assert len(found.save(tmp_path / "map", plots=False)) == 1 + 1 + 2 * 2


def test_runs_come_one_at_a_time(table):
    runs = transfer_runs(table.where(tasks=["size", "small"]), [16], [0, 1], **QUICK)
    first = next(runs)
    assert len(first) == 1
    assert len(list(runs)) == 3


def test_the_summary_is_of_all_others_with_its_spread_over_the_seeds():
    taus_of = {"a": {"b": 0.3, "c": 0.6, ALL_OTHERS: 0.5}, "b": {"a": 0.7, "c": 0.2, ALL_OTHERS: 0.8}}
    rows = [
        (source, target, 16, seed, np.nan, tau + seed / 10, 0.4, tau + seed / 10 - 0.4)
        for target, taus in taus_of.items()
        for source, tau in taus.items()
        for seed in (0, 1, 2)
    ]
    columns = ["source", "target", "k", "seed", "correlation", "tau", "alone", "gain"]
    found = TransferMatrix(pd.DataFrame(rows, columns=columns)).summary().set_index("target")
    assert found.index.tolist() == ["a", "b", "mean"]
    np.testing.assert_allclose(found["tau"], [0.6, 0.9, 0.75])
    np.testing.assert_allclose(found["tau_sd"], 0.1)
    np.testing.assert_allclose(found["alone_sd"], 0.0, atol=1e-12)
    np.testing.assert_allclose(found["gain"], found["tau"] - 0.4)
    assert found["best_source"].tolist()[:2] == ["c", "a"]
    np.testing.assert_allclose(found["best_tau"], [0.7, 0.8, 0.75])
    assert found["runs"].tolist() == [3, 3, 3]


def test_bad_tables_are_refused(table):
    with pytest.raises(ValueError, match="at least two tasks"):
        transfer_matrix(table.where(tasks=["size"]), k=[16])
    with pytest.raises(ValueError, match=r"from 1 to 79 .* got 80"):
        transfer_matrix(table, k=[80], seeds=[0], **QUICK)
    mixed = Table.from_frame(pd.DataFrame({"arch": ["64-2311-basic", "64-41414-3_33_333"], "a": [1, 2], "b": [2, 1]}))
    with pytest.raises(TableError, match="one search space"):
        transfer_matrix(mixed, k=[1])
