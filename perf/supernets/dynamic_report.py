"""Prints the tables of the study of dynamic inference from its records (perf/supernets/dynamic.py)."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from dynamic_records import (
    BUDGETS,
    CURVES,
    EVALUATIONS,
    IMAGES,
    LEAST,
    RECORDS,
    SEARCHES,
    SEEDS,
    WIDTHS,
    load,
    record,
)

__all__ = ["report"]


def report() -> None:
    """Print all tables."""
    for part in (report_networks, report_budgets, report_promises, report_search, report_elastic, report_rates):
        part()


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
