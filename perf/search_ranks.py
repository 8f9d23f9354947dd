"""Quality of searches: the true rank of the best architecture found, in the published tables.

    NAS_DATA=<folder> python perf/search_ranks.py --methods predictor,bananas,transfer,evolution,random --budget 100

Rank 1 is the best of the 4,096 (3,256) final validation values of a task; ties share the best rank. `transfer` also
uses the tables of the six other tasks. Below the ranks stand the best values found, in the units of the published
comparisons: means over seeds, standard deviations in brackets. Every finished search is a row of the CSV file and is
not run again.
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from searches import cost, measure, parser

from benchmarks.table import Table
from surrogates.models.transfer.source_process import SourceProcess
from surrogates.search import make_searcher, run_search

UNITS = {"room_layout": -100.0, "normal": 100.0, "autoencoder": 100.0}  # published: loss, SSIM, each times 100


def one_search(table: Table, method: str, params: dict[str, Any], task: str, budget: int, seed: int) -> dict[str, Any]:
    """A row of the file: the rank after every query, and the run time in seconds."""
    values = table.oriented()[task]
    given = {"sources": sources_but(table, task)} if method == "transfer" else {}
    start = time.perf_counter()
    history = run_search(make_searcher(method, seed, **given, **params), table, task, budget, seed)
    seconds = time.perf_counter() - start
    best = np.maximum.accumulate(values[history.archs].to_numpy())
    ranks = 1 + (values.to_numpy() > best[:, None]).sum(axis=1)
    found = {"ranks": " ".join(map(str, ranks.tolist())), "values": " ".join(f"{value:.6g}" for value in best)}
    return {"rank": int(ranks[-1]), "seconds": round(seconds, 2), **found}


@lru_cache(maxsize=2)
def all_tasks(table: Table) -> SourceProcess:
    """The source process of all tasks of a table, fitted once for all searches; tasks are fitted independently."""
    return SourceProcess.fit(list(table.archs), table.oriented())


def sources_but(table: Table, task: str) -> SourceProcess:
    """The source process of all tasks except one."""
    return all_tasks(table).only([other for other in table.tasks if other != task])


def show(rows: pd.DataFrame, name: str, tasks: list[str], n: int) -> None:
    """Print mean ranks after n queries, their mean over tasks, and the mean best values."""
    rank = rows["ranks"].map(lambda text: int(text.split()[n - 1]))
    mean = rank.groupby(rows["task"]).mean()
    each = (f"{mean[task]:12.1f}" for task in tasks)
    print(f"{name:32s} {mean.mean():6.2f} |", *each, cost(rows))
    units = np.array([UNITS.get(task, 1.0) for task in rows["task"]])
    by_task = (rows["values"].map(lambda text: float(text.split()[n - 1])) * units).groupby(rows["task"])
    values, spread = by_task.mean(), by_task.std(ddof=0)
    print(f"{'':39s} |", *(f"{values[task]:6.2f} ({spread[task]:3.2f})" for task in tasks))


if __name__ == "__main__":
    methods = "predictor,bananas,transfer,evolution,random"
    options = parser(__doc__, methods, budget=100, at="50,96", file="search_ranks.csv")
    measure(options.parse_args(), one_search, show)
