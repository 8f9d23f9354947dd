"""The published file of TransNAS-Bench-101: nested dictionaries in a torch archive.

Layout (public repository yawen-d/TransNASBench)::

    {"metrics_dict": {task: [metric]}, "info_names": [name], "task_list": [task],
     "data": {"macro" | "micro": {arch: {task: {"model_info": {name: value},
                                                "metrics": {metric: [one value per epoch]},
                                                "total_epochs": int}}}}}
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import limits
from benchmarks.errors import TableError, shown
from benchmarks.files import write_beside
from benchmarks.formats.mmap_cache import cached
from benchmarks.formats.torch_archive import import_torch, load_archive
from benchmarks.limits import SHOWN
from benchmarks.table import Table
from benchmarks.table_checks import Duplicates, warn_of_fractions
from benchmarks.task_log import EXTRA, EXTRA_INFO, Epoch
from benchmarks.tasks import INFO_NAMES, TIME, find_metric
from benchmarks.user_warnings import warn_user

__all__ = ["SPACE_KEYS", "from_nested", "read_pth", "to_nested", "write_pth"]

SPACE_KEYS = {"transnas101-macro": "macro", "transnas101-micro": "micro"}
"""Search space -> its key in the published file; any other space is stored under its own name."""

_KEYS = ("metrics_dict", "info_names", "task_list", "data")
_TASK = "task "
_REQUIRED = ("metrics_dict", "task_list", "data")
_FAST = frozenset({float})  # types of values that are taken as they are
_WHOLE = 2**62
_NAME, _SAID = 80, 5  # characters of a name, and names, in a warning
_CLOCK = re.compile(r"(?:(\d+) days?, )?(\d+):(\d\d):(\d\d(?:\.\d+)?)")


def read_pth(path: Path, duplicates: Duplicates = "error", minimize: Collection[str] | str = ()) -> Table:
    """Read a file in the published layout; converted once, then memory-mapped (`benchmarks.formats.mmap_cache`).

    The file is unpickled with ``weights_only=True``, so code in it does not run, after the checksums of all its members
    were compared. Elapsed time written as ``HH:MM:SS`` becomes seconds; an infinite loss (a training that diverged)
    becomes NaN. A metric or model fact that the package does not know is kept, without a direction.

    Args:
        path: The file.
        duplicates: Not used: an architecture that occurs twice is always an error here.
        minimize: Must be empty: the file names the metric of every value, and so its direction.

    Raises:
        TableError: If the file is damaged, contains other objects than plain data, has another layout, or exceeds
            `benchmarks.limits`.
        MissingExtraError: If it must be converted and torch is not installed.

    Warns:
        UserWarning: At every load, if there are such metrics or facts, if all values of a metric in percent are
            fractions, or if the file is of the old format of torch, without checksums.

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
    notes: dict[str, Any] = {}
    converted: list[Path] = []

    def convert(file: Path) -> Table:
        left_out: list[str] = []
        database, notes["checksums"] = load_archive(file)
        table = _convert(database, left_out)
        notes["left_out"] = list(dict.fromkeys(left_out))
        converted.append(file)
        return table

    table = cached(path, convert, notes)
    if not converted:  # the conversion has told
        for task, log in table.logs.items():
            warn_of_fractions(task, log.metrics)
    if not notes["checksums"]:
        warn_user(
            f"{path.name} is of torch's old format, which has no checksums, so damage can go unnoticed; "
            "write it again with save_table"
        )
    _warn_of_extras(table, notes["left_out"])
    return table


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
    torch = import_torch("Writing a .pth")
    nested = to_nested(table)
    with write_beside(path) as beside:
        torch.save(nested, beside)


