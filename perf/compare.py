"""Differences of predictions: coverage of their 90 % intervals, and whether P(A better) is what happens.

    NAS_DATA=<folder> python perf/compare.py          # half an hour on one core; rewrites compare*.csv
    NAS_DATA=<folder> python perf/compare.py 2        # only some seeds; prints, writes nothing

An ensemble is fitted to 200 random rows of a table of published values, and asked for pairs of two functions that are
not among these rows: near ones, one edit apart, and random ones, 400 each. ``alone`` is the coverage of the intervals
of the architectures themselves. ``independent`` takes the two errors as independent, ``correlated`` is what
`Oracle.compare` does: the correlation is estimated on the training rows alone
(`surrogates.calibration.error_correlation`). ``correlation`` is the mean estimate, ``measured`` that of the errors of
the pairs, in standard deviations, cut at 2.5. Seeds are other than the one that the form was tried with (0).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks import Table, load_table
from surrogates import EnsembleSurrogate
from surrogates.calibration.calibration import Z_LEVEL
from surrogates.oracle.differences import pair_differences
from surrogates.pretrained.load import SOURCES

RESULTS = Path(__file__).with_suffix(".csv")
RELIABILITY = RESULTS.with_name("compare_reliability.csv")
SEEDS = (1, 2, 3)
_ROWS, _PAIRS, _CLIP = 200, 400, 2.5
_BINS = np.array([0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0])

Rows = NDArray[np.int64]


def pairs(table: Table, train: Rows, rng: np.random.Generator) -> dict[str, list[tuple[int, int]]]:
    """Near and random pairs of rows of two functions each that are not among the training rows."""
    space, archs = table.space, list(table.archs)
    forms = space.simplify(archs)
    seen = {forms[row] for row in train.tolist()}
    new = [row for row in range(len(archs)) if forms[row] not in seen]
    rows = {archs[row]: row for row in new}
    found: dict[str, list[tuple[int, int]]] = {"near": [], "random": []}
    for first in rng.permutation(new).tolist():
        around = [rows[other] for other in space.neighbors(archs[first]) if other in rows]
        for kind, others in (("near", around), ("random", new)):
            others = [other for other in rng.permutation(others)[:4].tolist() if forms[other] != forms[first]]
            if others and len(found[kind]) < _PAIRS:
                found[kind].append((first, others[0]))
        if min(map(len, found.values())) == _PAIRS:
            break
    return found


def run(space: str, seed: int, folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row per kind of pairs and task; and one per pair and task with P and whether A was better."""
    table = load_table(folder / SOURCES[space], space=space)
    labels = table.to_frame()
    rng = np.random.default_rng(seed)
    train = rng.permutation(len(labels))[:_ROWS]
    surrogate = EnsembleSurrogate(random_state=seed, n_jobs=1)
    surrogate.fit(list(labels.index[train]), labels.iloc[train])
    found, judged = [], []
    for kind, chosen in pairs(table, train, rng).items():
        asked, place = np.unique(np.array(chosen), return_inverse=True)
        first, second = place.reshape(-1, 2).T
        archs = [table.archs[row] for row in asked]
        mean, std = surrogate.predict(archs, return_std=True)
        rho = surrogate.error_correlation(archs)
        truth = labels.to_numpy()[asked]
        errors = np.clip((truth - mean) / std, -_CLIP, _CLIP)
        for t, task in enumerate(surrogate.tasks_):
            true = truth[first, t] - truth[second, t]
            both = [values[rows, t] for values in (mean, std) for rows in (first, second)]
            estimate = rho[t][first, second]
            row: dict[str, object] = {"space": space, "seed": seed, "pairs": kind, "task": task}
            row["alone"] = np.mean(np.abs(errors[:, t]) <= Z_LEVEL)
            for how, correlation in (("independent", 0.0 * estimate), ("correlated", estimate)):
                found_now = pair_differences(*both, correlation)
                row[how] = np.mean((found_now.low <= true) & (true <= found_now.high))
            products = errors[first, t] * errors[second, t]
            row |= {"correlation": estimate.mean(), "measured": products.mean() / (errors[:, t] ** 2).mean()}
            found.append(row)
            right = np.where(true == 0, 0.5, (true > 0) == (found_now.positive >= 0.5))
            sure = np.maximum(found_now.positive, 1 - found_now.positive)
            judged.append(pd.DataFrame({"space": space, "pairs": kind, "p": sure, "right": right.astype(float)}))
    return pd.DataFrame(found), pd.concat(judged)


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """Means over tasks and seeds, the standard deviation of the coverage over seeds, and the worst task."""
    keys, numbers = ["space", "pairs"], ["alone", "independent", "correlated", "correlation", "measured"]
    table = found.groupby(keys, sort=False)[numbers].mean()
    by_seed = found.groupby([*keys, "seed"], sort=False)["correlated"].mean()
    table.insert(3, "sd", by_seed.groupby(keys, sort=False).std())
    by_task = found.groupby([*keys, "task"], sort=False)["correlated"].mean()
    table.insert(4, "worst_task", by_task.groupby(keys, sort=False).min())
    return table.round(3).reset_index()


def reliability(judged: pd.DataFrame) -> pd.DataFrame:
    """For bins of the probability that the predicted winner is better: its mean, and how often it is."""
    bins = pd.cut(judged["p"], _BINS, include_lowest=True, right=False).cat.codes.replace(-1, len(_BINS) - 2)
    grouped = judged.assign(bin=_BINS[bins]).groupby(["pairs", "bin"])
    table = grouped[["p", "right"]].mean().round(3)
    table["n"] = grouped.size()
    return table.reset_index()


if __name__ == "__main__":
    seeds = tuple(int(seed) for seed in sys.argv[1:]) or SEEDS
    results, everything = [], []
    for seed in seeds:
        for space in SOURCES:
            frame, judged = run(space, seed, Path(os.environ["NAS_DATA"]))
            results.append(frame)
            everything.append(judged)
            print(summary(pd.concat(results)).to_string(index=False), flush=True)
            print(reliability(pd.concat(everything)).to_string(index=False), flush=True)
            if seeds == SEEDS:
                summary(pd.concat(results)).to_csv(RESULTS, index=False)
                reliability(pd.concat(everything)).to_csv(RELIABILITY, index=False)
