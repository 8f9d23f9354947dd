"""How good: one task at a time against the published figures, and coverage of the 90 % intervals.

    NAS_DATA=<folder> python perf/accuracy.py            # the ensemble; about ten minutes on two cores
    NAS_DATA=<folder> python perf/accuracy.py boosted    # any model of `surrogates leaderboard`

Protocol *all*: the first n rows of a seeded permutation train, all others test; nothing is tuned on them.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np

from benchmarks import load_table, split
from benchmarks.metrics import kendall_tau
from surrogates.registry import make_model

# FLAN (Akhauri and Abdelfattah, 2024), micro, one task at a time; None: not published.
FLAN = {
    128: {"class_scene": 0.775, "class_object": 0.668, "room_layout": 0.779, "jigsaw": 0.641}
    | {"segmentsemantic": 0.806, "normal": None, "autoencoder": 0.652},
    512: {"class_scene": 0.815, "class_object": 0.701, "room_layout": 0.816, "jigsaw": 0.666}
    | {"segmentsemantic": 0.838, "normal": None, "autoencoder": 0.683},
}


def one_task_at_a_time(model: str, space: str, sizes: tuple[int, ...], seeds: range = range(3)) -> None:
    """Print Kendall's tau of every task, fitted alone."""
    table = load_table(Path(os.environ["NAS_DATA"]) / f"transnas101/{space}_final.csv")
    frame = table.to_frame()
    for n in sizes:
        taus = np.zeros((len(seeds), len(table.tasks)))
        for i, seed in enumerate(seeds):
            rows = split(table, n, seed)
            train, test = frame.iloc[rows.train], frame.iloc[rows.test]
            for t, task in enumerate(table.tasks):
                surrogate = make_model(model).fit(list(train.index), train[task])
                taus[i, t] = kendall_tau(test[task], surrogate.predict(list(test.index)))
        print(f"{space} n={n:<5d} one task at a time  mean {taus.mean():.3f}", *(f"{tau:.3f}" for tau in taus.mean(0)))
        if space == "micro" and n in FLAN:
            published = (FLAN[n][task] for task in table.tasks)
            print(" " * 33 + "FLAN      ", *("    -" if tau is None else f"{tau:.3f}" for tau in published))


def coverage(model: str, space: str, n: int, seeds: range) -> None:
    """Print the share of measured values inside the 90 % interval, of every task."""
    table = load_table(Path(os.environ["NAS_DATA"]) / f"transnas101/{space}_final.csv")
    frame = table.to_frame()
    inside = []
    for seed in seeds:
        rows = split(table, n, seed)
        train, test = frame.iloc[rows.train], frame.iloc[rows.test]
        mean, std = make_model(model).fit(list(train.index), train).predict(test.index, return_std=True)
        inside.append((np.abs(test - mean) <= 1.645 * std).mean())
    found = np.mean(inside, axis=0)
    print(f"{space} n={n:<5d} coverage of 90 %    mean {found.mean():.3f}", *(f"{share:.3f}" for share in found))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="ensemble")
    model = parser.parse_args().model
    make_model(model)  # a wrong name is refused before the work
    print(" " * 43, *(load_table(Path(os.environ["NAS_DATA"]) / "transnas101/micro_final.csv").tasks))
    for space in ("micro", "macro"):
        one_task_at_a_time(model, space, (32, 50, 100, 128, 400, 512))
        coverage(model, space, 100, range(100, 110))
        coverage(model, space, 1000, range(100, 105))
