"""Dynamic inference on Rooms: S2DNAS and ENAS4D on one micro architecture, beside static networks of other widths.

    python perf/supernets/dynamic.py measure --folder <folder>    # resumes; half an hour on one free core
    python perf/supernets/dynamic.py report

``measure`` trains on class_scene and writes a record of each network to perf/supernets/records/dynamic: the static
network, halves in all modules trained alone, a once-for-all network over the 243 splits of channels in two stages, then
all 243 splits of the once-for-all network, narrower static networks and the best split trained alone, both with three
seeds, a once-for-all network over depths, kernels and sides as well (ENAS4D and random search), two learning rates of a
once-for-all network on class_object, and once-for-all networks of other seeds. What has a record is not done again; the
table of splits (splits-0.csv) has test top1 only if this version measured it from its first row on. An interrupted
training continues from its last epoch in the folder. ``report`` prints the tables of
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
from functools import cache, partial
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
SMALLEST, LARGEST = "1:3-1:3-1:3-1:3-1:3", "3:1-3:1-3:1-3:1-3:1"
HALVES = "1:1-1:1-1:1-1:1-1:1"
EVALUATIONS, SEARCHES = 60, 20
CURVES = ("alone-halves", "alone-best", "slice-halves", "slice-best")
IMAGES, LEAST = 1024, 100  # validation and test images each; those of an exit whose accuracy is compared


# -- measurement ------------------------------------------------------------------------------------------------------


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


# -- report -----------------------------------------------------------------------------------------------------------


def known(pattern: str) -> list[dict[str, Any]]:
    """Records of all seeds that are there, e.g. of "alone-best"."""
    return [load(f"{pattern}-{seed}") for seed in SEEDS if record(f"{pattern}-{seed}").exists()]


def mean_and_sd(values: list[float], digits: int = 1) -> str:
    """Mean over seeds with the standard deviation, without values of NaN."""
    there = [value for value in values if value == value]
    if not there:
        return "-"
    spread = f" ± {np.std(there, ddof=1):.{digits}f}" if len(there) > 1 else ""
    return f"{np.mean(there):.{digits}f}{spread}"


def within(found: dict[str, Any], budget: float) -> int | None:
    """The most accurate point of the validation curve whose average cost is within a budget."""
    costs, accuracy = (np.array(found["valid"][name]) for name in ("multiply_adds", "accuracy"))
    inside = np.flatnonzero(costs <= budget)
    return int(inside[accuracy[inside].argmax()]) if len(inside) else None


def tested(found: dict[str, Any], budget: float) -> tuple[float, float, float]:
    """Accuracy on test images at a budget, that of random exits with the same shares, and the cost on test images."""
    point = within(found, budget)
    if point is None:
        return (np.nan,) * 3
    shares = np.array(found["test"]["shares"][point])
    at_random = float(shares @ np.array(found["exits"]["test"]))
    return found["test"]["accuracy"][point], at_random, found["test"]["multiply_adds"][point]


def static_line(seed: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Costs and test accuracies of the static networks of a seed, the cheapest first; None unless all are there."""
    names = [f"static-{width}-{seed}" for width in sorted(WIDTHS)]
    if not all(record(name).exists() for name in names):
        return None
    found = [load(name) for name in names]
    return np.array([one["multiply_adds"][0] for one in found]), np.array([one["exits"]["test"][0] for one in found])


def static_at(line: tuple[np.ndarray, np.ndarray], budget: float) -> float:
    """Accuracy of the static networks at a cost, linear in its logarithm between widths; NaN below the narrowest."""
    costs, accuracy = line
    return float(np.interp(np.log(budget), np.log(costs), accuracy)) if budget >= costs[0] else float("nan")


def report_networks() -> None:
    """Costs and accuracies of every network."""
    print(
        f"{'network':22s} {'seeds':>5s}  {'multiply-adds up to each exit':30s} top1 of each exit, all test images (%)"
    )
    for name in [*(f"static-{width}" for width in WIDTHS), "alone-halves", "alone-best", "slice-halves", "slice-best"]:
        if found := known(name):
            costs = " ".join(f"{cost:,}" for cost in found[0]["multiply_adds"])
            exits = "   ".join(
                mean_and_sd(list(own)) for own in zip(*(one["exits"]["test"] for one in found), strict=True)
            )
            print(f"{name:22s} {len(found):5d}  {costs:30s} {exits}   {found[0]['choice']}")


