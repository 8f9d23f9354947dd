import json
import os
import shutil
import signal
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

pytest.importorskip("lightning")

from benchmarks import get_space
from benchmarks.errors import ArtefactError, SpaceError, UnknownNameError
from benchmarks.training.recipe import VERSION
from benchmarks.training.supernet import supernet_recipe
from benchmarks.training.supernet.module import SupernetModule
from surrogates.supernet import EnTranResult, search_entrannas
from surrogates.supernet.cell_weights import CellWeights
from tests.benchmarks.training.small_trainings import images
from tests.benchmarks.training.supernet.test_module import recipe

MICRO, CIFAR = "transnas101-micro", "nasbench201"
SOURCES = {"train": images(16, 16), "valid": images(8, 16, 1)}


def search(folder=None, task="room_layout", epochs=2, **changes):
    asked = recipe(task, n_train=16, batch_size=4, epochs=epochs)
    asked = replace(asked, optimiser=supernet_recipe(task).optimiser)
    options = {"space": MICRO, "task": task, "preset": asked, "seed": 1, "sources": SOURCES, **changes}
    return search_entrannas(**options, folder=folder, device="cpu")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("entrannas") / "search"
    return folder, search(folder)


def test_the_result_says_what_was_derived(finished):
    _, found = finished
    weights = CellWeights(get_space(MICRO), "entrannas")
    with torch.no_grad():
        weights.alpha.copy_(torch.tensor(found.alpha))
        weights.beta.copy_(torch.logit(torch.tensor(found.thresholds)))
    weights.single = True
    assert weights.derive() == found.arch == found.archs[-1]
    np.testing.assert_allclose(found.weights, weights().tolist(), rtol=1e-4, atol=1e-6)
    assert get_space(MICRO).simplify([found.arch]) == [found.simplest]
    assert found.gap == found.derived_loss - found.search_loss
    assert found.derived_loss == pytest.approx(found.losses[-1], rel=1e-5)  # measured twice
    assert found.images == 2 * 16
    assert len(found.losses) == 2
    assert found.in_space


@pytest.mark.parametrize("method", ["entrannas", "darts"])
def test_an_interrupted_search_ends_the_same(method, finished, tmp_path, monkeypatch):
    whole = finished[1] if method == "entrannas" else search(method=method)
    start = SupernetModule.on_train_epoch_start

    def stop(self):
        if self.current_epoch == 1:
            raise KeyboardInterrupt
        start(self)

    with monkeypatch.context() as patch:
        patch.setattr(SupernetModule, "on_train_epoch_start", stop)
        with pytest.raises(KeyboardInterrupt):
            search(tmp_path / "cut", method=method)
    resumed = search(tmp_path / "cut", method=method)
    assert replace(resumed, seconds=0.0) == replace(whole, seconds=0.0)
    assert sorted(path.name for path in (tmp_path / "cut").iterdir()) == ["derivation.json", "result.json"]


