"""Records: one JSON file per finished training, written atomically.

A campaign's folder has one folder per task, with ``settings.json`` (recipe and images, which must not change) and one
record per training. File names consist of the architecture, made safe for file systems, and the seed.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks.errors import ArtefactError
from benchmarks.files import write_beside
from benchmarks.run_directory import RunDirectory, differences
from benchmarks.short_repr import ShortRepr
from benchmarks.training.campaign.plan import Plan, Trial, fingerprint

__all__ = [
    "SETTINGS",
    "Record",
    "check_settings",
    "lock_path",
    "failure_reasons",
    "keep_settings",
    "read_record",
    "read_records",
    "record_from_json",
    "record_path",
    "record_to_json",
    "write_record",
]

SETTINGS = "settings.json"
_FORMAT = 1


@dataclass(frozen=True, repr=False)
class Record(ShortRepr):
    """Result of one training, successful or failed.

    Attributes:
        trial: The training.
        settings: Fingerprint of the recipe and the images.
        started: Start time, UTC, ISO 8601.
        seconds: Duration in seconds.
        metrics: Metric with its split -> one value per epoch; empty if it failed.
        info: Model facts.
        epochs: Number of epochs completed.
        notes: Remarks on the training.
        failure: Reason of the failure; None if it succeeded.
        machine: Hardware and versions it ran on.
    """

    trial: Trial
    settings: str
    started: str
    seconds: float
    metrics: Mapping[str, list[float]] = field(default_factory=dict)
    info: Mapping[str, float] = field(default_factory=dict)
    epochs: int = 0
    notes: tuple[str, ...] = ()
    failure: str | None = None
    machine: Mapping[str, str] = field(default_factory=dict)


def record_path(folder: Path, trial: Trial) -> Path:
    """Path of the record of a training.

    Example:
        >>> record_path(Path("campaign"), Trial("64-2311-basic", "jigsaw", 0)).as_posix()
        'campaign/jigsaw/64-2311-basic-seed0.json'
    """
    return folder / trial.task / f"{quote(trial.arch, safe='')}-seed{trial.seed}.json"


def lock_path(folder: Path, trial: Trial) -> Path:
    """Path of the file that a worker locks during a training."""
    return record_path(folder, trial).with_suffix(".lock")


def write_record(folder: Path, record: Record) -> None:
    """Write a record; an older one is replaced.

    Raises:
        OSError: If it cannot be written, e.g. on a full disk; an older record is then unchanged.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> record = Record(Trial("64-2311-basic", "jigsaw"), "0", "", 1.0, {"valid_top1": [math.nan, 50.0]})
        >>> write_record(folder, record)
        >>> read_record(record_path(folder, record.trial)).metrics["valid_top1"]
        [nan, 50.0]
    """
    path = record_path(folder, record.trial)
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_beside(path) as beside:
        beside.write_text(json.dumps(record_to_json(record), allow_nan=False), encoding="utf-8")


def read_record(path: Path) -> Record:
    """Read a record.

    Raises:
        ArtefactError: If it is damaged, or written by a newer version.
        FileNotFoundError: If there is none.
    """
    try:
        record = record_from_json(json.loads(path.read_bytes()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtefactError(f"{str(path)!r} is damaged ({error}); 'campaign run' trains it again") from error
    if record_path(path.parents[1], record.trial) != path:
        raise ArtefactError(f"{str(path)!r}: expected the training in the file name, got {record.trial}")
    return record


def record_to_json(record: Record) -> dict[str, Any]:
    """JSON values of a record; NaN becomes null.

    Example:
        >>> record = Record(Trial("64-2311-basic", "jigsaw"), "0", "", 1.0, {"valid_top1": [50.0]})
        >>> record_from_json(record_to_json(record)) == record
        True
    """
    plain: dict[str, Any] = _plain(asdict(record))
    return {"format": _FORMAT, **plain}


def record_from_json(values: Mapping[str, Any]) -> Record:
    """Inverse of `record_to_json`.

    Raises:
        ValueError: If it has another format or invalid content; also `KeyError` or `TypeError`.
    """
    content = dict(values)
    if (version := content.pop("format")) != _FORMAT:
        raise ValueError(f"expected format {_FORMAT}, got {version}")
    content["trial"] = Trial(**content["trial"])
    content["notes"] = tuple(content["notes"])
    content["metrics"] = {name: _numbers(entries) for name, entries in content["metrics"].items()}
    content["info"] = dict(zip(content["info"], _numbers(content["info"].values()), strict=True))
    return Record(**content)


def read_records(folder: Path, plan: Plan) -> tuple[dict[Trial, Record], dict[Trial, ArtefactError]]:
    """The records of a plan's trainings, and the error of each record that cannot be used.

    A record with other settings than the plan's counts as unusable.
    """
    prints = {task: fingerprint(plan.settings(task)) for task in plan.tasks}
    found: dict[Trial, Record] = {}
    damaged: dict[Trial, ArtefactError] = {}
    for trial in plan.trials():
        path = record_path(folder, trial)
        try:
            record = read_record(path)
        except FileNotFoundError:
            continue
        except ArtefactError as error:
            damaged[trial] = error
            continue
        if record.settings == prints[trial.task]:
            found[trial] = record
        else:
            damaged[trial] = ArtefactError(
                f"{str(path)!r} was trained with another recipe or on other images than the plan says"
            )
    return found, damaged


def failure_reasons(records: Iterable[Record]) -> dict[str, int]:
    """Reason of failure -> number of trainings, the most frequent first.

    Example:
        >>> failure_reasons([Record(Trial("64-2311-basic", "jigsaw"), "", "", 1.0, failure="out of memory")])
        {'out of memory': 1}
    """
    return dict(Counter(record.failure for record in records if record.failure is not None).most_common())


def check_settings(folder: Path, plan: Plan) -> None:
    """Check that recipe and images of the plan are those of the trainings already in the folder.

    Raises:
        ArtefactError: If they are not; names the settings that changed.
    """
    for task in plan.tasks:
        directory = RunDirectory(folder / task, "campaign", SETTINGS)
        try:
            found = differences(directory.about(), plan.settings(task), json.dumps)
        except FileNotFoundError:
            continue
        if found:
            way = "undo the change, or choose another folder (architectures, tasks and seeds may be added)"
            if not _any_done(directory.path):
                way += f"; none of its trainings has succeeded, so deleting {str(directory.path)!r} loses nothing"
            raise ArtefactError(
                f"{task}: the plan changed since {str(folder)!r} was created: {'; '.join(found)}; results would not be "
                f"comparable: {way}"
            )


def _any_done(folder: Path) -> bool:
    """Whether any training of a task has succeeded; records that cannot be read count as well."""
    try:
        return any(read_record(path).failure is None for path in folder.glob("*.json") if path.name != SETTINGS)
    except ArtefactError:
        return True


def keep_settings(folder: Path, plan: Plan) -> None:
    """Write the plan's settings to the folder; of several processes that do so at the same time, the first one wins.

    Raises:
        ArtefactError: As `check_settings`.
        OSError: If the folder cannot be written.
    """
    for task in plan.tasks:
        directory = RunDirectory(folder / task, "campaign", SETTINGS)
        directory.make()
        directory.describe(plan.settings(task))
    check_settings(folder, plan)


def _plain(value: Any) -> Any:
    """JSON values; numbers that are not finite become null."""
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _numbers(values: Any) -> list[float]:
    return [math.nan if value is None else value + 0 for value in values]
