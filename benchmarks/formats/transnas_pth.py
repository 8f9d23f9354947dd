"""The published file of TransNAS-Bench-101: nested dictionaries in a torch archive.

Layout (public repository yawen-d/TransNASBench)::

    {"metrics_dict": {task: [metric]}, "info_names": [name], "task_list": [task],
     "data": {"macro" | "micro": {arch: {task: {"model_info": {name: value},
                                                "metrics": {metric: [one value per epoch]},
                                                "total_epochs": int}}}}}
"""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import MissingExtraError, TableError
from benchmarks.files import write_beside
from benchmarks.formats.mmap_cache import cached
from benchmarks.table import Table
from benchmarks.table_checks import Duplicates
from benchmarks.task_log import Epoch
from benchmarks.tasks import INFO_NAMES, TIME

__all__ = ["SPACE_KEYS", "from_nested", "read_pth", "to_nested", "write_pth"]

SPACE_KEYS = {"transnas101-macro": "macro", "transnas101-micro": "micro"}
"""Search space -> its key in the published file; any other space is stored under its own name."""

_KEYS = ("metrics_dict", "info_names", "task_list", "data")
_CLOCK = re.compile(r"(?:(\d+) days?, )?(\d+):(\d\d):(\d\d(?:\.\d+)?)")


def read_pth(path: Path, duplicates: Duplicates = "error", minimize: Collection[str] | str = ()) -> Table:
    """Read a file in the published layout; converted once, then memory-mapped (`benchmarks.formats.mmap_cache`).

    The file is unpickled with ``weights_only=True``, so code in it does not run. Elapsed time written as
    ``HH:MM:SS`` becomes seconds; an infinite loss (a training that diverged) becomes NaN.

    Args:
        path: The file.
        duplicates: Not used: an architecture that occurs twice is always an error here.
        minimize: Must be empty: the file names the metric of every value, and so its direction.

    Raises:
        TableError: If the file is damaged, contains other objects than plain data, or has another layout.
        MissingExtraError: If it must be converted and torch is not installed.

    Example:
        >>> import os, tempfile
        >>> from unittest.mock import patch
        >>> folder = Path(tempfile.mkdtemp())
        >>> write_pth(Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_loss": [[3.0, 1.0]]}}), folder / "a.pth")
        >>> with patch.dict(os.environ, TRANSNAS_CACHE_DIR=str(folder)):
        ...     table = read_pth(folder / "a.pth")
        >>> table.value("64-2311-basic", "jigsaw", "valid_loss", epoch=0)
        3.0
    """
    if minimize:
        raise TableError(f"expected no minimize for a .pth, whose metrics have a direction, got {minimize!r:.200}")
    return cached(path, lambda file: from_nested(_load(file)))


def write_pth(table: Table, path: Path, epoch: Epoch = "final") -> None:
    """Write a table in the published layout; the benchmark's own reader opens it.

    Args:
        table: The table; every epoch is written.
        path: The file to write.
        epoch: Must be ``"final"``, because all epochs are written.

    Raises:
        TableError: If `epoch` is not ``"final"``.
        MissingExtraError: If torch is not installed.
        OSError: If the file cannot be written.

    Example:
        >>> import tempfile, torch
        >>> path = Path(tempfile.mkdtemp()) / "a.pth"
        >>> write_pth(Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_top1": [90.0]}}), path)
        >>> torch.load(path, weights_only=True)["task_list"]
        ['jigsaw']
    """
    if epoch != "final":
        raise TableError(f"a .pth holds every epoch: expected epoch='final', got {epoch!r}")
    torch = _torch("Writing a .pth")
    nested = to_nested(table)
    with write_beside(path) as beside:
        torch.save(nested, beside)


def from_nested(database: object) -> Table:
    """Create a table from the nested dictionaries of the published layout.

    Args:
        database: The nested dictionaries.

    Raises:
        TableError: If an entry is missing or not a number, or an architecture is in two spaces; names it.

    Example:
        >>> entry = {"model_info": {}, "metrics": {"valid_top1": [80.0, 90.0]}, "total_epochs": 2}
        >>> database = {"metrics_dict": {"jigsaw": ["valid_top1"]}, "info_names": [], "task_list": ["jigsaw"],
        ...             "data": {"macro": {"64-2311-basic": {"jigsaw": entry}}}}
        >>> from_nested(database).to_frame(epoch=0)["jigsaw"].tolist()
        [80.0]
    """
    if not isinstance(database, dict) or any(key not in database for key in _KEYS):
        came = f"keys {', '.join(map(repr, database))}" if isinstance(database, dict) else type(database).__name__
        raise TableError(f"expected a dictionary with the keys {', '.join(_KEYS)}, got {came}")
    try:
        results: dict[str, Any] = {}
        for key, entries in database["data"].items():
            for arch in entries:
                if arch in results:
                    raise TableError(f"{arch}: expected every architecture once, got it in {key!r} and before")
            results.update(entries)
        metrics = {
            task: {name: _epochs(results, task, name) for name in database["metrics_dict"][task]}
            for task in database["task_list"]
        }
        info = {
            task: {name: _facts(results, task, name) for name in database["info_names"]}
            for task in database["task_list"]
        }
    except (AttributeError, KeyError, TypeError) as error:
        raise TableError(f"expected the layout of the published file, got another ({error!r})") from error
    return Table.from_logs(list(results), _same_length(metrics), info)


