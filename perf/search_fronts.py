"""Quality of Pareto fronts: the share of the hypervolume of value against multiply-adds that a search has found.

    NAS_DATA=<folder> python perf/search_fronts.py --methods front,attentive,nsga2,random --budget 200

1 is the hypervolume of all 4,096 (3,256) final validation values of a task, in its own unit and with multiply-adds
unscaled; the reference point is the worst value and the highest cost of the space. Every finished search is a row of
the CSV file and is not run again.
"""

from __future__ import annotations

import time
from inspect import signature
from typing import Any

import numpy as np
import pandas as pd
from searches import cost, measure, parser

from benchmarks.table import Table
from surrogates.search import make_searcher, run_search
from surrogates.search.pareto import hypervolume
from surrogates.search.registry import searcher_class
from surrogates.search.space_arrays import COSTS, costs


def one_search(table: Table, method: str, params: dict[str, Any], task: str, budget: int, seed: int) -> dict[str, Any]:
    """A row of the file: the share of the hypervolume after every ten queries, and the run time in seconds."""
    archs = list(table.space.archs)
    values = table.oriented()[task].reindex(archs).to_numpy()
    charged = costs(table.space)[:, COSTS.index("multiply_adds")].astype(np.float64)
    reference = {"worst": float(values.min()), "dearest": float(charged.max())}
    start = time.perf_counter()
    if "cost" in signature(searcher_class(method)).parameters:
        params = {"cost": "multiply_adds", **params}
    history = run_search(make_searcher(method, seed, **params), table, task, budget, seed)
    seconds = time.perf_counter() - start
    rows = np.array([table.space.index(arch) for arch in history.archs])
    whole = hypervolume(values, charged, **reference)
    after = sorted({*range(10, budget, 10), budget})
    shares = [hypervolume(values[rows[:n]], charged[rows[:n]], **reference) / whole for n in after]
    text = " ".join(f"{n}:{share:.6f}" for n, share in zip(after, shares, strict=True))
    return {"share": shares[-1], "seconds": round(seconds, 2), "shares": text}


def show(rows: pd.DataFrame, name: str, tasks: list[str], n: int) -> None:
    """Print means and standard deviations over seeds of the share after n queries, and the mean over tasks."""
    share = rows["shares"].map(lambda text: float(dict(part.split(":") for part in text.split())[str(n)]))
    by_task = share.groupby(rows["task"])
    mean, spread = by_task.mean(), by_task.std()
    each = (f"{mean[task]:.4f} ({spread[task]:.4f})" for task in tasks)
    print(f"{name:32s} {mean.mean():.4f} |", *each, cost(rows))


if __name__ == "__main__":
    options = parser(__doc__, "front,attentive,nsga2,random", budget=200, at="50,100", file="search_fronts.csv")
    measure(options.parse_args(), one_search, show)
