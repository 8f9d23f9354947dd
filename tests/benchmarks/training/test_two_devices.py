"""Two processes train one network: the steps of a loop that does the work of both, and one answer."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmarks.training.data.augment import RandomStreams
from benchmarks.training.data.loader import BatchLoader
from benchmarks.training.data.targets import Preparation
from benchmarks.training.losses import LOSSES
from benchmarks.training.networks.task_network import build_network
from benchmarks.training.optimisers import make_optimiser, make_schedule
from benchmarks.training.recipe import Augmentation
from tests.benchmarks.training.small_trainings import images, small_recipe

ARCH = "64-41414-2_31_200"  # dead edges: some parameters have no gradient
SEED = 5
SCRIPT = """
import json, sys, torch
from benchmarks.training.train import train_architecture
from tests.benchmarks.training.test_two_devices import ARCH, SEED, images, recipe_of

if __name__ == "__main__":
    options = {"devices": 2, "strategy": "ddp_find_unused_parameters_true"}
    how = {"seed": SEED, "device": "cpu", "checkpoint_dir": "kept", "trainer_options": options}
    sources = dict.fromkeys(("train", "valid", "test"), images())
    for task in sys.argv[1:]:
        run = train_architecture(ARCH, task, recipe_of(task), sources, **how)
        with open(f"{task} {torch.distributed.get_rank()}.json", "w") as file:
            json.dump(run.metrics, file)
"""
TASKS = ("room_layout", "normal")


def recipe_of(task):
    # with 4 channels, oneDNN corrupts memory on some CPUs
    return small_recipe(task, augmentation=Augmentation(), base_channels=8)


@pytest.fixture(scope="module")
def on_two(tmp_path_factory):
    """Metrics that each of the two processes reports, of every task."""
    folder = tmp_path_factory.mktemp("two")
    script = folder / "two.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, script, *TASKS], env=environment, cwd=folder, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert not list((folder / "kept").iterdir()), "a finished training keeps no checkpoint"
    metrics = {task: [json.loads((folder / f"{task} {rank}.json").read_text()) for rank in (0, 1)] for task in TASKS}
    for values in (*metrics["room_layout"], *metrics["normal"]):
        assert len(values.pop("time_elapsed")) == 2
    return metrics


def by_hand(recipe):
    """Training loss of each epoch, gradients of both halves of a batch averaged by hand."""
    network = build_network(
        ARCH, recipe.task, recipe.num_classes, recipe.network_size, base_channels=recipe.base_channels, seed=SEED
    )
    for weights in network.parameters():  # laid out as in training: rounding alone moves so small a network by 1 %
        if weights.ndim == 4:
            weights.data = weights.data.contiguous(memory_format=torch.channels_last)
    optimiser = make_optimiser(recipe.optimiser, network)
    source, loss_of = images(), LOSSES[recipe.loss]
    prepare = Preparation(recipe, source)
    halves = [
        [
            BatchLoader(source, prepare.domains, recipe.batch_size // 2, recipe.n_train, (SEED, epoch), rank, 2)
            for rank in (0, 1)
        ]
        for epoch in range(recipe.epochs)
    ]
    schedule = make_schedule(recipe.optimiser, optimiser, recipe.epochs * len(halves[0][0]))
    losses = []
    for both in halves:
        seen = []
        for step in zip(*both, strict=True):
            optimiser.zero_grad()
            for half in step:
                inputs, targets = prepare(half, RandomStreams((0,), torch.device("cpu")), training=True)
                loss = loss_of(network(inputs), targets)
                (loss / 2).backward()
                seen.append(loss.item())
            optimiser.step()
            schedule.step()
        losses.append(sum(seen) / len(seen))
    return losses


def test_two_processes_take_the_steps_of_one(on_two):
    first, second = on_two["room_layout"]
    assert first == second
    assert first["train_loss"] == pytest.approx(by_hand(recipe_of("room_layout")), rel=1e-5)


def test_an_adversarial_training_has_one_answer_too(on_two):
    first, second = on_two["normal"]
    assert first == second
    assert first["train_l1_loss"][1] < first["train_l1_loss"][0]
