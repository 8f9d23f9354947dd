import json
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from benchmarks.errors import ArtefactError, UnknownNameError
from benchmarks.training.dynamic import (
    ChoiceGrid,
    DistilledExits,
    ExitScorer,
    MultiStageFolder,
    SandwichChoices,
    SummedExits,
    load_multi_stage,
    scores,
    train_multi_stage,
)
from benchmarks.training.dynamic.module import MultiStageModule
from benchmarks.training.fitting import fit_module
from benchmarks.training.losses import LOSSES
from benchmarks.training.module import GroundTruthModule
from tests.benchmarks.training.dynamic.small_stages import HALVES, MIXED, PLAIN, batch, network, recipe, sources

GRID = ChoiceGrid(5, ((1, 1), (3, 1)), kernels=(1, 3), sides=(16, 32))


def train(folder, **changes):
    options = {"arch": PLAIN, "task": "class_scene", "preset": recipe(epochs=2, n_train=8), "train": GRID, "seed": 1}
    return train_multi_stage(**{**options, "sources": sources(), **changes}, folder=folder, device="cpu")


def test_one_stage_is_trained_as_the_static_network_bit_for_bit():
    asked = recipe(epochs=2)
    alone = GroundTruthModule(PLAIN, asked, sources(), seed=4)
    fit_module(alone, None, False, {"accelerator": "cpu"})
    mine = train(None, preset=asked, train="1-1-1-1-1", seed=4)
    for own, other in zip(
        mine.backbone.state_dict().values(), alone.network.backbone.state_dict().values(), strict=True
    ):
        assert torch.equal(own, other)
    for own, other in zip(mine.heads[0].parameters(), alone.network.decoder.parameters(), strict=True):
        assert torch.equal(own, other)


def test_an_interrupted_training_ends_with_the_same_bits(tmp_path, monkeypatch):
    whole = train(tmp_path / "whole")
    start = MultiStageModule.on_train_epoch_start

    def stop(self):
        if self.current_epoch == 1:
            raise KeyboardInterrupt
        start(self)

    with monkeypatch.context() as patch:
        patch.setattr(MultiStageModule, "on_train_epoch_start", stop)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "cut")
    with pytest.raises(ArtefactError, match="is not finished; run it again"):
        load_multi_stage(tmp_path / "cut")
    resumed = train(tmp_path / "cut")
    for mine, its in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(mine, its)
    one, other = (MultiStageFolder(tmp_path / name).metrics() for name in ("whole", "cut"))
    del one["time_elapsed"], other["time_elapsed"]
    assert one == other


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stages")
    train(folder)
    return folder


def test_a_finished_network_is_loaded_and_answers_the_same(finished):
    first, again = train(None), train(finished, sources=lambda _: pytest.fail("images are not needed"))
    assert not again.training
    for choice in (HALVES, HALVES + "/k1:3/r16"):
        for mine, its in zip(first.train()(batch(), choice), again.train()(batch(), choice), strict=True):
            assert torch.equal(mine, its)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"arch": "64-41414-3_33_333"}, "arch was '64-41414-0_30_003' and is now '64-41414-3_33_333'"),
        ({"train": HALVES}, "sampler was 'sandwich 1 .*' and is now '1:1-1:1-1:1-1:1-1:1'"),
        ({"objective": "labels"}, "objective was 'distilled' and is now 'labels'"),
        ({"preset": recipe(epochs=3, n_train=8)}, "recipe: epochs was 2 and is now 3"),
        ({"seed": 2}, "seed was 1 and is now 2"),
    ],
)
def test_the_folder_of_another_network_is_refused(finished, changes, match):
    with pytest.raises(ArtefactError, match=f"holds another multi-stage network: {match}"):
        train(finished, **changes)


