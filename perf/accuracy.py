"""Accuracy of surrogates: Kendall's tau, one task at a time, next to published results; coverage of 90 % intervals.

    NAS_DATA=<folder> python perf/accuracy.py            # the ensemble; about ten minutes on two cores
    NAS_DATA=<folder> python perf/accuracy.py boosted    # any model of `surrogates leaderboard`

Protocol *all*: the first n rows of a seeded permutation are the training set, all others the test set; nothing is tuned
on the test set. Means over the seeds of the splits, ± the standard deviation over seeds of the mean over tasks; the
model's own seed is always 0.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pandas as pd

from benchmarks import Table, load_table
from surrogates.evaluation import held_out_runs, means_over_seeds
from surrogates.registry import make_model

# FLAN (Akhauri and Abdelfattah, 2024), micro, one task at a time; None: not published.
FLAN = {
    128: {"class_scene": 0.775, "class_object": 0.668, "room_layout": 0.779, "jigsaw": 0.641}
    | {"segmentsemantic": 0.806, "normal": None, "autoencoder": 0.652},
    512: {"class_scene": 0.815, "class_object": 0.701, "room_layout": 0.816, "jigsaw": 0.666}
    | {"segmentsemantic": 0.838, "normal": None, "autoencoder": 0.683},
}


def one_task_at_a_time(model: str, space: str, sizes: tuple[int, ...], seeds: range = range(3)) -> None:
    """Print Kendall's tau of every task, each fitted alone."""
    for n in sizes:
        taus = scores(model, space, n, seeds, one_task_at_a_time=True)["tau"]
        print(f"{space} n={n:<5d} one task at a time  {taus}")
        if space == "micro" and n in FLAN:
            published = (FLAN[n][task] for task in _table(space).tasks)
            print(" " * 33 + "FLAN              ", *("    -" if tau is None else f"{tau:.3f}" for tau in published))


def coverage(model: str, space: str, n: int, seeds: range) -> None:
    """Print the share of measured values inside the 90 % interval, of every task."""
    print(f"{space} n={n:<5d} coverage of 90 %    {scores(model, space, n, seeds)['coverage']}")


def scores(model: str, space: str, n: int, seeds: range, one_task_at_a_time: bool = False) -> dict[str, str]:
    """Score -> text with its mean and standard deviation, and the mean of every task."""
    values = _table(space).to_frame()
    fit = {model: lambda archs, labels, _: make_model(model).fit(archs, labels)}
    runs = pd.concat(held_out_runs(values, fit, [n], seeds, one_task_at_a_time=one_task_at_a_time))
    found = means_over_seeds(runs).set_index("task").to_dict()
    texts = {}
    for score in ("tau", "coverage"):
        means = " ".join(f"{found[score][task]:.3f}" for task in values.columns)
        texts[score] = f"mean {found[score]['mean']:.3f} ± {found[f'{score}_sd']['mean']:.3f} {means}"
    return texts


def _table(space: str) -> Table:
    return load_table(Path(os.environ["NAS_DATA"]) / f"transnas101/{space}_final.csv")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="ensemble", help="model name (default: ensemble)")
    model = parser.parse_args().model
    make_model(model)  # an unknown name raises before the computation
    print(" " * 51, *_table("micro").tasks)
    for space in ("micro", "macro"):
        one_task_at_a_time(model, space, (32, 50, 100, 128, 400, 512))
        coverage(model, space, 100, range(100, 110))
        coverage(model, space, 1000, range(100, 105))
