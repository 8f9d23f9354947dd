"""Accuracy with chosen architectures (`surrogates.initial_design`) beside as many random ones, in the published tables.

    NAS_DATA=<folder> python perf/designs.py                         # the ensemble; about half an hour on one core
    NAS_DATA=<folder> python perf/designs.py --model gp --spaces nasbench201 --seeds 3,4,5,6,7
    NAS_DATA=<folder> python perf/designs.py --transfer --sizes 16        # the other tasks' tables as sources

Kendall's tau, mean over the tasks, all tasks fitted together, ± the standard deviation over the seeds. All rows that
are not labelled are test rows (protocol *all*). "random n" are the first n rows of a seeded permutation of the table,
as in `surrogates leaderboard`; "chosen n" are the design of the same seed. With --transfer each task is fitted alone,
with the tables of all other tasks as sources, which the design is given as well. Every run is a row of the CSV file and
is not run again. The constants of `surrogates/design.py` were chosen with seeds 3 to 7.
"""

from __future__ import annotations

import argparse
import itertools
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import Table, kendall_tau, load_table
from surrogates import Surrogate, TransferSurrogate, initial_design
from surrogates.evaluation.held_out import clone_with_seed
from surrogates.models.transfer.source_process import SourceProcess
from surrogates.registry import make_model

FILES = {
    "transnas101-micro": "transnas101/micro_final.csv",
    "transnas101-macro": "transnas101/macro_final.csv",
    "nasbench201": "nasbench201/final.csv",
}
KEY = ["model", "space", "n", "seed", "rows"]
WAYS = ("random", "chosen")


def rows_of(table: Table, way: str, n: int, seed: int, sources: SourceProcess | None = None) -> list[int]:
    """Positions of the n labelled rows."""
    if way == "random":
        return list(np.random.default_rng(seed).permutation(len(table))[:n].tolist())
    position = {arch: row for row, arch in enumerate(table.archs)}
    design = initial_design(table.space, n, allowed=table.archs, sources=sources, random_state=seed)
    return [position[arch] for arch in design]


def taus(table: Table, tasks: list[str], rows: list[int], surrogate: Surrogate) -> dict[str, float]:
    """Kendall's tau of every task on the rows that were not fitted."""
    values = table.oriented()[tasks]
    test = values.drop(index=values.index[rows])
    surrogate.fit(list(values.index[rows]), values.iloc[rows])
    predicted = surrogate.predict(list(test.index)).reshape(len(test), -1)
    return {task: kendall_tau(test[task].to_numpy(), predicted[:, t]) for t, task in enumerate(tasks)}


def jointly(table: Table, model: str, way: str, n: int, seed: int) -> dict[str, float]:
    """All tasks fitted together."""
    return taus(table, list(table.tasks), rows_of(table, way, n, seed), clone_with_seed(make_model(model), seed))


def transferred(table: Table, everything: SourceProcess, way: str, n: int, seed: int) -> dict[str, float]:
    """Each task fitted with all others as sources."""
    found: dict[str, float] = {}
    for task in table.tasks:
        sources = everything.only([other for other in table.tasks if other != task])
        rows = rows_of(table, way, n, seed, sources)
        found |= taus(table, [task], rows, TransferSurrogate(sources=sources, random_state=seed))
    return found


def main(arguments: argparse.Namespace) -> None:
    """Run what the file lacks, and print a line per space, size and way."""
    model = "transfer" if arguments.transfer else arguments.model
    stored = pd.read_csv(arguments.file) if arguments.file.exists() else pd.DataFrame(columns=KEY)
    done: dict[tuple[Any, ...], dict[Any, Any]] = {
        tuple(row[name] for name in KEY): row for row in stored.to_dict("records")
    }
    for space in arguments.spaces.split(","):
        table = load_table(Path(os.environ["NAS_DATA"]) / FILES[space])
        everything = SourceProcess.fit(table.archs, table.oriented()) if arguments.transfer else None
        sizes, seeds = ([int(part) for part in text.split(",")] for text in (arguments.sizes, arguments.seeds))
        for n, way in itertools.product(sizes, arguments.rows.split(",")):
            for seed in seeds:
                key = (model, space, n, seed, way)
                if key not in done:
                    if everything is None:
                        found = jointly(table, model, way, n, seed)
                    else:
                        found = transferred(table, everything, way, n, seed)
                    done[key] = {**dict(zip(KEY, key, strict=True)), **found}
                    pd.DataFrame(list(done.values())).to_csv(arguments.file, index=False)
            tasks = pd.DataFrame([done[model, space, n, seed, way] for seed in seeds])[list(table.tasks)]
            means = tasks.mean(axis=1)
            spread = f"± {means.std():.3f}" if len(seeds) > 1 else ""
            each = " ".join(f"{tau:.3f}" for tau in tasks.mean())
            print(f"{space:18s} {model:9s} {way} {n:<4d} {means.mean():.3f} {spread} | {each}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="ensemble", help="model of `surrogates fit` (default: %(default)s)")
    parser.add_argument("--spaces", default="transnas101-micro,transnas101-macro", help="default: %(default)s")
    parser.add_argument("--sizes", default="32,128,512", help="numbers of labels (default: %(default)s)")
    parser.add_argument("--seeds", default="0,1,2", help="default: %(default)s")
    parser.add_argument("--rows", default=",".join(WAYS), help="default: %(default)s")
    parser.add_argument("--transfer", action="store_true", help="each task alone, all others as sources")
    parser.add_argument("--file", type=Path, default=Path("designs.csv"), help="results (default: %(default)s)")
    main(parser.parse_args())
