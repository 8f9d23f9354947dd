"""Joins the bundled `rooms-mini` with trainings made since, task by task, and writes it again with its provenance.

    python perf/rooms_mini/join.py perf/rooms_mini/room_layout.json              # all 64 architectures of its task(s)
    python perf/rooms_mini/join.py PLAN ... --out benchmarks/tables/rooms-mini.parquet

The records made so far are beside the plans. To go on from them:

    surrogates campaign unpack perf/rooms_mini/skeletons.json perf/rooms_mini/skeletons.jsonl.gz
    surrogates campaign run perf/rooms_mini/skeletons.json --workers 2
    surrogates campaign pack perf/rooms_mini/skeletons.json --out perf/rooms_mini/skeletons.jsonl.gz

A task is replaced only if the plan's campaign (in the folder beside the plan) has trained it on every architecture of
the table: no column mixes two versions of a training. Metrics that the other rows lack are kept.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from benchmarks import Table, load_table, save_table, table_provenance
from benchmarks.training.campaign import campaign_table, load_plan

BY_TASK = ("version", "settings", "recipes", "deviations", "images", "trainings")


def joined(table: Table, new: Table) -> Table:
    """The table with the tasks of `new` in place of its own."""
    missing = [arch for arch in table.archs if arch not in new]
    if missing:
        raise SystemExit(f"{', '.join(new.tasks)}: {len(missing)} of {len(table)} architectures are not trained yet")
    taken = new.where(archs=table.archs)
    if taken.describe()["missing"].any():
        raise SystemExit(f"{', '.join(new.tasks)}: some trainings are missing")
    provenance = dict(table.provenance)
    for key in BY_TASK:
        provenance[key] = {**provenance.get(key, {}), **new.provenance[key]}
    logs = {task: taken.logs.get(task, log) for task, log in table.logs.items()}
    return replace(table, logs=logs, provenance=provenance)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plans", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/tables/rooms-mini.parquet"))
    options = parser.parse_args()
    table = replace(load_table("rooms-mini"), provenance=table_provenance("rooms-mini"))
    for file in options.plans:
        table = joined(table, campaign_table(load_plan(file), file.with_suffix(""), seed=666))
        print(f"{file.stem}: joined")
    save_table(table, options.out)