def report_budgets() -> None:
    """Accuracy on test images within budgets, beside static networks and random exits."""
    lines = [line for seed in SEEDS if (line := static_line(seed)) is not None]
    whole = known("static-8")
    if not whole:
        return
    static = whole[0]["multiply_adds"][0]
    print(f"\ntest top1 (%) within a budget; in brackets random exits with the same shares; whole network: {static:,}")
    print(f"{'of its cost':14s}" + "".join(f"{budget:>26.0%}" for budget in BUDGETS))
    if lines:
        cells = [mean_and_sd([static_at(line, budget * static) for line in lines]) for budget in BUDGETS]
        print(f"{'static':14s}" + "".join(f"{cell:>26s}" for cell in cells))
    for name in CURVES:
        if found := known(name):
            cells = []
            for budget in BUDGETS:
                pairs = [tested(one, budget * static) for one in found]
                cells.append(f"{mean_and_sd([pair[0] for pair in pairs])} [{mean_and_sd([pair[1] for pair in pairs])}]")
            print(f"{name:14s}" + "".join(f"{cell:>26s}" for cell in cells))
    report_costs(static)


def report_costs(static: int) -> None:
    """What the points within a budget cost on test images, and how much better they are than static networks of it.

    A point is the most accurate one within the budget on validation images, where its threshold is from too. There is
    no hypervolume: the best of 41 points on test images would be chosen by those that judge, and widths are three.
    """
    print(
        "\ncost on test images of these points (% of the whole network); in brackets top1 minus that of static networks"
    )
    print(
        "of this cost, linear in ln(cost) between widths, of the same seed; - where one is missing or none is as narrow"
    )
    for name in CURVES:
        if not (seeds := [seed for seed in SEEDS if record(f"{name}-{seed}").exists()]):
            continue
        cells = []
        for budget in BUDGETS:
            costs, gains = [], []
            for seed in seeds:
                top1, _, cost = tested(load(f"{name}-{seed}"), budget * static)
                line = static_line(seed)
                costs.append(100 * cost / static)
                gains.append(np.nan if line is None or np.isnan(cost) else top1 - static_at(line, cost))
            cells.append(f"{mean_and_sd(costs)} [{mean_and_sd(gains)}]")
        print(f"{name:14s}" + "".join(f"{cell:>26s}" for cell in cells))


def report_promises() -> None:
    """What validation thresholds promised, and test images gave."""
    print(
        "\ntest minus validation top1 (points): of the last exit alone, which has no thresholds; of the 41 points of a"
    )
    print("curve, mean and largest, share within 2 points; the largest difference of a point from the last exit's")
    for found in known("static-8"):
        print(f"{'static-8':14s} {found['exits']['test'][0] - found['exits']['valid'][0]:+.2f}")
    for name in CURVES:
        for found in known(name):
            gaps = np.array(found["test"]["accuracy"]) - np.array(found["valid"]["accuracy"])
            largest, inside = gaps[np.abs(gaps).argmax()], (np.abs(gaps) <= 2).mean()
            beyond = np.abs(gaps - gaps[-1]).max()
            print(f"{name:14s} {gaps[-1]:+.2f}; {gaps.mean():+.2f} {largest:+.2f} {inside:4.0%}; {beyond:.2f}")
    print(
        f"the same of each exit alone, at points where {LEAST} images or more take it in both splits: number of points,"
    )
    print(
        "mean, largest, share within 2 points; chance alone has a standard deviation of some 2 to 7 points a difference"
    )
    for name in CURVES:
        for found in known(name):
            for exit in range(len(found["multiply_adds"])):
                gaps = exit_gaps(found, exit)
                if len(gaps):
                    largest, inside = gaps[np.abs(gaps).argmax()], (np.abs(gaps) <= 2).mean()
                    print(
                        f"{name:14s} exit {exit + 1}: {len(gaps):2d} points; "
                        f"{gaps.mean():+.2f} {largest:+.2f} {inside:4.0%}"
                    )


def exit_gaps(found: dict[str, Any], exit: int) -> np.ndarray:
    """Test minus validation top1 of the images that take an exit, at the points where enough do."""
    own = []
    for split in ("test", "valid"):
        counts = IMAGES * np.array(found[split]["shares"])[:, exit]
        top1 = np.array([np.nan if row[exit] is None else row[exit] for row in found[split]["by_exit"]])
        own.append(np.where(counts >= LEAST, top1, np.nan))
    gaps = own[0] - own[1]
    return np.asarray(gaps[~np.isnan(gaps)])


