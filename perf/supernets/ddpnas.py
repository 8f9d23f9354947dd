"""DDPNAS with shared weights inside, on Rooms images: is what it leaves better than a random architecture?

    python perf/supernets/ddpnas.py search --folder <folder> --tasks class_scene --seeds 0,1,2,3,4    # resumes
    NAS_DATA=<folder> python perf/supernets/ddpnas.py report

``search`` runs a search for each task and seed and writes one record to perf/supernets/records/ddpnas; what has one is
not done again, an interrupted search continues from its last epoch in the folder.
``report`` prints the tables from the records.

A search trains 27 epochs of half of 2,048 images, and scores as many, at half the side of the images: fewer images than
one training of a single architecture on its own (8 epochs of 4,096), so the equal of random search is one random
architecture. Settings (--metric, --rounds, --lr) are compared on class_object alone; the other tasks judge.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import derived
import numpy as np
from derived import SPACE
from study_records import RECORDS as ALL
from study_records import write_record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from surrogates.supernet import DDPNASResult

RECORDS = ALL / "ddpnas"
N_TRAIN, SIDE = 2_048, 32


def run(task: str, seed: int, tried: dict[str, Any], folder: Path) -> DDPNASResult:
    """Search in a folder; a finished search is read."""
    from dataclasses import replace

    from benchmarks.training.supernet import supernet_recipe
    from surrogates.supernet import search_ddpnas

    recipe = replace(supernet_recipe(task), n_train=N_TRAIN, input_size=SIDE)
    if "lr" in tried:
        recipe = replace(recipe, optimiser=replace(recipe.optimiser, lr=tried["lr"]))
    options = {name: tried[name] for name in ("metric", "rounds") if name in tried}
    return search_ddpnas(SPACE, task, recipe, seed=seed, folder=folder, sources=derived.images, device="cpu", **options)


def difference(record: Mapping[str, Any]) -> str:
    """What today's search would do otherwise than the one of a record."""
    return derived.difference(record, lambda folder: run(record["task"], record["seed"], record["tried"], folder))


def search(folder: Path, task: str, seed: int, tried: dict[str, Any]) -> None:
    """Search and write the record."""
    from benchmarks.training.device import training_process

    label = "".join(f"-{name}{value}" for name, value in tried.items())
    path = RECORDS / f"{task}-{seed}{label}.json"
    if derived.recorded(path, difference):
        return
    training_process(1)
    found = run(task, seed, tried, folder / f"ddpnas-{path.stem}")
    thetas = [[[round(share, 4) for share in edge] for edge in theta] for theta in found.thetas]
    write_record(path, {**found.to_json(), "thetas": thetas, "tried": tried})
    print(f"{path.stem}: {found.arch} in {found.seconds:.0f} s", flush=True)


def report() -> None:
    """Print all tables; the summaries are of today's search, on other tasks than that of the settings."""

    def said(record: Mapping[str, Any]) -> str:
        return f"{record['task']:12s} seed {record['seed']}  {record['arch']}  simplest {record['simplest']}"

    judging = derived.report_records(RECORDS, difference, said)
    for task in dict.fromkeys(record["task"] for record in judging):
        shares = [derived.published_share(SPACE, task, record["arch"]) for record in judging if record["task"] == task]
        print(
            f"\n{task}, {len(shares)} seeds: median of better, published {100 * np.median(shares):.1f} % "
            f"(random as good: {derived.chance(shares):.2f})"
        )


def main() -> None:
    """Parse the command line."""
    parser = derived.study_parser(__doc__, "0,1,2,3,4")
    parser.add_argument("--metric", help="another metric, on class_object alone")
    parser.add_argument("--rounds", type=int, help="another number of rounds, on class_object alone")
    parser.add_argument("--lr", type=float, help="another learning rate, on class_object alone")

    def one(given: argparse.Namespace, task: str, seed: int, tried: dict[str, Any]) -> None:
        search(given.folder, task, seed, tried)

    derived.run_study(parser, ("metric", "rounds", "lr"), one, report)


if __name__ == "__main__":
    main()