def to_nested(table: Table) -> dict[str, Any]:
    """A table in the published layout, of plain Python numbers, strings, lists and dictionaries.

    Every architecture has an entry for every task, as the benchmark's own reader assumes; missing values are NaN.

    Example:
        >>> table = Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_top1": [[80.0, 90.0]]}})
        >>> to_nested(table)["data"]["macro"]["64-2311-basic"]["jigsaw"]["metrics"]
        {'valid_top1': [80.0, 90.0]}
    """
    data: dict[str, Any] = {SPACE_KEYS.get(space, space): {} for space in table.spaces}
    names = [name for name in INFO_NAMES if any(name in log.info for log in table.logs.values())]
    for arch, space in zip(table.archs, table.row_spaces, strict=True):
        data[SPACE_KEYS.get(space, space)][arch] = {}
    for task, log in table.logs.items():
        lengths = np.where(log.lengths, log.lengths, log.epochs).tolist()
        columns = {name: values.tolist() for name, values in log.metrics.items()}
        facts = {name: log.info[name].tolist() if name in log.info else [np.nan] * len(table) for name in names}
        for row, (arch, space) in enumerate(zip(table.archs, table.row_spaces, strict=True)):
            data[SPACE_KEYS.get(space, space)][arch][task] = {
                "model_info": {name: values[row] for name, values in facts.items()},
                "metrics": {name: values[row][: lengths[row]] for name, values in columns.items()},
                "total_epochs": lengths[row],
            }
    return {
        "metrics_dict": {task: list(log.metrics) for task, log in table.logs.items()},
        "info_names": names,
        "task_list": list(table.tasks),
        "data": data,
    }


def _torch(feature: str) -> Any:
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError(feature, "torch", "gnn") from error
    return torch


def _load(path: Path) -> object:
    torch = _torch("Reading a .pth for the first time")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's warnings about unknown pickles; the error below covers them
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise TableError(
            "expected numbers, strings, lists and dictionaries only, got other objects, which are not unpickled "
            "because they can run code"
        ) from error
    except Exception as error:  # torch raises many types
        reason = str(error).partition("\n")[0]
        raise TableError(f"damaged, truncated or not written by torch.save ({reason})") from error


def _epochs(results: Mapping[str, Any], task: str, name: str) -> NDArray[np.float64]:
    """One metric of all architectures, of shape (n, E)."""
    rows = [_values(entry[task]["metrics"].get(name, ()), name) if task in entry else [] for entry in results.values()]
    table = np.full((len(rows), max(map(len, rows), default=0)), np.nan)
    try:
        for row, values in enumerate(rows):
            table[row, : len(values)] = values  # None becomes NaN
    except (TypeError, ValueError) as error:
        raise TableError(f"{list(results)[row]}, {task}/{name}: expected one number per epoch ({error})") from None
    table[np.isinf(table)] = np.nan
    return table


def _values(values: Any, name: str) -> Any:
    return [_seconds(value) for value in values] if name == TIME else values


def _seconds(value: object) -> object:
    """Seconds of a clock reading, e.g. 3723.0 for "1:02:03"; other values are returned unchanged."""
    clock = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if clock is None:
        return value
    days, hours, minutes, seconds = clock.groups(default="0")
    return ((int(days) * 24 + int(hours)) * 60 + int(minutes)) * 60 + float(seconds)


def _facts(results: Mapping[str, Any], task: str, name: str) -> NDArray[Any]:
    """One model fact of all architectures, of shape (n,); integers if all values are whole numbers."""
    values = [entry[task]["model_info"].get(name) if task in entry else None for entry in results.values()]
    for arch, value in zip(results, values, strict=True):
        if not isinstance(value, (int, float, type(None))):
            raise TableError(f"{arch}, {task}/{name}: expected a number, got {value!r}")
    whole = all(isinstance(value, int) for value in values)
    return np.array(values, dtype=np.int64 if whole else np.float64)


def _same_length(
    metrics: dict[str, dict[str, NDArray[np.float64]]],
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Pad all metrics of a task with NaN to the epochs of the longest one, at least one epoch."""
    padded = {}
    for task, columns in metrics.items():
        epochs = max((values.shape[1] for values in columns.values()), default=0) or 1
        padded[task] = {
            name: np.pad(values, ((0, 0), (0, epochs - values.shape[1])), constant_values=np.nan)
            for name, values in columns.items()
        }
    return padded