def report_search() -> None:
    """REINFORCE and random search on the enumerated splits."""
    from benchmarks.training.dynamic.grid import ChoiceGrid
    from surrogates.dynamic.space import ChoiceSpace, registered
    from surrogates.search.run import run_search

    path = RECORDS / "splits-0.csv"
    table = pd.read_csv(path) if path.exists() else pd.DataFrame()
    if len(table) < 3**5:
        print(f"\nsearch: {len(table)} of 243 splits are measured")
        return
    print(f"\nrank among 243 of the best of {EVALUATIONS} splits, {SEARCHES} searches: median, share in the top 5 %")
    for budget in BUDGETS:
        rewards = table.set_index("split")[f"reward_{budget:g}"]
        ranks = rewards.rank(ascending=False, method="min")
        cells = []
        with registered(ChoiceSpace(ChoiceGrid(5))) as space:
            for searcher in ("reinforce", "random"):
                found = []
                for seed in range(SEARCHES):
                    history = run_search(
                        searcher, partial(_looked_up, rewards), "reward", EVALUATIONS, seed, space=space
                    )
                    found.append(float(ranks[history.best_arch()]))
                cells.append(f"{searcher} {np.median(found):5.1f} {np.mean(np.array(found) <= 12):4.0%}")
        best = rewards.idxmax()
        print(f"{budget:4.0%} of the cost: {'; '.join(cells)}   best {best}, reward {rewards.max():.2f}")
    print(
        f"\nwhether these ranks mean anything: standard deviation of the 243 rewards, that of chance in one of {IMAGES}"
    )
    print(
        "images at the best reward, splits within two of the latter of the best; test: Kendall's tau of reward and test"
    )
    print("top1 at its point, rank on test images of the split with the best reward")
    for budget in BUDGETS:
        rewards = table[f"reward_{budget:g}"]
        share = rewards.max() / 100
        chance = 100 * float(np.sqrt(share * (1 - share) / IMAGES))
        near = int((rewards >= rewards.max() - 2 * chance).sum())
        judged = "test not measured"
        if f"test_{budget:g}" in table:
            test = table[f"test_{budget:g}"]
            place = test.rank(ascending=False, method="min")[rewards.idxmax()]
            judged = f"test: tau {rewards.corr(test, method='kendall'):.2f}, rank {place:.0f}"
        print(f"{budget:4.0%} of the cost: {rewards.std():.2f}, {chance:.2f}, {near} of {len(table)}; {judged}")


def _looked_up(rewards: pd.Series, splits: list[str]) -> list[float]:
    return [float(value) for value in rewards[splits]]


def report_rates() -> None:
    """Learning rates of the once-for-all network, on the task that judges nothing."""
    for path in sorted(RECORDS.glob("rate-*.json")):
        found = load(path.stem)
        exits = "; ".join(f"{split} {first:.1f} {last:.1f}" for split, (first, last) in found["exits"].items())
        print(f"class_object, learning rate {found['lr']:g}, validation top1 of both exits: {exits}")


def report_elastic() -> None:
    """The fronts of ENAS4D's search and of random search on test images, beside static networks of the same cost."""
    for seed in SEEDS:
        line = static_line(seed)
        for name, searcher in ((f"elastic-{seed}", "NSGA-II"), (f"elastic-random-{seed}", "random search")):
            if not record(name).exists():
                continue
            found = load(name)
            print(f"\nENAS4D, seed {seed}, {searcher}: {len(found['front'])} choices on the front of ", end="")
            print(f"{len(found['choices'])}; at the point of the search:")
            print(
                f"{'choice':52s} {'multiply-adds':>14s} {'validation':>11s} "
                f"{'test':>6s} {'its cost':>11s} {'static':>7s}"
            )
            values = dict(zip(found["choices"], found["values"], strict=True))
            for one in found["front"]:
                top1, cost = values[one["choice"]]
                point = int(np.abs(np.array(one["valid"]["multiply_adds"]) - cost).argmin())
                test, its_cost = (one["test"][key][point] for key in ("accuracy", "multiply_adds"))
                static = "-" if line is None else mean_and_sd([static_at(line, its_cost)])
                print(f"{one['choice']:52s} {cost:14,.0f} {top1:11.1f} {test:6.1f} {its_cost:11,.0f} {static:>7s}")


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=("measure", "report"))
    parser.add_argument("--folder", type=Path, help="folder of the trained networks")
    given = parser.parse_args()
    RECORDS.mkdir(exist_ok=True)
    if given.work == "report":
        for part in (report_networks, report_budgets, report_promises, report_search, report_elastic, report_rates):
            part()
    if given.work == "measure":
        from benchmarks.training.device import training_process

        if given.folder is None:
            parser.error("expected --folder for the trained networks")
        training_process(1)
        folder = given.folder
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


if __name__ == "__main__":
    main()
