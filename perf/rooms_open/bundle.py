"""Writes the bundled table `rooms-open` from the packed records: every architecture that is trained on all tasks.

    python perf/rooms_open/bundle.py
    python perf/rooms_open/bundle.py --out rooms-open.parquet

`perf/open_transnas.py` says how well its order is predicted. Nothing that is bundled is fitted to it.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks import Table, save_table
from benchmarks.training.campaign import campaign_table, load_plan, unpack_records

HERE = Path(__file__).parent
LEAST = 48  # architectures


def whole(plan_file: Path, records: Path) -> Table:
    """The table of the architectures that are trained on every task of the plan."""
    plan = load_plan(plan_file)
    with tempfile.TemporaryDirectory() as folder:
        unpack_records(plan, records, folder)
        table = campaign_table(plan, folder)
    frame = table.to_frame()
    return table.where(archs=frame.index[frame.notna().all(axis=1)].tolist())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/tables/rooms-open.parquet"))
    options = parser.parse_args()
    table = whole(HERE / "plan.json", HERE / "records.jsonl.gz")
    if len(table.archs) < LEAST:
        raise SystemExit(f"{len(table.archs)} architectures are trained on all tasks, {LEAST} are needed")
    save_table(table, options.out)
    print(f"{options.out}: {len(table.archs)} architectures, {', '.join(table.tasks)}")