def test_damaged_folders_are_refused(tmp_path, finished):
    with pytest.raises(ArtefactError, match="expected a folder of `train_multi_stage`"):
        load_multi_stage(tmp_path)
    for name in ("multi-stage.json", "metrics.json", "weights.pt"):
        (tmp_path / name).write_bytes((finished / name).read_bytes())
    (tmp_path / "weights.pt").write_bytes(b"nothing")
    with pytest.raises(ArtefactError, match=r"weights.pt' is damaged"):
        load_multi_stage(tmp_path)
    about = json.loads((finished / "multi-stage.json").read_text())
    (tmp_path / "multi-stage.json").write_text(json.dumps({**about, "version": 1}))
    with pytest.raises(ArtefactError, match="got one of version 1; train it again"):
        load_multi_stage(tmp_path)
    (tmp_path / "multi-stage.json").write_text('{"arch": "64-2311-basic"}')
    with pytest.raises(ArtefactError, match="is damaged: expected version, arch"):
        load_multi_stage(tmp_path)


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"task": "room_layout", "preset": "mini"}, ValueError, "got 'room_layout'"),
        ({"task": "jigsaw"}, ValueError, "expected a recipe for 'jigsaw', got one for 'class_scene'"),
        ({"train": "1:1-1:1"}, ValueError, "expected a split of the 5 modules"),
        ({"train": ChoiceGrid(4)}, ValueError, "expected a split of the 5 modules"),
        ({"objective": "lables"}, UnknownNameError, "did you mean 'labels'"),
        ({"objective": SummedExits}, TypeError, "an object with a `name` and `losses`, got <class"),
        ({"train": SandwichChoices}, TypeError, "a sampler with a `name` and `paths`, got <class"),
        ({"train": 5}, TypeError, "expected a choice or its text, a grid of choices, or a sampler .*, got 5"),
        ({"preset": replace(recipe(), batch_size=1)}, ValueError, "at least 2 images at a time"),
    ],
)
def test_trainings_that_cannot_be_are_refused(changes, error, match):
    with pytest.raises(error, match=match):
        train(None, **changes)


@pytest.mark.parametrize(
    ("grid", "changes", "match"),
    [
        (ChoiceGrid(5, sides=(16, 48)), {}, "a side from 16 to the recipe's 32 pixels, got 48"),
        (ChoiceGrid(5, ((1, 3), (15, 1))), {}, "split 15:1; that needs"),
        (ChoiceGrid(5, sides=(32, 42)), {"task": "jigsaw", "input_size": 64}, "a multiple of 4 in jigsaw, got 42"),
        (ChoiceGrid(5), {"base_channels": 2}, "each half of 4 channels that are split 3:1; that needs"),
        (SandwichChoices(ChoiceGrid(5, sides=(16, 48))), {}, "got 48"),
    ],
)
def test_an_option_that_does_not_fit_is_refused_before_images_and_folder(grid, changes, match, tmp_path):
    task = changes.pop("task", "class_scene")
    unseen = lambda _: pytest.fail("images are not needed")  # noqa: E731
    with pytest.raises(ValueError, match=match):
        train(tmp_path / "new", task=task, preset=recipe(task, **changes), train=grid, sources=unseen)
    assert not (tmp_path / "new").exists()


def test_a_sandwich_of_three_stages_has_three_classifiers():
    grid = ChoiceGrid(5, ((1, 1, 2), (2, 1, 1)))
    mine = train(None, preset=recipe(n_train=8, base_channels=8), train=SandwichChoices(grid))
    assert len(mine(batch(), "1:1:2-1:1:2-1:1:2-1:1:2-2:1:1")) == 3


def test_losses_are_summed_over_exits():
    mine, loss = network(PLAIN).train(), LOSSES["exact_soft_cross_entropy"]
    targets = torch.softmax(torch.randn(6, 47, generator=torch.Generator().manual_seed(2)), 1)
    exits = mine(batch(), MIXED)
    (found,) = SummedExits().losses(mine, [MIXED], batch(), targets, loss)
    torch.testing.assert_close(found.loss, loss(exits[0], targets) + loss(exits[1], targets))
    assert torch.equal(found.outputs, exits[1])


def test_other_choices_follow_the_first_through_which_no_gradient_goes():
    mine, loss = network(PLAIN).train(), LOSSES["exact_soft_cross_entropy"]
    targets = torch.softmax(torch.randn(6, 47, generator=torch.Generator().manual_seed(2)), 1)
    teacher = torch.softmax(mine(batch(), "1-1-1-1-1")[0], 1).detach()
    first, second = DistilledExits().losses(mine, ["1-1-1-1-1", MIXED], batch(), targets, loss)
    torch.testing.assert_close(first.loss, loss(first.outputs, targets))
    naive = sum(-(teacher * F.log_softmax(logits, 1)).sum(1).mean() for logits in mine(batch(), MIXED))
    torch.testing.assert_close(second.loss, naive)
    mine.zero_grad()
    second.loss.backward()
    expected = [None if weights.grad is None else weights.grad.clone() for weights in mine.parameters()]
    mine.zero_grad()
    naive.backward()
    for weights, found in zip(mine.parameters(), expected, strict=True):
        assert (weights.grad is None) == (found is None)
        if found is not None:
            torch.testing.assert_close(weights.grad, found)


