"""Rank agreement of supernets with trainings of single architectures: micro space of TransNAS-Bench-101, on Rooms.

    python perf/supernets/study.py train --folder <folder> --tasks class_scene,jigsaw --seeds 0,1,2    # resumes
    python perf/supernets/study.py proxies --tasks class_scene,jigsaw
    NAS_DATA=<folder> python perf/supernets/study.py report

``train`` trains a supernet for each task and seed, scores the architectures of `rooms-mini` and, with ``--published``,
200 functions of the space, and writes one record to perf/supernets/records. What a record has is not done again; an
interrupted training continues from its last epoch in the folder. ``proxies`` computes zero-cost proxies of the same
architectures of rooms-mini. ``report`` prints the tables from the records.

An architecture is ranked by minus its loss on the validation images with the weights of the supernet ("loss"), and by
the task's primary metric there ("metric"). Truth A: the primary metric of `rooms-mini` (40 architectures, trained alone
on the same images). Truth B, with NAS_DATA: the published one (200 functions, trained on Taskonomy). Distinct functions
only. Baselines on the same rows: multiply-adds of the simplest form; the best of all zero-cost proxies, chosen by the
truth itself. Measures: Kendall's tau with a 95 % interval of a bootstrap over architectures; tau in the better half;
P@5 %, the share of the 5 % ranked best that are among the 5 % truly best; pick, the share of architectures that are
better than the one ranked best. A random ranker has a tau of 0, P@5 % of 5 and a pick of 50 on average.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from study_records import RECORDS, named_records, read_record, write_record

from benchmarks import bootstrap_interval, get_space, get_task, kendall_tau, load_table
from benchmarks.costs import graph_costs
from benchmarks.files import write_beside
from benchmarks.metrics import precision_at_k
from benchmarks.tasks import TRANSNAS_TASKS, metric_column

if TYPE_CHECKING:
    from benchmarks.training.recipe import Recipe

SPACE = "transnas101-micro"
N_PUBLISHED, SAMPLE_SEED = 200, 0
TOP = 0.05


def rooms_archs(space: str = SPACE) -> list[str]:
    """Architectures of rooms-mini in a space."""
    table = load_table("rooms-mini")
    return [arch for arch, name in zip(table.archs, table.row_spaces, strict=True) if name == space]


def sampled_functions() -> list[str]:
    """Distinct functions whose published values are compared, the same for all tasks and seeds."""
    space = get_space(SPACE)
    functions = [arch for arch in dict.fromkeys(space.simplify(space.archs)) if any(space.parse(arch).code)]
    rows = np.random.default_rng(SAMPLE_SEED).choice(len(functions), N_PUBLISHED, replace=False)
    return [functions[row] for row in sorted(rows)]


# -- measurement ------------------------------------------------------------------------------------------------------


def train(
    folder: Path, task: str, seed: int, sampler: str, objective: str, tried: dict[str, float], published: bool
) -> None:
    """Train a supernet, score architectures, and write the record."""
    from dataclasses import replace

    from benchmarks.training.supernet import supernet_recipe

    recipe = supernet_recipe(task)
    if tried:  # settings that are compared on class_object
        optimiser = replace(recipe.optimiser, lr=tried.get("lr", recipe.optimiser.lr))
        recipe = replace(recipe, optimiser=optimiser, epochs=int(tried.get("epochs", recipe.epochs)))
    label = "".join(f"-{name}{value:g}" for name, value in tried.items())
    kind = sampler if objective == "supervised" else f"{sampler}_{objective}"
    record = RECORDS / f"{kind}-{task}-{seed}{label}.json"
    known = read_record(record) if record.exists() else {"estimates": {}}
    wanted = dict.fromkeys([*rooms_archs(), *(sampled_functions() if published else [])])
    if missing := [arch for arch in wanted if arch not in known.get("primary", {})]:
        measured = _measured(folder / record.stem, recipe, seed, sampler, objective, known, missing)
        write_record(record, measured)
    print(f"{record.name}: {len(missing)} architectures scored, {len(wanted) - len(missing)} before", flush=True)


def _measured(
    folder: Path,
    recipe: Recipe,
    seed: int,
    sampler: str,
    objective: str,
    known: dict[str, Any],
    missing: list[str],
) -> dict[str, Any]:
    """What is known of a supernet, with the scores of more architectures."""
    from benchmarks.training.device import training_process
    from benchmarks.training.supernet import PathScorer, SupernetFolder, loss_name, rooms_of, train_supernet
    from surrogates.supernet import supernet_sampler

    training_process(1)
    paths = supernet_sampler(sampler, SPACE)
    supernet = train_supernet(SPACE, recipe.task, recipe, paths, objective, seed=seed, folder=folder, device="cpu")
    metrics = SupernetFolder(folder).metrics()
    scorer, loss = PathScorer(supernet, rooms_of(recipe)), loss_name(recipe.task)
    primary = get_task(recipe.task).metric
    found = {arch: scorer.metrics(arch) for arch in missing}
    values = {arch: primary.sign * metrics[primary.name] for arch, metrics in found.items()}
    return {
        "space": SPACE,
        "task": recipe.task,
        "seed": seed,
        "sampler": sampler,
        "objective": objective,
        "lr": recipe.optimiser.lr,
        "max_norm": recipe.optimiser.max_norm,
        "steps": recipe.epochs * ((recipe.n_train or 0) // recipe.batch_size),
        "seconds": round(metrics["time_elapsed"][-1]),
        "constant": -scorer.constant()[loss],
        "valid": [round(-value, 5) for value in metrics[f"valid_{loss}"]],
        "estimates": known["estimates"] | {arch: round(-metrics[loss], 6) for arch, metrics in found.items()},
        "primary": known.get("primary", {}) | {arch: round(value, 6) for arch, value in values.items()},
    }


def measure_proxies(task: str, cache: Path | None) -> None:
    """Write the zero-cost proxies of the architectures of rooms-mini, in their simplest forms."""
    from encoders import ZeroCost

    record = RECORDS / f"proxies-{task}.csv"
    if record.exists():
        return
    archs = rooms_archs()
    proxies = ZeroCost(task=task, base_channels=8, cache_dir=cache)
    scores = proxies.scores(get_space(SPACE).simplify(archs))
    scores.index = pd.Index(archs, name="arch")
    with write_beside(record) as beside:
        scores.to_csv(beside, float_format="%.6g")
    print(f"{record.name}: done", flush=True)


# -- report -----------------------------------------------------------------------------------------------------------


def multiply_adds(archs: list[str], space: str = SPACE) -> np.ndarray:
    """Multiply-adds of the simplest forms, of shape (n,)."""
    there = get_space(space)
    return np.array([graph_costs(there.network_graph(arch))[1] for arch in there.simplify(archs)], dtype=float)


def measures(truth: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Tau, tau in the better half, P@5 % and the pick's share, for scores where higher is better."""
    better = truth >= np.median(truth)
    low, high = bootstrap_interval(kendall_tau, truth, scores, level=0.95, rng=0)
    return {
        "tau": kendall_tau(truth, scores),
        "low": low,
        "high": high,
        "half": kendall_tau(truth[better], scores[better]),
        "p5": precision_at_k(truth, scores, k=max(1, round(TOP * len(truth)))),
        "pick": float((truth > truth[np.argmax(scores)]).mean()),
    }


