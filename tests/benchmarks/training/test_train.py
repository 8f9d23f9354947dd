import json
import math
import subprocess
import sys
from dataclasses import replace

import lightning
import pytest
import torch

from benchmarks import Table
from benchmarks.errors import ArtefactError
from benchmarks.tasks import INFO_NAMES
from benchmarks.training import build_network
from benchmarks.training.networks.task_network import TaskNetwork
from benchmarks.training.run import Run, TrainingFailed
from benchmarks.training.train import train_architecture
from tests.benchmarks.training.small_trainings import ARCH, images, small_recipe, train


def results(run: Run) -> dict[str, list[float]]:
    return {name: values for name, values in run.metrics.items() if name != "time_elapsed"}


class Interrupt(lightning.Callback):
    def on_train_batch_start(self, trainer, *_):
        if trainer.current_epoch == 2:
            raise KeyboardInterrupt


@pytest.mark.parametrize("task", ["jigsaw", "autoencoder"])
def test_an_interrupted_training_goes_on_to_the_same_numbers(tmp_path, task):
    recipe = small_recipe(task, epochs=3)
    whole = train(recipe)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, checkpoint_dir=tmp_path, trainer_options={"callbacks": [Interrupt()]})
    assert [path.name for path in tmp_path.iterdir()] == ["last.ckpt"]
    resumed = train(recipe, checkpoint_dir=tmp_path)
    assert results(resumed) == results(whole)
    assert resumed.metrics["time_elapsed"] == sorted(resumed.metrics["time_elapsed"])
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(
            small_recipe("room_layout", epochs=3),
            checkpoint_dir=tmp_path,
            trainer_options={"callbacks": [Interrupt()]},
        )
    with pytest.raises(ArtefactError, match="the checkpoint belongs to another training: seed was 666 and is now 1"):
        train(small_recipe("room_layout", epochs=3), checkpoint_dir=tmp_path, seed=1)


def test_a_damaged_checkpoint_is_named(tmp_path):
    (tmp_path / "last.ckpt").write_text("junk")
    with pytest.raises(ArtefactError, match=r"last\.ckpt' is damaged .*; delete it to restart the training"):
        train(small_recipe("room_layout"), checkpoint_dir=tmp_path)


def test_a_training_that_is_stopped_early_says_so_and_can_go_on(tmp_path):
    recipe = small_recipe("jigsaw", epochs=3)
    part = train(recipe, checkpoint_dir=tmp_path, trainer_options={"max_epochs": 1, "callbacks": lightning.Callback()})
    assert (part.epochs, len(part.metrics["valid_top1"])) == (1, 1)
    assert results(train(recipe, checkpoint_dir=tmp_path)) == results(train(recipe))


@pytest.mark.parametrize("options", [{"reload_dataloaders_every_n_epochs": 0}, {"max_epochs": 3}])
def test_a_trainer_that_would_train_otherwise_is_refused(options):
    name = next(iter(options))
    with pytest.raises(ValueError, match=f"expected a Trainer with {name}="):
        train(small_recipe("jigsaw"), trainer_options=options)


_SCRIPT = """
import json
from tests.benchmarks.training.small_trainings import small_recipe, train
run = train(small_recipe("class_object"), seed=5)
print(json.dumps(run.to_json()))
"""


def test_a_seed_gives_the_same_numbers_in_another_process_and_another_seed_others():
    answer = subprocess.run([sys.executable, "-c", _SCRIPT], check=True, capture_output=True, text=True)
    other_process = Run.from_json(json.loads(answer.stdout))
    recipe = small_recipe("class_object")
    state = torch.get_rng_state()
    here = train(recipe, seed=5)
    assert torch.equal(torch.get_rng_state(), state)
    assert results(here) == results(other_process)
    assert results(train(recipe, seed=6)) != results(here)


def test_a_run_survives_json_and_becomes_a_row_of_a_table():
    run = train(small_recipe("segmentsemantic"))
    assert Run.from_json(json.loads(json.dumps(run.to_json()))) == run
    table = Table.from_logs(
        [run.arch],
        {run.task: {name: [values] for name, values in run.metrics.items()}},
        {run.task: {name: [value] for name, value in run.info.items()}},
    )
    assert table.value(ARCH, "segmentsemantic") == pytest.approx(run.metrics["valid_acc"][-1])
    assert tuple(run.info) == INFO_NAMES


