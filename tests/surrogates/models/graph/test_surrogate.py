"""GraphSurrogate: contract, behaviour on made-up labels, pre-training and the updates."""

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
from surrogates.models.graph.surrogate import GraphSurrogate
from surrogates.models.graph.torch_session import torch_session
from surrogates.models.graph.updates import UPDATES, hold_out, out_of_fold, update_weights
from surrogates.store.load import load_surrogate
from surrogates.testing import check_surrogate

SMALL = {"n_members": 2, "hidden": 8, "layers": 1, "trunk": 8, "n_steps": 20, "n_jobs": 1}
OUTSIDE = {
    "transnas101-micro": "32-4114-3_01_223",
    "transnas101-macro": "32-23111141-basic",
    "nasbench201": None,
}


@pytest.mark.parametrize("name", list_spaces())
def test_contract(name):
    brief = {**SMALL, "n_steps": 5}  # the contract holds however well it learns
    check_surrogate(GraphSurrogate(**brief), get_space(name), outside=OUTSIDE[name])


@pytest.mark.parametrize(("n_jobs", "expected"), [(1, 1), (-1, 3), (None, 2)])
def test_threads_of_torch(n_jobs, expected, monkeypatch):
    monkeypatch.setattr("joblib.effective_n_jobs", lambda n: 3)
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    with torch_session("this test", n_jobs):
        assert torch.get_num_threads() == expected
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)
    with pytest.raises(ValueError, match="n_jobs: expected a number of threads"), torch_session("", 0):
        raise AssertionError


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
    surrogate = GraphSurrogate(n_members=2, hidden=16, layers=2, trunk=16, n_steps=40, n_jobs=1)
    assert surrogate.pretrain([cells, Table.from_frame(sizes)], n_steps=100) is surrogate
    return surrogate


def test_learns_what_can_be_learned(micro):
    train, test = micro.iloc[:100], micro.iloc[100:]
    fitted = GraphSurrogate(n_members=4, hidden=24, layers=2, n_steps=120, n_jobs=1).fit(list(train.index), train)
    mean, std = fitted.predict(list(test.index), return_std=True)
    for t, task in enumerate(micro):
        assert kendalltau(mean[:, t], test[task]).statistic > 0.75
    covered = (np.abs(mean - test) <= 1.645 * std).to_numpy().mean()
    assert 0.8 < covered < 0.98
    assert set(fitted.cv_scores_["a"]) == {"tau", "coverage"}


def test_another_process_predicts_the_same_and_another_seed_does_not():
    program = (
        "from benchmarks import get_space; from surrogates.models.graph.surrogate import GraphSurrogate;"
        "a = get_space('transnas101-macro').sample(20, rng=0);"
        "s = GraphSurrogate(random_state=0, n_members=2, hidden=8, layers=1, n_steps=20, n_jobs=1).fit(a, range(20));"
        "print(s.predict(a).tolist())"
    )
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    archs = get_space("transnas101-macro").sample(20, rng=0)
    tiny = {"n_members": 2, "hidden": 8, "layers": 1, "n_steps": 20, "n_jobs": 1}
    here, other = (GraphSurrogate(random_state=seed, **tiny).fit(archs, range(20)).predict(archs) for seed in (0, 1))
    assert there.strip() == str(here.tolist())
    assert here.tolist() != other.tolist()


def test_what_other_tasks_taught_helps_with_few_labels(micro, pretrained):
    train, test = micro.iloc[:12], micro.iloc[100:]
    taus = {}
    for update in (*UPDATES, "auto"):
        tuned = pretrained.finetune(list(train.index), train["b"], update=update)
        taus[update] = kendalltau(tuned.predict(list(test.index)), test["b"]).statistic
        assert set(tuned.weights_) == {update} or update == "auto"
    assert sum(tuned.weights_.values()) == pytest.approx(1)
    assert min(taus["head"], taus["adapter"], taus["full"], taus["auto"]) > taus["scratch"]


def test_adapters_leave_the_trunk_as_it_is(micro, pretrained):
    train = micro.iloc[:20]
    before = pretrained.pretrained_.net.state_dict()
    tuned = pretrained.finetune(list(train.index), train["b"], update="adapter")
    after = tuned.nets_["adapter"].net.state_dict()
    changed = {name for name in after if name in before and not before[name].equal(after[name])}
    assert {name.rpartition(".")[2] for name in changed} == {"bias", "gain", "shift"}
    assert any(name.startswith("flows") for name in changed)


def test_scores_of_the_average_are_the_average_of_scores(micro, pretrained):
    train, test = micro.iloc[:30], list(micro.index[100:140])
    average = pretrained.finetune(list(train.index), train)
    expected, weights = 0.0, dict(average.weights_)
    scores = average.scores(test)
    for update, weight in weights.items():
        expected = expected + weight * pretrained.finetune(list(train.index), train, update=update).scores(test)
    np.testing.assert_allclose(scores, expected, atol=1e-6)


