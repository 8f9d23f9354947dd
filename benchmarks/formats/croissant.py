"""Croissant metadata of a table's file: columns with task, metric, unit and direction, and the file's SHA-256.

Croissant (https://docs.mlcommons.org/croissant/docs/croissant-spec-1.0.html) is how data sets are described on the
Hugging Face hub, on Kaggle and in Google's data set search; it is schema.org in JSON.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks.errors import TableError, UnknownNameError, shown
from benchmarks.files import kind_of_file, sha256_of
from benchmarks.formats.bundled import find_table
from benchmarks.formats.load import load_table
from benchmarks.frames import ARCH_COLUMNS
from benchmarks.provenance import unlike_published
from benchmarks.table import Table
from benchmarks.task_log import EXTRA, EXTRA_INFO
from benchmarks.task_names import name_tasks
from benchmarks.tasks import Task, find_task

__all__ = ["croissant_metadata"]

_FORMATS = {".csv": "text/csv", ".parquet": "application/x-parquet"}
_LICENSE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*|https?://\S+")
_SPLITS = {"train": "training", "valid": "validation", "test": "test", "": ""}
_CONVERT = "surrogates table convert writes such a file"


def croissant_metadata(
    path: str | os.PathLike[str],
    *,
    license: str | None = None,
    url: str | None = None,
    minimize: Collection[str] | str = (),
) -> dict[str, Any]:
    """Croissant 1.0 metadata of a table's file, as a JSON object.

    It names the file by its name alone: stored beside the file, ``mlcroissant.Dataset`` reads the records. Its record
    sets are ``results``, one row per architecture, and ``columns``, one row per column of results: task, metric, split,
    unit and whether higher is better.

    Args:
        path: A ``.parquet`` file, or a ``.csv`` file with commas and its header in the first line, with a column per
            task, as `save_table` writes them; or the name of a bundled table.
        license: License of the table, a name of https://spdx.org/licenses (``"CC-BY-4.0"``) or an http(s) address; left
            out if not given.
        url: Page of the table; left out if not given.
        minimize: User-defined tasks that are better when lower, as in `load_table`.

    Raises:
        TableNotFoundError: If there is no such file and no bundled table of that name.
        TableError: If it is not such a file, or its content is invalid, or its records are not those of the table that
            `load_table` makes of it (repeated rows, comments).
        ArchitectureError: If the string in a row is not an architecture.
        UnknownNameError: If the license is neither such a name nor an address.

    Example:
        >>> found = croissant_metadata("rooms-mini")
        >>> [entry["name"] for entry in found["recordSet"]], found["distribution"][0]["contentUrl"]
        (['results', 'columns'], 'rooms-mini.parquet')
        >>> found["recordSet"][0]["field"][4]["description"]
        'class_scene: validation top1 of scene classification, in %; higher is better.'
    """
    if license is not None and not _LICENSE.fullmatch(license):
        raise UnknownNameError(
            f"expected a license by its name of spdx.org, such as 'CC-BY-4.0', or by its address, got {shown(license)}"
        )
    if kind_of_file(path) == "a folder":
        raise TableError(f"{shown(str(path))[1:-1]}: expected a single .parquet or .csv file, got a folder; {_CONVERT}")
    file = find_table(path)
    suffix = file.suffix.casefold()
    if suffix not in _FORMATS:
        raise TableError(f"{file.name:.200}: expected a .parquet or .csv file; {_CONVERT}")
    table = load_table(file, minimize=minimize)
    arch, columns = _columns(file, table, minimize)
    _check_records(file, table, arch)
    results = [_arch_field(arch), *(_field(name, about) for name, about in columns.items())]
    name = file.stem
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": name,
        "description": _description(table),
        **({"license": license} if license is not None else {}),
        **({"url": url} if url else {}),
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "table",
                "name": file.name,
                "description": f"The table, one row per architecture ({len(table):,} rows).",
                "contentUrl": file.name,
                "contentSize": f"{file.stat().st_size} B",
                "encodingFormat": _FORMATS[suffix],
                "sha256": sha256_of(file),
            }
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "results",
                "name": "results",
                "description": "Measured results, one row per architecture; a missing value was not measured.",
                "key": {"@id": "results/arch"},
                "field": results,
            },
            _columns_set(columns),
        ],
    }


def _columns(file: Path, table: Table, minimize: Collection[str] | str) -> tuple[str, dict[str, Task | None]]:
    """The name of the column of architectures, and column of results -> task; None for an extra of no known meaning."""
    header = _header(file)
    archs = [name for name in header if name.strip().casefold() in ARCH_COLUMNS]
    if not archs:
        raise TableError(
            f"{file.name:.200}: expected a column {ARCH_COLUMNS[0]!r} in the first line, between commas; {_CONVERT}"
        )
    labels = {name.strip(): name for name in header if name != archs[0]}
    extras = [label for label in labels if label.rpartition("/")[2].startswith((EXTRA, EXTRA_INFO)) and "/" in label]
    named = name_tasks([label for label in labels if label and label not in extras], minimize)
    trained = {task.name.removesuffix(f"/{task.column}") for task in named.values()}
    if not set(table.tasks) <= trained:
        raise TableError(f"{file.name:.200}: expected one column per task, got {shown(header)}; {_CONVERT}")
    return archs[0], {labels[label]: named.get(label) for label in labels if label in named or label in extras}


def _check_records(file: Path, table: Table, arch: str) -> None:
    """Refuse a file whose own rows are not those of the table: `load_table` tidies, readers of Croissant do not."""
    import pandas as pd

    try:
        frame = pd.read_csv(file) if file.suffix.casefold() == ".csv" else pd.read_parquet(file, columns=[arch])
    except ValueError as error:
        raise TableError(f"{file.name:.200}: {error}; {_CONVERT}") from error
    if len(frame) != len(table):
        raise TableError(
            f"{file.name:.200}: expected one row for each of {len(table):,} architectures, got {len(frame):,} rows "
            f"(repeated, or comments); {_CONVERT}"
        )
    for row, (found, expected) in enumerate(zip(frame[arch], table.archs, strict=True), start=1):
        if found != expected:
            raise TableError(f"{file.name:.200}: expected {expected!r} in row {row:,}, got {shown(found)}; {_CONVERT}")


def _header(file: Path) -> list[str]:
    if file.suffix.casefold() == ".csv":
        with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
            return next(csv.reader(lines), [])
    import pyarrow.parquet

    return [str(name) for name in pyarrow.parquet.read_schema(file).names]


def _description(table: Table) -> str:
    count = f"{len(table):,} architecture{'s' * (len(table) != 1)}"
    text = f"Results of {count} of {', '.join(table.spaces)} on {', '.join(table.tasks)}."
    if other := unlike_published(table):
        text += f" These trainings differ from those of the published benchmark: {other}."
    return text


def _arch_field(column: str) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": "results/arch",
        "name": "arch",
        "description": "The architecture, as the string that its benchmark writes.",
        "dataType": "sc:Text",
        "source": {"fileObject": {"@id": "table"}, "extract": {"column": column}},
    }


def _field(column: str, task: Task | None) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"results/{quote(column.strip())}",
        "name": column.strip(),
        "description": f"{column.strip()}: {_meaning(column, task)}",
        "dataType": "sc:Float",
        "source": {"fileObject": {"@id": "table"}, "extract": {"column": column}},
    }


def _meaning(column: str, task: Task | None) -> str:
    if task is None:
        return "an extra quantity, whose unit and direction are not known."
    split = _SPLITS[task.split]
    of = find_task(column.strip().rpartition("/")[0] or column.strip())
    label = of.label if of.benchmark != "user" else f"the task {of.name}"
    unit = "without a unit" if task.metric.unit == "-" else f"in {task.metric.unit}"
    better = {True: "higher is better", False: "lower is better", None: "no direction"}[task.metric.higher_is_better]
    return f"{split} {task.metric.name} of {label}, {unit}; {better}.".lstrip()


def _columns_set(columns: dict[str, Task | None]) -> dict[str, Any]:
    """What each column of results is, as a record set whose rows are in the metadata themselves."""
    fields = {
        "name": ("sc:Text", "Name of the column."),
        "metric": ("sc:Text", "What was measured, with its split."),
        "unit": ("sc:Text", "Unit; - for a number without one."),
        "better": ("sc:Text", "higher, lower, or unknown."),
    }
    rows = [
        {
            "columns/name": column.strip(),
            "columns/metric": column.strip().rpartition("/")[2] if task is None else task.column,
            "columns/unit": "-" if task is None else task.metric.unit,
            "columns/better": "unknown" if task is None else _BETTER[task.metric.higher_is_better],
        }
        for column, task in columns.items()
    ]
    return {
        "@type": "cr:RecordSet",
        "@id": "columns",
        "name": "columns",
        "description": "Metric, unit and direction of every column of results.",
        "key": {"@id": "columns/name"},
        "field": [
            {"@type": "cr:Field", "@id": f"columns/{name}", "name": name, "description": text, "dataType": kind}
            for name, (kind, text) in fields.items()
        ],
        "data": rows,
    }


_BETTER = {True: "higher", False: "lower", None: "unknown"}
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context that the specification gives (Appendix 1)."""
