import json
import shutil
from dataclasses import replace

import pytest
import torch

from benchmarks.errors import ArtefactError, UnknownNameError
from benchmarks.training.supernet import (
    PathScorer,
    ProbeModule,
    SupernetFolder,
    batch_statistics,
    load_supernet,
    probe_recipe,
    train_probe,
    train_supernet,
)
from tests.benchmarks.training.small_trainings import images
from tests.benchmarks.training.supernet.small_contrasts import contrast_recipe

SPACE, ARCH = "transnas101-micro", "64-41414-3_01_003"


def given(recipe):
    return {"train": images(16, recipe.input_size), "valid": images(8, recipe.input_size, 1)}


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("contrast")
    train_supernet(SPACE, "contrast", contrast_recipe(), seed=1, folder=folder, sources=given, device="cpu")
    return folder


def small_probe(task, **changes):
    small = {"epochs": 2, "batch_size": 8, "n_train": 16, "n_valid": 8, "n_test": None, "input_size": 16, **changes}
    if task in ("segmentsemantic", "normal", "autoencoder"):
        small |= {"input_size": 32, "decoder_width": 16}
    if task == "jigsaw":
        small |= {"input_size": 32, "num_classes": 4}
    return replace(probe_recipe(task, "mini", contrast_recipe()), **small)


def probed(backbone, task, folder=None, **changes):
    return train_probe(backbone, task, small_probe(task, **changes), 0, folder, sources=given, device="cpu")


@pytest.mark.parametrize("task", ["class_object", "jigsaw", "normal"])
def test_one_backbone_serves_all_tasks_and_does_not_move(backbone, task):
    before = load_supernet(backbone)
    recipe = small_probe(task, epochs=1)
    module = ProbeModule(before, {}, recipe, given(recipe))
    untrained = {name: values.clone() for name, values in module.network.decoders.state_dict().items()}
    supernet = probed(backbone, task, epochs=1)
    kept = supernet.parts.state_dict()
    for name, values in before.parts.state_dict().items():
        assert torch.equal(values, kept[name]), name
    trained = supernet.decoders.state_dict()
    assert any(not torch.equal(values, trained[name]) for name, values in untrained.items())
    assert len(PathScorer(supernet, given(supernet.recipe)).metrics(ARCH)) >= 2


def test_a_probe_learns():
    """On features of random weights, a linear layer still learns a few images by heart."""
    recipe = contrast_recipe(base_channels=4)
    backbone = train_supernet(SPACE, "contrast", recipe, sources=given, device="cpu")
    asked = small_probe("class_scene", epochs=30, base_channels=4)
    asked = replace(
        asked, optimiser=replace(asked.optimiser, lr=0.03), augmentation=replace(asked.augmentation, flip=0)
    )
    module = ProbeModule(backbone, {}, asked, given(asked))
    from benchmarks.training.fitting import fit_module

    fit_module(module, None, False, {"accelerator": "cpu"})
    losses = module.metrics["train_loss"]
    assert losses[-1] < losses[0] - 0.2


def test_the_gradient_of_a_decoder_is_that_of_a_step_with_the_statistics_of_the_batch(backbone):
    compared = []
    asked = replace(small_probe("room_layout", epochs=1, n_train=8))
    asked = replace(asked, optimiser=replace(asked.optimiser, max_norm=None))

    class Watched(ProbeModule):
        def step(self, parts, n):
            ((inputs, targets),) = parts
            alone = self.network.extract(ARCH)
            self.sampler = Only(ARCH)
            with batch_statistics(alone):
                self.loss(alone(inputs), targets).backward()
            expected = [weights.grad for weights in alone.decoder.parameters()]
            loss = super().step(parts, n)
            found = [weights.grad for weights in self.network.decoders.parameters()]
            compared.extend(zip(found, expected, strict=True))
            assert all(weights.grad is None for weights in self.network.parts.parameters())
            return loss

    class Only:
        name = "only"

        def __init__(self, arch):
            self.arch = arch

        def paths(self, step, rng):
            return [self.arch]

    from benchmarks.training.fitting import fit_module

    module = Watched(load_supernet(backbone), {}, asked, given(asked))
    fit_module(module, None, False, {"accelerator": "cpu"})
    assert compared
    for mine, its in compared:
        torch.testing.assert_close(mine, its)


