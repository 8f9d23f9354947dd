"""Provenance of stored values: metric and unit of each task, versions of the libraries."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchmarks.tasks import find_task

__all__ = ["LIBRARIES", "describe_tasks", "installed_version", "library_versions"]

LIBRARIES = ("transnas-surrogates", "numpy", "scipy", "scikit-learn", "xgboost")
"""Distributions whose version can affect stored values."""


def describe_tasks(tasks: Sequence[str]) -> list[dict[str, Any]]:
    """Name, metric, unit and direction of each task; None for a user-defined task.

    Example:
        >>> describe_tasks(("jigsaw",))
        [{'name': 'jigsaw', 'metric': 'valid_top1', 'unit': '%', 'higher_is_better': True}]
    """
    found = []
    for name in tasks:
        task = find_task(name)
        known = task.benchmark != "user"
        facts = (task.column, task.metric.unit, task.metric.higher_is_better) if known else (None, None, None)
        found.append({"name": name, **dict(zip(("metric", "unit", "higher_is_better"), facts, strict=True))})
    return found


def library_versions() -> dict[str, str]:
    """Versions of Python and of `LIBRARIES`, "missing" for a library that is not installed.

    Example:
        >>> list(library_versions())[:2]
        ['python', 'transnas-surrogates']
    """
    return {"python": platform.python_version(), **{name: installed_version(name) or "missing" for name in LIBRARIES}}


def installed_version(name: str) -> str | None:
    """Version of an installed distribution, None if it is not installed.

    Example:
        >>> installed_version("no-such-distribution") is None
        True
    """
    try:
        return version(name)
    except PackageNotFoundError:
        return None
