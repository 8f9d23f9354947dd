"""The sandwich rule, teachers and attentive sampling compared at the same number of forward-backward passes.

    python perf/supernets/attentive.py measure --folder <folder>    # resumes
    NAS_DATA=<folder> python perf/supernets/attentive.py report
    NAS_DATA=<folder> python perf/supernets/attentive.py spaces     # costs, sizes and times of the spaces

Each training is of one space, task, way (sampler, objective, sharing) and seed, and writes one record to
perf/supernets/records/attentive; what has a record is not done again. No setting is chosen by results: the recipe is
`supernet_recipe`'s but for images (32 pixels, 4,096 to train, 256 to validate), base width (8), epochs (2), batch size
(32) and learning rate (3e-3), and best-up and worst-up have the published teacher, the largest path. All have the same
images and the same number of passes forward and backward; best-up and worst-up have further forward passes, 6
a step, to compare candidates.

``report`` ranks a random sample of functions by their validation losses with shared weights, against the published
table (trained on Taskonomy), and the architectures of `rooms-mini` (trained alone on Rooms of 64 pixels). The
hypervolume is that of value against log multiply-adds of the architecture with the lowest loss in each of ten ranges of
log cost, with true values, as a share of that of the true front; the reference is the worst value and a tenth above the
highest log cost. Beside it: the truly best architecture in each range, the most expensive one, and a random one (mean
and standard deviation of 1,000 draws).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from study import multiply_adds, rooms_archs
from study_records import RECORDS as ALL
from study_records import named_records, write_record

from benchmarks import kendall_tau, load_table
from surrogates.search.cost_bins import log_bins
from surrogates.search.pareto import hypervolume

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.training.recipe import Recipe
    from benchmarks.training.supernet import Supernet

RECORDS = ALL / "attentive"
MICRO, MACRO = "transnas101-micro", "transnas101-macro"
TASKS = ("class_scene", "class_object")
N_SAMPLE, BINS, DRAWS = 150, 10, 1000
EPOCHS = 2
RATE = 3e-3


class Way(NamedTuple):
    """What is compared."""

    sampler: str
    objective: str
    sharing: str

    def __str__(self) -> str:
        return "-".join(self)


def ways(space: str) -> list[Way]:
    """What is compared in a space, the most important ones first."""
    sharing = "sliced" if space == MACRO else "separate"
    published = [Way(sampler, "distillation", sharing) for sampler in ("sandwich", "best_up", "worst_up")]
    return [*published, *(Way("sandwich", teacher, sharing) for teacher in ("supervised", "distillation_mean"))]


def recipe_of(space: str, task: str) -> Recipe:
    """Images of 32 pixels and a narrow network."""
    from benchmarks.training.supernet import supernet_recipe

    mini = supernet_recipe(task)
    optimiser = replace(mini.optimiser, lr=RATE)
    small = {"input_size": 32, "base_channels": 8, "n_train": 4096, "n_valid": 256, "n_test": None, "batch_size": 32}
    return replace(mini, epochs=EPOCHS, optimiser=optimiser, **small)


# -- measurement ------------------------------------------------------------------------------------------------------


@cache
def functions(space: str) -> tuple[str, ...]:
    """Distinct functions that can be trained."""
    from benchmarks.training.supernet import layout_of

    return layout_of(space).functions


@cache
def sample(space: str) -> tuple[str, ...]:
    """Functions whose published values are compared, the same for all."""
    rows = np.random.default_rng(0).choice(len(functions(space)), N_SAMPLE, replace=False)
    return tuple(functions(space)[row] for row in sorted(rows))


def measure(space: str, task: str, way: Way, seed: int, folder: Path) -> None:
    """Train a supernet, score architectures, and write the record."""
    record = RECORDS / f"{space.removeprefix('transnas101-')}-{task}-{way}-{seed}.json"
    if record.exists():
        return
    from benchmarks.training.device import training_process
    from benchmarks.training.supernet import SupernetFolder, train_supernet
    from surrogates.supernet import supernet_sampler

    training_process(1)
    recipe = recipe_of(space, task)
    own = folder / record.stem
    supernet = train_supernet(
        space,
        task,
        recipe,
        supernet_sampler(way.sampler, space),
        way.objective,
        seed,
        own,
        sharing=way.sharing,
        device="cpu",
    )
    found = _scored(supernet, recipe) | {"space": space, "task": task, **way._asdict(), "seed": seed}
    metrics = SupernetFolder(own).metrics()
    found |= {"lr": recipe.optimiser.lr, "seconds": round(metrics["time_elapsed"][-1])}
    write_record(record, found)
    print(f"{record.name}: {found['seconds']} s", flush=True)


def _scored(supernet: Supernet, recipe: Recipe) -> dict[str, Any]:
    """Minus the losses of the sample and of rooms-mini, and of the best constant answer."""
    from benchmarks.training.supernet import PathScorer, loss_name, rooms_of

    scorer, loss = PathScorer(supernet, rooms_of(recipe), batch_size=128), loss_name(recipe.task)
    space = supernet.space.name
    archs = dict.fromkeys([*sample(space), *rooms_archs(space)])
    return {
        "steps": recipe.epochs * ((recipe.n_train or 0) // recipe.batch_size),
        "constant": round(-scorer.constant()[loss], 6),
        "estimates": {arch: round(-scorer.metrics(arch)[loss], 6) for arch in archs},
    }


# -- report -----------------------------------------------------------------------------------------------------------


@cache
def truth_of(space: str, task: str, which: str) -> pd.Series:
    """Values by architecture, higher is better."""
    if which == "rooms-mini":
        return load_table("rooms-mini").oriented()[task].loc[rooms_archs(space)]
    name = space.removeprefix("transnas101-")
    table = load_table(Path(os.environ["NAS_DATA"]) / f"transnas101/{name}_final.csv").oriented()
    return table[task].loc[list(sample(space))]


class Front:
    """Hypervolumes of one architecture in each range of cost, as shares of that of the true front."""

    def __init__(self, truth: np.ndarray, costs: np.ndarray) -> None:
        self.truth, self.cost = truth, np.log(costs)
        self.bins = log_bins(costs, BINS)
        self.best = self._area(range(len(truth)))

    def share(self, scores: np.ndarray) -> float:
        """Of the architecture with the highest score in each range."""
        ranges = (np.flatnonzero(self.bins == number) for number in set(self.bins.tolist()))
        return self._area([there[scores[there].argmax()] for there in ranges]) / self.best

    def _area(self, rows: Sequence[int]) -> float:
        rows = list(rows)
        return hypervolume(self.truth[rows], self.cost[rows], self.truth.min(), self.cost.max() + 0.1)

    def random(self) -> list[float]:
        """Shares of random scores."""
        rng = np.random.default_rng(0)
        return [self.share(rng.random(len(self.truth))) for _ in range(DRAWS)]


def report() -> None:
    """Print the tables of every space and task."""
    found = named_records(RECORDS)
    truths = ["rooms-mini", *(["published"] if "NAS_DATA" in os.environ else [])]
    for task in TASKS:
        for space in (MICRO, MACRO):
            mine = [record for record in found if record["task"] == task and record["space"] == space]
            if mine:
                seeds = len({record["seed"] for record in mine})
                print(f"\n{task}, {space}, up to {seeds} seeds")
                _table(mine, space, task, truths)


def _table(mine: list[dict[str, Any]], space: str, task: str, truths: list[str]) -> None:
    heads = "".join(f" | {which}: tau     front %" for which in truths)
    print(f"  {'sampler, objective, sharing':44s} seeds  constant - loss{heads}")
    archs = {which: list(truth_of(space, task, which).index) for which in truths}
    fronts = {
        which: Front(truth_of(space, task, which).to_numpy(), multiply_adds(archs[which], space)) for which in truths
    }
    ways: dict[str, list[dict[str, Any]]] = {}
    for record in mine:
        ways.setdefault(f"{record['sampler']}, {record['objective']}, {record['sharing']}", []).append(record)
    for way, several in ways.items():
        gains = [np.mean([r["estimates"][arch] for arch in archs["rooms-mini"]]) - r["constant"] for r in several]
        cells = ""
        for which in truths:
            scores = [np.array([record["estimates"][arch] for arch in archs[which]]) for record in several]
            taus = [kendall_tau(fronts[which].truth, own) for own in scores]
            cells += f" | {_spread(taus, 3)} {_spread([100 * fronts[which].share(own) for own in scores], 1)}"
        print(f"  {way:44s} {len(several):5d} {_spread(gains, 3)}{cells}")
    for name in ("the best in each range", "the most expensive", "a random one"):
        cells = ""
        for which in truths:
            front, costs = fronts[which], multiply_adds(archs[which], space)
            taus = {"b": 1.0, "m": kendall_tau(front.truth, costs), "r": 0.0}
            shares = {"b": [front.share(front.truth)], "m": [front.share(costs)], "r": front.random()}
            key = name.split()[1][0]
            cells += f" | {_spread([taus[key]], 3)} {_spread([100 * share for share in shares[key]], 1)}"
        print(f"  {name:44s} {'':5s} {'':14s}{cells}")


def _spread(values: list[float], digits: int) -> str:
    """Mean and standard deviation, over seeds or draws."""
    sd = f"({np.std(values, ddof=1):.{digits}f})" if len(values) > 1 else ""
    return f"{np.mean(values):6.{digits}f} {sd:7s}"


def describe() -> None:
    """Print what a space's costs, largest function, weights and passes are like."""
    import time

    import torch

    from benchmarks.training.device import training_process
    from benchmarks.training.supernet import Supernet
    from surrogates.supernet import CostLaw

    training_process(1)
    for space in (MICRO, MACRO):
        law = CostLaw(space)
        print(f"{space}: {len(law.functions):,} functions, multiply-adds span {law.costs.max() / law.costs.min():.0f}")
        print(f"  most {law.dearest}, fewest {law.cheapest}; P(range) {law.p_bin.round(3).tolist()}")
        if "NAS_DATA" in os.environ:
            name = space.removeprefix("transnas101-")
            table = load_table(Path(os.environ["NAS_DATA"]) / f"transnas101/{name}_final.csv").oriented()
            better = (table.loc[list(law.functions)] > table.loc[law.dearest]).mean()
            print("  % better than the largest:", ", ".join(f"{task} {100 * better[task]:.0f}" for task in table))
        recipe = recipe_of(space, "class_scene")
        images = torch.randn(recipe.batch_size, 3, recipe.input_size, recipe.input_size)
        for sharing in ("separate", "sliced")[: 1 + (space == MACRO)]:
            supernet = Supernet(space, recipe, sharing=sharing)
            seconds = []
            for arch in [*sample(space)[:5], *sample(space)[:40]]:
                start = time.process_time()
                supernet(images, arch).sum().backward()
                seconds.append(time.process_time() - start)
            count = sum(weights.numel() for weights in supernet.parameters())
            print(f"  {sharing}: {count:,} weights, {1e3 * np.median(seconds[5:]):.0f} ms of CPU a pass")


# -- command line -----------------------------------------------------------------------------------------------------


def planned() -> Iterator[tuple[str, str, Way, int]]:
    """Trainings in the order of their importance: space, task, way and seed."""
    for task in TASKS:
        for seed in range(3):
            for space in (MACRO, MICRO):
                yield from ((space, task, way, seed) for way in ways(space))


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=("measure", "report", "spaces"))
    parser.add_argument("--folder", type=Path, help="folder of the trained supernets")
    given = parser.parse_args()
    if given.work in ("report", "spaces"):
        (report if given.work == "report" else describe)()
        return
    if given.folder is None:
        parser.error("expected --folder for the trained supernets")
    for space, task, way, seed in planned():
        measure(space, task, way, seed, given.folder)


if __name__ == "__main__":
    main()
