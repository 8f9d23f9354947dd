"""Dynamic inference on Rooms: S2DNAS and ENAS4D on one micro architecture, beside static networks of other widths.

    python perf/supernets/dynamic.py measure --folder <folder>    # resumes; half an hour on one free core
    python perf/supernets/dynamic.py report

``measure`` trains on class_scene and writes a record of each network to perf/supernets/records/dynamic: the static
network, a once-for-all network over the 243 splits of channels in two stages, halves in all modules trained alone, then
all 243 splits of the once-for-all network, narrower static networks, the best split trained alone, a once-for-all
network over depths, kernels and sides as well (ENAS4D), and the same with other seeds. What has a record is not done
again; an interrupted training continues from its last epoch in the folder. ``report`` prints the tables of
docs/dynamic.md from the records.

No setting was tuned: the learning rates are those of the recipes, 3e-3 for once-for-all networks and 6e-3 for others.
Thresholds and temperatures are from 1,024 validation images, accuracies (top1) from 1,024 test images. Costs are
multiply-adds of backbone and classifiers for one image. Images are those of 64 pixels made smaller to 48, networks have
8 base channels, trainings 3 epochs of 4,096 images in batches of 32.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmarks.files import write_beside

if TYPE_CHECKING:
    from benchmarks.training.dynamic import ExitMeasurement, ExitScorer
    from benchmarks.training.recipe import Recipe

RECORDS = Path(__file__).with_name("records") / "dynamic"
ARCH = "64-41414-3_00_130"  # the best of rooms-mini on class_object
TASK = "class_scene"
SEEDS = (0, 1, 2)
WIDTHS = (8, 6, 4)  # even ones, as the stem has half of them
SHARED, ALONE = 3e-3, 6e-3  # learning rates
BUDGETS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)  # of the static network's multiply-adds
TARGET = 0.5
DENSE = "1-1-1-1-1"
HALVES = "1:1-1:1-1:1-1:1-1:1"
EVALUATIONS, SEARCHES = 60, 20


# -- measurement ------------------------------------------------------------------------------------------------------


def recipe(lr: float, base: int = 8) -> Recipe:
    """The recipe of all networks here."""
    from benchmarks.training.supernet import supernet_recipe

    usual = supernet_recipe(TASK)
    sizes = {"epochs": 3, "batch_size": 32, "input_size": 48, "base_channels": base, "n_test": None}
    return replace(usual, optimiser=replace(usual.optimiser, lr=lr), **sizes)


def scorer(folder: Path, name: str, asked: Recipe, train: Any, seed: int, tested: bool = True) -> ExitScorer:
    """A trained network, with images to score it on."""
    from benchmarks.training.dynamic import ExitScorer, train_multi_stage

    network = train_multi_stage(ARCH, asked.task, asked, train, None, seed, folder / name, sources=images, device="cpu")
    test = {"test": smaller("test", 1024, asked)} if tested else {}
    return ExitScorer(network, images(asked) | test, batch_size=32)


def images(asked: Recipe) -> dict[str, Any]:
    """Training and validation images."""
    return {"train": smaller("train", 4096, asked), "valid": smaller("valid", 1024, asked)}


def smaller(split: str, n: int, asked: Recipe) -> Any:
    """Rooms of 64 pixels, made smaller."""
    import torch

    from benchmarks.training import ImageSet
    from benchmarks.training.rooms.source import rooms

    found = rooms(split, n, 64, domains=("rgb", asked.task)).arrays
    side = (asked.input_size,) * 2
    rgb = torch.nn.functional.interpolate(found["rgb"].float(), side, mode="bilinear", antialias=True)
    return ImageSet({"rgb": rgb.round().clamp(0, 255).to(torch.uint8), asked.task: found[asked.task]})


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


def record(name: str) -> Path:
    """File of a record."""
    return RECORDS / f"{name}.json"


def store(name: str, value: Any) -> None:
    """Write a record."""
    with write_beside(record(name)) as beside:
        beside.write_text(json.dumps(value) + "\n", encoding="utf-8")
    print(f"{name}: done", flush=True)


def load(name: str) -> Any:
    """Read a record."""
    return json.loads(record(name).read_text(encoding="utf-8"))


def once_for_all(folder: Path, seed: int, tested: bool = True) -> ExitScorer:
    """The network over all splits on class_scene."""
    from benchmarks.training.dynamic.grid import ChoiceGrid

    return scorer(folder, f"splits-{seed}", recipe(SHARED), ChoiceGrid(5), seed, tested)


def measure_table(folder: Path, seed: int) -> None:
    """All 243 splits in a once-for-all network: costs, accuracy of the exits, and rewards at the budgets."""
    from benchmarks.training.dynamic.grid import ChoiceGrid

    path = RECORDS / f"splits-{seed}.csv"
    rows = pd.read_csv(path).to_dict("records") if path.exists() else []
    grid = ChoiceGrid(5)
    wanted = [str(grid.choice(options)) for options in np.ndindex(*(3,) * 5)]
    if not (missing := wanted[len(rows) :]):
        return
    mine = once_for_all(folder, seed, tested=False)
    static = int(mine.network.plan(DENSE).multiply_adds()[0])
    for done, split in enumerate(missing, start=1):
        found = mine.measure(split)
        curve = found.valid_curve()
        row: dict[str, Any] = {"split": split, "first": found.multiply_adds[0], "both": found.multiply_adds[1]}
        row |= {f"exit_{exit}": round(100 * value, 4) for exit, value in enumerate(found.valid.right().mean(axis=1), 1)}
        row |= {f"reward_{budget:g}": curve.rewards(budget * static).max() for budget in BUDGETS}
        rows.append(row)
        if done % 9 == 0 or done == len(missing):
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


def measure_elastic(folder: Path) -> None:
    """ENAS4D: a search over depths, kernels and sides as well, and the front's curves on test images."""
    from benchmarks.training.dynamic.grid import ChoiceGrid
    from surrogates.dynamic import search_tradeoffs, tradeoff_front

    if record("elastic-0").exists():
        return
    grid = ChoiceGrid(5, depths=(1, 2), kernels=(1, 3), sides=(24, 36, 48))
    mine = scorer(folder, "elastic-0", recipe(SHARED), grid, 0, tested=False)
    history = search_tradeoffs(mine.measure, grid, EVALUATIONS, 0, folder=folder / "elastic-0-search")
    tested = scorer(folder, "elastic-0", recipe(SHARED), grid, 0)
    front = [described(tested.measure(choice)) for choice in tradeoff_front(history)["choice"]]
    store("elastic-0", {"choices": history.archs, "values": history.values.round(4).tolist(), "front": front})


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=("measure", "report"))
    parser.add_argument("--folder", type=Path, help="folder of the trained networks")
    given = parser.parse_args()
    RECORDS.mkdir(exist_ok=True)
    if given.work == "measure":
        from benchmarks.training.device import training_process

        if given.folder is None:
            parser.error("expected --folder for the trained networks")
        training_process(1)
        folder = given.folder
        measure_alone(folder, "static-8-0", DENSE, 0)
        measure_slice(folder, "slice-halves-0", HALVES, 0)
        measure_alone(folder, "alone-halves-0", HALVES, 0)
        measure_table(folder, 0)
        for seed in SEEDS:
            for base in WIDTHS:
                measure_alone(folder, f"static-{base}-{seed}", DENSE, seed, base)
            measure_slice(folder, f"slice-best-{seed}", best_split(), seed)
            measure_alone(folder, f"alone-best-{seed}", best_split(), seed)
            measure_slice(folder, f"slice-halves-{seed}", HALVES, seed)
            measure_alone(folder, f"alone-halves-{seed}", HALVES, seed)
            if seed == 0:
                measure_elastic(folder)


if __name__ == "__main__":
    main()
