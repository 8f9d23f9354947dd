"""How good a front is: share of the hypervolume of value against multiply-adds that a search has found.

    NAS_DATA=<folder> python perf/search_fronts.py --methods front,attentive,nsga2,random --budget 200

1 is the hypervolume of all 4,096 (3,256) final validation values of a task, in its own unit and with multiply-adds as
they are; the reference point is the worst value and the dearest architecture of the space. Every finished search is a
row of the CSV file, and is not run again.
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import load_table
from benchmarks.table import Table
from surrogates.search import make_searcher, run_search
from surrogates.search.arrays import COSTS, costs
from surrogates.search.front import hypervolume

KEY = ["space", "method", "params", "task", "seed", "budget"]


def one_search(
    table: Table, space: str, method: str, params: dict[str, float], task: str, budget: int, seed: int
) -> dict[str, Any]:
    """A row of the file: the share of the hypervolume after every ten queries, and the seconds it took."""
    archs = list(table.space.archs)
    values = table.oriented()[task].reindex(archs).to_numpy()
    charged = costs(table.space)[:, COSTS.index("multiply_adds")].astype(np.float64)
    reference = {"worst": float(values.min()), "dearest": float(charged.max())}
    start = time.perf_counter()
    history = run_search(make_searcher(method, seed, **params), table, task, budget, seed)
    seconds = time.perf_counter() - start
    rows = np.array([table.space.index(arch) for arch in history.archs])
    whole = hypervolume(values, charged, **reference)
    after = sorted({*range(10, budget, 10), budget})
    shares = [hypervolume(values[rows[:n]], charged[rows[:n]], **reference) / whole for n in after]
    return {"space": space, "method": method, "params": str(params), "task": task, "seed": seed} | {
        "budget": budget,
        "share": shares[-1],
        "seconds": round(seconds, 2),
        "shares": " ".join(f"{n}:{share:.6f}" for n, share in zip(after, shares, strict=True)),
    }


def show(found: pd.DataFrame, tasks: list[str], at: list[int]) -> None:
    """Print means and standard deviations over seeds for each task, and the mean over tasks."""
    for (space, method, params, budget), rows in found.groupby(["space", "method", "params", "budget"], sort=False):
        for n in [n for n in at if n < budget] + [budget]:
            share = rows["shares"].map(lambda text, n=n: dict(part.split(":") for part in text.split())[str(n)])
            by_task = share.astype(float).groupby(rows["task"])
            mean, spread = by_task.mean(), by_task.std()
            name = f"{space} {method}{'' if params == '{}' else params} @{n}"
            each = (f"{mean.get(task, np.nan):.4f} ({spread.get(task, np.nan):.4f})" for task in tasks)
            seeds = rows["seed"].nunique()
            print(f"{name:32s} {mean.mean():.4f} |", *each, f"| {seeds} seeds, {rows['seconds'].mean():.1f} s")


def finished(file: Path) -> dict[tuple[str, ...], dict[str, Any]]:
    """Rows of the file, by what was searched."""
    if not file.exists():
        return {}
    rows = pd.read_csv(file, dtype={"params": str}).to_dict("records")
    return {tuple(str(row[name]) for name in KEY): row for row in rows}


def main(arguments: argparse.Namespace) -> None:
    """Run what is missing, print everything asked for."""
    pairs = [pair.split("=") for pair in arguments.set]
    params = {name: float(value) if "." in value else int(value) for name, value in pairs}
    rows = finished(arguments.file)
    for space in arguments.spaces.split(","):
        table = load_table(Path(os.environ["NAS_DATA"]) / f"transnas101/{space}_final.csv")
        tasks = arguments.tasks.split(",") if arguments.tasks else list(table.tasks)
        seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
        wanted = []
        for method, task, seed in itertools.product(arguments.methods.split(","), tasks, seeds):
            key = tuple(map(str, (space, method, params, task, seed, arguments.budget)))
            if key not in rows:
                rows[key] = one_search(table, space, method, params, task, arguments.budget, seed)
                part = arguments.file.with_suffix(".part")
                pd.DataFrame(list(rows.values())).to_csv(part, index=False)
                part.replace(arguments.file)
            wanted.append(rows[key])
        show(pd.DataFrame(wanted), tasks, [int(n) for n in arguments.at.split(",")])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", default="front,attentive,nsga2,random")
    parser.add_argument("--spaces", default="micro,macro")
    parser.add_argument("--tasks", help="all if not given")
    parser.add_argument("--budget", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--at", default="50,100", help="also print the share after so many queries, multiples of 10")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=NUMBER", help="parameters of the searchers")
    parser.add_argument("--file", type=Path, default=Path("search_fronts.csv"))
    main(parser.parse_args())
