"""What the study of dynamic inference is of, and its records (perf/supernets/dynamic.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.files import write_beside

RECORDS = Path(__file__).with_name("records") / "dynamic"
ARCH = "64-41414-3_00_130"  # the best of rooms-mini on class_object
TASK = "class_scene"
SEEDS = (0, 1, 2)
WIDTHS = (8, 6, 4)  # even ones, as the stem has half of them
SHARED, ALONE = 3e-3, 6e-3  # learning rates
BUDGETS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)  # of the static network's multiply-adds
TARGET = 0.5
DENSE = "1-1-1-1-1"
SMALLEST, LARGEST = "1:3-1:3-1:3-1:3-1:3", "3:1-3:1-3:1-3:1-3:1"
HALVES = "1:1-1:1-1:1-1:1-1:1"
EVALUATIONS, SEARCHES = 60, 20
CURVES = ("alone-halves", "alone-best", "slice-halves", "slice-best")
IMAGES, LEAST = 1024, 100  # validation and test images each; those of an exit whose accuracy is compared


def record(name: str) -> Path:
    """File of a record."""
    return RECORDS / f"{name}.json"


def store(name: str, value: Any) -> None:
    """Write a record."""
    with write_beside(record(name)) as beside:
        beside.write_text(json.dumps(value) + "\n", encoding="utf-8")
    print(f"{name}: done", flush=True)


def load(name: str) -> Any:
    """Read a record."""
    return json.loads(record(name).read_text(encoding="utf-8"))