def from_nested(database: object) -> Table:
    """Create a table from the nested dictionaries of the published layout.

    Args:
        database: The nested dictionaries; other keys are ignored, ``info_names`` and an entry's ``model_info`` may be
            missing.

    Raises:
        TableError: If an entry is missing or not a number, an architecture is in two spaces, or there is more of
            anything than `benchmarks.limits` allows; names it.

    Warns:
        UserWarning: If a metric or model fact is not one that the package knows. It is kept, without a direction, if
            its values are numbers.

    Example:
        >>> entry = {"model_info": {}, "metrics": {"valid_top1": [80.0, 90.0]}, "total_epochs": 2}
        >>> database = {"metrics_dict": {"jigsaw": ["valid_top1"]}, "info_names": [], "task_list": ["jigsaw"],
        ...             "data": {"macro": {"64-2311-basic": {"jigsaw": entry}}}}
        >>> from_nested(database).to_frame(epoch=0)["jigsaw"].tolist()
        [80.0]
    """
    left_out: list[str] = []
    table = _convert(database, left_out)
    _warn_of_extras(table, left_out)
    return table


def to_nested(table: Table) -> dict[str, Any]:
    """A table in the published layout, of plain Python numbers, strings, lists and dictionaries.

    Every architecture has an entry for every task, as the benchmark's own reader assumes; missing values are NaN.

    Example:
        >>> table = Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_top1": [[80.0, 90.0]]}})
        >>> to_nested(table)["data"]["macro"]["64-2311-basic"]["jigsaw"]["metrics"]
        {'valid_top1': [80.0, 90.0]}
    """
    data: dict[str, Any] = {SPACE_KEYS.get(space, space): {} for space in table.spaces}
    having = dict.fromkeys(name for log in table.logs.values() for name in log.info)
    names = [*(name for name in INFO_NAMES if name in having), *(name for name in having if name not in INFO_NAMES)]
    for arch, space in zip(table.archs, table.row_spaces, strict=True):
        data[SPACE_KEYS.get(space, space)][arch] = {}
    for task, log in table.logs.items():
        lengths = np.where(log.lengths, log.lengths, log.epochs).tolist()
        columns = {name: values.tolist() for name, values in log.metrics.items()}
        facts = {name: log.info[name].tolist() for name in names if name in log.info}
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


def _convert(database: object, left_out: list[str]) -> Table:
    """As `from_nested`, without its warning; fields that are no numbers are added to `left_out`."""
    if not isinstance(database, dict) or any(key not in database for key in _REQUIRED):
        came = f"keys {', '.join(map(shown, database))}" if isinstance(database, dict) else type(database).__name__
        raise TableError(f"expected a dictionary with the keys {', '.join(_KEYS)}, got {came:.{SHOWN}}")
    try:
        results = _results(database["data"])
        tasks = _names(database["task_list"], "tasks", limits.TASKS)
        listed = {task: _names(database["metrics_dict"][task], f"metrics of {task}", limits.COLUMNS) for task in tasks}
        facts = _names(database.get("info_names", []), "model facts", limits.COLUMNS)
        names = {
            task: _and_others(
                listed[task], [entry[task]["metrics"] for entry in results.values() if task in entry], task
            )
            for task in tasks
        }
        _check_sizes(results, names)
        unlisted = {task for entry in results.values() for task in entry} - set(tasks)
        left_out += [f"{_TASK}{task}" for task in sorted(map(str, unlisted))]
        arrays: dict[str, dict[str, NDArray[np.float64]]] = {}
        info: dict[str, dict[str, NDArray[Any]]] = {}
        for task in tasks:
            entries = {arch: entry[task] for arch, entry in results.items() if task in entry}
            columns = {name: _column(results, entries, task, name, left_out) for name in names[task]}
            arrays[task] = _arrays({name: rows for name, rows in columns.items() if rows is not None})
            present = [entry.get("model_info", {}) for entry in entries.values()]
            having = set().union(*present)
            names_of_facts = [name for name in _and_others(facts, present, task) if name in having]
            info[task] = _facts(results, entries, task, names_of_facts, left_out)
    except (AttributeError, KeyError, TypeError) as error:
        raise TableError(f"expected the layout of the published file, got another ({error!r:.{SHOWN}})") from error
    return Table.from_logs(list(results), arrays, info)


