"""GraphSurrogate: contract, behaviour on made-up labels, pre-training and the three updates."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

pytest.importorskip("torch")
pytest.importorskip("lightning")

from benchmarks import ArtefactError, MissingExtraError, get_space, list_spaces
from benchmarks.errors import UnknownNameError
from benchmarks.table import Table
from surrogates.graph_surrogate import GraphSurrogate
from surrogates.store import load_surrogate
from surrogates.testing import check_surrogate

SMALL = {"n_members": 2, "hidden": 8, "layers": 1, "trunk": 8, "n_steps": 20, "n_jobs": 1}
OUTSIDE = {
    "transnas101-micro": "32-4114-3_01_223",
    "transnas101-macro": "32-23111141-basic",
    "nasbench201": None,
}


@pytest.mark.parametrize("name", list_spaces())
def test_contract(name):
    check_surrogate(GraphSurrogate(**SMALL), get_space(name), outside=OUTSIDE[name])


@pytest.fixture(scope="module")
def micro():
    """300 cells with labels that depend on the convolutions and on whether there is a skip."""
    space = get_space("transnas101-micro")
    archs = space.sample(300, rng=1)
    codes = space.cell_codes(space.simplify(archs))
    size = (codes == 3).sum(axis=1) + 0.5 * (codes == 2).sum(axis=1)
    noise = np.random.default_rng(0).normal(0, 0.1, (2, len(archs)))
    return pd.DataFrame({"a": size + noise[0], "b": size - 1.5 * (codes == 1).any(axis=1) + noise[1]}, index=archs)


@pytest.fixture(scope="module")
def pretrained(micro):
    """Knows task a of the cells, and a size of macro skeletons."""
    macro = get_space("transnas101-macro").sample(60, rng=0)
    sizes = pd.DataFrame({"arch": macro, "size": [float(sum(map(int, arch.split("-")[1]))) for arch in macro]})
    cells = Table.from_frame(micro[["a"]].rename_axis("arch").reset_index())
    surrogate = GraphSurrogate(n_members=2, hidden=16, layers=2, trunk=16, n_steps=40, n_jobs=2)
    assert surrogate.pretrain([cells, Table.from_frame(sizes)], n_steps=100) is surrogate
    return surrogate


def test_learns_what_can_be_learned(micro):
    train, test = micro.iloc[:100], micro.iloc[100:]
    fitted = GraphSurrogate(n_members=4, hidden=24, layers=2, n_steps=120, n_jobs=2).fit(list(train.index), train)
    mean, std = fitted.predict(list(test.index), return_std=True)
    for t, task in enumerate(micro):
        assert kendalltau(mean[:, t], test[task]).statistic > 0.75
    covered = (np.abs(mean - test) <= 1.645 * std).to_numpy().mean()
    assert 0.8 < covered < 0.98
    assert set(fitted.cv_scores_["a"]) == {"tau", "coverage"}


def test_another_process_predicts_the_same_and_another_seed_does_not():
    program = (
        "from benchmarks import get_space; from surrogates.graph_surrogate import GraphSurrogate;"
        "a = get_space('transnas101-macro').sample(20);"
        "s = GraphSurrogate(random_state=0, n_members=2, hidden=8, layers=1, n_steps=20, n_jobs=1).fit(a, range(20));"
        "print(s.predict(a).tolist())"
    )
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    archs = get_space("transnas101-macro").sample(20)
    tiny = {"n_members": 2, "hidden": 8, "layers": 1, "n_steps": 20, "n_jobs": 1}
    here, other = (GraphSurrogate(random_state=seed, **tiny).fit(archs, range(20)).predict(archs) for seed in (0, 1))
    assert there.strip() == str(here.tolist())
    assert here.tolist() != other.tolist()


def test_what_other_tasks_taught_helps_with_few_labels(micro, pretrained):
    train, test = micro.iloc[:12], micro.iloc[100:]
    taus = {}
    for update in ("head", "full", "scratch", "auto"):
        tuned = pretrained.finetune(list(train.index), train["b"], update=update)
        taus[update] = kendalltau(tuned.predict(list(test.index)), test["b"]).statistic
        assert tuned.update_ == update or update == "auto"
    assert max(taus["head"], taus["full"]) > taus["scratch"]
    assert taus["auto"] in [taus[update] for update in ("head", "full", "scratch")]


def test_a_new_space_can_be_tuned(pretrained):
    archs = get_space("nasbench201").sample(30)
    depth = [arch.count("nor_conv_3x3") for arch in archs]
    tuned = pretrained.finetune(archs, depth, update="full")
    assert kendalltau(tuned.predict(archs), depth).statistic > 0.4


def test_fit_neither_reads_nor_changes_what_was_pretrained(micro, pretrained):
    train = micro.iloc[:20]
    alone = clone(pretrained).set_params(n_steps=20).fit(list(train.index), train)
    before = pretrained.pretrained_.to_bytes()
    after = clone(pretrained).set_params(n_steps=20)
    after.pretrained_ = pretrained.pretrained_
    after.fit(list(train.index), train)
    np.testing.assert_array_equal(alone.predict(list(micro.index)), after.predict(list(micro.index)))
    pretrained.finetune(list(train.index), train, update="head")
    assert pretrained.pretrained_.to_bytes() == before


def test_tuned_and_pretrained_networks_are_stored(micro, pretrained, tmp_path):
    train = micro.iloc[:20]
    tuned = pretrained.finetune(list(train.index), train["b"], update="head")
    again = load_surrogate(tuned.save(tmp_path / "model"))
    np.testing.assert_array_equal(again.predict(list(micro.index)), tuned.predict(list(micro.index)))
    assert again.update_ == "head"
    path = pretrained.save_pretraining(tmp_path / "net.safetensors")
    other = clone(pretrained).load_pretraining(path).finetune(list(train.index), train["b"], update="head")
    np.testing.assert_array_equal(other.predict(list(micro.index)), tuned.predict(list(micro.index)))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ArtefactError, match=r"net.safetensors'.*expected the weights of a graph network"):
        clone(pretrained).load_pretraining(path)


def test_bad_input_is_named(micro, pretrained, tmp_path):
    train = micro.iloc[:10]
    with pytest.raises(NotFittedError, match="before finetune"):
        GraphSurrogate().finetune(list(train.index), train)
    with pytest.raises(NotFittedError, match="before save_pretraining"):
        GraphSurrogate().save_pretraining(tmp_path / "net")
    with pytest.raises(ValueError, match=r"at least one Table to pre-train on, got \[\]"):
        GraphSurrogate().pretrain([])
    with pytest.raises(ValueError, match=r"got \['DataFrame'\]"):
        GraphSurrogate().pretrain([micro])
    with pytest.raises(UnknownNameError, match="did you mean 'head'"):
        pretrained.finetune(list(train.index), train, update="heads")


def test_degenerate_labels_can_be_tuned(micro, pretrained):
    archs = list(micro.index[:8])
    assert np.allclose(pretrained.finetune(archs[:1], [3.0]).predict(archs), 3.0)
    assert np.allclose(pretrained.finetune(archs, [3.0] * 8).predict(archs), 3.0)


def test_what_to_install_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightning", None)
    with pytest.raises(MissingExtraError, match=r"GraphSurrogate needs 'lightning'.*\[gnn\]"):
        GraphSurrogate().fit(["64-2311-basic"], [1.0])


def test_importing_it_does_not_import_torch():
    program = "import sys, surrogates.graph_surrogate; print([m for m in ('torch', 'lightning') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
