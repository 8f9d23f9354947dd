"""Writes the bundled table `rooms-open` from the packed records: every architecture that is trained on all tasks.

    python perf/rooms_open/bundle.py
    python perf/rooms_open/bundle.py --out rooms-open.parquet

`perf/open_transnas.py` says how well its order is predicted. Nothing that is bundled is fitted to it.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks import Table, save_table
from benchmarks.training.campaign import campaign_table, load_plan, unpack_records

HERE = Path(__file__).parent
LEAST = 48  # architectures


def complete(plan_file: Path, records: Path) -> Table:
    """The table of the architectures that are trained on every task of the plan."""
    plan = load_plan(plan_file)
    with tempfile.TemporaryDirectory() as folder:
        unpack_records(plan, records, folder)
        known = campaign_table(plan, folder).to_frame().notna().all(axis=1)
        archs = tuple(known.index[known])
        if len(archs) < LEAST:
            raise SystemExit(f"{len(archs)} architectures are trained on all tasks, {LEAST} are needed")
        return campaign_table(replace(plan, archs=archs), folder, seed=plan.seeds[0])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/tables/rooms-open.parquet"))
    options = parser.parse_args()
    table = complete(HERE / "plan.json", HERE / "records.jsonl.gz")
    save_table(table, options.out)
    print(f"{options.out}: {len(table.archs)} architectures, {', '.join(table.tasks)}")