def _warn_of_extras(table: Table, left_out: list[str]) -> None:
    """One warning about the fields that the package does not know."""
    kept = dict.fromkeys(name for log in table.logs.values() for name in log.metrics if _is_extra(name))
    kept |= dict.fromkeys(name for log in table.logs.values() for name in log.info if name not in INFO_NAMES)
    said = []
    if kept:
        said.append(f"{_some(kept)}: not known to this package, kept without a direction, so no epoch is their best")
    fields = dict.fromkeys(name for name in left_out if not name.startswith(_TASK))
    tasks = dict.fromkeys(name for name in left_out if name.startswith(_TASK))
    if fields:
        said.append(f"{_some(fields)}: not known to this package and not numbers, left out")
    if tasks:
        said.append(f"{_some(tasks)}: not in task_list, left out")
    if said:
        warn_user("; ".join(said))


def _some(names: Mapping[str, None]) -> str:
    first = [name[:_NAME] for name in islice(names, _SAID)]
    return ", ".join(first) + (f" and {len(names) - _SAID:,} more" if len(names) > _SAID else "")


def _is_extra(name: str) -> bool:
    return find_metric(name).higher_is_better is None


def _results(data: Mapping[str, Any]) -> dict[str, Any]:
    """Architecture -> its entries by task, over all spaces."""
    results: dict[str, Any] = {}
    for key, entries in data.items():
        for arch in entries:
            if arch in results:
                raise TableError(
                    f"{shown(arch)[1:-1]}: expected every architecture once, got it in {shown(key)} and before"
                )
        results.update(entries)
        if len(results) > limits.ROWS:
            raise TableError(f"expected at most {limits.ROWS:,} architectures, got more")
    return results


def _names(names: Any, what: str, most: int) -> list[str]:
    """Names of tasks, metrics or facts: distinct strings."""
    if not isinstance(names, (list, tuple)):
        raise TypeError(f"expected a list of {what}, got {type(names).__name__}")
    if len(names) > most:
        raise TableError(f"expected at most {most:,} {what}, got {len(names):,}")
    for name in names:
        if not isinstance(name, str) or len(name) > limits.STRING:
            raise TableError(f"expected names of {what} of at most {limits.STRING:,} characters, got {shown(name)}")
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise TableError(f"expected distinct {what}, got {shown(twice)} twice")
    return list(names)


def _and_others(names: list[str], entries: Iterable[Mapping[str, Any]], task: str) -> list[str]:
    """The names of metrics or facts of a task, and those that only its entries have."""
    others: set[str] = set()
    for entry in entries:
        others.update(entry)
        if len(others) > limits.COLUMNS:
            break
    return _names([*names, *sorted(others.difference(names))], f"metrics and facts of {task}", limits.COLUMNS)


def _column(
    results: Mapping[str, Any], entries: Mapping[str, Any], task: str, name: str, left_out: list[str]
) -> list[Any] | None:
    """One metric of all architectures: n lists of numbers. None if the metric is not known, and not numbers."""
    rows: list[Any] = []
    for arch in results:
        values = _plain(entries[arch]["metrics"].get(name, ())) if arch in entries else ()
        wrong: object = None
        if not isinstance(values, (list, tuple)):
            wrong = values
        else:
            if name == TIME:
                values = [_seconds(value) for value in values]
            if not _FAST.issuperset(map(type, values)):
                values, wrong = _numbers(values)
        if wrong is not None and _is_extra(name):
            left_out.append(name)
            return None
        if wrong is not None:
            raise TableError(f"{arch[:_NAME]}, {task}/{name}: expected one number per epoch (got {shown(wrong)})")
        rows.append(values)
    return rows


def _plain(values: Any) -> Any:
    """A tensor or array of one dimension as a list; any other value as it is."""
    if len(_shape(values) or ()) != 1:
        return values
    try:
        return values.tolist()
    except Exception:  # a tensor without numbers: sparse, or on the meta device
        return values


def _shape(values: Any) -> tuple[int, ...] | None:
    """The shape of a tensor or array; None for other values and for a nested tensor, which has none."""
    try:
        return tuple(values.shape)
    except Exception:  # an AttributeError, and torch's own kinds
        return None


def _recorded(values: Any, seen: set[int]) -> tuple[int, int]:
    """Number of epochs, and of numbers that the file stores for them: what occurs a second time is stored once."""
    shape = _shape(values)
    if shape is not None and hasattr(values, "untyped_storage"):
        length = shape[0] if shape else 0
        try:
            storage = values.untyped_storage()
        except Exception:  # a sparse tensor has none; it is refused, or left out, by name later
            return length, 0
        key, stored = storage.data_ptr(), storage.nbytes() // values.element_size()
    else:
        length = stored = len(values) if isinstance(values, (list, tuple)) else 0
        key = id(values)
    if key in seen:
        return length, 0
    seen.add(key)
    return length, min(stored, length)