def truth_of(task: str, which: str) -> pd.Series:
    """Values by architecture, higher is better."""
    if which == "rooms-mini":
        return load_table("rooms-mini").oriented()[task].loc[rooms_archs()]
    table = load_table(Path(os.environ["NAS_DATA"]) / "transnas101/micro_final.csv").oriented()
    return table[task].loc[sampled_functions()]


def proxies_of(task: str, which: str, archs: list[str]) -> pd.DataFrame | None:
    """Zero-cost scores of the architectures, one column per proxy."""
    if which == "rooms-mini":
        path = RECORDS / f"proxies-{task}.csv"
        return pd.read_csv(path, index_col="arch").loc[archs] if path.exists() else None
    table = pd.read_csv(Path(os.environ["NAS_DATA"]) / "transnas101/micro_zero_cost.csv")
    return table[table["task"] == task].set_index("arch").drop(columns="task").replace(-1e8, np.nan).loc[archs]


def line(name: str, found: dict[str, float], more: str = "") -> str:
    """One row of the report."""
    return (
        f"  {name:40s} {found['tau']:6.3f} [{found['low']:5.2f}, {found['high']:5.2f}] {found['half']:6.3f} "
        f"{100 * found['p5']:5.0f} {100 * found['pick']:5.0f}  {more}"
    )


def kind_of(record: dict[str, Any]) -> str:
    """How the supernet was trained: its sampler, and its objective unless that is the labels'."""
    objective = record.get("objective", "supervised")
    return record["sampler"] if objective == "supervised" else f"{record['sampler']}, {objective}"


