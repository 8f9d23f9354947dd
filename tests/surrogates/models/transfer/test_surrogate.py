"""TransferSurrogate: contract, kinds of sources, falling back, storing, errors."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau
from sklearn.exceptions import NotFittedError

from benchmarks import ArchitectureError, get_space
from benchmarks.table import Table
from encoders import Costs
from surrogates.models.boosted import BoostedSurrogate
from surrogates.models.transfer.surrogate import TransferSurrogate
from surrogates.store.load import load_surrogate
from surrogates.testing import check_surrogate

SMALL = {"n_members": 2, "n_rounds": 10, "n_jobs": 1}
OUTSIDE = {
    "transnas101-micro": "32-4114-3_01_223",
    "transnas101-macro": "32-23111141-basic",
    "nasbench201": None,
}


def test_contract():
    name = "transnas101-micro"
    archs = get_space(name).sample(60, rng=3)
    source = pd.DataFrame({"size": np.log(Costs().fit_transform(archs)[:, 0])}, index=archs)
    check_surrogate(TransferSurrogate(sources=source, **SMALL), get_space(name), outside=OUTSIDE[name])


@pytest.fixture(scope="module")
def cells():
    """All cells; two tasks are different mixtures of two signals, the third has nothing to do with either."""
    space = get_space("transnas101-micro")
    archs = list(space)
    simplest = space.simplify(archs)
    codes = space.cell_codes(simplest)
    rng = np.random.default_rng(0)
    texture = {arch: rng.normal() for arch in dict.fromkeys(simplest)}
    signal = (codes == 3).sum(axis=1) + 0.7 * np.array([texture[arch] for arch in simplest])
    other = (codes[:, :3] == 1).sum(axis=1) + 0.5 * (codes[:, 3:] == 2).sum(axis=1)
    noise = 0.3 * rng.normal(size=(3, len(archs)))
    columns = {
        "mostly": signal + 0.3 * other + noise[0],
        "target": signal + 0.6 * other + noise[1],
        "unrelated": rng.normal(size=len(archs)),
        "own": other + noise[2],
    }
    return pd.DataFrame(columns, index=archs)


def _parts(frame, k, seed=0):
    rows = np.random.default_rng(seed).permutation(len(frame))
    return frame.iloc[rows[:k]], frame.iloc[rows[k:]]


def _tau(surrogate, frame, task, k):
    train, test = _parts(frame, k)
    return float(kendalltau(surrogate.fit(list(train.index), train[task]).predict(list(test.index)), test[task])[0])


def _transfer(sources, **parameters):
    return TransferSurrogate(sources=sources, n_jobs=1, **parameters)


def test_a_related_source_replaces_many_labels(cells):
    alone = _tau(BoostedSurrogate(n_jobs=1), cells, "target", 100)
    assert _tau(_transfer(cells[["mostly"]]), cells, "target", 16) > alone + 0.02


def test_negative_relations_help_as_much(cells):
    plus = _tau(_transfer(cells[["mostly"]]), cells, "target", 16)
    minus = _tau(_transfer(-cells[["mostly"]]), cells, "target", 16)
    assert minus == pytest.approx(plus, abs=0.03)


@pytest.mark.parametrize("k", [16, 100])
def test_sources_of_no_use_do_no_harm(cells, k):
    surrogate = _transfer(cells[["unrelated"]])
    assert _tau(surrogate, cells, "own", k) > _tau(BoostedSurrogate(n_jobs=1), cells, "own", k) - 0.02
    if k == 100:
        assert surrogate.transferred_["own"] < 0.5


def test_sources_need_not_hold_the_architectures_asked_for(cells):
    """Neither those with labels nor those predicted; as values, as a fitted surrogate, and as gaps."""
    here, there = _parts(cells, 1000, seed=1)
    fitted = BoostedSurrogate(n_jobs=1).fit(list(there.index), there[["mostly"]])
    gaps = cells[["mostly"]].where(cells.index.isin(there.index)[:, None])
    alone = _tau(BoostedSurrogate(n_jobs=1), here, "target", 20)
    for sources in (there[["mostly"]], fitted, gaps):
        assert _tau(_transfer(sources), here, "target", 20) > alone + 0.02


def test_all_kinds_of_sources_together(cells):
    table = Table.from_frame(cells[["mostly", "target"]].rename_axis("arch"))
    nasbench = get_space("nasbench201").sample(200, rng=0)
    elsewhere = pd.DataFrame({"target": np.arange(200.0)}, index=nasbench)
    fitted = BoostedSurrogate(**SMALL).fit(list(cells.index[:50]), cells["unrelated"].iloc[:50])
    train, test = _parts(cells, 20)
    surrogate = _transfer([table, elsewhere, fitted]).fit(list(train.index), train["target"])
    assert surrogate.sources_ == {"target": ("mostly", "target@nasbench201", "unrelated")}
    assert surrogate.predict(list(test.index)).shape == (len(test),)
    unnamed = _transfer(table).fit(list(train.index), train["own"].to_numpy())
    assert unnamed.sources_ == {"y0": ("mostly", "target")}


def test_several_targets_leave_out_their_own_name(cells):
    train, test = _parts(cells, 24)
    both = _transfer(cells[["mostly", "target"]]).fit(list(train.index), train[["target", "own"]])
    assert both.sources_ == {"target": ("mostly",), "own": ("mostly", "target")}
    alone = _transfer(cells[["mostly"]]).fit(list(train.index), train["target"])
    np.testing.assert_allclose(both.predict(list(test.index))[:, 0], alone.predict(list(test.index)), atol=0.05)


def test_labels_that_contradict_each_other_are_averaged(cells):
    archs = [*cells.index[:300:10], "64-41414-2_01_022", "64-41414-2_02_021"]
    labels = [*np.linspace(0, 1, 30), 0.2, 0.8]
    first, second = _transfer(cells[["mostly"]]).fit(archs, labels).predict(archs[-2:])
    assert first == second
    assert 0.1 < first < 0.9


def test_intervals_cover(cells):
    train, test = _parts(cells, 100, seed=3)
    surrogate = _transfer(cells[["mostly", "unrelated"]]).fit(list(train.index), train["target"])
    mean, std = surrogate.predict(list(test.index), return_std=True)
    assert 0.82 < (np.abs(test["target"] - mean) <= 1.645 * std).mean() < 0.97
    assert 0.82 < surrogate.cv_scores_["target"]["coverage"] < 0.97


def test_threads_make_no_difference(cells):
    train, test = _parts(cells, 20)
    one, two = (
        TransferSurrogate(sources=cells[["mostly"]], n_jobs=n).fit(list(train.index), train["target"]) for n in (1, 2)
    )
    np.testing.assert_array_equal(one.predict(list(test.index)), two.predict(list(test.index)))


def test_what_is_stored_needs_no_sources(cells, tmp_path):
    train, test = _parts(cells, 20)
    fitted = BoostedSurrogate(**SMALL).fit(list(cells.index[:60]), cells[["mostly", "own"]].iloc[:60])
    table = Table.from_frame(cells[["mostly"]].iloc[:500].rename_axis("arch"))
    surrogate = _transfer([table, fitted]).fit(list(train.index), train[["target", "own"]])
    again = load_surrogate(surrogate.save(tmp_path / "model"))
    for mine, theirs in zip(
        surrogate.predict(list(test.index), True), again.predict(list(test.index), True), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)
    assert again.sources_ == surrogate.sources_
    assert again.transferred_ == surrogate.transferred_
    with pytest.raises(ValueError, match="sources: expected a Table of other tasks"):
        again.fit(list(train.index), train["target"])
    nested = _transfer(again).fit(list(train.index), train["mostly"])
    assert nested.sources_ == {"mostly": ("target", "own")}
    thrice = load_surrogate(nested.save(tmp_path / "nested"))
    np.testing.assert_array_equal(nested.predict(list(test.index)), thrice.predict(list(test.index)))


def test_another_process_predicts_the_same():
    program = (
        "import pandas as pd; from benchmarks import get_space; from surrogates import TransferSurrogate;"
        "a = get_space('transnas101-macro').sample(30, rng=0); s = pd.DataFrame({'s': range(30, 0, -1)}, index=a);"
        "t = TransferSurrogate(sources=s, n_rounds=10, allow_same=True);"
        "print(t.fit(a[:20], range(20)).predict(a).tolist())"
    )
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    archs = get_space("transnas101-macro").sample(30, rng=0)
    source = pd.DataFrame({"s": range(30, 0, -1)}, index=archs)
    here = TransferSurrogate(sources=source, n_rounds=10, allow_same=True).fit(archs[:20], range(20)).predict(archs)
    assert there.strip() == str(here.tolist())


@pytest.mark.parametrize("unit", [lambda y: -y, lambda y: 100 - y, lambda y: 3.7 * y + 1e4, lambda y: 1e-9 * y])
@pytest.mark.parametrize("kind", ["frame", "table", "surrogate"])
def test_labels_in_another_unit_than_a_source_are_refused(cells, unit, kind):
    train, _ = _parts(cells, 20)
    archs, y = list(train.index), train["mostly"]
    if kind == "surrogate":
        sources = BoostedSurrogate(**SMALL).fit(archs, train[["mostly"]])
        y = pd.Series(sources.predict(archs)[:, 0], archs)
    else:
        sources = train[["mostly"]] if kind == "frame" else Table.from_frame(train[["mostly"]].rename_axis("arch"))
    with pytest.raises(ValueError, match="labels of 'mine' are those of the source 'mostly' at the same architectures"):
        _transfer(sources).fit(archs, unit(y).rename("mine"))


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        (lambda y, noise: y, True),
        (lambda y, noise: np.sign(y) * y**2, False),
        (lambda y, noise: -y + 1e-3 * noise, False),
    ],
    ids=["allowed", "squared", "noisy"],
)
def test_labels_near_a_source_or_allowed_to_be_one_are_not_refused(cells, change, allowed):
    train, _ = _parts(cells, 20)
    sources, mine = train[["mostly"]], change(train["mostly"], train["unrelated"]).rename("mine")
    fitted = TransferSurrogate(sources=sources, allow_same=allowed, **SMALL).fit(list(train.index), mine)
    assert fitted.sources_ == {"mine": ("mostly",)}


def test_few_values_are_linear_without_being_a_source(cells):
    """Two points lie on a line, whatever they are; so do labels of two values."""
    train, _ = _parts(cells, 20)
    archs, source = list(train.index), train[["mostly"]].copy()
    TransferSurrogate(sources=source.iloc[:2], **SMALL).fit(archs, train["own"])
    source["mostly"] = np.arange(20) % 2
    TransferSurrogate(sources=source, **SMALL).fit(archs, pd.Series(5.0 + 3 * (np.arange(20) % 2), archs, name="own"))


def test_a_source_surrogate_is_asked_once_for_all_targets(cells, monkeypatch):
    train, _ = _parts(cells, 20)
    archs = list(train.index)
    source, asked = BoostedSurrogate(**SMALL).fit(archs, train[["mostly"]]), []
    predict = BoostedSurrogate.predict

    def counted(self, strings, *rest, **how):
        asked.append(tuple(strings))
        return predict(self, strings, *rest, **how)

    monkeypatch.setattr(BoostedSurrogate, "predict", counted)
    TransferSurrogate(sources=source, **SMALL).fit(archs, train[["target", "own", "unrelated"]])
    assert sum(set(strings) == set(archs) for strings in asked) == 1


ARCHS = ["64-41414-3_33_333", "64-41414-0_00_100"]
MACRO = pd.DataFrame({"jigsaw": [1.0]}, index=["64-2311-basic"])


@pytest.mark.parametrize(
    ("sources", "error", "message"),
    [
        (None, ValueError, "sources: expected a Table of other tasks"),
        ([], ValueError, "at least one source task"),
        ([3], TypeError, "expected a Table, a DataFrame indexed by architecture, a fitted surrogate or .* got int"),
        (BoostedSurrogate(), NotFittedError, "not fitted"),
        (MACRO, ValueError, "expected sources of transnas101-micro, or cells of another space.* got transnas101-macro"),
        (pd.DataFrame({"a": [1.0]}), ArchitectureError, "indexed by architecture strings, got 0 at row 0"),
        (pd.DataFrame({"a": [1.0]}, index=["nonsense"]), ArchitectureError, "nonsense"),
        (pd.DataFrame({"a": [np.nan]}, index=ARCHS[:1]), ValueError, "at least one source task"),
        (pd.DataFrame({"a": [np.inf]}, index=ARCHS[:1]), ValueError, "finite"),
        (pd.DataFrame({"mine": [1.0]}, index=ARCHS[:1]), ValueError, "other than the target, got only 'mine'"),
    ],
)
def test_unusable_sources_are_named(sources, error, message):
    with pytest.raises(error, match=message):
        TransferSurrogate(sources=sources).fit(ARCHS, pd.Series([1.0, 2.0], name="mine"))