def _numbers(values: Any) -> tuple[list[Any], object | None]:
    """The values as floats, None as NaN, and the first one that is no number."""
    found: list[Any] = []
    for value in values:
        if value is None:
            found.append(math.nan)
            continue
        if _shape(value) == () and hasattr(value, "item"):  # a number of numpy or torch
            try:
                value = value.item()
            except Exception:  # as in `_plain`
                return [], value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return [], value
        try:
            found.append(float(value))
        except OverflowError:
            return [], value
    return found, None


def _seconds(value: object) -> object:
    """Seconds of a clock reading, e.g. 3723.0 for "1:02:03"; other values are returned unchanged."""
    if not isinstance(value, str) or len(value) > _NAME:
        return value
    clock = _CLOCK.fullmatch(value.strip())
    if clock is None:
        try:
            return float(value)
        except ValueError:
            return value
    days, hours, minutes, seconds = clock.groups(default="0")
    return ((int(days) * 24 + int(hours)) * 60 + int(minutes)) * 60 + float(seconds)


def _facts(
    results: Mapping[str, Any], entries: Mapping[str, Any], task: str, names: Iterable[str], left_out: list[str]
) -> dict[str, NDArray[Any]]:
    """Model facts of all architectures, each of shape (n,); integers if all values are whole numbers."""
    facts = {}
    for name in names:
        known = name in INFO_NAMES
        values = [entries[arch].get("model_info", {}).get(name) if arch in entries else None for arch in results]
        whole = all(type(value) is int and abs(value) < _WHOLE for value in values)
        numbers, wrong = _numbers(values)
        if wrong is not None and not known:
            left_out.append(name)
            continue
        if wrong is not None:
            arch = next(arch for arch, value in zip(results, values, strict=True) if value is wrong)
            raise TableError(f"{arch[:_NAME]}, {task}/{name}: expected a number, got {shown(wrong)}")
        facts[name if known else f"{EXTRA_INFO}{name}"] = np.array(*((values, np.int64) if whole else (numbers,)))
    return facts


def _check_sizes(results: Mapping[str, Any], names: Mapping[str, Sequence[str]]) -> None:
    """Refuse more values than the limits allow, counted as they will be: padded to the longest training of a task."""
    total = 0
    for task, metrics in names.items():
        longest, recorded, seen = 1, 0, set[int]()
        for arch, entry in results.items():
            columns = entry[task]["metrics"] if task in entry else {}
            for name in columns:
                epochs, stored = _recorded(columns[name], seen)
                if epochs > limits.EPOCHS:
                    where = f"{arch[:_NAME]}, {task}/{name}"
                    raise TableError(f"{where}: expected at most {limits.EPOCHS:,} epochs, got {epochs:,}")
                longest, recorded = max(longest, epochs), recorded + stored
        padded = len(results) * longest * len(metrics)
        if padded > limits.PADDING * recorded + limits.ROWS:
            raise TableError(
                f"{task}: expected trainings of like length, got {len(results):,} x {longest:,} epochs x "
                f"{len(metrics):,} metrics with only {recorded:,} of {padded:,} values recorded"
            )
        total += padded
    if total > limits.VALUES:
        raise TableError(f"expected at most {limits.VALUES:,} values (architectures x epochs x metrics), got {total:,}")


def _arrays(columns: Mapping[str, list[Any]]) -> dict[str, NDArray[np.float64]]:
    """All metrics of a task, each of shape (n, E), padded with NaN to the epochs of the longest training."""
    epochs = max((len(row) for rows in columns.values() for row in rows), default=0) or 1
    arrays = {}
    for name, rows in columns.items():
        values = np.full((len(rows), epochs), np.nan)
        for row, recorded in enumerate(rows):
            values[row, : len(recorded)] = recorded
        values[np.isinf(values)] = np.nan
        arrays[f"{EXTRA * _is_extra(name)}{name}"] = values
    return arrays
