"""What must hold on a card before its numbers count; also tried on a CPU.

python perf/rooms_gpu/checks.py --device cuda     # one line per check, exit code 1 if one fails
pytest -m gpu tests/gpu                           # the same checks
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.training import ImageSet, Recipe, Run, get_recipe, train_architecture
from benchmarks.training import task_module as module_file
from benchmarks.training import train as train_file
from benchmarks.training.campaign import ImageTrainer, Plan, campaign_status, run_campaign
from benchmarks.training.run import TrainingFailed

ARCH = "64-41414-3_12_213"
SPLITS = ("train", "valid", "test")


def images(n: int = 160, size: int = 32) -> dict[str, ImageSet]:
    """Smooth random images whose labels follow from them."""
    found = {}
    for seed, split in enumerate(SPLITS):
        rng = torch.Generator().manual_seed(seed)
        coarse = torch.rand(n, 3, 4, 4, generator=rng)
        rgb = (torch.nn.functional.interpolate(coarse, (size, size), mode="bilinear") * 255).to(torch.uint8)
        classes = torch.softmax(20 * coarse.mean(dim=(2, 3)) @ torch.randn(3, 47, generator=rng), 1)
        found[split] = ImageSet({"rgb": rgb, "normal": rgb.flip(1), "class_scene": classes})
    return found


def recipe(task: str, **changes: Any) -> Recipe:
    """Small, with augmentation as published."""
    small = {"epochs": 2, "batch_size": 16, "input_size": 32, "base_channels": 8, "n_train": 160, "n_valid": 80}
    return replace(
        get_recipe(task), **{**small, "n_test": 80, "decoder_width": 64, "discriminator_width": 8, **changes}
    )


def trained(task: str, device: str, **changes: Any) -> Run:
    """A small training."""
    return train_architecture(ARCH, task, recipe(task, **changes), images(), device=device)


def _apart(one: Run, other: Run, name: str) -> float:
    """Largest relative difference of a metric over the epochs."""
    a, b = np.array(one.metrics[name]), np.array(other.metrics[name])
    return float(np.max(np.abs(a - b) / np.maximum(np.abs(a), 1e-3)))


def recorded_steps_equal_eager_ones(device: str) -> str:
    """20 steps of each kind of training, replayed and launched one by one."""
    real, apart = module_file.cuda_recorder, {}
    for task, name in (("class_scene", "train_loss"), ("normal", "train_l1_loss")):
        fast = trained(task, device, n_train=160)
        assert not fast.notes, fast.notes
        module_file.cuda_recorder = lambda *_: None
        try:
            plain = trained(task, device, n_train=160)
        finally:
            module_file.cuda_recorder = real
        apart[task] = _apart(fast, plain, name)
    assert max(apart.values()) < 0.02, apart
    return ", ".join(f"{task} {value:.1e} apart" for task, value in apart.items())


def bfloat16_is_close_to_float32(device: str) -> str:
    """Loss of the first epoch."""
    slow = replace(get_recipe("class_scene").optimiser, lr=0.01)  # at a high rate, rounding grows from step to step
    full, half = (trained("class_scene", device, precision=kind, optimiser=slow) for kind in ("32-true", "bf16-mixed"))
    apart = abs(full.metrics["train_loss"][0] / half.metrics["train_loss"][0] - 1)
    assert apart < 0.05, apart
    return f"{100 * apart:.2f} % apart"


def resumed_trainings_end_where_others_do(device: str) -> str:
    """Interrupted after its first epoch, and not."""

    class StopError(Exception):
        pass

    whole = train_architecture(ARCH, "class_scene", recipe("class_scene"), images(), device=device)
    start = module_file.TaskModule.on_train_epoch_start

    def stop_in_the_second(module: Any) -> None:
        if module.current_epoch == 1:
            raise StopError
        start(module)

    with tempfile.TemporaryDirectory() as folder:
        options: dict[str, Any] = {"device": device, "checkpoint_dir": folder}
        module_file.TaskModule.on_train_epoch_start = stop_in_the_second
        try:
            train_architecture(ARCH, "class_scene", recipe("class_scene"), images(), **options)
        except StopError:
            pass
        finally:
            module_file.TaskModule.on_train_epoch_start = start
        assert list(Path(folder).iterdir()), "a checkpoint was kept"
        resumed = train_architecture(ARCH, "class_scene", recipe("class_scene"), images(), **options)
    apart = _apart(whole, resumed, "train_loss")
    assert apart < (1e-6 if device == "cpu" else 0.02), apart
    return f"{apart:.1e} apart"


def two_workers_share_a_card(device: str) -> str:
    """A campaign of four trainings by two processes."""
    small = {"epochs": 1, "input_size": 16, "base_channels": 4, "n_train": 64, "n_valid": 32, "n_test": 32}
    archs = (ARCH, "64-41414-1_01_001", "64-2311-basic", "64-1234-basic")
    plan = Plan(archs, ("class_scene",), recipe={**small, "batch_size": 16})
    with tempfile.TemporaryDirectory() as folder:
        list(run_campaign(plan, folder, ImageTrainer(device), workers=2))
        status = campaign_status(plan, folder).loc["all"]
    assert status["done"] == len(archs), status.to_dict()
    return f"{status['done']} trainings"


def batches_that_do_not_fit_are_cut(device: str) -> str:
    """Half a batch at a time fits here."""
    forward = train_file.TaskNetwork.forward

    def limited(network: Any, inputs: Any) -> Any:
        if network.training and len(inputs) > 8:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory (simulated)")
        return forward(network, inputs)

    train_file.TaskNetwork.forward = limited
    try:
        run = trained("class_scene", device, epochs=1)
    finally:
        train_file.TaskNetwork.forward = forward
    assert any("split into parts of 8" in note for note in run.notes), run.notes
    return run.notes[0]


def losses_that_are_not_finite_end_a_training(device: str) -> str:
    """Noticed once an epoch, without waiting for the device at each step."""
    wild = recipe("class_scene")
    try:
        train_architecture(
            ARCH, wild.task, replace(wild, optimiser=replace(wild.optimiser, lr=1e30)), images(), device=device
        )
    except TrainingFailed as error:
        return str(error)[:60]
    raise AssertionError("trained with a rate of 1e30")


CHECKS: tuple[Callable[[str], str], ...] = (
    recorded_steps_equal_eager_ones,
    bfloat16_is_close_to_float32,
    resumed_trainings_end_where_others_do,
    two_workers_share_a_card,
    batches_that_do_not_fit_are_cut,
    losses_that_are_not_finite_end_a_training,
)


def main() -> int:
    """Run all; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    device = parser.parse_args().device
    failed = 0
    for check in CHECKS:
        start = time.perf_counter()
        try:
            result = f"ok      {check(device)}"
        except Exception:
            failed += 1
            result = f"FAILED  {traceback.format_exc()}"
        print(f"{check.__name__.replace('_', ' '):45s} {time.perf_counter() - start:5.1f} s  {result}", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