@pytest.mark.parametrize("at", ["while the result is made", "before it is written"])
def test_a_search_stopped_after_its_last_epoch_ends_the_same(at, finished, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if at == "while the result is made":
            patch.setattr("surrogates.supernet.entrannas.has_skips_alone", stop)
        else:
            patch.setattr("benchmarks.training.weight_sharing.folder.write_beside", stop)
        with pytest.raises(KeyboardInterrupt):
            search(tmp_path / "cut")
    assert sorted(path.name for path in (tmp_path / "cut").iterdir()) == ["derivation.json", "last.ckpt"]
    assert replace(search(tmp_path / "cut"), seconds=0.0) == replace(finished[1], seconds=0.0)


def killed_in_the_second_epoch(work, monkeypatch):
    """How a forked process ends that does `work` and is killed after the first step of the second epoch."""
    step = SupernetModule.step

    def killed(self, parts, n):
        loss = step(self, parts, n)
        if self.current_epoch == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return loss

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python 3.12 warns of forks of processes with threads
        child = os.fork()
    if child == 0:
        try:
            monkeypatch.setattr(SupernetModule, "step", killed)
            work()
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no such processes")
@pytest.mark.parametrize("name", ["entrannas", "ddpnas"])
def test_a_process_that_is_killed_within_an_epoch_is_resumed(name, finished, tmp_path, monkeypatch):
    from tests.surrogates.supernet import test_ddpnas

    folder, options = tmp_path / "killed", {} if name == "entrannas" else {"rounds": 1}
    again = search if name == "entrannas" else test_ddpnas.search
    assert killed_in_the_second_epoch(lambda: again(folder, **options), monkeypatch) == -signal.SIGKILL
    assert (folder / "last.ckpt").exists()
    whole = finished[1] if name == "entrannas" else test_ddpnas.search(rounds=1)
    assert replace(again(folder, **options), seconds=0.0) == replace(whole, seconds=0.0)


def test_what_has_no_gradient_is_left_as_it_is(monkeypatch):
    """With one operation an edge, the only input of node 1 has the constant weight 1."""
    seen = []
    step = SupernetModule.step

    def watched(self, parts, n):
        loss = step(self, parts, n)
        if self.cell.single:
            seen.append((self.cell.alpha.detach().clone(), self.cell.beta.detach().clone()))
        return loss

    monkeypatch.setattr(SupernetModule, "step", watched)
    search(epochs=27, mixed=0.05, learning_rate=0.05)
    assert len(seen) == 26 * 2
    (alpha, beta), (last, last_beta) = seen[0], seen[-1]
    for now, threshold in seen:
        assert torch.equal(now[0], alpha[0])
        assert threshold[0] == beta[0]
    assert not torch.equal(last[1:], alpha[1:])
    assert not torch.equal(last_beta[1:], beta[1:])


def test_the_derived_loss_is_that_of_the_last_epoch_where_tiles_pass_one_by_one_in_training():
    asked = replace(recipe("jigsaw", n_train=16, batch_size=4, epochs=1, input_size=64), joint_tiles=False)
    asked = replace(asked, optimiser=supernet_recipe("jigsaw").optimiser)
    found = search(task="jigsaw", preset=asked, sources={"train": images(16, 64), "valid": images(8, 64, 1)})
    assert found.derived_loss == pytest.approx(found.losses[-1], rel=1e-5)


class Listed:
    """A source that is no `ImageSet`."""

    def __init__(self, whole):
        self.whole, self.size = whole, whole.size

    def __len__(self):
        return len(self.whole)

    def batch(self, indices, domains):
        return self.whole.batch(indices, domains)


def test_images_of_any_source_are_searched(finished):
    found = search(sources={split: Listed(source) for split, source in SOURCES.items()})
    assert replace(found, seconds=0.0) == replace(finished[1], seconds=0.0)


def test_several_devices_are_refused(monkeypatch):
    monkeypatch.setattr("lightning.Trainer.world_size", 2)
    with pytest.raises(ValueError, match="expected one device for a search by gradient, got 2"):
        search()


@pytest.mark.parametrize("text", ["[]", "{", '{"arch": "64-41414-3_33_333"}'])
def test_a_damaged_result_is_named(text, finished, tmp_path):
    shutil.copytree(finished[0], tmp_path / "mine")
    (tmp_path / "mine" / "result.json").write_text(text)
    with pytest.raises(ArtefactError, match=r"result\.json' is damaged \(.*\); delete the folder and search again"):
        search(tmp_path / "mine")


def test_a_result_has_all_settings(finished):
    folder, found = finished
    assert found.settings == json.loads((folder / "derivation.json").read_text())
    assert found.settings["version"] == VERSION
    assert found.settings["recipe"]["n_train"] == 8  # the half for the weights
    assert "rate 0.01, threshold 0.5, mixed 0.5" in found.settings["sampler"]


def test_a_finished_search_is_read_and_another_refused(finished):
    folder, found = finished

    def unused(_):
        raise AssertionError("images of a finished search are not needed")

    assert search(folder, sources=unused) == found
    assert EnTranResult.from_json(json.loads(json.dumps(found.to_json()))) == found
    for changes, match in (
        ({"method": "darts"}, "method was 'entrannas' and is now 'darts'"),
        (
            {"learning_rate": 0.1},
            "sampler was 'derived: entrannas, rate 0.01.*' and is now 'derived: entrannas, rate 0.1",
        ),
        ({"share_features": True}, "shared features"),
        ({"seed": 2}, "seed was 1 and is now 2"),
    ):
        with pytest.raises(ArtefactError, match=match):
            search(folder, **changes)


def test_weights_and_alpha_learn_from_halves_of_their_own(monkeypatch):
    seen = {"search": [], "weights": []}
    step = SupernetModule.step

    def watched(self, parts, n):
        alpha = self.cell.alpha.detach().clone()
        loss = step(self, parts, n)  # of the weights alone
        assert torch.equal(alpha, self.cell.alpha)
        return loss

    def load(self, split, batch_size, order):
        loader = loading(self, split, batch_size, order)
        if split in ("train", "search"):
            seen["weights" if split == "train" else "search"].append(loader.source.arrays["rgb"].data_ptr())
        return loader

    loading = SupernetModule._loader
    monkeypatch.setattr(SupernetModule, "step", watched)
    monkeypatch.setattr(SupernetModule, "_loader", load)
    search(epochs=1)
    rgb = SOURCES["train"].arrays["rgb"]
    assert set(seen["weights"]) == {rgb.data_ptr()}
    assert set(seen["search"]) == {rgb[8:].data_ptr()}


def test_with_one_operation_an_edge_the_gap_is_that_of_the_scales():
    """With weights of exactly one on each edge that stays, search and derived network are the same."""
    found = search(epochs=1, mixed=0.0, learning_rate=1e-9)  # alpha stays near 0: all edges stay, with equal weights
    np.testing.assert_allclose(np.max(found.weights, axis=1), 1, atol=0.01)
    assert abs(found.gap) < 0.02 * found.search_loss


def test_darts_has_engine_cells_only_and_other_methods_one_a_stage():
    darts, base = (search(epochs=1, method=method) for method in ("darts", "entrannas-base"))
    assert darts.engine == list(range(10))
    assert base.engine == [1, 5, 9]
    np.testing.assert_allclose(np.sum(darts.weights, axis=1), 1, rtol=1e-5)


def test_nasbench201_is_searched():
    found = search(space=CIFAR, epochs=1)
    assert found.engine == [1, 6, 11]
    assert np.shape(found.alpha) == (6, 5)
    assert get_space(CIFAR).parse(found.arch)


def test_shared_features_are_said_to_leave_the_space():
    with pytest.warns(UserWarning, match="features were shared: .* is not 64-41414-.* of transnas101-micro"):
        found = search(epochs=1, share_features=True)
    assert not found.in_space


def test_the_collapse_to_skips_is_named(monkeypatch):
    def skips(self):
        return "64-41414-1_11_111"

    monkeypatch.setattr(CellWeights, "derive", skips)
    with pytest.warns(UserWarning, match="has skips alone: the known collapse of searches by gradient"):
        found = search(epochs=1)
    assert "64-41414-1_11_111" in found.notes[0]


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"space": "transnas101-macro"}, SpaceError, "expected a space of cells"),
        ({"method": "entranas"}, UnknownNameError, "did you mean 'entrannas'"),
        ({"mixed": 1.5}, ValueError, r"expected a share from 0 to 1 as mixed, got 1\.5"),
        ({"learning_rate": 0.0}, ValueError, r"expected a positive learning_rate, got 0\.0"),
        ({"threshold": 1.0}, ValueError, "expected a threshold between 0 and 1"),
        ({"sources": {"train": images(16, 16)}}, ValueError, "valid is missing"),
        ({"preset": recipe(n_train=3)}, ValueError, "at least 4 training images"),
    ],
)
def test_bad_input_is_refused_and_leaves_no_folder(changes, error, match, tmp_path):
    with pytest.raises(error, match=match):
        search(tmp_path / "none", **changes)
    assert not (tmp_path / "none").exists()
