"""Configuration files of pre-training experiments: sources, target and numbers of labels in JSON or TOML."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import limits
from benchmarks.errors import ArchitectureError, TableError, UnknownNameError, choice
from benchmarks.files import read_file
from benchmarks.formats.load import load_table
from benchmarks.json_text import read_json
from benchmarks.table import Table
from surrogates.evaluation.pretraining import UPDATE_CHOICES, Experiment

__all__ = ["load_experiment"]

_REQUIRED = ("sources", "target", "k", "seeds")
_OPTIONAL = ("n_steps", "label_free", "update")
_TABLE = ("table", "space", "tasks")


def load_experiment(path: str | Path) -> Experiment:
    r"""Read the description of an experiment, and its tables.

    Args:
        path: A JSON file, or a TOML file (Python 3.11 or newer), with ``sources`` (a list of tables), ``target`` (a
            table), ``k`` and ``seeds`` (lists of integers) and, optionally, ``n_steps``, ``label_free`` and ``update``
            (see `Experiment`). A table is ``{"table": path, "space": name, "tasks": [names]}``, where the optional
            ``space`` and ``tasks`` select a part of it. Paths are relative to the folder of the file; environment
            variables in them (``$NAS_DATA``) are expanded.

    Raises:
        ValueError: If an entry is invalid; the message names the file and the entry.
        UnknownNameError: If there is an entry, space or task that does not exist; the message names the nearest one.
        TableError: If a table cannot be read; `TableNotFoundError` if it does not exist.
        OSError: If the file cannot be read.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "macro.csv").write_text("arch,jigsaw,normal\n64-2311-basic,90,0.5\n64-1234-basic,94,0.6\n")
        >>> text = '{"sources": [{"table": "macro.csv"}], "target": {"table": "macro.csv", "tasks": ["jigsaw"]}, '
        >>> _ = (folder / "experiment.json").write_text(text + '"k": [1], "seeds": [0]}')
        >>> load_experiment(folder / "experiment.json").datasets()[0].tasks
        ('normal',)
    """
    path = Path(path)
    entries = _mapping(_parse(path), str(path))
    _check_names(entries, (*_REQUIRED, *_OPTIONAL), _REQUIRED, str(path))
    sources = entries["sources"]
    if not isinstance(sources, list) or not sources:
        raise ValueError(f"{path}: sources: expected a list of tables, got {sources!r}")
    options: dict[str, Any] = {}
    if "n_steps" in entries:
        options["n_steps"] = _integer(entries["n_steps"], 1, f"{path}: n_steps")
    if "label_free" in entries:
        if not isinstance(entries["label_free"], bool):
            raise ValueError(f"{path}: label_free: expected true or false, got {entries['label_free']!r}")
        options["label_free"] = entries["label_free"]
    if "update" in entries:
        options["update"] = choice(entries["update"], UPDATE_CHOICES, f"update of {path}:")
    k = _integers(entries["k"], 1, f"{path}: k")
    seeds = _integers(entries["seeds"], 0, f"{path}: seeds")
    tables = tuple(_table(source, path, f"sources[{i}]") for i, source in enumerate(sources))
    target = _table(entries["target"], path, "target")
    try:
        return Experiment(tables, target, k, seeds, **options)
    except TableError as error:
        raise TableError(f"{path}: target: {error}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _parse(path: Path) -> Any:
    """Parse the file according to its suffix."""
    ending = choice(path.suffix.casefold(), (".json", ".toml"), "file ending")
    text = read_file(path, limits.METADATA_BYTES)
    try:
        if ending == ".json":
            return read_json(text)
        if sys.version_info >= (3, 11):
            import tomllib

            return tomllib.loads(text.decode("utf-8"))
    except ValueError as error:  # bad JSON, bad TOML or bad UTF-8
        raise ValueError(f"{path}: expected {ending[1:].upper()}, but {error}") from error
    raise ValueError(f"{path}: TOML needs Python 3.11 or newer; write the same entries as JSON")


def _table(entry: Any, path: Path, name: str) -> Table:
    """Load a table and select its space and tasks."""
    where = f"{path}: {name}"
    entry = _mapping(entry, where)
    _check_names(entry, _TABLE, _TABLE[:1], where)
    for key in ("table", "space"):
        if key in entry and not isinstance(entry[key], str):
            raise ValueError(f"{where}: {key}: expected a string, got {entry[key]!r}")
    tasks = entry.get("tasks")
    if tasks is not None and not (isinstance(tasks, list) and tasks and all(isinstance(task, str) for task in tasks)):
        raise ValueError(f"{where}: tasks: expected a list of names, got {tasks!r}")
    file = Path(path.parent, Path(_expanded(entry["table"], where)).expanduser())
    try:
        return load_table(file, space=entry.get("space")).where(tasks=tasks)
    except (ArchitectureError, TableError, UnknownNameError) as error:
        raise type(error)(f"{where}: {error}") from error


def _expanded(text: str, where: str) -> str:
    """Expand the environment variables in a path."""
    expanded = os.path.expandvars(text)
    if missing := re.search(r"\$\{?(\w+)", expanded):
        raise ValueError(f"{where}: table {text!r}: the environment variable {missing[1]} is not set")
    return expanded


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{where}: expected named entries, got {value!r}")
    return value


def _check_names(entries: Mapping[str, Any], known: tuple[str, ...], required: tuple[str, ...], where: str) -> None:
    for name in entries:
        choice(name, known, f"entry of {where}:")
    if missing := [name for name in required if name not in entries]:
        raise ValueError(f"{where}: expected an entry {missing[0]!r}, got {', '.join(entries) or 'none'}")


def _integers(value: Any, least: int, where: str) -> tuple[int, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"{where}: expected a list of integers, got {value!r}")
    return tuple(dict.fromkeys(_integer(entry, least, where) for entry in value))


def _integer(value: Any, least: int, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{where}: expected integers from {least}, got {value!r}")
    return value
