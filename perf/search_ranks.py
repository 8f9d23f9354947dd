"""How good a search is: true rank of the best architecture found, in the published tables.

    NAS_DATA=<folder> python perf/search_ranks.py --methods predictor,bananas,transfer,evolution,random --budget 100

Rank 1 is the best of the 4,096 (3,256) final validation values of a task; ties share the best rank. `transfer` also
knows the tables of the six other tasks. Every finished search is a row of the CSV file, and is not run again.
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import load_table
from benchmarks.table import Table
from surrogates.search import make_searcher, run_search
from surrogates.source_process import SourceProcess

KEY = ["space", "method", "params", "task", "seed", "budget"]


def one_search(
    table: Table, space: str, method: str, params: dict[str, int], task: str, budget: int, seed: int
) -> dict[str, Any]:
    """A row of the file: the rank after every query, and the seconds it took."""
    truth = table.oriented()[task]
    given = {"sources": sources_but(table, task)} if method == "transfer" else {}
    start = time.perf_counter()
    history = run_search(make_searcher(method, seed, **given, **params), table, task, budget, seed)
    seconds = time.perf_counter() - start
    best = np.maximum.accumulate(truth[history.archs].to_numpy())
    ranks = 1 + (truth.to_numpy() > best[:, None]).sum(axis=1)
    text = " ".join(map(str, ranks.tolist()))
    return {"space": space, "method": method, "params": str(params), "task": task, "seed": seed} | {
        "budget": budget,
        "rank": int(ranks[-1]),
        "seconds": round(seconds, 2),
        "ranks": text,
    }


@lru_cache(maxsize=2)
def all_tasks(table: Table) -> SourceProcess:
    """Every task of a table, fitted once for all searches; no task sees another there."""
    return SourceProcess.fit(list(table.archs), table.oriented())


def sources_but(table: Table, task: str) -> SourceProcess:
    """What is known of the other tasks."""
    return all_tasks(table).only([other for other in table.tasks if other != task])


def show(found: pd.DataFrame, tasks: list[str], at: list[int]) -> None:
    """Print mean ranks a task, and the mean over tasks, after some numbers of queries."""
    for (space, method, params, budget), rows in found.groupby(["space", "method", "params", "budget"], sort=False):
        for n in [n for n in at if n < budget] + [budget]:
            rank = rows["ranks"].map(lambda text, n=n: int(text.split()[n - 1]))
            mean = rank.groupby(rows["task"]).mean()
            name = f"{space} {method}{'' if params == '{}' else params} @{n}"
            seeds = rows["seed"].nunique()
            print(f"{name:32s} {mean.mean():6.2f} |", *(f"{mean.get(task, np.nan):6.1f}" for task in tasks), end=" ")
            print(f"| {seeds} seeds, {rows['seconds'].mean():.1f} s")


def finished(file: Path) -> dict[tuple[str, ...], dict[str, Any]]:
    """Rows of the file, by what was searched."""
    if not file.exists():
        return {}
    rows = pd.read_csv(file, dtype={"params": str}).to_dict("records")
    return {tuple(str(row[name]) for name in KEY): row for row in rows}


def main(arguments: argparse.Namespace) -> None:
    """Run what is missing, print everything asked for."""
    params = {name: int(value) for name, value in (pair.split("=") for pair in arguments.set)}
    rows, wanted = finished(arguments.file), []
    for space in arguments.spaces.split(","):
        table = load_table(Path(os.environ["NAS_DATA"]) / f"transnas101/{space}_final.csv")
        tasks = arguments.tasks.split(",") if arguments.tasks else list(table.tasks)
        seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
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
    parser.add_argument("--methods", default="predictor,bananas,transfer,evolution,random")
    parser.add_argument("--spaces", default="micro,macro")
    parser.add_argument("--tasks", help="all if not given")
    parser.add_argument("--budget", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--at", default="50,96", help="also print the rank after so many queries")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=INT", help="parameters of the searchers")
    parser.add_argument("--file", type=Path, default=Path("search_ranks.csv"))
    main(parser.parse_args())
