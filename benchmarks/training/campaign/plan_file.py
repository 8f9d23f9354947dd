"""Plans as JSON files."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import limits
from benchmarks.errors import ArchitectureError, UnknownNameError, choice
from benchmarks.files import read_file
from benchmarks.json_text import read_json
from benchmarks.seeds import as_generator
from benchmarks.spaces.registry import get_space
from benchmarks.tasks import TRANSNAS_TASKS
from benchmarks.training.campaign.images import ROOMS, CampaignImages, FolderImages, RoomsImages, TaskonomyImages
from benchmarks.training.campaign.plan import DEFAULT_SEED, Plan
from benchmarks.training.data.taskonomy import TaskonomyNotFoundError

__all__ = ["load_plan", "sampled"]

_ENTRIES = ("architectures", "tasks", "seeds", "preset", "recipe", "recipe_of", "images")
_DRAWN = ("space", "sample", "rng", "distinct")
_KINDS = {str: "a string", int: "an integer", dict: "an object"}
_SPLIT_FILES = ("root", "train", "valid", "test")


def load_plan(path: str | Path) -> Plan:
    r"""Read a plan from a JSON file.

    Args:
        path: A JSON file with ``architectures``: a list of strings and of samples ``{"space": name, "sample": n, "rng":
            0, "distinct": false}``; optional are ``tasks`` (all seven), ``seeds`` (666), ``preset`` ("quick"),
            ``recipe`` (new values for all tasks), ``recipe_of`` (the same for one task) and ``images``:
            ``{"rooms": {"seed": 0}}``, ``{"taskonomy": {"root": folder, "train": split file, ...}}``, or ``{"folder":
            path}`` for a folder of pictures (`benchmarks.training.data.image_folder.read_image_folder`). Paths are
            relative to the folder of the plan; environment variables in them are expanded.

    Raises:
        ValueError: If the file is not a valid plan; names the file and the entry.
        UnknownNameError: If there is no such entry, task, space or preset; names the nearest one.
        ArchitectureError: If a string is not an architecture.
        OSError: If a file cannot be read.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "plan.json"
        >>> _ = path.write_text('{"architectures": [{"space": "transnas101-macro", "sample": 3}], "tasks": ["jigsaw"]}')
        >>> len(load_plan(path).trials())
        3
    """
    path = Path(path)
    if path.suffix.casefold() != ".json":
        raise ValueError(f"{path}: expected a plan in a file ending in .json, got {path.suffix or 'no suffix'!r}")
    try:
        entries = read_json(read_file(path, limits.METADATA_BYTES))
    except ValueError as error:
        raise ValueError(f"{path}: expected JSON, but {error}") from error
    try:
        return _plan(entries, path.parent)
    except (ArchitectureError, UnknownNameError, TaskonomyNotFoundError) as error:
        raise type(error)(f"{path}: {error}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def sampled(space: str, n: int, rng: int = 0, distinct: bool = False) -> list[str]:
    """The first n architectures of a space in a seeded random order; a larger n extends the list.

    Args:
        space: Name of the space.
        n: Number of architectures.
        rng: Seed of the random order.
        distinct: Whether to skip architectures that compute the same function as an earlier one.

    Raises:
        UnknownNameError: If there is no such space.
        ValueError: If there are fewer than n, or n < 1.

    Example:
        >>> sampled("transnas101-macro", 3, rng=1)[:2] == sampled("transnas101-macro", 2, rng=1)
        True
    """
    whole = get_space(space)
    order = [whole[position] for position in as_generator(rng).permutation(len(whole))]
    if distinct:
        first: dict[str, str] = {}
        for arch, form in zip(order, whole.simplify(order), strict=True):
            first.setdefault(form, arch)
        order = list(first.values())
    if not 1 <= n <= len(order):
        kind = "different functions" if distinct else "architectures"
        raise ValueError(f"sample: expected from 1 to {len(order):,} (the {kind} of {space}), got {n}")
    return order[:n]


def _plan(entries: Any, folder: Path) -> Plan:
    _check_names(entries, _ENTRIES, "the plan")
    if "architectures" not in entries:
        raise ValueError(f"expected an entry 'architectures', got {', '.join(entries) or 'none'}")
    for name in ("recipe", "recipe_of"):
        if not isinstance(entries.get(name, {}), dict):
            raise ValueError(f"{name}: expected named entries, got {entries[name]!r}")
    return Plan(
        archs=tuple(_architectures(entries["architectures"])),
        tasks=tuple(_list(entries.get("tasks", list(TRANSNAS_TASKS)), str, "tasks")),
        seeds=tuple(_integer(seed, 0, "seeds") for seed in _list(entries.get("seeds", [DEFAULT_SEED]), int, "seeds")),
        preset=entries.get("preset", "quick"),
        recipe=entries.get("recipe", {}),
        recipe_of=entries.get("recipe_of", {}),
        images=_images(entries.get("images", {"rooms": {}}), folder),
    )


def _architectures(value: Any) -> list[str]:
    found: list[str] = []
    for entry in [value] if isinstance(value, dict) else _list(value, (str, dict), "architectures"):
        if isinstance(entry, str):
            found.append(entry)
            continue
        where = "architectures"
        _check_names(entry, _DRAWN, where)
        if "space" not in entry or "sample" not in entry:
            raise ValueError(f"{where}: expected 'space' and 'sample', got {', '.join(entry) or 'none'}")
        if not isinstance(entry.get("distinct", False), bool):
            raise ValueError(f"{where}: distinct: expected true or false, got {entry['distinct']!r}")
        n, rng = _integer(entry["sample"], 1, f"{where}: sample"), _integer(entry.get("rng", 0), 0, f"{where}: rng")
        found += sampled(entry["space"], n, rng, entry.get("distinct", False))
    return found


def _images(value: Any, folder: Path) -> CampaignImages:
    _check_names(value, ("rooms", "taskonomy", "folder"), "images")
    if len(value) != 1:
        raise ValueError(f"images: expected one of 'rooms', 'taskonomy' and 'folder', got {', '.join(value) or 'none'}")
    if "rooms" in value:
        _check_names(value["rooms"], ("seed",), "images: rooms")
        return RoomsImages(_integer(value["rooms"].get("seed", ROOMS.seed), 0, "images: rooms: seed"))
    if "folder" in value:
        if not isinstance(value["folder"], str):
            raise ValueError(f"images: folder: expected the path of a folder, got {value['folder']!r:.200}")
        own = FolderImages(_path(value["folder"], folder, "images: folder"))
        own.describe(TRANSNAS_TASKS[0])
        return own
    options = {"root": value["taskonomy"]} if isinstance(value["taskonomy"], str) else value["taskonomy"]
    _check_names(options, _SPLIT_FILES, "images: taskonomy")
    if "root" not in options or not all(isinstance(option, str) for option in options.values()):
        raise ValueError(f"images: taskonomy: expected the path 'root' and names of split files, got {options!r}")
    images = TaskonomyImages(**{**options, "root": _path(options["root"], folder, "images: taskonomy: root")})
    images.describe(TRANSNAS_TASKS[0])  # fails here, not in every training, if the folder is missing
    return images


def _path(value: str, folder: Path, where: str) -> str:
    """A path with its environment variables, relative to the folder of the plan."""
    expanded = os.path.expandvars(value)
    if missing := re.search(r"\$\{?(\w+)", expanded):
        raise ValueError(f"{where}: the environment variable {missing[1]} is not set")
    return str(Path(folder, Path(expanded).expanduser()))


def _check_names(entries: Any, known: tuple[str, ...], where: str) -> None:
    if not isinstance(entries, Mapping):
        raise ValueError(f"{where}: expected named entries, got {entries!r}")
    for name in entries:
        choice(name, known, f"entry of {where}:")


def _list(value: Any, kind: type | tuple[type, ...], where: str) -> list[Any]:
    if not isinstance(value, list) or not value or not all(isinstance(entry, kind) for entry in value):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        of = " or ".join(_KINDS[one] for one in kinds)
        raise ValueError(f"{where}: expected a list with at least one entry, each {of}, got {value!r:.200}")
    return value


def _integer(value: Any, least: int, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{where}: expected integers from {least}, got {value!r}")
    return value