@pytest.mark.parametrize("optimiser", ["sgd"])  # its momenta are made beforehand
def test_a_resumed_probe_ends_with_the_same_bits(backbone, tmp_path, monkeypatch, optimiser):
    def train(folder):
        recipe = small_probe("room_layout")
        recipe = replace(recipe, optimiser=replace(recipe.optimiser, name=optimiser))
        return train_probe(backbone, "room_layout", recipe, 0, folder, sources=given, device="cpu")

    whole = train(tmp_path / "whole")
    start = ProbeModule.on_train_epoch_start

    def stop(self):
        if self.current_epoch == 1:
            raise KeyboardInterrupt
        start(self)

    with monkeypatch.context() as patch:
        patch.setattr(ProbeModule, "on_train_epoch_start", stop)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "cut")
    resumed = train(tmp_path / "cut")
    for mine, its in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(mine, its)


def test_a_folder_of_a_probe_knows_its_backbone(backbone, tmp_path):
    first = probed(backbone, "room_layout", tmp_path / "probe")
    again = probed(backbone, "room_layout", tmp_path / "probe")
    for mine, its in zip(first.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(mine, its)
    about = SupernetFolder(tmp_path / "probe").about()
    assert about["backbone"]["weights"] == SupernetFolder(backbone).fingerprint()
    assert about["backbone"]["objective"] == "contrast"
    other = shutil.copytree(backbone, tmp_path / "other")
    described = json.loads((other / "supernet.json").read_text())
    (other / "supernet.json").write_text(json.dumps({**described, "seed": 7}))
    with pytest.raises(ArtefactError, match="holds another supernet: backbone: seed was 1 and is now 7"):
        probed(other, "room_layout", tmp_path / "probe")


def test_bad_probes_are_refused_and_leave_no_folder(backbone, tmp_path):
    with pytest.raises(ValueError, match="base channels of the backbone, 2, got 4"):
        probed(backbone, "jigsaw", tmp_path / "new", base_channels=4)
    with pytest.raises(UnknownNameError, match="did you mean 'jigsaw'"):
        train_probe(backbone, "jigsw", folder=tmp_path / "new")
    with pytest.raises(
        ValueError, match="expected a recipe of one of the seven tasks for 'contrast', got one of 'contr"
    ):
        train_probe(backbone, "contrast", contrast_recipe(), folder=tmp_path / "new")
    with pytest.raises(ArtefactError, match="expected a folder of `train_supernet`"):
        train_probe(tmp_path, "jigsaw", folder=tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_probe_has_images_as_its_backbone_unless_a_preset_is_named():
    backbone = contrast_recipe(input_size=32, n_train=40, n_valid=24, precision="bf16-mixed")
    asked = probe_recipe("jigsaw", None, backbone)
    assert (asked.input_size, asked.n_train, asked.n_valid, asked.n_test) == (32, 40, 24, None)
    assert (asked.precision, asked.base_channels, asked.epochs) == ("bf16-mixed", 2, 4)
    named = probe_recipe("jigsaw", "quick", backbone)
    assert (named.input_size, named.n_train, named.precision, named.base_channels) == (64, 8_192, "32-true", 2)


def test_a_folder_without_labels_is_refused_for_other_settings(backbone):
    with pytest.raises(ArtefactError, match=r"recipe: contrast: momentum was 0.9 and is now 0.5"):
        train_supernet(
            SPACE, "contrast", contrast_recipe({"momentum": 0.5}), seed=1, folder=backbone, sources=given, device="cpu"
        )
