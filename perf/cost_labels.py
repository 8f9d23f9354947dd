"""Accuracy on costs: Kendall's tau-b, coverage of the 90 % interval and seconds, against a ridge regression.

    NAS_DATA=<folder> python perf/cost_labels.py          # half an hour on one core; rewrites cost_labels.csv
    NAS_DATA=<folder> python perf/cost_labels.py 256      # only some numbers of training rows; prints, writes nothing

Protocol *all*: the first n rows of a seeded permutation are the training rows, the next 4,000 (or all others) the test
rows; nothing is tuned on these. Labels are the measured latencies and energies of NAS-Bench-201 cells, fitted at once
with `equivalence="string"`, and, as a check of the other spaces, parameters, multiply-adds and activations computed for
TransNAS cells and skeletons. ``boosted`` and ``gp`` are the members of ``ensemble``; ``pooled`` is the ensemble with
`equivalence="function"`; ``ridge`` is scikit-learn's `RidgeCV` on one-hot features and `Costs`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks import get_space, kendall_tau, split
from benchmarks.quantities import lower_is_better
from encoders import Costs, OneHotEncoding
from surrogates import EnsembleSurrogate
from surrogates.calibration.calibration import Z_LEVEL

RESULTS = Path(__file__).with_suffix(".csv")
SIZES = (32, 64, 128, 256, 512, 1024)
SEEDS = (0, 1)
_TEST = 4000
_POOLED = 256
"""Number of training rows for which the pooled ensemble is measured."""


def measured(folder: Path) -> dict[str, pd.DataFrame]:
    """Space -> labels, indexed by architecture."""
    costs = pd.read_csv(folder / "nasbench201" / "costs.csv", index_col="arch")
    found = {"nasbench201": costs}
    for name in ("transnas101-micro", "transnas101-macro"):
        archs = list(get_space(name).archs)
        computed = Costs(task="jigsaw").fit(archs).exact(archs)[:, :3].astype(float)
        found[name] = pd.DataFrame(computed, index=archs, columns=["params", "multiply_adds", "activations"])
    return found


def runs(labels: pd.DataFrame, n: int, seed: int) -> Iterator[dict[str, Any]]:
    """One row per method and column: method, column, tau, coverage, seconds of the fit."""
    rows = split(list(labels.index), n, seed)
    train, test = labels.iloc[rows.train], labels.iloc[rows.test[:_TEST]]
    for equivalence in ("string", "function") if n == _POOLED else ("string",):
        start = time.perf_counter()
        ensemble = EnsembleSurrogate(equivalence=equivalence, random_state=seed)
        ensemble.fit(list(train.index), train, minimize=[name for name in labels.columns if lower_is_better(name)])
        seconds = time.perf_counter() - start
        models = {"ensemble" if equivalence == "string" else "pooled": ensemble}
        if equivalence == "string":
            models |= dict(zip(("boosted", "gp"), ensemble.members_, strict=True))
        for name, model in models.items():
            mean, std = model.predict(list(test.index), return_std=True)
            inside = np.abs(mean - test.to_numpy()) <= Z_LEVEL * std
            for t, column in enumerate(labels.columns):
                tau = kendall_tau(test[column].to_numpy(), mean[:, t])
                found = {"method": name, "column": column, "tau": tau, "coverage": inside[:, t].mean()}
                yield found | {"seconds": seconds if model is ensemble else np.nan}
    X, Y = (_plain_features(list(part.index)) for part in (train, test))
    for column in labels.columns:
        ridge = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-3, 3, 13))).fit(X, train[column])
        yield {"method": "ridge", "column": column, "tau": kendall_tau(test[column].to_numpy(), ridge.predict(Y))}


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """Means and standard deviations over the seeds, of every column and of the mean over the columns of a space."""
    keys = ["space", "n", "method"]
    mean = found.groupby([*keys, "seed"], sort=False)[["tau", "coverage", "seconds"]].mean().reset_index()
    everything = pd.concat([found, mean.assign(column="mean")])
    grouped = everything.groupby([*keys, "column"], sort=False)
    table = grouped[["tau", "coverage", "seconds"]].mean()
    table.insert(1, "tau_sd", grouped["tau"].std())
    return table.round({"tau": 4, "tau_sd": 4, "coverage": 3, "seconds": 1}).reset_index()


def _plain_features(archs: list[str]) -> np.ndarray[Any, Any]:
    return np.concatenate([OneHotEncoding().fit_transform(archs), Costs().fit_transform(archs)], axis=1)


if __name__ == "__main__":
    sizes = tuple(int(size) for size in sys.argv[1:]) or SIZES
    found: list[pd.DataFrame] = []
    for space, labels in measured(Path(os.environ["NAS_DATA"])).items():
        for n in sizes:
            found += [pd.DataFrame(runs(labels, n, seed)).assign(space=space, n=n, seed=seed) for seed in SEEDS]
            print(summary(pd.concat(found[-len(SEEDS) :])).to_string(index=False), flush=True)
            if sizes == SIZES:
                summary(pd.concat(found)).to_csv(RESULTS, index=False)
