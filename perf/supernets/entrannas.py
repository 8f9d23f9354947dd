"""EnTranNAS-DST and DARTS on Rooms images: what derivation loses, and how good the derived cell is.

    python perf/supernets/entrannas.py search --folder <folder> --methods entrannas,darts --seeds 0,1,2    # resumes
    python perf/supernets/entrannas.py alone --tasks class_scene
    NAS_DATA=<folder> python perf/supernets/entrannas.py report

``search`` runs a search for each method, task and seed and writes one record to perf/supernets/records/entrannas; what
has one is not done again, an interrupted search continues from its last epoch in the folder. ``alone`` trains the
derived cells alone, as the architectures of rooms-mini were trained. ``report`` prints the tables from the records.

A search has 6 epochs of 2,048 images of half the side, half for the weights and half for alpha: fewer images than one
training of a single architecture on its own (8 epochs of 4,096 on class_scene), so the equal of random search is one
random architecture. Settings (--rate, --threshold, --mixed, --epochs) are compared on class_object alone; the other
tasks judge.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import derived
import numpy as np

RECORDS = derived.RECORDS / "entrannas"
SPACE = "transnas101-micro"
N_TRAIN, EPOCHS, BATCH, SIDE = 2_048, 6, 32, 32
NAMES = {"rate": "learning_rate", "threshold": "threshold", "mixed": "mixed"}


def search(folder: Path, method: str, task: str, seed: int, tried: dict[str, float]) -> None:
    """Search and write the record."""
    from dataclasses import replace

    from benchmarks.training.device import training_process
    from benchmarks.training.supernet import supernet_recipe
    from surrogates.supernet import search_entrannas

    label = "".join(f"-{name}{value:g}" for name, value in tried.items())
    record = RECORDS / f"{method}-{task}-{seed}{label}.json"
    if record.exists():
        return
    training_process(1)
    epochs = int(tried.get("epochs", EPOCHS))
    recipe = replace(supernet_recipe(task), n_train=N_TRAIN, epochs=epochs, batch_size=BATCH, input_size=SIDE)
    options: dict[str, Any] = {NAMES[name]: value for name, value in tried.items() if name in NAMES}
    found = search_entrannas(
        SPACE,
        task,
        recipe,
        method=method,
        seed=seed,
        folder=folder / record.stem,
        sources=derived.images,
        device="cpu",
        **options,
    )
    rounded = {
        name: np.round(getattr(found, name), 4).tolist() for name in ("alpha", "weights", "thresholds", "losses")
    }
    derived.write(record, {**found.to_json(), **rounded, "tried": tried})
    print(f"{record.stem}: {found.arch}, gap {found.gap:.4f}, in {found.seconds:.0f} s", flush=True)


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
            task = record["task"]
            share = derived.published_share(SPACE, task, record["arch"])
            alone = known.get(f"{task} {record['simplest']}")
            on_rooms = f"{100 * derived.better(derived.rooms(task), alone):5.1f} %" if alone is not None else "    -"
            print(
                f"  {record['method']:14s} {task:12s} seed {record['seed']}  {record['arch']}  loss of the search "
                f"{record['search_loss']:.4f}  derived {record['derived_loss']:.4f}  gap {record['gap']:+.4f}  better "
                f"published {100 * share:5.1f} %  on Rooms {on_rooms}  {record['seconds']:5.0f} s  "
                f"{'all skips ' if derived.is_all_skips(SPACE, record['arch']) else ''}{record['tried'] or ''}"
            )
    for task in dict.fromkeys(record["task"] for record in records(False)):
        for method in dict.fromkeys(record["method"] for record in records(False)):
            mine = [record for record in records(False) if (record["task"], record["method"]) == (task, method)]
            if not mine:
                continue
            shares = [derived.published_share(SPACE, task, record["arch"]) for record in mine]
            gaps = [record["gap"] for record in mine]
            print(
                f"\n{method} on {task}, {len(mine)} seeds: gap {np.mean(gaps):+.4f} (from {min(gaps):+.4f} to "
                f"{max(gaps):+.4f}); median of better, published {100 * np.median(shares):.1f} % (random as good: "
                f"{derived.chance(shares):.2f})",
                end="",
            )
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
    parser.add_argument("--methods", default="entrannas,darts")
    parser.add_argument("--tasks", default="class_scene")
    parser.add_argument("--seeds", default="0,1,2")
    for name in NAMES:
        parser.add_argument(f"--{name}", type=float, help=f"another {NAMES[name]}, on class_object alone")
    parser.add_argument("--epochs", type=float, help="another number of epochs, on class_object alone")
    given = parser.parse_args()
    tried = {name: value for name in (*NAMES, "epochs") if (value := getattr(given, name)) is not None}
    if tried and given.tasks != "class_object":
        parser.error("settings are compared on class_object alone, so that the other tasks judge them")
    if given.work == "report":
        report()
    elif given.work == "alone":
        for record in (*records(False), *records(True)):
            if record["task"] in given.tasks.split(",") and record["method"] in given.methods.split(","):
                value = derived.rooms_value(record["arch"], record["task"], RECORDS)
                print(f"{record['task']} {record['arch']}: {value}", flush=True)
    elif given.folder is None:
        parser.error("expected --folder for the searches")
    else:
        for seed in given.seeds.split(","):
            for task in given.tasks.split(","):
                for method in given.methods.split(","):
                    search(given.folder, method, task, int(seed), tried)


if __name__ == "__main__":
    main()
