"""Merges what came back from a GPU into the records of the repository, and keeps the table of runs per hour.

    python perf/rooms_gpu/collect.py FOLDER      # the OUT of perf/gpu.sh

Records of another recipe or other images than `plan.json` says are refused, and nothing is changed then.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.training.campaign import load_plan, pack_records, unpack_records

HERE = Path(__file__).parent
RECORDS = HERE / "records.jsonl.gz"
KEPT = ("table.json", "throughput.txt", "checks.txt")


def main(came: Path) -> None:
    """Merge and say how many there are."""
    plan = load_plan(HERE / "plan.json")
    with tempfile.TemporaryDirectory() as folder:
        before = unpack_records(plan, RECORDS, folder) if RECORDS.exists() else 0
        new = unpack_records(plan, came / RECORDS.name, folder)
        total = pack_records(plan, folder, RECORDS)
    for name in KEPT:
        if (came / name).exists():
            shutil.copy(came / name, HERE / name)
    print(f"{RECORDS}: {total} records, {before} before, {new} new, {len(plan.trials())} in the plan")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
