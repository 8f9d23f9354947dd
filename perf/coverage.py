"""Coverage: the share of measured values within the 90 % intervals of every surrogate.

    NAS_DATA=<folder> python perf/coverage.py --models boosted,gp,transfer --train-sizes 32,128,512 --seeds 0,1,2

Protocol *all*: the first n rows of a seeded permutation are the training set, all others the test set. Surrogates are
fitted to all seven labels of the training rows; `transfer` is fitted to one task at a time, with the tables of the
other six as sources. `graph` and `ensemble` need torch and about a minute per fit: use few seeds. Each line is printed
as soon as it is computed.
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
    """One row per seed and task, see `surrogates.evaluation.held_out_runs`."""
    alone = model == "transfer"  # each task from the others: the target itself is not a source
    surrogate = TransferSurrogate(sources=table) if alone else make_model(model)
    return pd.concat(held_out_runs(table.to_frame(), {model: surrogate}, [n], seeds, one_task_at_a_time=alone))


def main() -> None:
    """Parse the command line and print one line per table, model and training size."""
    parser = argparse.ArgumentParser(description="Coverage of nominal 90 % intervals on held-out rows.")
    parser.add_argument(
        "--models", default="boosted,gp,transfer", help="comma-separated: boosted, gp, graph, ensemble, transfer"
    )
    parser.add_argument("--train-sizes", default="32,128,512", help="numbers of training rows, comma-separated")
    parser.add_argument("--seeds", default="0,1,2", help="seeds of the splits, comma-separated")
    parser.add_argument("--tables", default="micro,macro", help="comma-separated: micro, macro")
    given = parser.parse_args()
    print("table model         n  coverage (mean over tasks; min and max over tasks; sd over seeds)  tau  s per seed")
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