def test_a_sandwich_is_the_whole_network_the_smallest_and_random_ones():
    sampler, rng = SandwichChoices(GRID, 2), np.random.default_rng(0)
    seen = set()
    for step in range(200):
        whole, smallest, *drawn = sampler.paths(step, rng)
        assert whole == "1-1-1-1-1"
        assert smallest == "1:1-1:1-1:1-1:1-1:1/k1:1/r16"
        seen |= set(drawn)
    assert len(seen) > 100
    assert GRID.size == 2**5 * 2**2 * 2
    assert SandwichChoices.parse(5, sampler.name).name == sampler.name
    with pytest.raises(ValueError, match="n_random >= 0"):
        SandwichChoices(GRID, -1)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"parts": ()}, "at least one option of parts"),
        ({"depths": (3,)}, "expected depths of 1 or 2"),
        ({"depths": (1, 1)}, "expected different options of depths"),
        ({"parts": ((1, 1), (1, 1, 2))}, "as many stages in all parts"),
    ],
)
def test_grids_that_cannot_be_are_refused(options, match):
    with pytest.raises(ValueError, match=match):
        ChoiceGrid(5, **options)


# -- scores -----------------------------------------------------------------------------------------------------------


def test_norms_are_recalibrated_for_each_choice_and_each_side(finished):
    mine = load_multi_stage(finished)
    scorer = ExitScorer(mine, sources(), batch_size=4)
    means = {}
    for choice in (HALVES, "3:1-3:1-3:1-3:1-3:1", HALVES + "/r16"):
        own = scorer.calibrated(choice)
        steps = [step for step in own.steps() if step.kind == "batch_norm"]
        means[choice] = steps[-1].module.running_mean.clone()
    values = list(means.values())
    assert not torch.allclose(values[0], values[1])
    assert not torch.allclose(values[0], values[2])
    first = mine.backbone.state_dict()
    assert all(
        torch.equal(first[name], values) for name, values in load_multi_stage(finished).backbone.state_dict().items()
    )


def test_measured_logits_are_those_of_the_calibrated_network(finished):
    scorer = ExitScorer(load_multi_stage(finished), sources(), batch_size=4)
    found = scorer.measure(HALVES)
    own = scorer.calibrated(HALVES)
    images = sources()["test"].batch(torch.arange(8), ["rgb", "class_scene"])
    asked = recipe()
    rgb = (images["rgb"].float() / 255 - torch.tensor(asked.mean).view(3, 1, 1)) / torch.tensor(asked.std).view(3, 1, 1)
    with torch.no_grad():
        expected = torch.stack(own(rgb)).double().numpy()
    np.testing.assert_allclose(found.test.logits, expected, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(found.test.targets, images["class_scene"].numpy())
    assert found.valid.logits.shape == (2, 8, 47)
    assert found.test_curve().thresholds.tolist() == found.valid_curve().thresholds.tolist()
    assert found.multiply_adds.tolist() == own.plan().multiply_adds().tolist()
    without = ExitScorer(load_multi_stage(finished), {name: sources()[name] for name in ("train", "valid")})
    with pytest.raises(ValueError, match="expected test images"):
        without.measure(HALVES).test_curve()


@pytest.mark.parametrize("task", ["class_scene", "jigsaw"])
def test_images_that_are_not_kept_are_prepared_again_and_answer_the_same(task, monkeypatch):
    mine = network(PLAIN, task, stages=2)
    kept = ExitScorer(mine, sources(), batch_size=4).measure(HALVES)
    monkeypatch.setattr(scores, "_KEPT_BYTES", 0)
    scorer = ExitScorer(mine, sources(), batch_size=4)
    for _ in range(2):
        again = scorer.measure(HALVES)
        for own, other in ((kept.valid, again.valid), (kept.test, again.test)):
            np.testing.assert_array_equal(own.logits, other.logits)
            np.testing.assert_array_equal(own.targets, other.targets)


@pytest.mark.parametrize("task", ["jigsaw", "class_object"])
def test_other_tasks_are_trained_and_measured(task):
    asked = recipe(task, n_train=8)
    mine = train(None, task=task, preset=asked, train=HALVES)
    found = ExitScorer(mine, sources(), batch_size=4).measure(HALVES)
    assert found.valid.logits.shape == (2, 8, asked.num_classes)
    assert found.test_curve().accuracy.shape == (41,)
