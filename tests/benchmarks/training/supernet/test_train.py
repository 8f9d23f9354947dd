import shutil

import pytest
import torch

from benchmarks.errors import ArtefactError, UnknownNameError
from benchmarks.training.presets import get_recipe
from benchmarks.training.supernet import SupernetFolder, load_supernet, supernet_recipe, train_supernet
from benchmarks.training.supernet.module import SupernetModule
from tests.benchmarks.training.supernet.test_module import recipe, sources

SPACE = "transnas101-micro"


def train(folder, **changes):
    options = {"space": SPACE, "task": "room_layout", "preset": recipe(epochs=2, n_train=8), "seed": 1, **changes}
    return train_supernet(**options, folder=folder, sources=sources(), device="cpu")


def test_an_interrupted_training_ends_with_the_same_bits(tmp_path, monkeypatch):
    whole = train(tmp_path / "whole", sampler="fair")
    start = SupernetModule.on_train_epoch_start

    def stop(self):
        if self.current_epoch == 1:
            raise KeyboardInterrupt
        start(self)

    with monkeypatch.context() as patch:
        patch.setattr(SupernetModule, "on_train_epoch_start", stop)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "cut", sampler="fair")
    with pytest.raises(ArtefactError, match="is not finished; run it again"):
        load_supernet(tmp_path / "cut")
    resumed = train(tmp_path / "cut", sampler="fair")
    for mine, its in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(mine, its)
    one, other = (SupernetFolder(tmp_path / name).metrics() for name in ("whole", "cut"))
    del one["time_elapsed"], other["time_elapsed"]
    assert one == other
    assert sorted(path.name for path in (tmp_path / "cut").iterdir()) == ["metrics.json", "supernet.json", "weights.pt"]


def test_a_finished_supernet_is_loaded_and_answers_the_same(tmp_path):
    first = train(tmp_path)

    def unused(_):
        raise AssertionError("images of a finished training are not needed")

    again = train_supernet(
        SPACE, "room_layout", recipe(epochs=2, n_train=8), seed=1, folder=tmp_path, sources=unused, device="cpu"
    )
    images = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert not again.training
    for supernet in (first, again):
        supernet.train()  # running statistics of operations that were never drawn are those of no data
    assert torch.equal(first(images, "64-41414-3_01_003"), again(images, "64-41414-3_01_003"))
    for mine, its in zip(first.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(mine, its)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("supernet")
    train(folder)
    return folder


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"space": "transnas101-macro"}, "space was 'transnas101-micro' and is now 'transnas101-macro'"),
        ({"sampler": "fair"}, "sampler was 'uniform' and is now 'fair'"),
        ({"preset": recipe(epochs=3, n_train=8)}, "recipe: epochs was 2 and is now 3"),
        ({"seed": 2}, "seed was 1 and is now 2"),
    ],
)
def test_the_folder_of_another_supernet_is_refused(finished, changes, match):
    with pytest.raises(ArtefactError, match=f"holds another supernet: {match}"):
        train(finished, **changes)


def test_what_is_no_supernet_is_refused(tmp_path, finished):
    with pytest.raises(ArtefactError, match="expected a folder of `train_supernet`"):
        load_supernet(tmp_path)
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    (tmp_path / "supernet.json").write_text('{"space": "transnas101-micro"}')
    with pytest.raises(ArtefactError, match=r"supernet.json' is damaged: expected space, sampler, .*, got space"):
        load_supernet(tmp_path)
    shutil.copy(finished / "supernet.json", tmp_path)
    (tmp_path / "weights.pt").write_bytes(b"nothing")
    with pytest.raises(ArtefactError, match=r"weights.pt' is damaged"):
        load_supernet(tmp_path)


def test_bad_arguments_are_refused_before_anything_is_trained(tmp_path):
    with pytest.raises(ValueError, match="expected a recipe for 'jigsaw', got one for 'room_layout'"):
        train(tmp_path, task="jigsaw")
    with pytest.raises(UnknownNameError, match="unknown objective 'supervise'; did you mean 'supervised'"):
        train(tmp_path, objective="supervise")
    assert not list(tmp_path.iterdir())


def test_recipes_have_no_discriminator_and_clip_gradients():
    for task in ("normal", "autoencoder", "class_object"):
        for preset in ("paper", "quick", "mini"):
            found = supernet_recipe(task, preset)
            assert found.loss != "l1_gan"
            assert found.optimiser.max_norm is not None
            assert found.network_size == get_recipe(task, preset).network_size