def test_zero_cost_proxies_teach(micro, pretrained):
    """A table of proxies, nobody's labels, beside a real one: a proxy that agrees with the task helps."""
    columns = {"synflow": micro["b"].to_numpy() ** 3, "nwot": np.random.default_rng(0).normal(size=300)}
    proxies = pd.DataFrame({"arch": list(micro.index), **columns})
    proxies.loc[::9, "synflow"] = np.nan
    proxies.loc[1, "nwot"] = -1e8  # the proxy failed
    cells = Table.from_frame(micro[["a"]].rename_axis("arch").reset_index())
    with_proxies = clone(pretrained).pretrain([cells, Table.from_frame(proxies)], n_steps=60)
    train, test = micro.iloc[:12], micro.iloc[100:]
    taus = []
    for surrogate in (pretrained, with_proxies):
        tuned = surrogate.finetune(list(train.index), train["b"], update="head")
        taus.append(kendalltau(tuned.predict(list(test.index)), test["b"]).statistic)
    assert taus[1] > taus[0] + 0.03


@pytest.mark.parametrize(("space", "view"), [("nasbench201", "transnas101-micro"), ("transnas101-macro", None)])
def test_a_new_space_can_be_tuned(micro, space, view, tmp_path):
    """A head reads cells as those of a space that was taught; adapters learn a projection of the new space."""
    cells = Table.from_frame(micro[["a"]].rename_axis("arch").reset_index())
    surrogate = GraphSurrogate(n_members=2, hidden=16, layers=2, trunk=16, n_steps=40, n_jobs=1)
    surrogate.pretrain(cells, n_steps=20)
    archs = get_space(space).sample(30, rng=0)
    labels = [float(arch.count("nor_conv_3x3") + arch.count("2")) for arch in archs]
    tuned = surrogate.finetune(archs, labels)
    assert kendalltau(tuned.predict(archs), labels).statistic > 0.4
    assert tuned.nets_["head"].read_as == ({space: view} if view else {})
    assert tuned.nets_["adapter"].read_as == {}
    np.testing.assert_array_equal(load_surrogate(tuned.save(tmp_path / "m")).predict(archs), tuned.predict(archs))


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
    assert again.weights_ == {"head": 1.0}
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
    for known in (archs[:1], archs):
        with pytest.warns(UserWarning, match="all labels of y0 are equal"):
            tuned = pretrained.finetune(known, [3.0] * len(known))
        assert np.allclose(tuned.predict(archs), 3.0)


def test_averages_begin_equal_and_move_to_what_is_right():
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(1000, 2))
    Z[::5, 0] = np.nan
    good, bad = np.nan_to_num(Z) + 0.2 * rng.normal(size=Z.shape), rng.normal(size=Z.shape)
    both = np.stack([good, bad])
    assert update_weights(both, Z).sum() == pytest.approx(1)
    assert update_weights(both, Z)[0] > 0.97
    assert update_weights(both[::-1], Z)[1] > update_weights(np.stack([good, good]), Z)[1] + 0.3
    assert update_weights(both[:, 1:4], Z[1:4]) == pytest.approx([0.5, 0.5], abs=0.15)
    np.testing.assert_array_equal(update_weights(-Z[None, 1:5], Z[1:5]), [1.0])


def test_a_row_is_scored_by_the_members_that_left_it_out():
    fold = np.array([0, 1, 2, 0])
    seen = hold_out(fold, 4)
    scores = np.arange(16.0).reshape(4, 4, 1)
    expected = [np.mean([scores[k, i, 0] for k in range(4) if k % 3 == fold[i]]) for i in range(4)]
    assert out_of_fold(scores, seen)[:, 0].tolist() == expected
    alone = hold_out(np.zeros(1, dtype=int), 4)
    assert alone.all()
    assert out_of_fold(scores[:, :1], alone).tolist() == [[6.0]]


def test_an_interrupted_finetuning_goes_on(micro, pretrained, tmp_path, monkeypatch):
    from surrogates.models.graph.training import GraphTraining

    archs, y = list(micro.index[:20]), micro["b"].iloc[:20]
    expected = pretrained.finetune(archs, y).predict(list(micro.index))
    real, steps = GraphTraining.training_step, []

    def power_cut(self, batch, batch_idx):
        if not any(parameter.requires_grad is False for parameter in self.net.parameters()) or self.current_epoch < 1:
            return real(self, batch, batch_idx)
        raise KeyboardInterrupt  # in the second epoch of the adapters

    monkeypatch.setattr(GraphTraining, "training_step", power_cut)
    interrupted = clone(pretrained).set_params(checkpoint_dir=tmp_path)
    interrupted.pretrained_ = pretrained.pretrained_
    with pytest.raises(KeyboardInterrupt):
        interrupted.finetune(archs, y)
    assert [path.parent.name for path in tmp_path.rglob("*.ckpt")] == ["adapter"]
    monkeypatch.setattr(GraphTraining, "training_step", lambda *a: steps.append(a[0].current_epoch) or real(*a))
    np.testing.assert_array_equal(interrupted.finetune(archs, y).predict(list(micro.index)), expected)
    assert steps == [0] * 20 + [1] * 40, "from scratch again, then the adapters where they were"
    assert not list(tmp_path.rglob("*.ckpt"))


def test_what_to_install_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightning", None)
    with pytest.raises(MissingExtraError, match=r"GraphSurrogate needs 'lightning'.*\[gnn\]"):
        GraphSurrogate().fit(["64-2311-basic"], [1.0])


def test_importing_it_does_not_import_torch():
    program = (
        "import sys, surrogates.models.graph.surrogate; print([m for m in ('torch', 'lightning') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
