"""Taskonomy's layout on disk: names of files, lists of images, and which class probabilities are kept."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import SurrogatesError

__all__ = [
    "CLASSES",
    "DAMAGED",
    "EXPORT",
    "IMAGES",
    "SPLIT_FILES",
    "TaskonomyError",
    "TaskonomyNotFoundError",
    "check_root",
    "file_name",
    "kept_classes",
    "missing_files",
    "read_templates",
]

SPLIT_FILES = {
    "train": "train_filenames_final5k.json",
    "valid": "val_filenames_final5k.json",
    "test": "test_filenames_final5k.json",
}
"""Names of the published split files."""

CLASSES = {"class_object": (1000, 75), "class_scene": (365, 47)}
"""Probabilities as stored (ImageNet, Places) and as published networks are trained on."""
EXPORT = "rooms.json"
"""In a folder of exported rooms: how they were made."""
IMAGES = ("rgb", "normal", "segmentsemantic")
"""Domains that are png files; the others are npy."""


DAMAGED = (OSError, ValueError, EOFError, SyntaxError, TokenError)
"""What numpy and pillow raise for damaged files."""


class TaskonomyError(SurrogatesError, ValueError):
    """An image folder that cannot be used; the message names the file."""


class TaskonomyNotFoundError(TaskonomyError, FileNotFoundError):
    """Files that should be there are not."""


def file_name(template: str, domain: str) -> str:
    """One domain's file of an image, from the root.

    Example:
        >>> file_name("hanson/{domain}/point_0_view_3_domain_{domain}", "room_layout")
        'hanson/room_layout/point_0_view_3_domain_room_layout.npy'
    """
    return f"{template.format(domain=domain)}.{'png' if domain in IMAGES else 'npy'}"


def check_root(root: Path) -> None:
    """Raise `TaskonomyNotFoundError` if there is no such folder."""
    if not root.is_dir():
        raise TaskonomyNotFoundError(
            f"there is no folder {root}: expected Taskonomy's root, with <building>.json lists and "
            f"<building>/<domain>/ folders in it"
        )


def read_templates(root: Path, split_path: Path) -> list[str]:
    """All templates of a split; an ending .png or .npy is dropped, as the published reader does."""
    lists = _read_json(split_path)
    names = lists.get("filename_list") if isinstance(lists, dict) else None
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise TaskonomyError(
            f'{split_path}: expected {{"filename_list": ["<building>.json", ...]}} with some buildings'
        )
    absent = [name for name in names if not (root / name).is_file()]
    if absent:
        raise TaskonomyNotFoundError(
            f"{len(absent)} of the {len(names)} building lists that {split_path} names are not in {root}, such as "
            f"{', '.join(absent[:3])}"
        )
    templates: list[str] = []
    for name in names:
        listed = _read_json(root / name)
        if not isinstance(listed, list) or not all(isinstance(line, str) and "{domain}" in line for line in listed):
            raise TaskonomyError(
                f"{root / name}: expected a list of templates such as "
                f'"<building>/{{domain}}/point_0_view_0_domain_{{domain}}"'
            )
        templates += [line[:-4] if line.endswith((".png", ".npy")) else line for line in listed]
    return templates


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise TaskonomyError(f"{path} is not JSON ({error})") from error


def missing_files(root: Path, templates: Sequence[str], domains: Sequence[str]) -> dict[str, list[Path]]:
    """Templates whose files are not all there, with those files; each folder is listed once."""
    present: dict[Path, set[str]] = {}
    missing: dict[str, list[Path]] = {}
    for template in templates:
        for domain in domains:
            path = root / file_name(template, domain)
            folder = path.parent
            if folder not in present:
                present[folder] = {entry.name for entry in os.scandir(folder)} if folder.is_dir() else set()
            if path.name not in present[folder]:
                missing.setdefault(template, []).append(path)
    return missing


def _load_mask(path: Path) -> NDArray[Any]:
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except DAMAGED as error:
        raise TaskonomyError(f"{path} cannot be read ({error}): get it again") from error


def kept_classes(domain: str, given: Mapping[str, NDArray[Any]], folders: Sequence[Path]) -> NDArray[np.bool_]:
    """Which of the stored probabilities are classes, of shape (1000,) or (365,)."""
    name = f"{domain}_final5k.npy"
    found = next((folder / name for folder in folders if (folder / name).is_file()), None)
    if domain in given:
        mask, source = np.asarray(given[domain]), f"kept[{domain!r}]"
    elif found is not None:
        mask, source = _load_mask(found), str(found)
    else:
        raise TaskonomyNotFoundError(
            f"{name} is not in {folders[0]}: it says which of the {CLASSES[domain][0]} stored classes are kept; put "
            f"the file of the published code (lib/data) there, give kept={{{domain!r}: ...}}, or leave {domain} out "
            f"of domains"
        )
    if mask.shape != CLASSES[domain][:1] or not mask.any():
        raise TaskonomyError(
            f"{source}: expected {CLASSES[domain][0]} entries, non-zero where a class is kept, got shape {mask.shape}"
        )
    return mask.astype(bool)
