"""Trains and measures the networks of the study of dynamic inference (perf/supernets/dynamic.py)."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from dynamic_records import (
    ALONE,
    ARCH,
    BUDGETS,
    DENSE,
    EVALUATIONS,
    HALVES,
    LARGEST,
    RECORDS,
    SEEDS,
    SHARED,
    SMALLEST,
    TARGET,
    TASK,
    WIDTHS,
    record,
    store,
)

from benchmarks.files import write_beside

if TYPE_CHECKING:
    from benchmarks.training.dynamic import ExitMeasurement, ExitScorer
    from benchmarks.training.recipe import Recipe

__all__ = ["measure"]


def measure(folder: Path) -> None:
    """Train and measure every network of the study."""
    from benchmarks.training.device import training_process

    training_process(1)
    measure_alone(folder, "static-8-0", DENSE, 0)
    measure_alone(folder, "alone-halves-0", HALVES, 0)
    measure_slice(folder, "slice-halves-0", HALVES, 0)
    measure_table(folder, 0)
    for seed in SEEDS:
        for base in WIDTHS:
            measure_alone(folder, f"static-{base}-{seed}", DENSE, seed, base)
        measure_alone(folder, f"alone-best-{seed}", best_split(), seed)
        measure_alone(folder, f"alone-halves-{seed}", HALVES, seed)
        if seed == 0:
            measure_slice(folder, "slice-best-0", best_split(), 0)
    measure_elastic(folder, 0)
    measure_rates(folder)
    for seed in SEEDS[1:]:
        measure_slice(folder, f"slice-best-{seed}", best_split(), seed)
        measure_slice(folder, f"slice-halves-{seed}", HALVES, seed)
        measure_elastic(folder, seed)


def recipe(lr: float, base: int = 8, task: str = TASK) -> Recipe:
    """The recipe of all networks here."""
    from benchmarks.training.supernet import supernet_recipe

    usual = supernet_recipe(task)
    sizes = {"epochs": 3, "batch_size": 32, "input_size": 48, "base_channels": base, "n_test": None}
    return replace(usual, optimiser=replace(usual.optimiser, lr=lr), **sizes)


def scorer(folder: Path, name: str, asked: Recipe, train: Any, seed: int, tested: bool = True) -> ExitScorer:
    """A trained network, with images to score it on."""
    from benchmarks.training.dynamic import ExitScorer, train_multi_stage

    network = train_multi_stage(ARCH, asked.task, asked, train, None, seed, folder / name, sources=images, device="cpu")
    test = {"test": smaller("test", 1024, asked.input_size, asked.task)} if tested else {}
    return ExitScorer(network, images(asked) | test, batch_size=32)


def images(asked: Recipe) -> dict[str, Any]:
    """Training and validation images."""
    counts = {"train": 4096, "valid": 1024}
    return {split: smaller(split, n, asked.input_size, asked.task) for split, n in counts.items()}


@cache
def smaller(split: str, n: int, size: int, task: str) -> Any:
    """Rooms of 64 pixels, made smaller."""
    import torch

    from benchmarks.training import ImageSet
    from benchmarks.training.rooms.source import rooms

    found = rooms(split, n, 64, domains=("rgb", task)).arrays
    rgb = torch.nn.functional.interpolate(found["rgb"].float(), (size, size), mode="bilinear", antialias=True)
    return ImageSet({"rgb": rgb.round().clamp(0, 255).to(torch.uint8), task: found[task]})


def described(found: ExitMeasurement) -> dict[str, Any]:
    """Plain values of a measurement: costs, accuracies of every exit on all images, and both curves."""
    assert found.test is not None
    curves = {"valid": found.valid_curve(), "test": found.test_curve()}
    return {
        "choice": found.choice,
        "multiply_adds": found.multiply_adds.tolist(),
        "temperatures": found.temperatures.round(4).tolist(),
        "exits": {
            split: (100 * logits.right().mean(axis=1)).round(4).tolist()
            for split, logits in (("valid", found.valid), ("test", found.test))
        },
        "thresholds": [None if value > 1 else round(value, 6) for value in curves["valid"].thresholds.ravel().tolist()],
        **{
            split: {
                "shares": curve.shares.round(6).tolist(),
                "multiply_adds": curve.multiply_adds.round(1).tolist(),
                "accuracy": curve.accuracy.round(4).tolist(),
                "by_exit": [
                    [None if value != value else round(value, 4) for value in row] for row in curve.by_exit.tolist()
                ],
            }
            for split, curve in curves.items()
        },
    }


def once_for_all(folder: Path, seed: int, tested: bool = True) -> ExitScorer:
    """The network over all splits on class_scene."""
    from benchmarks.training.dynamic.grid import ChoiceGrid

    return scorer(folder, f"splits-{seed}", recipe(SHARED), ChoiceGrid(5), seed, tested)


def measure_table(folder: Path, seed: int) -> None:
    """All 243 splits in a once-for-all network: costs, accuracy of the exits, and at the budgets rewards and test top1.

    The reward is that of the best point of the validation curve; top1 on test images is that of the same point.
    """
    from benchmarks.training.dynamic.grid import ChoiceGrid

    path = RECORDS / f"splits-{seed}.csv"
    rows = pd.read_csv(path).to_dict("records") if path.exists() else []
    grid = ChoiceGrid(5)
    wanted = [str(grid.choice(options)) for options in np.ndindex(*(3,) * 5)]
    if not (missing := wanted[len(rows) :]):
        return
    mine = once_for_all(folder, seed)
    static = int(mine.network.plan(DENSE).multiply_adds()[0])
    for done, split in enumerate(missing, start=1):
        found = mine.measure(split)
        curve = found.valid_curve()
        row: dict[str, Any] = {"split": split, "first": found.multiply_adds[0], "both": found.multiply_adds[1]}
        row |= {f"exit_{exit}": round(100 * value, 4) for exit, value in enumerate(found.valid.right().mean(axis=1), 1)}
        judged = found.test_curve()
        for budget in BUDGETS:
            rewards = curve.rewards(budget * static)
            row[f"reward_{budget:g}"] = rewards.max()
            row[f"test_{budget:g}"] = judged.accuracy[rewards.argmax()]
        rows.append(row)
        if done % 9 == 0 or done == len(missing):
            path.parent.mkdir(exist_ok=True)
            with write_beside(path) as beside:
                pd.DataFrame(rows).to_csv(beside, index=False, float_format="%.6g")
            print(f"{path.name}: {len(rows)} of {len(wanted)}", flush=True)


def best_split() -> str:
    """The split with the highest reward on validation images at the target, in the network of seed 0."""
    table = pd.read_csv(RECORDS / "splits-0.csv")
    return str(table.loc[table[f"reward_{TARGET:g}"].idxmax(), "split"])


def measure_alone(folder: Path, name: str, train: str, seed: int, base: int = 8) -> None:
    """One choice trained alone."""
    import torch

    if not record(name).exists():
        with torch.backends.mkldnn.flags(enabled=base >= 8):  # torch 2.13 corrupts memory in strided 1x1 convolutions
            store(name, described(scorer(folder, name, recipe(ALONE, base), train, seed).measure(train)))


def measure_slice(folder: Path, name: str, split: str, seed: int) -> None:
    """A split within the once-for-all network."""
    if not record(name).exists():
        store(name, described(once_for_all(folder, seed).measure(split)))


def measure_rates(folder: Path) -> None:
    """Validation top1 of three splits on class_object, for two learning rates of a once-for-all network."""
    from benchmarks.training.dynamic.grid import ChoiceGrid

    for lr in (SHARED, ALONE):
        name = f"rate-{lr:g}"
        if not record(name).exists():
            mine = scorer(folder, name, recipe(lr, task="class_object"), ChoiceGrid(5), 0, tested=False)
            found = {split: mine.measure(split).valid.right().mean(axis=1) for split in (SMALLEST, HALVES, LARGEST)}
            store(name, {"lr": lr, "exits": {split: (100 * own).round(4).tolist() for split, own in found.items()}})


def measure_elastic(folder: Path, seed: int) -> None:
    """ENAS4D and random search over depths, kernels and sides as well, and curves of their fronts on test images."""
    from benchmarks.training.dynamic.grid import ChoiceGrid
    from surrogates.dynamic import search_tradeoffs, tradeoff_front

    left = {
        name: searcher
        for name, searcher in ((f"elastic-{seed}", None), (f"elastic-random-{seed}", "random"))
        if not record(name).exists()
    }
    if not left:
        return
    grid = ChoiceGrid(5, depths=(1, 2), kernels=(1, 3), sides=(24, 36, 48))
    mine = scorer(folder, f"elastic-{seed}", recipe(SHARED), grid, seed, tested=False)
    judge = scorer(folder, f"elastic-{seed}", recipe(SHARED), grid, seed)
    for name, searcher in left.items():
        where = folder / f"{name}-search"
        history = search_tradeoffs(mine.measure, grid, EVALUATIONS, seed, searcher=searcher, folder=where)
        front = [described(judge.measure(choice)) for choice in tradeoff_front(history)["choice"]]
        store(name, {"choices": history.archs, "values": history.values.round(4).tolist(), "front": front})
