"""The page: style, script and data in one file that loads nothing from elsewhere."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
import re
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.files import write_beside
from surrogates.report.collect import ReportData
from surrogates.report.comparison import LEVELS

__all__ = ["MOST_BYTES", "MOST_POINTS", "report_page", "write_report"]

MOST_POINTS = 20_000
"""Architectures on a page; of more, some are left out (`ReportData.thinned`)."""
MOST_BYTES = 3_000_000
_ALIGNED = 8
_SMALLER = 0.7


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
    script, style = ((assets / name).read_text(encoding="utf-8") for name in ("report.js", "report.css"))
    parts = {
        "title": escape(f"{data.space.name}: {data.total:,} architectures"),
        "policy": f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src '{_hash(script)}'",
        "style": style,
        "script": script,
        "data": base64.b64encode(_packed(data)).decode("ascii"),
    }
    template = (assets / "report.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


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
    }
    columns = []
    for number, column in enumerate(data.columns):
        exact = np.float64 if column.kind == "cost" else np.float32
        arrays[f"values{number}"] = column.values.astype(exact)
        if column.std is not None:
            arrays[f"std{number}"] = column.std.astype(np.float32)
        if column.ranks is not None:
            arrays[f"rank{number}"] = column.ranks.astype(np.int32)
        about = {name: getattr(column, name) for name in ("key", "name", "kind", "metric", "unit", "better", "of")}
        columns.append(about)
    places, parts, offset = {}, [], 0
    for name, array in arrays.items():
        content = array.astype(array.dtype.newbyteorder("<")).tobytes()
        content += b"\0" * (-len(content) % _ALIGNED)
        places[name] = [array.dtype.name, offset, array.size]
        parts.append(content)
        offset += len(content)
    head = {
        "space": data.space.name,
        "notation": data.space.notation,
        "total": data.total,
        "published_total": len(data.space),
        "archs": data.archs,
        "forms": data.forms,
        "columns": columns,
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
    return gzip.compress(len(text).to_bytes(_ALIGNED, "little") + text + b"".join(parts), 9, mtime=0)


def _finite(value: Any) -> Any:
    """JSON has no NaN: null instead."""
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
