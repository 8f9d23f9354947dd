"""Rank agreement of the `rooms-mini` table with TransNAS-Bench-101, and between two trainings of `rooms-mini`.

    NAS_DATA=<folder> python perf/rooms_mini/report.py
    NAS_DATA=<folder> python perf/rooms_mini/report.py --records perf/rooms_mini/plan    # also after every epoch
    NAS_DATA=<folder> python perf/rooms_mini/report.py --table new.parquet               # another table of trainings

The tables were created with

    surrogates campaign run perf/rooms_mini/plan.json --workers 4          # run again to resume after an interruption
    surrogates campaign table perf/rooms_mini/plan.json --out benchmarks/tables/rooms-mini.parquet --seed 666
    surrogates campaign run perf/rooms_mini/again.json --workers 4
    surrogates campaign table perf/rooms_mini/again.json --out benchmarks/tables/rooms-mini-again.parquet --seed 667

Output: Kendall's tau between the last-epoch values of rooms-mini and the published ones of the same architectures, for
the primary metric with a 95 % bootstrap interval and for other metrics of rooms-mini; tau between two trainings with
different seeds, and the standard deviation of a training relative to that of the architectures; for skeletons, tau of
the values with the number of strides and with the position of the first stride.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import bootstrap_interval, kendall_tau, load_table, table_provenance
from benchmarks.table import Table
from benchmarks.tasks import metric_column
from benchmarks.training.campaign import campaign_table, load_plan

SPACES = ("micro", "macro")
OTHERS = {
    "segmentsemantic": "valid_mIoU",
    "normal": "valid_l1_loss",
    "autoencoder": "valid_l1_loss",
    "class_scene": "valid_loss",
    "class_object": "valid_loss",
    "jigsaw": "valid_loss",
}
"""Task -> another metric of rooms-mini to compare; the published values are always the primary metric."""


def published() -> pd.DataFrame:
    """Published primary metrics of both spaces, higher is better."""
    folder = Path(os.environ["NAS_DATA"]) / "transnas101"
    return pd.concat([load_table(folder / f"{space}_final.csv").oriented() for space in SPACES])


def fidelity(ours: Table, truth: pd.DataFrame) -> None:
    """Print tau with the published values per task, for each space and for both together."""
    print(f"{'task':16s} {'space':6s} {'n':>3s}   tau  [95 %]          another metric")
    own = ours.oriented()
    for task in ours.tasks:
        for space in (*SPACES, "both"):
            kept = [name.endswith(space) or space == "both" for name in ours.row_spaces]
            archs = [arch for arch, keep in zip(ours.archs, kept, strict=True) if keep]
            a, b = truth.loc[archs, task].to_numpy(), own.loc[archs, task].to_numpy()
            low, high = bootstrap_interval(kendall_tau, a, b, level=0.95, rng=0)
            other = ""
            if task in OTHERS:
                values = ours.to_frame(OTHERS[task])[task].loc[archs].to_numpy()
                sign = -1 if "loss" in OTHERS[task] else 1
                other = f"{OTHERS[task]} {kendall_tau(a, sign * values):.2f}"
            print(
                f"{task:16s} {space:6s} {len(archs):3d}  {kendall_tau(a, b):5.2f}  [{low:5.2f}, {high:5.2f}]   {other}"
            )


def strides(ours: Table, truth: pd.DataFrame) -> None:
    """Print tau of the values of skeletons with their number of strides and the position of the first stride."""
    archs = [arch for arch, name in zip(ours.archs, ours.row_spaces, strict=True) if name.endswith("macro")]
    own, modules = ours.oriented(), [arch.split("-")[1] for arch in archs]
    facts = {
        "strides": [sum(digit in "34" for digit in digits) for digits in modules],
        "first stride": [
            min(f"{digits}3".index(digit) for digit in "34" if digit in f"{digits}3") for digits in modules
        ],
    }
    print(f"\n{len(archs)} skeletons: tau with the values of rooms-mini, and with the published ones")
    for task in ours.tasks:
        pairs = (
            (kendall_tau(fact, own.loc[archs, task]), kendall_tau(fact, truth.loc[archs, task]))
            for fact in facts.values()
        )
        print(f"{task:16s}", *(f"{name} {a:5.2f} {b:5.2f}   " for name, (a, b) in zip(facts, pairs, strict=True)))


def by_epoch(records: Path, truth: pd.DataFrame) -> None:
    """Print tau after every epoch, from the campaign's records; the tables hold only the last epoch."""
    table = campaign_table(load_plan(Path(__file__).with_name("plan.json")), records)
    print("\ntau after each epoch")
    for task in table.tasks:
        for space in SPACES:
            archs = [a for a, name in zip(table.archs, table.row_spaces, strict=True) if name.endswith(space)]
            part = table.where(archs=archs, tasks=[task])
            taus = [
                kendall_tau(truth.loc[archs, task].to_numpy(), part.oriented(epoch=epoch)[task].to_numpy())
                for epoch in range(part.logs[task].epochs)
            ]
            print(f"{task:16s} {space:6s}", *(f"{tau:5.2f}" for tau in taus))


def noise(ours: Table, again: Table) -> None:
    """Print the agreement of two trainings of the same architectures."""
    both = [arch for arch in again.archs if arch in set(ours.archs)]
    first, second = ours.oriented().loc[both], again.oriented().loc[both]
    print(f"\n{len(both)} architectures trained twice")
    print(f"{'task':16s}   tau   sd of a training   relative to sd of architectures")
    for task in again.tasks:
        a, b = first[task].to_numpy(), second[task].to_numpy()
        spread = float(np.sqrt(np.mean((a - b) ** 2) / 2))
        metric = metric_column(task)
        print(f"{task:16s} {kendall_tau(a, b):5.2f}   {spread:8.3g} {metric:14s} {spread / np.std((a + b) / 2):.2f}")


def cost() -> None:
    """Print the number and duration of the trainings."""
    made = table_provenance("rooms-mini")["trainings"]
    done, hours = sum(runs["done"] for runs in made.values()), sum(runs["seconds"] for runs in made.values()) / 3600
    hardware = sorted({name for runs in made.values() for name in runs["hardware"]})
    print(f"{done} trainings, {hours:.1f} core hours on {', '.join(hardware)}; mean seconds per training:")
    print(", ".join(f"{task} {runs['seconds'] / runs['done']:.0f}" for task, runs in made.items()), end="\n\n")


def main(records: Path | None, table: Path | None) -> None:
    """Print all reports, or those of another table alone."""
    if table is not None:
        ours, truth = load_table(table), published()
        fidelity(ours, truth)
        strides(ours, truth)
        return
    ours, again, truth = load_table("rooms-mini"), load_table("rooms-mini-again"), published()
    cost()
    fidelity(ours, truth)
    noise(ours, again)
    strides(ours, truth)
    if records is not None:
        by_epoch(records, truth)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=Path, help="folder of the campaign's records")
    parser.add_argument("--table", type=Path, help="table of a campaign to report on, instead of the bundled ones")
    options = parser.parse_args()
    main(options.records, options.table)
