"""Dynamic inference on Rooms: S2DNAS and ENAS4D on one micro architecture, beside static networks of other widths.

    python perf/supernets/dynamic.py measure --folder <folder>    # resumes; an hour or two on one slow core
    python perf/supernets/dynamic.py report

``measure`` trains, in this order, networks on class_object that choose the learning rate and the objective, then on
class_scene once-for-all networks over the 243 splits of channels in two stages (seeds 0 to 2), static networks of three
widths, the best split trained alone, and a once-for-all network over depths, kernels and sides as well, and writes one
record each to perf/supernets/records/dynamic. What has a record is not done again; an interrupted training continues
from its last epoch in the folder. ``report`` prints the tables of docs/dynamic.md from the records.

Thresholds and temperatures are from 1,024 validation images, accuracies (top1) from 1,024 test images. Costs are
multiply-adds of backbone and classifiers for one image. Images are those of 64 pixels made smaller to 48, networks have
8 base channels, trainings 4 epochs of 4,096 images in batches of 32.
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
CHOOSE, JUDGE = "class_object", "class_scene"
SEEDS = (0, 1, 2)
WIDTHS = (4, 6, 8)  # those that a recipe allows, as the stem has half of them
RATES = (3e-3, 6e-3)
BUDGETS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)  # of the static network's multiply-adds
TARGET = 0.5
DENSE = "1-1-1-1-1"
PROBED = (
    "1:3-1:3-1:3-1:3-1:3",
    "1:1-1:1-1:1-1:1-1:1",
    "3:1-3:1-3:1-3:1-3:1",
    "3:1-1:1-1:1-1:3-1:3",
    "1:3-1:3-1:1-1:1-3:1",
)
"""Splits whose mean loss chooses a setting."""
EVALUATIONS, SEARCHES = 60, 20


# -- measurement ------------------------------------------------------------------------------------------------------


def recipe(task: str, lr: float, base: int = 8) -> Recipe:
    """The recipe of all networks here."""
    from benchmarks.training.supernet import supernet_recipe

    usual = supernet_recipe(task)
    sizes = {"epochs": 4, "batch_size": 32, "input_size": 48, "base_channels": base, "n_test": None}
    return replace(usual, optimiser=replace(usual.optimiser, lr=lr), **sizes)


def scorer(folder: Path, name: str, asked: Recipe, train: Any, seed: int, tested: bool = True) -> ExitScorer:
    """A trained network, with images to score it on."""
    from benchmarks.training.dynamic import ExitScorer, train_multi_stage

    network = train_multi_stage(ARCH, asked.task, asked, train, None, seed, folder / name, sources=images, device="cpu")
    test = {"test": smaller("test", 1024, asked)} if tested else {}
    return ExitScorer(network, images(asked) | test, batch_size=32)


def images(asked: Recipe) -> dict[str, Any]:
    """Training and validation images of a recipe."""
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


def choose(folder: Path) -> None:
    """Losses on class_object for each setting: of splits in a once-for-all network, and of the static network."""
    for lr in RATES:
        name = f"choose-static-{lr:g}"
        if not record(name).exists():
            found = scorer(folder, name, recipe(CHOOSE, lr), DENSE, 0).measure(DENSE)
            store(name, {"lr": lr, "loss": loss(found)[0], "valid": described(found)["exits"]["valid"][0]})
        name = f"choose-splits-{lr:g}"
        if not record(name).exists():
            from benchmarks.training.dynamic.grid import ChoiceGrid

            mine = scorer(folder, name, recipe(CHOOSE, lr), ChoiceGrid(5), 0)
            losses = [loss(mine.measure(split)) for split in PROBED]
            store(name, {"lr": lr, "loss": float(np.mean(losses)), "losses": losses})


def chosen(kind: str) -> dict[str, Any]:
    """The setting of the least loss on class_object, of "static" networks or of those over "splits"."""
    mine = [load(path.stem) for path in sorted(RECORDS.glob(f"choose-{kind}-*.json"))]
    return dict(min(mine, key=lambda found: found["loss"]))


def loss(found: ExitMeasurement) -> list[float]:
    """Cross-entropy of each exit on the validation images, at its temperature."""
    scaled = found.valid.logits / found.temperatures[:, None, None]
    top = scaled.max(axis=2)
    log_sum = top + np.log(np.exp(scaled - top[:, :, None]).sum(axis=2))
    return [float(value) for value in (log_sum - (found.valid.targets * scaled).sum(axis=2)).mean(axis=1)]


def once_for_all(folder: Path, seed: int, tested: bool = True) -> ExitScorer:
    """The network over all splits on class_scene."""
    from benchmarks.training.dynamic.grid import ChoiceGrid

    return scorer(folder, f"splits-{seed}", recipe(JUDGE, chosen("splits")["lr"]), ChoiceGrid(5), seed, tested)


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


def measure_others(folder: Path, seed: int) -> None:
    """The best split within the once-for-all network and trained alone, and static networks."""
    if not record(f"slice-{seed}").exists():
        store(f"slice-{seed}", described(once_for_all(folder, seed).measure(best_split())))
    for width in WIDTHS:
        name = f"static-{width}-{seed}"
        if not record(name).exists():
            lr = chosen("static")["lr"]
            store(name, described(scorer(folder, name, recipe(JUDGE, lr, width), DENSE, seed).measure(DENSE)))
    name = f"alone-{seed}"
    if not record(name).exists():
        lr = chosen("static")["lr"]
        store(name, described(scorer(folder, name, recipe(JUDGE, lr), best_split(), seed).measure(best_split())))


def measure_elastic(folder: Path) -> None:
    """ENAS4D: a search over depths, kernels and sides as well, and the front's curves on test images."""
    from benchmarks.training.dynamic.grid import ChoiceGrid
    from surrogates.dynamic import search_tradeoffs, tradeoff_front

    if record("elastic-0").exists():
        return
    grid = ChoiceGrid(5, depths=(1, 2), kernels=(1, 3), sides=(24, 36, 48))
    mine = scorer(folder, "elastic-0", recipe(JUDGE, chosen("splits")["lr"]), grid, 0, tested=False)
    history = search_tradeoffs(mine.measure, grid, EVALUATIONS, 0, folder=folder / "elastic-0-search")
    tested = scorer(folder, "elastic-0", recipe(JUDGE, chosen("splits")["lr"]), grid, 0)
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
        choose(given.folder)
        measure_table(given.folder, 0)
        measure_others(given.folder, 0)
        measure_elastic(given.folder)
        for seed in SEEDS[1:]:
            measure_others(given.folder, seed)


if __name__ == "__main__":
    main()
