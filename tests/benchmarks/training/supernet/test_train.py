import json
import shutil

import lightning
import pytest
import torch

from benchmarks.errors import ArtefactError, UnknownNameError
from benchmarks.training.presets import get_recipe
from benchmarks.training.run import TrainingFailed
from benchmarks.training.supernet import SupernetFolder, load_supernet, supernet_recipe, train_supernet
from benchmarks.training.supernet.module import SupernetModule
from benchmarks.training.supernet.objectives import Supervised
from benchmarks.training.supernet.samplers import UniformSampler
from benchmarks.training.supernet.sharing import Separate, Sliced
from tests.benchmarks.training.small_trainings import images
from tests.benchmarks.training.supernet.test_module import recipe, sources

SPACE = "transnas101-micro"


def train(folder, **changes):
    options = {"space": SPACE, "task": "room_layout", "preset": recipe(epochs=2, n_train=8), "seed": 1}
    return train_supernet(**{**options, "sources": sources(), **changes}, folder=folder, device="cpu")


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
        ({"sources": None}, "images was 'other' and is now 'rooms'"),
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
    with pytest.raises(
        ArtefactError, match=r"supernet.json' is damaged: expected version, space, sampler, .*, got space"
    ):
        load_supernet(tmp_path)
    shutil.copy(finished / "supernet.json", tmp_path)
    (tmp_path / "weights.pt").write_bytes(b"nothing")
    with pytest.raises(ArtefactError, match=r"weights.pt' is damaged"):
        load_supernet(tmp_path)


class _Stop(lightning.Callback):
    """Stops a training within its second epoch."""

    def on_train_batch_end(self, trainer, *_):
        trainer.should_stop = trainer.current_epoch == 1


@pytest.mark.parametrize(
    "options", [{"max_epochs": 1}, {"callbacks": [_Stop()], "min_epochs": 0}], ids=["fewer epochs", "within an epoch"]
)
def test_a_training_cut_short_is_not_finished_and_goes_on(tmp_path, options):
    asked = recipe(epochs=3, n_train=16, batch_size=4)
    whole = train(tmp_path / "whole", preset=asked)
    with pytest.raises(TrainingFailed, match=r"stopped after 1 of 3 epochs; the same call resumes it"):
        train(tmp_path / "cut", preset=asked, trainer_options=options)
    assert sorted(path.name for path in (tmp_path / "cut").iterdir()) == ["last.ckpt", "supernet.json"]
    with pytest.raises(ArtefactError, match="is not finished"):
        load_supernet(tmp_path / "cut")
    resumed = train(tmp_path / "cut", preset=asked)
    for mine, its in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(mine, its)
    assert len(SupernetFolder(tmp_path / "cut").metrics()["valid_loss"]) == 3
    with pytest.raises(TrainingFailed, match="1 of 3 epochs; it was not stored, as it has no folder"):
        train(None, preset=asked, trainer_options=options)


def test_a_training_that_ended_before_its_weights_were_written_writes_them(tmp_path, monkeypatch):
    def broken(self, metrics):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(SupernetFolder, "finish", broken)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "cut")
    assert (tmp_path / "cut" / "last.ckpt").exists()
    whole, resumed = train(tmp_path / "whole"), train(tmp_path / "cut")
    for mine, its in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(mine, its)
    assert not (tmp_path / "cut" / "last.ckpt").exists()


def test_the_supernet_of_another_version_is_refused(tmp_path, finished):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    about = json.loads((tmp_path / "supernet.json").read_text())
    (tmp_path / "supernet.json").write_text(json.dumps({**about, "version": 1}))
    with pytest.raises(ArtefactError, match=r"of version \d of the training code in .*, got one of version 1"):
        load_supernet(tmp_path)


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"preset": recipe(loss="l1_gan", task="normal"), "task": "normal"}, ValueError, "without a discriminator"),
        ({"sources": {"train": images(16, 16)}}, ValueError, "valid is missing"),
        (
            {"sources": {split: images(16, 8) for split in ("train", "valid", "test")}},
            ValueError,
            "of 16 pixels, got 8",
        ),
        ({"sampler": UniformSampler}, TypeError, "a `name` and `paths` or `paths_on`, got <class"),
        ({"sampler": object()}, TypeError, "a `name` and `paths` or `paths_on`, got <object"),
        ({"objective": Supervised}, TypeError, "an object with a `name` and `losses`, got <class"),
    ],
)
def test_a_call_that_is_refused_leaves_no_folder(tmp_path, changes, error, match):
    with pytest.raises(error, match=match):
        train(tmp_path / "new", **changes)
    assert not (tmp_path / "new").exists()


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