def report() -> None:
    """Print all tables."""
    records = named_records(RECORDS, "[!.]*-*.json")
    tried = [record for record in records if record["name"].count("-") > 2]
    final = [record for record in records if record["name"].count("-") == 2]
    truths = ["rooms-mini", *(["published"] if "NAS_DATA" in os.environ else [])]
    print("steps and losses (minus loss, higher is better): constant answer, mean sub-network, mean of rooms-mini's")
    for record in (*final, *tried):
        settings = f"{record['steps']:5d} steps, lr {record['lr']:g}, {record['seconds']:5d} s"
        mean = np.mean([record["estimates"][arch] for arch in rooms_archs()])
        print(f"  {record['name']:38s} {settings}   {record['constant']:.4f} {record['valid'][-1]:.4f} {mean:.4f}")
    for which in truths:
        rows: list[dict[str, object]] = []
        print(f"\nagainst {which}:{'':32s}  tau    [95 %]       half  P@5 %  pick %")
        for task in TRANSNAS_TASKS:
            mine = [record for record in final if record["task"] == task]
            if not mine:
                continue
            truth = truth_of(task, which)
            print(f"{task} ({metric_column(task)}, {len(truth)} architectures)")
            values, archs = truth.to_numpy(), list(truth.index)
            by_ranker: dict[str, list[np.ndarray]] = {}
            for record in mine:
                for by, key in (("loss", "estimates"), ("metric", "primary")):
                    if not set(archs) <= set(record.get(key, ())):
                        continue
                    ranker = f"{kind_of(record)}, by {by}"
                    scores = np.array([record[key][arch] for arch in archs])
                    by_ranker.setdefault(ranker, []).append(scores)
                    found = measures(values, scores)
                    rows.append({"task": task, "ranker": ranker, "seed": record["seed"], **found})
                    print(line(f"{ranker}, seed {record['seed']}", found))
            for name, several in by_ranker.items():
                if len(several) > 1:
                    print(line(f"{name}, mean of {len(several)}", measures(values, np.mean(several, axis=0))))
            cost = measures(values, multiply_adds(archs))
            rows.append({"task": task, "ranker": "multiply-adds", "seed": 0, **cost})
            print(line("multiply-adds", cost))
            if (proxies := proxies_of(task, which, archs)) is not None:
                taus = {name: kendall_tau(values, column.fillna(column.min())) for name, column in proxies.items()}
                best = max(taus, key=lambda name: taus[name])
                column = proxies[best].fillna(proxies[best].min()).to_numpy()
                print(line(f"best proxy, {best}", measures(values, column)))
        means = pd.DataFrame(rows).groupby(["ranker", "task"])["tau"].mean().unstack("ranker")
        means = means.drop(index="class_object", errors="ignore")
        print(
            "mean tau, and that of multiply-adds on the same tasks, without class_object, where settings were chosen:"
        )
        for ranker, tau in means.drop(columns="multiply-adds").items():
            same = means.loc[tau.notna(), "multiply-adds"]
            print(f"  {ranker:40s} {tau.mean():6.3f} {same.mean():6.3f}  {len(same)} tasks")


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=("train", "proxies", "report"))
    parser.add_argument("--folder", type=Path, help="folder of the trained supernets")
    parser.add_argument("--tasks", default=",".join(TRANSNAS_TASKS))
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--sampler", default="uniform")
    parser.add_argument("--objective", default="supervised")
    parser.add_argument("--published", action="store_true", help="score 200 functions of the published table as well")
    parser.add_argument("--lr", type=float, help="another learning rate, on class_object alone")
    parser.add_argument("--epochs", type=float, help="another number of epochs, on class_object alone")
    given = parser.parse_args()
    tried = {name: value for name in ("lr", "epochs") if (value := getattr(given, name)) is not None}
    if tried and given.tasks != "class_object":
        parser.error("settings are compared on class_object alone, so that the other tasks judge them")
    if given.work == "report":
        report()
    for seed in given.seeds.split(",") if given.work == "train" else ():
        for task in given.tasks.split(","):
            if given.folder is None:
                parser.error("expected --folder for the trained supernets")
            train(given.folder, task, int(seed), given.sampler, given.objective, tried, given.published)
    for task in given.tasks.split(",") if given.work == "proxies" else ():
        measure_proxies(task, given.folder)


if __name__ == "__main__":
    main()
