"""What the study of dynamic inference is of, and its records (perf/supernets/dynamic.py)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from study_records import RECORDS as ALL
from study_records import read_record, write_record

RECORDS = ALL / "dynamic"
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
    write_record(record(name), value)
    print(f"{name}: done", flush=True)


def load(name: str) -> Any:
    """Read a record."""
    return read_record(record(name))