def test_a_sliced_supernet_is_loaded_and_refused_by_others(tmp_path):
    options = {"space": "transnas101-macro", "preset": recipe(n_train=8), "sharing": "sliced"}
    first = train(tmp_path, **options)
    again = load_supernet(tmp_path)
    assert again.sharing.name == "sliced"
    images = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert torch.equal(first.train()(images, "64-2311-basic"), again.train()(images, "64-2311-basic"))
    with pytest.raises(ArtefactError, match="holds another supernet: sharing was 'sliced' and is now 'separate'"):
        train(tmp_path, **{**options, "sharing": "separate"})


def test_a_folder_that_does_not_say_its_sharing_is_of_separate_weights(tmp_path, finished):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    about = json.loads((tmp_path / "supernet.json").read_text())
    assert "sharing" not in about  # as in versions that knew no other
    assert SupernetFolder(tmp_path).about() == {**about, "sharing": "separate"}
    assert load_supernet(tmp_path).sharing.name == "separate"
    train(tmp_path)
    options = {"space": "transnas101-macro", "preset": recipe(n_train=8)}
    train(tmp_path / "macro", **options)
    with pytest.raises(ArtefactError, match=r"holds another supernet: sharing was 'separate' and is now 'sliced'"):
        train(tmp_path / "macro", **options, sharing="sliced")
    (tmp_path / "supernet.json").write_text(json.dumps({**about, "sharing": "separate"}))
    train(tmp_path)


@pytest.mark.parametrize("stated", [{}, {"sharing": "separate"}])
def test_a_checkpoint_that_does_not_say_its_sharing_is_of_separate_weights(stated):
    asked = recipe(n_train=8)
    checkpoint = {}
    module = SupernetModule("transnas101-macro", asked, sources())
    module.on_save_checkpoint(checkpoint)
    (state,) = checkpoint.values()
    assert "sharing" not in state["run"]
    state["run"] |= stated
    SupernetModule("transnas101-macro", asked, sources()).on_load_checkpoint(checkpoint)
    with pytest.raises(ArtefactError, match="another training: sharing was 'separate' and is now 'sliced'"):
        SupernetModule("transnas101-macro", asked, sources(), sharing="sliced").on_load_checkpoint(checkpoint)


@pytest.mark.parametrize("usual", [Separate, Sliced])
def test_a_sharing_of_ones_own_has_no_folder(tmp_path, usual):
    class Own(usual):
        """Its name does not make it the way of that name."""

    options = {"space": "transnas101-macro", "sharing": Own()}
    with pytest.raises(ValueError, match=rf"can name, one of separate, sliced, got Own with the name '{usual.name}'"):
        train(tmp_path / "new", **options)
    assert not (tmp_path / "new").exists()


class Stateful:
    """A sampler whose paths must not be asked for before the training."""

    name = "stateful"

    def __init__(self):
        self.asked = 0

    def paths(self, step, rng):
        self.asked += 1
        return ["64-41414-3_33_333", "64-41414-2_01_023", "64-41414-0_00_100"]


@pytest.mark.parametrize("objective", ["distillation", "distillation_mean"])
@pytest.mark.parametrize("make", [lambda: "uniform", lambda: "fair", Stateful], ids=["uniform", "fair", "own"])
def test_distillation_needs_a_sandwich(tmp_path, objective, make):
    sampler = make()

    def unused(_):
        raise AssertionError("images are not needed")

    asked = recipe("class_scene", loss="exact_soft_cross_entropy")
    changes = {"task": "class_scene", "preset": asked, "sampler": sampler, "objective": objective, "sources": unused}
    name = sampler if isinstance(sampler, str) else sampler.name
    with pytest.raises(ValueError, match=rf"such as 'sandwich', for the objective '{objective}', got '{name}'"):
        train(tmp_path / "new", **changes)
    assert not (tmp_path / "new").exists()
    with pytest.raises(ValueError, match="such as 'sandwich'"):
        SupernetModule(SPACE, asked, sources(), sampler, objective)
    assert getattr(sampler, "asked", 0) == 0
    if isinstance(sampler, Stateful):
        sampler.order = "sandwich"
        train(None, **{**changes, "preset": recipe("class_scene", n_train=8), "sources": sources()})
        assert sampler.asked == 1  # the only step


def test_labels_are_the_only_targets_of_room_layout(tmp_path):
    sampler = Stateful()
    sampler.order = "sandwich"
    with pytest.raises(ValueError, match=r"a task with classes or pixels .*, got 'room_layout'.*use 'supervised'"):
        train(tmp_path / "new", sampler=sampler, objective="distillation")
    assert not (tmp_path / "new").exists()
