"""EnTranNAS-DST and DARTS on Rooms images: what derivation loses, and how good the derived cell is.

    python perf/supernets/entrannas.py search --folder <folder> --methods entrannas,darts --seeds 0,1,2    # resumes
    NAS_DATA=<folder> python perf/supernets/entrannas.py report

``search`` runs a search for each method, task and seed and writes one record to perf/supernets/records/entrannas; what
has one is not done again, an interrupted search continues from its last epoch in the folder.
``report`` prints the tables from the records.

A search has 6 epochs of 2,048 images of half the side, half for the weights and half for alpha: fewer images than one
training of a single architecture on its own (8 epochs of 4,096 on class_scene), so the equal of random search is one
random architecture. Settings (--rate, --threshold, --mixed, --epochs) are compared on class_object alone; the other
tasks judge.
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

from benchmarks import get_space
from benchmarks.spaces.cell import CellSpace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from surrogates.supernet import EnTranResult

RECORDS = ALL / "entrannas"
N_TRAIN, EPOCHS, BATCH, SIDE = 2_048, 6, 32, 32
NAMES = {"rate": "learning_rate", "threshold": "threshold", "mixed": "mixed"}


def run(method: str, task: str, seed: int, tried: dict[str, float], folder: Path) -> EnTranResult:
    """Search in a folder; a finished search is read."""
    from dataclasses import replace

    from benchmarks.training.supernet import supernet_recipe
    from surrogates.supernet import search_entrannas

    epochs = int(tried.get("epochs", EPOCHS))
    recipe = replace(supernet_recipe(task), n_train=N_TRAIN, epochs=epochs, batch_size=BATCH, input_size=SIDE)
    options: dict[str, Any] = {NAMES[name]: value for name, value in tried.items() if name in NAMES}
    return search_entrannas(
        SPACE, task, recipe, method=method, seed=seed, folder=folder, sources=derived.images, device="cpu", **options
    )


def difference(record: Mapping[str, Any]) -> str:
    """What today's search would do otherwise than the one of a record."""
    method, task, seed, tried = (record[name] for name in ("method", "task", "seed", "tried"))
    return derived.difference(record, lambda folder: run(method, task, seed, tried, folder))


def search(folder: Path, method: str, task: str, seed: int, tried: dict[str, float]) -> None:
    """Search and write the record."""
    from benchmarks.training.device import training_process

    label = "".join(f"-{name}{value:g}" for name, value in tried.items())
    path = RECORDS / f"{method}-{task}-{seed}{label}.json"
    if derived.recorded(path, difference):
        return
    training_process(1)
    found = run(method, task, seed, tried, folder / path.stem)
    rounded = {
        name: np.round(getattr(found, name), 4).tolist() for name in ("alpha", "weights", "thresholds", "losses")
    }
    write_record(path, {**found.to_json(), **rounded, "tried": tried})
    print(f"{path.stem}: {found.arch}, gap {found.gap:.4f}, in {found.seconds:.0f} s", flush=True)


def report() -> None:
    """Print all tables; the summaries are of today's search, on other tasks than that of the settings."""
    from surrogates.supernet.cell_weights import has_skips_alone

    space = get_space(SPACE)
    assert isinstance(space, CellSpace)

    def said(record: Mapping[str, Any]) -> str:
        skips = "  all skips" if has_skips_alone(space, record["arch"]) else ""
        return (
            f"{record['method']:10s} {record['task']:12s} seed {record['seed']}  {record['arch']}  loss of the "
            f"search {record['search_loss']:.4f}  derived {record['derived_loss']:.4f}  gap {record['gap']:+.4f}{skips}"
        )

    judging = derived.report_records(RECORDS, difference, said)
    for task, method in dict.fromkeys((record["task"], record["method"]) for record in judging):
        mine = [record for record in judging if (record["task"], record["method"]) == (task, method)]
        shares = [derived.published_share(SPACE, task, record["arch"]) for record in mine]
        gaps = [record["gap"] for record in mine]
        print(
            f"\n{method} on {task}, {len(mine)} seeds: gap {np.mean(gaps):+.4f} (from {min(gaps):+.4f} to "
            f"{max(gaps):+.4f}); median of better, published {100 * np.median(shares):.1f} % (random as good: "
            f"{derived.chance(shares):.2f})"
        )


def main() -> None:
    """Parse the command line."""
    parser = derived.study_parser(__doc__, "0,1,2")
    parser.add_argument("--methods", default="entrannas,darts")
    for name in NAMES:
        parser.add_argument(f"--{name}", type=float, help=f"another {NAMES[name]}, on class_object alone")
    parser.add_argument("--epochs", type=float, help="another number of epochs, on class_object alone")

    def each(given: argparse.Namespace, task: str, seed: int, tried: dict[str, Any]) -> None:
        for method in given.methods.split(","):
            search(given.folder, method, task, seed, tried)

    derived.run_study(parser, (*NAMES, "epochs"), each, report)


if __name__ == "__main__":
    main()
