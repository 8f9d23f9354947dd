"""Shift: surrogates fitted in one region of a space and asked in another, where 90 % intervals should cover 90 %.

    NAS_DATA=<folder> python perf/shift.py --model ensemble --seeds 0,1,2
    NAS_DATA=<folder> python perf/shift.py --regions "micro: few conv3x3,macro: long" --rows 600

Each line is a region, its training rows drawn at random from it: Kendall's tau, coverage of the 90 % interval in the
mean of the tasks and on the worst one, and the mean standard deviation over the spread of the labels, each asked of all
rows outside the region; then tau and coverage on left-out rows inside the region.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks import load_table
from benchmarks.metrics import kendall_tau
from surrogates.registry import make_model

TABLES = {
    "micro": "transnas101/micro_final.csv",
    "macro": "transnas101/macro_final.csv",
    "nb201": "nasbench201/final.csv",
}
Z_LEVEL = 1.645


class Region(NamedTuple):
    """Where training rows come from: those whose number is between two bounds; all others are asked."""

    table: str
    number: Callable[[str], float]
    low: float
    high: float

    def contains(self, arch: str) -> bool:
        return self.low <= self.number(arch) <= self.high


def _code(arch: str) -> str:
    return arch.split("-")[1]


def _strides(arch: str) -> int:
    return sum(digit in "34" for digit in _code(arch))


def _doublings(arch: str) -> int:
    return sum(digit in "24" for digit in _code(arch))


def _first_stride(arch: str) -> int:
    return next((i for i, digit in enumerate(_code(arch)) if digit in "34"), 9)


def _operations(digit: str) -> Callable[[str], float]:
    return lambda arch: arch.split("-")[2].count(digit)


def _named(name: str) -> Callable[[str], float]:
    return lambda arch: arch.count(name + "~")


REGIONS = {
    "macro: short": Region("macro", lambda arch: len(_code(arch)), 0, 5),
    "macro: long": Region("macro", lambda arch: len(_code(arch)), 6, 9),
    "macro: few strides": Region("macro", _strides, 0, 2),
    "micro: few conv3x3": Region("micro", _operations("3"), 0, 2),
    "micro: many conv3x3": Region("micro", _operations("3"), 2, 6),
    "macro: many strides": Region("macro", _strides, 3, 9),
    "macro: few doublings": Region("macro", _doublings, 0, 1),
    "macro: many doublings": Region("macro", _doublings, 2, 9),
    "macro: early stride": Region("macro", _first_stride, 0, 0),
    "macro: late stride": Region("macro", _first_stride, 1, 9),
    "micro: few skips": Region("micro", _operations("1"), 0, 1),
    "micro: many skips": Region("micro", _operations("1"), 2, 6),
    "micro: few conv1x1": Region("micro", _operations("2"), 0, 1),
    "micro: many conv1x1": Region("micro", _operations("2"), 2, 6),
    "micro: few zeros": Region("micro", _operations("0"), 0, 1),
    "micro: many zeros": Region("micro", _operations("0"), 2, 6),
    "nb201: few pools": Region("nb201", _named("avg_pool_3x3"), 0, 1),
    "nb201: many pools": Region("nb201", _named("avg_pool_3x3"), 2, 6),
    "nb201: few conv3x3": Region("nb201", _named("nor_conv_3x3"), 0, 1),
    "nb201: many conv3x3": Region("nb201", _named("nor_conv_3x3"), 2, 6),
}


class Asked(NamedTuple):
    """Labels and predictions of a region's left-out rows and of rows outside it."""

    region: str
    seed: int
    train: list[str]
    archs: list[str]
    outside: NDArray[np.bool_]
    labels: pd.DataFrame
    mean: NDArray[np.float64]
    std: NDArray[np.float64]


def ask(model: str, name: str, rows: int, seed: int) -> Asked:
    """Fit in a region, ask outside it and on its left-out rows (at most 1,500 of each)."""
    region = REGIONS[name]
    frame = load_table(Path(os.environ["NAS_DATA"]) / TABLES[region.table]).to_frame().dropna()
    rng = np.random.default_rng(seed)
    inside = rng.permutation([arch for arch in frame.index if region.contains(arch)]).tolist()
    outside = rng.permutation([arch for arch in frame.index if not region.contains(arch)]).tolist()[:1500]
    train, rest = inside[:rows], inside[rows:][:1500]
    surrogate = make_model(model).fit(train, frame.loc[train])
    archs = rest + outside
    mean, std = surrogate.predict(archs, return_std=True)
    return Asked(name, seed, train, archs, np.arange(len(archs)) >= len(rest), frame.loc[archs], mean, std)


def measures(asked: Asked) -> dict[str, float]:
    """The columns of the table."""
    found: dict[str, float] = {}
    for kind, rows in (("", asked.outside), ("inside ", ~asked.outside)):
        labels, mean, std = asked.labels[rows].to_numpy(), asked.mean[rows], asked.std[rows]
        if not len(labels):
            continue
        covered = (np.abs(labels - mean) <= Z_LEVEL * std).mean(axis=0)
        taus = [kendall_tau(y, p) for y, p in zip(labels.T, mean.T, strict=True)]
        found |= {f"{kind}tau": float(np.mean(taus)), f"{kind}coverage": covered.mean(), f"{kind}worst": covered.min()}
        found[f"{kind}sd"] = float((std.mean(axis=0) / labels.std(axis=0)).mean())
    return found


def main() -> None:
    """Parse the command line and print one line per region, means over seeds."""
    parser = argparse.ArgumentParser(description="Predictions and intervals outside the region of the training rows.")
    parser.add_argument("--model", default="ensemble", help="as in `surrogates leaderboard --models`")
    parser.add_argument("--rows", type=int, default=600, help="number of training rows")
    parser.add_argument("--seeds", default="0,1,2", help="seeds of the draws, comma-separated")
    parser.add_argument("--regions", default=",".join(REGIONS), help="comma-separated")
    given = parser.parse_args()
    seeds = [int(seed) for seed in given.seeds.split(",")]
    print("trained on              tau    coverage  worst  sd/spread | inside tau  coverage  worst  sd/spread")
    for name in given.regions.split(","):
        start = time.perf_counter()
        runs = pd.DataFrame([measures(ask(given.model, name, given.rows, seed)) for seed in seeds])
        m, d = runs.mean(), runs.std(ddof=0)
        inside = " ".join(f"{m[f'inside {key}']:.3f}" for key in ("tau", "coverage", "worst", "sd"))
        print(
            f"{name:22s}  {m['tau']:.3f}  {m['coverage']:.3f} +-{d['coverage']:.3f}  {m['worst']:.3f}  {m['sd']:.2f} | "
            f"{inside}  ({(time.perf_counter() - start) / len(seeds):.0f} s)",
            flush=True,
        )


if __name__ == "__main__":
    main()
