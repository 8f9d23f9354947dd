"""The records of the studies of supernets: one file of JSON for each training or search."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.files import write_beside

RECORDS = Path(__file__).with_name("records")


def write_record(path: Path, values: Any) -> None:
    """Write a record of JSON values, and its folder if it is the first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_beside(path) as beside:
        beside.write_text(json.dumps(values) + "\n", encoding="utf-8")


def read_record(path: Path) -> Any:
    """The values of a record."""
    return json.loads(path.read_text(encoding="utf-8"))


def named_records(folder: Path, pattern: str = "*.json") -> list[dict[str, Any]]:
    """The records of a folder in the order of their names, which are added as "name"."""
    return [read_record(path) | {"name": path.stem} for path in sorted(folder.glob(pattern))]
