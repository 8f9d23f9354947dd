"""Provenance of stored values: metric and unit of each task, versions of the libraries."""

from __future__ import annotations

import platform
from collections.abc import Collection, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchmarks.tasks import find_task

__all__ = ["LIBRARIES", "describe_tasks", "installed_version", "library_versions", "lowered_tasks"]

LIBRARIES = ("transnas-surrogates", "numpy", "scipy", "scikit-learn", "xgboost")
"""Distributions whose version can affect stored values."""


def describe_tasks(tasks: Sequence[str], minimize: Collection[str] = ()) -> list[dict[str, Any]]:
    """Name, metric, unit and direction of each task; None for a user-defined task, except that lower is better.

    Args:
        tasks: Names of tasks.
        minimize: Those of them that are user-defined and better when lower.

    Example:
        >>> describe_tasks(("jigsaw",))
        [{'name': 'jigsaw', 'metric': 'valid_top1', 'unit': '%', 'higher_is_better': True}]
    """
    found = []
    for name in tasks:
        task = find_task(name)
        known = task.benchmark != "user"
        found.append(
            {
                "name": name,
                "metric": task.column if known else None,
                "unit": task.metric.unit if known else None,
                "higher_is_better": task.metric.higher_is_better if known else False if name in minimize else None,
            }
        )
    return found


def lowered_tasks(described: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """The user-defined tasks that are better when lower, of what `describe_tasks` returned.

    Example:
        >>> lowered_tasks(describe_tasks(["latency_ms", "jigsaw"], minimize=["latency_ms"]))
        ('latency_ms',)
    """
    return tuple(
        task["name"]
        for task in described
        if task["higher_is_better"] is False and find_task(task["name"]).benchmark == "user" and task["metric"] is None
    )


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