def test_model_facts_are_the_published_parameter_count():
    network = build_network("64-41414-0_31_023", "room_layout")
    assert sum(weights.numel() for weights in network.parameters()) == 14_678_569
    run = train(small_recipe("room_layout"))
    ours = build_network(ARCH, "room_layout", base_channels=4, input_size=32)
    assert run.info["model_params"] == sum(weights.numel() for weights in ours.parameters())
    assert run.info["encoder_params"] == sum(weights.numel() for weights in ours.backbone.parameters())
    assert run.info["model_FLOPs"] == run.info["encoder_FLOPs"] + 4 * 8 * 9  # features x outputs of the linear layer
    assert run.info["inference_time"] > 0


def test_a_loss_that_is_not_finite_says_when():
    recipe = small_recipe("room_layout")
    wild = replace(recipe, optimiser=replace(recipe.optimiser, lr=1e30))
    with pytest.raises(TrainingFailed, match=r"not finite in epoch 1 of 2, step 2 of 2; a smaller learning rate than"):
        train(wild)


def test_a_loss_that_was_never_finite_is_not_blamed_on_the_learning_rate():
    recipe = small_recipe("room_layout")
    source = images()
    source.arrays["room_layout"][:, 2] = math.nan
    with pytest.raises(TrainingFailed, match=r"step 1 of 2; no step succeeded before: check the images, labels"):
        train_architecture(ARCH, recipe.task, recipe, dict.fromkeys(("train", "valid", "test"), source), device="cpu")


def _memory_for(monkeypatch, most):
    forward = TaskNetwork.forward

    def limited(self, inputs):
        if len(inputs) > most:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return forward(self, inputs)

    monkeypatch.setattr(TaskNetwork, "forward", limited)


@pytest.mark.parametrize("task", ["class_scene", "normal"])
def test_out_of_memory_cuts_the_batch_and_says_so(monkeypatch, task):
    _memory_for(monkeypatch, 2)
    run = train(small_recipe(task))
    assert run.notes == [
        "out of memory in epoch 1: batches of 8 split into parts of 4, gradients accumulated over 2",
        "out of memory in epoch 1: batches of 8 split into parts of 2, gradients accumulated over 4",
    ]
    assert all(math.isfinite(value) for values in run.metrics.values() for value in values)


def test_too_little_memory_for_two_images_is_a_failure(monkeypatch):
    _memory_for(monkeypatch, 1)
    with pytest.raises(TrainingFailed, match=r"in epoch 1 of .* on class_scene, even at 2 of the batch's 8"):
        train(small_recipe("class_scene"))


def test_other_errors_are_not_taken_for_memory(monkeypatch):
    def broken(self, inputs):
        raise RuntimeError("something else")

    monkeypatch.setattr(TaskNetwork, "forward", broken)
    with pytest.raises(RuntimeError, match="something else"):
        train(small_recipe("class_scene"))


def test_a_recipe_of_another_task_is_refused():
    from benchmarks.training.train import train_architecture
    from tests.benchmarks.training.small_trainings import images

    with pytest.raises(ValueError, match="expected a recipe for 'normal', got one for 'jigsaw'"):
        train_architecture(ARCH, "normal", small_recipe("jigsaw"), {"train": images()})


def test_l1_alone_is_the_adversarial_loss_without_weight() -> None:
    alone = train(small_recipe("normal", loss="l1", adversarial_weight=0.0))
    weightless = train(small_recipe("normal", adversarial_weight=0.0))
    for metric in ("train_l1_loss", "valid_l1_loss", "valid_ssim"):
        assert alone.metrics[metric] == pytest.approx(weightless.metrics[metric], rel=1e-4)


def test_a_width_is_a_share_of_the_recipes_channels():
    recipe = small_recipe("room_layout", epochs=1, base_channels=8)
    sources = dict.fromkeys(("train", "valid", "test"), images())
    runs = {
        width: train_architecture(f"{width}-41414-3_01_003", recipe.task, recipe, sources, device="cpu")
        for width in (32, 64, 128)
    }
    params = {width: run.info["model_params"] for width, run in runs.items()}
    assert params[32] < params[64] / 3 < params[128] / 9, "another width is another network"
    assert runs[64].notes == []
    assert runs[32].notes == ["width 32 was trained with 4 base channels, as the recipe has 8 for 64"]
    with pytest.raises(ValueError, match=r"multiple of 16.*got 20; nearest: 16 and 32"):
        train_architecture("20-41414-3_01_003", recipe.task, recipe, sources, device="cpu")
