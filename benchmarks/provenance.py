"""Comparison of a table's recorded training settings with the published ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.table import Table

__all__ = ["unlike_published"]

_IMAGES = "taskonomy"
_SHOWN = 3
_CURRENT = 2
"""`benchmarks.training.recipe.VERSION`, known here without torch; only its trainings are like the published ones."""


def unlike_published(table: Table, tasks: Iterable[str] | None = None) -> str:
    """How the trainings of a table differ from the published ones, according to its provenance.

    Values of other trainings are on another scale: they must not be compared with published values or with predictions
    of those.

    Args:
        table: Any table.
        tasks: Tasks to compare; all by default.

    Returns:
        Images other than the published ones (an own folder with the hash of its content, because the images of two
        folders differ, too), and the first differences of the recipe of the first task that differs;
        empty if the table has no provenance or its trainings are the published ones.

    Example:
        >>> from benchmarks import load_table
        >>> unlike_published(load_table("rooms-mini"), ["autoencoder"])[:60]
        'images of rooms instead of taskonomy; autoencoder: lr: 0.004'
    """
    wanted = table.tasks if tasks is None else [task for task in tasks if task in table.tasks]
    images = table.provenance.get("images") or {}
    deviations = table.provenance.get("deviations") or {}
    other = dict.fromkeys(
        _named(name, about) for task in wanted for name, about in images.get(task, {}).items() if name != _IMAGES
    )
    found = [f"images of {', '.join(other)} instead of {_IMAGES}"] if other else []
    recipes, versions = table.provenance.get("recipes") or {}, table.provenance.get("version") or {}
    for task in wanted:
        version = versions.get(task, 1)  # tables of the first version do not record it
        if task in recipes and version != (_CURRENT if not deviations.get(task) else 1):
            found.append(f"{task}: version {version} of the training code")
            break
    for task in wanted:
        if differences := deviations.get(task):
            more = len(differences) - _SHOWN
            found.append(f"{task}: {', '.join(differences[:_SHOWN])}{f' and {more} more' * (more > 0)}")
            break
    return "; ".join(found)


def _named(name: str, about: Any) -> str:
    """A source of images; of a user's own folder with its content."""
    content = about.get("content") if isinstance(about, Mapping) else None
    return f"an own {name} (content {content})" if content else name
