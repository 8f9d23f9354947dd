"""Accuracy of transfer against the number of labels, from none on: Kendall's tau, beside the mean of the sources.

    NAS_DATA=<folder> python perf/transfer_curve.py                  # about ten minutes on two cores
    NAS_DATA=<folder> python perf/transfer_curve.py --k 0,16 --seeds 0,1,2 --tables macro

Each of the seven tasks is predicted from the tables of the other six and k labels, the first k rows of a seeded
permutation; tau and the share of measured values within the 90 % interval are of all other rows. Means over the seven
tasks and the seeds, ± the standard deviation over seeds of the mean over tasks (without labels there is one result).
"mean of sources" is that of the other six tasks' normal scores, without any label.
"""

from __future__ import annotations

import argparse
import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import kendalltau, norm, rankdata

from benchmarks import load_table
from benchmarks.protocols import split
from benchmarks.table import Table
from surrogates import TransferSurrogate
from surrogates.evaluation import held_out_scores


def normal_scores(values: np.ndarray) -> np.ndarray:
    """Normal scores of the ranks of values of shape (n,)."""
    return np.asarray(norm.ppf((rankdata(values) - 0.5) / len(values)))


def results(table: Table, task: str, sizes: list[int], seeds: list[int]) -> pd.DataFrame:
    """Columns k, seed, tau, coverage, of one task predicted from all others of its table."""
    truth = table.to_frame()[task]
    archs, values = list(truth.index), truth.to_numpy()
    others = [name for name in table.tasks if name != task]
    surrogate = TransferSurrogate(sources=table.where(tasks=others), random_state=0)
    rows = []
    if 0 in sizes:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that predictions are normal scores
            fitted = surrogate.fit([], truth[:0])
        own = normal_scores(values) if "/" in fitted.tasks_[0] else values
        tau, _, coverage = held_out_scores(own, *fitted.predict(archs, return_std=True))
        rows += [(0, seed, tau, coverage) for seed in seeds[:1]]
    runs = [(k, seed, split(table, k, seed)) for k in sizes if k for seed in seeds]
    labels = np.full((len(archs), len(runs)), np.nan)  # each run is fitted separately, but the sources only once
    for column, (_, _, parts) in enumerate(runs):
        labels[parts.train, column] = values[parts.train]
    if runs:
        known = ~np.isnan(labels).all(axis=1)
        fitted = surrogate.fit([arch for arch, given in zip(archs, known, strict=True) if given], labels[known])
        mean, std = fitted.predict(archs, return_std=True)
        for column, (k, seed, parts) in enumerate(runs):
            test = parts.test
            tau, _, coverage = held_out_scores(values[test], mean[test, column], std[test, column])
            rows.append((k, seed, tau, coverage))
    return pd.DataFrame(rows, columns=["k", "seed", "tau", "coverage"]).assign(task=task)


def mean_of_sources(table: Table) -> float:
    """Tau of the plain mean of the other tasks' normal scores, mean over the tasks."""
    values = table.oriented().to_numpy()
    scores = np.stack([normal_scores(column) for column in values.T])
    taus = [
        kendalltau(np.delete(scores, row, axis=0).mean(axis=0), values[:, row]).statistic for row in range(len(scores))
    ]
    return float(np.mean(taus))


def main() -> None:
    """Parse the command line and print one line per table and number of labels."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--k", default="0,1,2,4,8,16,32,128", help="numbers of labels, comma-separated")
    parser.add_argument("--seeds", default="0,1,2,3,4", help="seeds of the splits, comma-separated")
    parser.add_argument("--tables", default="micro,macro", help="comma-separated: micro, macro")
    given = parser.parse_args()
    sizes, seeds = ([int(part) for part in text.split(",")] for text in (given.k, given.seeds))
    for space in given.tables.split(","):
        table = load_table(Path(os.environ["NAS_DATA"]) / f"transnas101/{space}_final.csv")
        print(f"{space}  mean of sources {mean_of_sources(table):.3f}", *table.tasks, flush=True)
        runs = pd.concat([results(table, task, sizes, seeds) for task in table.tasks])
        for k, found in runs.groupby("k"):
            by_seed, by_task = found.groupby("seed")["tau"].mean(), found.groupby("task", sort=False)["tau"].mean()
            spread = f"± {by_seed.std():.3f}" if len(by_seed) > 1 else " " * 7
            taus = " ".join(f"{tau:.3f}" for tau in by_task)
            print(f"{space} k={k:<4d} tau {by_seed.mean():.3f} {spread}  {taus}  90 % {found['coverage'].mean():.3f}")


if __name__ == "__main__":
    main()
