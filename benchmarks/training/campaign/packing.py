"""Records of a campaign packed in one file, for a repository or another machine."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.errors import ArtefactError
from benchmarks.files import write_beside
from benchmarks.training.campaign.plan import Plan, fingerprint
from benchmarks.training.campaign.records import (
    Record,
    check_settings,
    keep_settings,
    read_records,
    record_from_json,
    record_to_json,
    write_record,
)

__all__ = ["pack_records", "unpack_records"]


def pack_records(plan: Plan, folder: str | os.PathLike[str], path: str | os.PathLike[str]) -> int:
    """Write the records of a plan's trainings to one gzipped JSON lines file, in the order of the plan.

    The same records give the same bytes. Records with other settings than the plan's raise an error.

    Args:
        plan: The plan of the campaign.
        folder: Folder of the campaign.
        path: The file, usually ending in ``.jsonl.gz``.

    Returns:
        Number of records.

    Raises:
        ArtefactError: If the folder was created with other settings, or a record is damaged.
        OSError: If the file cannot be written.
    """
    place = Path(folder)
    check_settings(place, plan)
    records, damaged = read_records(place, plan)
    for error in damaged.values():
        raise error
    lines = [json.dumps(record_to_json(records[trial]), allow_nan=False) for trial in plan.trials() if trial in records]
    with write_beside(path) as beside:
        beside.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode() if lines else b"", mtime=0))
    return len(lines)


def unpack_records(plan: Plan, path: str | os.PathLike[str], folder: str | os.PathLike[str]) -> int:
    """Add the records of a file to a campaign's folder; of two records of one training the later one is kept.

    Args:
        plan: The plan of the campaign; records of other trainings are ignored.
        path: A file written by `pack_records`.
        folder: Folder of the campaign; created if it does not exist.

    Returns:
        Number of records written.

    Raises:
        ArtefactError: If the file is damaged, or a record or the folder has other settings than the plan's; nothing
            is written then.
        FileNotFoundError: If there is no such file.
    """
    place = Path(folder)
    check_settings(place, plan)
    known, _ = read_records(place, plan)
    wanted = set(plan.trials())
    found = [record for record in _read(Path(path)) if record.trial in wanted]
    for record in found:
        if record.settings != fingerprint(plan.settings(record.trial.task)):
            raise ArtefactError(
                f"{str(path)!r}: {record.trial} was trained with another recipe or on other images than the plan says"
            )
    new = [r for r in found if r.trial not in known or known[r.trial].started < r.started]
    if new:
        keep_settings(place, plan)
    for record in new:
        write_record(place, record)
    return len(new)


def _read(path: Path) -> Iterator[Record]:
    content = path.read_bytes()
    try:
        lines: list[dict[str, Any]] = [json.loads(line) for line in gzip.decompress(content).splitlines()]
        yield from (record_from_json(line) for line in lines)
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtefactError(f"{str(path)!r} is damaged or not a file of records: {error}") from error
