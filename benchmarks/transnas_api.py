"""Drop-in replacement for the benchmark's own reader, built on `Table`.

Same names, arguments, defaults and return types as `TransNASBenchAPI` of the public repository yawen-d/TransNASBench
(api/api.py), so that a program written for it runs with this one. Its errors are caught by the same ``except``: an
unknown architecture or task is a `KeyError`; an unknown metric, model fact or search space, and an epoch beyond the
last, an `AssertionError`; a position or an epoch before the first an `IndexError`. All are errors of this package as
well. The differences, each on purpose:

- ``mode="best"`` and `get_best_epoch_status` use the metric's direction: the best loss is the smallest, where the
  original takes the largest. ``time_elapsed`` is no result: its best is the last and longest, as in the original.
- `get_best_archs` sorts losses in ascending order; times, as in the original, the longest first.
- A metric whose direction is not known (``train_g_loss``) has no best: an error says so. `get_best_archs` leaves out
  architectures that were not measured.
- What a file lacks is NaN, or an empty list, where the original raises a `KeyError`; an infinite loss is NaN.
- ``time_elapsed`` is in seconds, where the file may hold clock readings.
- `all_results`, `database` and `data` are built when asked for; changing what they return changes no other answer.
- ``verbose=True`` prints a summary; the original stores the flag only.
- ``mode`` and ``epoch`` may be integers of numpy. `index2arch` and `arch2index` take constant time; a file as large
  as the published one loads in 0.1 to 0.2 s from the second time on. The first argument may be any file that
  `load_table` reads, or a `Table`.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from benchmarks.errors import SurrogatesError, TableError, UnknownNameError, choice
from benchmarks.forks import cached_property
from benchmarks.formats.load import load_table
from benchmarks.formats.transnas_pth import SPACE_KEYS, to_nested
from benchmarks.table import Table
from benchmarks.task_log import TaskLog, check_epoch
from benchmarks.tasks import INFO_NAMES, TIME, find_metric

__all__ = [
    "ArchResult",
    "TransNASBenchAPI",
    "UnknownArchError",
    "UnknownArgumentError",
    "UnknownTaskError",
    "WrongEpochError",
    "WrongIndexError",
]


class UnknownArchError(TableError, KeyError):
    """An architecture that the file does not hold."""

    __str__ = SurrogatesError.__str__  # a KeyError shows the repr of its message


class UnknownTaskError(UnknownNameError, KeyError):
    """A task that the file does not hold."""

    __str__ = SurrogatesError.__str__


class UnknownArgumentError(UnknownNameError, AssertionError):
    """A metric, model fact or search space that the file does not hold."""


class WrongEpochError(TableError, AssertionError):
    """An epoch that is not a number, or beyond the last."""


class WrongIndexError(TableError, IndexError):
    """A position in the file, or an epoch counted backwards, that does not exist."""


class TransNASBenchAPI:
    """Reader of TransNAS-Bench-101 with the methods of the published reader.

    Args:
        database_path: The published file, any file `load_table` reads, or a `Table`.
        verbose: Whether to print a summary of the loaded table.

    Attributes:
        table: The underlying table.
        metrics_dict: Task -> names of its metrics.
        info_names: Names of the model facts.
        task_list: Names of the tasks.
        search_spaces: Those of ``"macro"`` and ``"micro"`` that occur.
        all_arch_dict: Search space -> its architectures.
        arch2space: Architecture -> search space.

    Example:
        >>> losses = {"valid_loss": [[3.0, 1.0, 2.0], [2.5, 1.5, 0.5]]}
        >>> table = Table.from_logs(["64-2311-basic", "64-1234-basic"], {"room_layout": losses})
        >>> api = TransNASBenchAPI(table)
        >>> api.get_single_metric("64-2311-basic", "room_layout", "valid_loss", mode="best")
        1.0
        >>> api.get_best_archs("room_layout", "valid_loss", "macro", topk=1)
        [(0.5, '64-1234-basic')]
    """

    def __init__(self, database_path: str | os.PathLike[str] | Table, verbose: bool = False) -> None:
        self.table = database_path if isinstance(database_path, Table) else load_table(database_path)
        self.verbose = verbose
        self.metrics_dict = {task: list(self.table.metrics(task)) for task in self.table.tasks}
        known = {name for log in self.table.logs.values() for name in log.info}
        self.info_names = [*(name for name in INFO_NAMES if name in known), *sorted(known.difference(INFO_NAMES))]
        self.task_list = list(self.table.tasks)
        self.search_spaces = [SPACE_KEYS.get(space, space) for space in self.table.spaces]
        self.all_arch_dict: dict[str, list[str]] = {space: [] for space in self.search_spaces}
        for arch, space in zip(self.table.archs, self.table.row_spaces, strict=True):
            self.all_arch_dict[SPACE_KEYS.get(space, space)].append(arch)
        self.arch2space = {arch: space for space, archs in self.all_arch_dict.items() for arch in archs}
        self._archs = list(self.arch2space)
        self._index = {arch: index for index, arch in enumerate(self._archs)}
        if verbose:
            print(self)  # noqa: T201 - what `verbose` asks for

    def __len__(self) -> int:
        return len(self._archs)

    def __getitem__(self, index: int) -> ArchResult:
        return self.get_arch_result(self.index2arch(index))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} architectures/{len(self.task_list)} tasks)"

    @cached_property
    def database(self) -> dict[str, Any]:
        """All data as the nested dictionaries of the published file; built on first access."""
        return to_nested(self.table)

    @cached_property
    def data(self) -> dict[str, dict[str, ArchResult]]:
        """Search space -> architecture -> its results."""
        return {
            space: {arch: self.get_arch_result(arch) for arch in archs} for space, archs in self.all_arch_dict.items()
        }

    def index2arch(self, index: int) -> str:
        """The architecture at a position in file order; negative positions count from the end.

        Raises:
            WrongIndexError: If there is no such position.
        """
        if not -len(self) <= index < len(self):
            raise WrongIndexError(f"expected an index from {-len(self)} to {len(self) - 1}, got {index}")
        return self._archs[index]

    def arch2index(self, arch: str) -> int:
        """Position of an architecture in file order.

        Raises:
            TableError: If it is not in the table; names the nearest one.
        """
        self.table.row(arch)
        return self._index[arch]

    def get_arch_list(self, search_space: str) -> list[str]:
        """Architectures of a search space (``"macro"``, ``"micro"``)."""
        return self.all_arch_dict[_argument(search_space, self.search_spaces, "search space")]

    def get_arch_result(self, arch: str) -> ArchResult:
        """Everything recorded about an architecture."""
        self._row(arch)
        return ArchResult(self._index[arch], arch, self.table)

    def get_total_epochs(self, arch: str, task: str) -> int:
        """Epochs recorded for an architecture on a task."""
        row = self._row(arch)
        return int(self._log(task).lengths[row])

    def get_model_info(self, arch: str, task: str, info: str) -> float:
        """A model fact of an architecture on a task, such as ``"model_params"``.

        Raises:
            UnknownArgumentError: If the table lacks the fact.
            UnknownArchError: If it lacks the architecture.
            UnknownTaskError: If it lacks the task.
        """
        if info not in self.info_names:
            _argument(info, self.info_names, f"model info of {task}")
        row, log = self._row(arch), self._log(task)
        return log.info[_argument(info, log.info, f"model info of {task}")][row].item()  # type: ignore[no-any-return]

    def get_single_metric(
        self,
        arch: str,
        task: str,
        metric: str,
        mode: Literal["final", "best", "list"] | int = "best",
        xseed: int | None = None,
    ) -> float | list[float]:
        """A metric of an architecture on a task.

        Args:
            arch: Architecture string.
            task: One of `task_list`.
            metric: One of ``metrics_dict[task]``.
            mode: ``"final"``, ``"best"`` (by the metric's direction), an epoch, or ``"list"`` for all epochs.
            xseed: Accepted for compatibility; the benchmark was trained with one seed.

        Raises:
            UnknownTaskError: If the table lacks the task.
            UnknownArgumentError: If it lacks the metric.
            UnknownArchError: If it lacks the architecture.
            WrongEpochError: If the epoch is beyond the last.
            WrongIndexError: If it is before the first.
            TableError: If the mode is something else, or the metric's direction is not known and the mode ``"best"``.
        """
        log = self._log(task)
        name = _argument(metric, log.metrics, f"metric of {task}")
        row = self._row(arch)
        if isinstance(mode, str) and mode == "list":
            return log.metrics[name][row, : log.lengths[row]].tolist()  # type: ignore[no-any-return]
        if not isinstance(mode, str):
            return self.table.value(arch, task, metric, self._epoch(mode, log.epochs))
        return self.table.value(arch, task, metric, mode)

    def get_epoch_status(self, arch: str, task: str, epoch: int, xseed: int | None = None) -> dict[str, float]:
        """Every metric at one epoch, and the ``"epoch"`` itself (from 0).

        Args:
            arch: Architecture string.
            task: One of `task_list`.
            epoch: From 0, or backwards from the last if negative.
            xseed: Accepted for compatibility; the benchmark was trained with one seed.

        Raises:
            UnknownArchError: If the table lacks the architecture.
            UnknownTaskError: If it lacks the task.
            WrongEpochError: If it is not an integer, or the architecture was not trained for so many epochs.
            WrongIndexError: If it is before the first.
        """
        total = self.get_total_epochs(arch, task)
        if not total:
            raise WrongEpochError(f"{arch} was not trained on {task}")
        number = self._epoch(epoch, total)
        values = {name: self.table.value(arch, task, name, number) for name in self.metrics_dict[task]}
        return {"epoch": number % total, **values}

    def get_best_epoch_status(self, arch: str, task: str, metric: str) -> dict[str, float]:
        """`get_epoch_status` at the best epoch of a metric, by its direction (early stopping)."""
        log = self._log(task)
        name = _argument(metric, log.metrics, f"metric of {task}")
        row = self._row(arch)
        best = int(log.best_epochs(name, slice(row, row + 1))[0])
        if best < 0:
            raise WrongEpochError(f"{metric} of {arch} was not measured on {task}")
        return self.get_epoch_status(arch, task, best)

    def get_best_archs(self, task: str, metric: str, search_space: str, topk: int = 1) -> list[tuple[float, str]]:
        """The architectures with the best value over all epochs, best first, as (value, architecture).

        Architectures that were not measured are left out; among ties, the larger string comes first.
        """
        wanted = set(self.get_arch_list(search_space))
        log = self._log(task)
        name = _argument(metric, log.metrics, f"metric of {task}")
        sign = 1.0 if name == TIME else find_metric(name).sign
        values = zip(log.select(name, "best").tolist(), self.table.archs, strict=True)
        ranked = sorted(
            ((value, arch) for value, arch in values if arch in wanted and value == value),
            key=lambda pair: (sign * pair[0], pair[1]),
            reverse=True,
        )
        return ranked[:topk]

    def _log(self, task: str) -> TaskLog:
        try:
            return self.table.logs[choice(task, self.task_list, "task")]
        except UnknownNameError as error:
            raise UnknownTaskError(str(error)) from None

    def _row(self, arch: str) -> int:
        try:
            return self.table.row(arch)
        except TableError as error:
            raise UnknownArchError(str(error)) from None

    def _epoch(self, epoch: object, total: int) -> int:
        """The number of an epoch that exists.

        Raises:
            WrongEpochError: If it is not an integer, or beyond the last.
            WrongIndexError: If it is before the first.
        """
        try:
            number = check_epoch(epoch, [total])
        except TableError as error:
            raise (WrongIndexError if _is_negative(epoch) else WrongEpochError)(str(error)) from None
        if isinstance(number, str):
            raise WrongEpochError(f"expected an epoch number, got epoch={number!r}")
        return number


class ArchResult:
    """Everything recorded about one architecture, by task.

    Args:
        arch_index: Position in file order.
        arch_str: Architecture string.
        table: Table with its results.

    Example:
        >>> table = Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_top1": [9.0]}})
        >>> ArchResult(0, "64-2311-basic", table)["jigsaw"]["total_epochs"]
        1
    """

    def __init__(self, arch_index: int, arch_str: str, table: Table) -> None:
        self.arch_index = arch_index
        self.arch_str = arch_str
        self._table = table

    def __getitem__(self, task: str) -> Mapping[str, Any]:
        try:
            results: Mapping[str, Any] = self.all_results[choice(task, self.all_results, "task")]
        except UnknownNameError as error:
            raise UnknownTaskError(str(error)) from None
        return results

    def __repr__(self) -> str:
        name = type(self).__name__
        return f"{name}(arch-index={self.arch_index}, arch={self.arch_str}, {len(self._table.tasks)} tasks)"

    @cached_property
    def all_results(self) -> dict[str, Any]:
        """Task -> model facts, metrics per epoch and number of epochs, as in the published file."""
        nested: dict[str, Any] = to_nested(self._table.where(archs=[self.arch_str]))
        (only,) = nested["data"].values()
        results: dict[str, Any] = only[self.arch_str]
        return results

    def query_all_results(self) -> dict[str, Any]:
        """The same as `all_results`."""
        return self.all_results


def _is_negative(epoch: object) -> bool:
    """Whether it is an integer, also one of numpy, below 0."""
    try:
        return operator.index(epoch) < 0  # type: ignore[arg-type]
    except TypeError:
        return False


def _argument(name: str, choices: Iterable[str], what: str) -> str:
    try:
        return choice(name, choices, what)
    except UnknownNameError as error:
        raise UnknownArgumentError(str(error)) from None
