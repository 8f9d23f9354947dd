"""The page: style, script and data in one file that loads nothing from elsewhere."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
import re
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.files import write_beside
from surrogates.report.collect import ReportData
from surrogates.report.columns import ReportColumn
from surrogates.report.comparison import LEVELS

__all__ = ["MOST_BYTES", "MOST_POINTS", "report_page", "write_report"]

MOST_POINTS = 20_000
"""Architectures on a page; of more, some are left out (`ReportData.thinned`)."""
MOST_BYTES = 3_000_000
_ALIGNED = 8
_SMALLER = 0.7
_SAID_OF_COLUMNS = ("key", "name", "kind", "metric", "unit", "better", "of")
_SCRIPTS = (
    *("elements", "numbers"),
    *("data", "columns", "state", "address", "selection", "dispatcher"),
    *("canvas", "scales", "scatter_layout", "scatter_points", "scatter", "parallel", "table", "csv"),
    *("drawings", "cell_drawing", "graph_drawing", "task_values", "detail"),
    *("comparison", "charts", "calibration", "searches", "transfer", "controls", "begin"),
)
"""Files of the script, in the order in which they are joined: helpers, data and state, views; `begin` ties them all."""


def report_page(data: ReportData) -> str:
    """The page as HTML, smaller than 3 MB.

    Names are text, never markup. The page has a content security policy that allows its own script alone, and no
    connections.

    Example:
        >>> from surrogates.pretrained import load_answers
        >>> from surrogates.report import collect_report
        >>> page = report_page(collect_report("transnas101-macro", load_answers("transnas101-macro"), tasks=["jigsaw"]))
        >>> page[:15], len(page) < 3_000_000
        ('<!doctype html>', True)
    """
    most = MOST_POINTS
    while True:
        shown = data.thinned(most)
        page = _filled(shown)
        if len(page.encode()) < MOST_BYTES or most < _ALIGNED:
            return page
        most = int(min(most, len(shown.archs)) * _SMALLER)


def write_report(data: ReportData, path: str | Path) -> Path:
    """Write `report_page`, and return its path; an interrupted call leaves no half file.

    Raises:
        OSError: If it cannot be written.
    """
    with write_beside(Path(path)) as beside:
        beside.write_text(report_page(data), encoding="utf-8")
    return Path(path)


def _filled(data: ReportData) -> str:
    assets = files("surrogates.report") / "assets"
    script = _joined([(assets / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS])
    parts = {
        "title": escape(f"{data.space.name}: {data.total:,} architectures"),
        "policy": f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src '{_hash(script)}'",
        "style": (assets / "report.css").read_text(encoding="utf-8"),
        "script": script,
        "data": base64.b64encode(_packed(data)).decode("ascii"),
    }
    template = (assets / "report.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


def _joined(scripts: Sequence[str]) -> str:
    """One strict script; its names are those of a function, so that none is global."""
    return "\n".join(['"use strict";', "(() => {", *scripts, "})();"])


def _hash(script: str) -> str:
    """Hash of a script for a content security policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")


def _packed(data: ReportData) -> bytes:
    """Length of a JSON text (8 bytes), the text, and arrays, each at a multiple of 8 bytes from the end of the text."""
    structure = data.structure()
    arrays: dict[str, NDArray[Any]] = {
        "form": data.form,
        "twins": data.twins,
        "published": data.published.astype(np.uint8),
        "counts": structure.counts.ravel(),
        **structure.arrays,
        **_column_arrays(data.columns),
    }
    places, content = _joined_arrays(arrays)
    head = {
        "space": data.space.name,
        "notation": data.space.notation,
        "total": data.total,
        "published_total": len(data.space),
        "archs": data.archs,
        "forms": data.forms,
        "columns": [{name: getattr(column, name) for name in _SAID_OF_COLUMNS} for column in data.columns],
        "arrays": places,
        "drawing": structure.drawing,
        "operations": structure.operations,
        "structure": structure.about,
        "levels": LEVELS,
        "comparisons": data.comparisons,
        "agreement": data.agreement,
        "transfer": data.transfer,
        "searches": data.searches,
        "notes": data.notes,
    }
    text = json.dumps(_finite(head), ensure_ascii=False, allow_nan=False).encode()
    text += b" " * (-len(text) % _ALIGNED)
    return gzip.compress(len(text).to_bytes(_ALIGNED, "little") + text + content, 9, mtime=0)


def _column_arrays(columns: Sequence[ReportColumn]) -> dict[str, NDArray[Any]]:
    """Arrays of columns, with the number of the column in their names."""
    arrays: dict[str, NDArray[Any]] = {}
    for number, column in enumerate(columns):
        exact = np.float64 if column.kind == "cost" else np.float32
        arrays[f"values{number}"] = column.values.astype(exact)
        if column.std is not None:
            arrays[f"std{number}"] = column.std.astype(np.float32)
        if column.ranks is not None:
            arrays[f"rank{number}"] = column.ranks.astype(np.int32)
    return arrays


def _joined_arrays(arrays: dict[str, NDArray[Any]]) -> tuple[dict[str, tuple[str, int, int]], bytes]:
    """Type, first byte and size of each array, and the bytes of all."""
    places, content = {}, bytearray()
    for name, array in arrays.items():
        places[name] = (array.dtype.name, len(content), array.size)
        content += array.astype(array.dtype.newbyteorder("<")).tobytes()
        content += b"\0" * (-len(content) % _ALIGNED)
    return places, bytes(content)


def _finite(value: Any) -> Any:
    """JSON has no NaN: null instead."""
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
