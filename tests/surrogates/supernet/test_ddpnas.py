import json
from dataclasses import replace

import numpy as np
import pytest
import torch

pytest.importorskip("lightning")

from benchmarks import get_space
from benchmarks.errors import ArtefactError, SpaceError, UnknownNameError
from benchmarks.training.supernet import supernet_recipe
from benchmarks.training.supernet.module import SupernetModule
from surrogates.supernet import DDPNASResult, search_ddpnas
from surrogates.supernet.rounds import RoundsSampler
from tests.benchmarks.training.small_trainings import images
from tests.benchmarks.training.supernet.test_module import recipe

MICRO = "transnas101-micro"
SOURCES = {"train": images(8, 16)}


def search(folder=None, task="room_layout", **changes):
    asked = recipe(task, n_train=8, batch_size=4)
    asked = replace(asked, optimiser=supernet_recipe(task).optimiser)  # clips: networks this narrow explode
    options = {"space": MICRO, "task": task, "preset": asked, "seed": 1, "sources": SOURCES, **changes}
    return search_ddpnas(**options, folder=folder, device="cpu")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ddpnas") / "search"
    return folder, search(folder, rounds=1)


def test_the_sampler_is_told_what_was_measured(finished):
    _, found = finished
    sampler = RoundsSampler(MICRO, fraction=False, rounds=1, seed=1)
    for arch, value in zip(found.archs, found.values, strict=True):
        assert sampler.asked[-1] == arch
        sampler.tell(value)  # valid_neg_loss: higher is better
    assert sampler.arch == found.arch
    np.testing.assert_allclose([theta.tolist() for theta in sampler.thetas], found.thetas)
    assert found.metric == "valid_neg_loss"
    assert len(found.values) == 9
    assert found.images == 9 * 4
    assert get_space(MICRO).simplify([found.arch]) == [found.simplest]


def test_each_epoch_trains_and_scores_its_architecture_on_halves_of_their_own(monkeypatch):
    trained, scored = [], []
    step, answer = SupernetModule.step, SupernetModule.forward

    def watched_step(self, parts, n):
        before = {name: values.detach().clone() for name, values in self.network.named_parameters()}
        state = self.optimizers().state
        moments = {weights: {key: torch.clone(moment) for key, moment in own.items()} for weights, own in state.items()}
        loss = step(self, parts, n)
        own = {id(weights) for weights in self.network.network(self.sampler.asked[-1]).parameters()}
        for name, weights in self.network.named_parameters():
            if id(weights) in own:
                continue
            assert weights.grad is None
            assert torch.equal(weights, before[name])
            assert state.get(weights, {}).keys() == moments.get(weights, {}).keys()
            assert all(torch.equal(state[weights][key], moment) for key, moment in moments.get(weights, {}).items())
        trained.append((self.current_epoch, self.sampler.asked[-1]))
        return loss

    def watched_forward(self, inputs, arch):
        scored.append((self.current_epoch, arch, self.sources["valid"].arrays["rgb"].data_ptr()))
        assert not self.network.training
        return answer(self, inputs, arch)

    monkeypatch.setattr(SupernetModule, "step", watched_step)
    monkeypatch.setattr(SupernetModule, "forward", watched_forward)
    found = search(rounds=1)
    assert list(dict.fromkeys(trained)) == list(enumerate(found.archs))
    assert [(epoch, arch) for epoch, arch, _ in scored] == list(enumerate(found.archs))
    rgb = SOURCES["train"].arrays["rgb"]
    assert {pointer for *_, pointer in scored} == {rgb[4:].data_ptr()}


def test_an_interrupted_search_ends_the_same(finished, tmp_path, monkeypatch):
    _, whole = finished
    start = SupernetModule.on_train_epoch_start

    def stop(self):
        if self.current_epoch == 5:
            raise KeyboardInterrupt
        start(self)

    with monkeypatch.context() as patch:
        patch.setattr(SupernetModule, "on_train_epoch_start", stop)
        with pytest.raises(KeyboardInterrupt):
            search(tmp_path / "cut", rounds=1)
    resumed = search(tmp_path / "cut", rounds=1)
    assert replace(resumed, seconds=0.0) == replace(whole, seconds=0.0)
    assert sorted(path.name for path in (tmp_path / "cut").iterdir()) == ["derivation.json", "result.json"]


def test_a_finished_search_is_read_and_another_refused(finished):
    folder, found = finished

    def unused(_):
        raise AssertionError("images of a finished search are not needed")

    assert search(folder, rounds=1, sources=unused) == found
    assert DDPNASResult.from_json(json.loads(json.dumps(found.to_json()))) == found
    for changes, match in (
        ({"rounds": 2}, "sampler was 'ddpnas, 1 rounds.*' and is now 'ddpnas, 2 rounds"),
        ({"rounds": 1, "seed": 2}, "seed was 1 and is now 2"),
        ({"rounds": 1, "metric": "loss"}, "metric was 'valid_neg_loss' and is now 'valid_loss'"),
    ):
        with pytest.raises(ArtefactError, match=match):
            search(folder, **changes)


def test_accuracies_are_shares_and_losses_are_turned_round():
    sources = {"train": images(8, 16)}
    for metric, sign, share in (("primary", 0.01, True), ("loss", -1.0, False)):
        found = search(task="class_scene", rounds=1, metric=metric, sources=sources)
        sampler = RoundsSampler(MICRO, fraction=share, rounds=1, seed=1)
        for value in found.values:
            sampler.tell(sign * value)
        np.testing.assert_allclose([theta.tolist() for theta in sampler.thetas], found.thetas)


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"space": "transnas101-macro"}, SpaceError, "expected a space of cells"),
        ({"metric": "los"}, UnknownNameError, "did you mean 'loss'"),
        ({"rounds": 0}, ValueError, "at least one round"),
        ({"preset": recipe("normal")}, ValueError, "expected a recipe for 'room_layout', got one for 'normal'"),
        ({"preset": recipe(n_train=3)}, ValueError, "at least 4 training images, half of them for the weights, got 3"),
        ({"preset": recipe(n_train=64)}, ValueError, "expected 0 <= start < stop <= 8 images"),
    ],
)
def test_bad_input_is_refused_and_leaves_no_folder(changes, error, match, tmp_path):
    with pytest.raises(error, match=match):
        search(tmp_path / "none", **changes)
    assert not (tmp_path / "none").exists()
