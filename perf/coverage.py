"""How often measured values lie within the 90 % intervals of every surrogate.

    NAS_DATA=<folder> python perf/coverage.py --models boosted,gp,transfer --train-sizes 32,128,512 --seeds 0,1,2

Protocol *all*: the first n rows of a seeded permutation train, all others test. Surrogates see all seven labels of
those rows; `transfer` sees those of one task and the tables of the other six, one task after the other. `graph` and
`ensemble` need torch and about a minute a fit: give them few seeds. A line is printed as soon as it is known.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import pandas as pd

from benchmarks import load_table
from benchmarks.table import Table
from surrogates import TransferSurrogate
from surrogates.evaluation import held_out_runs
from surrogates.registry import make_model


def results(model: str, table: Table, n: int, seeds: list[int]) -> pd.DataFrame:
    """One row a seed and task, see `surrogates.evaluation.held_out_runs`."""
    alone = model == "transfer"  # each task from the others: the target's own column is no source
    surrogate = TransferSurrogate(sources=table) if alone else make_model(model)
    return pd.concat(held_out_runs(table.to_frame(), {model: surrogate}, [n], seeds, one_task_at_a_time=alone))


def main() -> None:
    """Read the command line and print a line for every table, model and training size."""
    parser = argparse.ArgumentParser(description="Coverage of nominal 90 % intervals on rows not trained on.")
    parser.add_argument("--models", default="boosted,gp,transfer", help="boosted, gp, graph, ensemble, transfer")
    parser.add_argument("--train-sizes", default="32,128,512")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--tables", default="micro,macro")
    given = parser.parse_args()
    print("table model         n  coverage (mean of tasks; of tasks, least and most; sd of seeds)    tau  s a seed")
    for space in given.tables.split(","):
        table = load_table(Path(os.environ["NAS_DATA"]) / f"transnas101/{space}_final.csv")
        for model in given.models.split(","):
            for n in map(int, given.train_sizes.split(",")):
                start = time.perf_counter()
                found = results(model, table, n, [int(seed) for seed in given.seeds.split(",")])
                by_seed = found.groupby("seed")["coverage"].mean()
                by_task = found.groupby("task")["coverage"].mean()
                print(
                    f"{space:5s} {model:9s} {n:5d}  {by_task.mean():.3f}  {by_task.min():.3f} {by_task.max():.3f}  "
                    f"{by_seed.std():.3f}  tau {found['tau'].mean():.4f}  "
                    f"{(time.perf_counter() - start) / len(by_seed):.1f} s",
                    flush=True,
                )


if __name__ == "__main__":
    main()
