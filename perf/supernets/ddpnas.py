"""DDPNAS with shared weights inside, on Rooms images: is what it leaves better than a random architecture?

    python perf/supernets/ddpnas.py search --folder <folder> --tasks class_scene --seeds 0,1,2,3,4    # resumes
    python perf/supernets/ddpnas.py alone --tasks class_scene
    NAS_DATA=<folder> python perf/supernets/ddpnas.py report

``search`` runs a search for each task and seed and writes one record to perf/supernets/records/ddpnas; what has one is
not done again, an interrupted search continues from its last epoch in the folder. ``alone`` trains what was left
alone, as the architectures of rooms-mini were trained. ``report`` prints the tables from the records.

A search trains 27 epochs of half of 2,048 images, and scores as many, at half the side of the images: fewer images than
one training of a single architecture on its own (8 epochs of 4,096), so the equal of random search is one random
architecture. Settings (--metric, --rounds, --lr) are compared on class_object alone; the other tasks judge.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import derived
import numpy as np

RECORDS = derived.RECORDS / "ddpnas"
SPACE = "transnas101-micro"
N_TRAIN, SIDE = 2_048, 32


def search(folder: Path, task: str, seed: int, tried: dict[str, Any]) -> None:
    """Search and write the record."""
    from dataclasses import replace

    from benchmarks.training.device import training_process
    from benchmarks.training.supernet import supernet_recipe
    from surrogates.supernet import search_ddpnas

    label = "".join(f"-{name}{value}" for name, value in tried.items())
    record = RECORDS / f"{task}-{seed}{label}.json"
    if record.exists():
        return
    training_process(1)
    recipe = replace(supernet_recipe(task), n_train=N_TRAIN, input_size=SIDE)
    if "lr" in tried:
        recipe = replace(recipe, optimiser=replace(recipe.optimiser, lr=tried["lr"]))
    options = {name: tried[name] for name in ("metric", "rounds") if name in tried}
    found = search_ddpnas(
        SPACE,
        task,
        recipe,
        seed=seed,
        folder=folder / f"ddpnas-{record.stem}",
        sources=derived.images,
        device="cpu",
        **options,
    )
    thetas = [[[round(share, 4) for share in edge] for edge in theta] for theta in found.thetas]
    derived.write(record, {**found.to_json(), "thetas": thetas, "tried": tried})
    print(f"{record.stem}: {found.arch} in {found.seconds:.0f} s", flush=True)


def records(tried: bool) -> list[dict[str, Any]]:
    """Records of the searches, of the default settings or of others."""
    found = [json.loads(path.read_text()) for path in sorted(RECORDS.glob("*-*.json"))]
    return [record for record in found if bool(record["tried"]) == tried]


def report() -> None:
    """Print all tables."""
    path = RECORDS / "alone.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    for which in (True, False):
        print("settings, on class_object" if which else "\ndefault settings")
        for record in records(which):
            share = derived.published_share(SPACE, record["task"], record["arch"])
            alone = known.get(f"{record['task']} {record['simplest']}")
            on_rooms = (
                f"{100 * derived.better(derived.rooms(record['task']), alone):5.1f} %" if alone is not None else "    -"
            )
            print(
                f"  {record['task']:12s} seed {record['seed']}  {record['arch']}  simplest {record['simplest']}"
                f"  better published {100 * share:5.1f} %  on Rooms {on_rooms}  {record['seconds']:5.0f} s  "
                f"{record['tried'] or ''}"
            )
    for task in dict.fromkeys(record["task"] for record in records(False)):
        mine = [record for record in records(False) if record["task"] == task]
        shares = [derived.published_share(SPACE, task, record["arch"]) for record in mine]
        print(f"\n{task}, {len(mine)} seeds: median of better, published {100 * np.median(shares):.1f} %", end="")
        print(f" (random as good: {derived.chance(shares):.2f})", end="")
        keys = [f"{task} {record['simplest']}" for record in mine]
        if all(key in known for key in keys):
            own = [derived.better(derived.rooms(task), known[key]) for key in keys]
            print(f"; on Rooms {100 * np.median(own):.1f} % (random as good: {derived.chance(own):.2f})", end="")
        print()


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=("search", "alone", "report"))
    parser.add_argument("--folder", type=Path, help="folder of the searches")
    parser.add_argument("--tasks", default="class_scene")
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--metric", help="another metric, on class_object alone")
    parser.add_argument("--rounds", type=int, help="another number of rounds, on class_object alone")
    parser.add_argument("--lr", type=float, help="another learning rate, on class_object alone")
    given = parser.parse_args()
    tried = {name: value for name in ("metric", "rounds", "lr") if (value := getattr(given, name)) is not None}
    if tried and given.tasks != "class_object":
        parser.error("settings are compared on class_object alone, so that the other tasks judge them")
    if given.work == "report":
        report()
    elif given.work == "alone":
        for record in (*records(False), *records(True)):
            if record["task"] in given.tasks.split(","):
                value = derived.rooms_value(record["arch"], record["task"], RECORDS)
                print(f"{record['task']} {record['arch']}: {value}", flush=True)
    elif given.folder is None:
        parser.error("expected --folder for the searches")
    else:
        for seed in given.seeds.split(","):
            for task in given.tasks.split(","):
                search(given.folder, task, int(seed), tried)


if __name__ == "__main__":
    main()
