"""Conversion of a campaign's records to a table of results with provenance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import benchmarks
from benchmarks.errors import TableError
from benchmarks.table import Table
from benchmarks.tasks import INFO_NAMES, TIME
from benchmarks.training.campaign.images import FolderImages
from benchmarks.training.campaign.plan import Plan, Trial, fingerprint
from benchmarks.training.campaign.records import Record, failure_reasons, read_records
from benchmarks.training.presets import changed_settings
from benchmarks.training.recipe import VERSION

__all__ = ["campaign_table", "provenance"]

_REASONS = 3  # most frequent reasons of failure listed in a message


def campaign_table(plan: Plan, folder: str | Path, seed: int | None = None) -> Table:
    """Create a table from the trainings that are done.

    Args:
        plan: The plan of the campaign.
        folder: Folder of the campaign, with the records.
        seed: Use only trainings with this seed; by default the mean over the seeds that are done.

    Returns:
        Architectures with at least one finished training, in the order of the plan; NaN where a training failed or is
        still missing.

    Raises:
        TableError: If no training is done (lists the reasons of failures), or the plan lacks the seed.
        ArtefactError: If a record is damaged.

    Example:
        >>> import tempfile
        >>> campaign_table(Plan(("64-2311-basic",), ("jigsaw",)), tempfile.mkdtemp())
        Traceback (most recent call last):
        ...
        benchmarks.errors.TableError: ... no training of the plan is done
    """
    seeds = plan.seeds if seed is None else (seed,)
    if seed is not None and seed not in plan.seeds:
        raise TableError(f"expected a seed of the plan ({', '.join(map(str, plan.seeds))}), got {seed}")
    records = _records(plan, Path(folder))
    done = {trial: record for trial, record in records.items() if record.failure is None}
    rows = [(arch, s) for arch in plan.archs for s in seeds if any(Trial(arch, t, s) in done for t in plan.tasks)]
    if not rows:
        failed = failure_reasons(record for record in records.values() if record.trial.seed in seeds)
        why = [f"; {count} failed: {reason}" for reason, count in failed.items()]
        again = " (--retry-failed tries again)" if failed else ""
        raise TableError(f"{str(folder)!r}: no training of the plan is done{''.join(why[:_REASONS])}{again}")
    metrics: dict[str, dict[str, object]] = {}
    info: dict[str, dict[str, object]] = {}
    for task in plan.tasks:
        found = [done.get(Trial(arch, task, s)) for arch, s in rows]
        if any(found):
            metrics[task] = _metrics(found)
            info[task] = _info(found)
    table = Table.from_logs([arch for arch, _ in rows], metrics, info, duplicates="mean")
    return replace(table, provenance=provenance(plan, folder, seed))


def provenance(plan: Plan, folder: str | Path, seed: int | None = None) -> dict[str, Any]:
    """Provenance of a campaign's table, as JSON values: the plan, and per task the recipe, images and trainings."""
    records, _ = read_records(Path(folder), plan)
    used = [record for record in records.values() if seed in (None, record.trial.seed)]
    return {
        "transnas-surrogates": benchmarks.__version__,
        "plan": plan.hash,
        "version": dict.fromkeys(plan.tasks, VERSION),
        "preset": plan.preset,
        "seeds": list(plan.seeds) if seed is None else [seed],
        "settings": {task: fingerprint(plan.settings(task)) for task in plan.tasks},
        "recipes": {task: plan.settings(task)["recipe"] for task in plan.tasks},
        "deviations": {task: [*changed_settings(plan.recipe_for(task)), *_own_images(plan)] for task in plan.tasks},
        "images": {task: plan.settings(task)["images"] for task in plan.tasks},
        "trainings": {
            task: _trainings([record for record in used if record.trial.task == task]) for task in plan.tasks
        },
    }


def _own_images(plan: Plan) -> list[str]:
    """Own images as a deviation from the published training; empty for other images."""
    if not isinstance(plan.images, FolderImages):
        return []
    return [f"images: own ones (content {plan.images.folder.content}) instead of Taskonomy's"]


def _records(plan: Plan, folder: Path) -> dict[Trial, Record]:
    records, damaged = read_records(folder, plan)
    for error in damaged.values():
        raise error
    return records


def _metrics(records: list[Record | None]) -> dict[str, object]:
    """Metric -> values of shape (n, E), NaN where there is no record or it has fewer epochs."""
    names = dict.fromkeys(name for record in records if record for name in record.metrics)
    rows = {name: [record.metrics.get(name, []) if record else [] for record in records] for name in names}
    epochs = max(len(values) for columns in rows.values() for values in columns)
    return {name: _padded(columns, epochs) for name, columns in rows.items()}


def _padded(rows: list[list[float]], epochs: int) -> NDArray[np.float64]:
    table = np.full((len(rows), epochs), np.nan)
    for row, values in enumerate(rows):
        table[row, : len(values)] = values
    return table


def _info(records: list[Record | None]) -> dict[str, object]:
    """Model fact -> values of shape (n,)."""
    names = [name for name in INFO_NAMES if any(record and name in record.info for record in records)]
    facts: Mapping[str, list[float]] = {
        name: [record.info.get(name, np.nan) if record else np.nan for record in records] for name in names
    }
    return {name: np.array(values) for name, values in facts.items()}


def _trainings(records: list[Record]) -> dict[str, Any]:
    """Number of trainings, total seconds of those that are done, and the commits and hardware they ran on."""
    done = [record for record in records if record.failure is None]
    return {
        "done": len(done),
        "failed": len(records) - len(done),
        "seconds": round(sum(record.metrics.get(TIME, [record.seconds])[-1] for record in done), 1),
        "commits": sorted({record.machine.get("commit", "unknown") for record in records}),
        "hardware": dict(Counter(_machine(record) for record in records).most_common()),
    }


def _machine(record: Record) -> str:
    return record.machine.get("gpu") or record.machine.get("cpu", "unknown")
