"""Drop-in replacement for the benchmark's own reader, built on `Table`.

Same names, arguments and return types as `TransNASBenchAPI` of the public repository yawen-d/TransNASBench,
so that a program written for it runs with this one. Deliberate differences:

- ``mode="best"`` and `get_best_epoch_status` use the metric's direction: the best loss is the smallest.
- `get_best_archs` sorts losses in ascending order.
- `index2arch` and `arch2index` take constant time; the second load of a file takes milliseconds.
- ``time_elapsed`` is always in seconds; unknown names raise an error that names the nearest one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Literal

from benchmarks.errors import TableError, choice
from benchmarks.forks import cached_property
from benchmarks.formats.load import load_table
from benchmarks.formats.transnas_pth import SPACE_KEYS, to_nested
from benchmarks.table import Table
from benchmarks.task_log import check_epoch
from benchmarks.tasks import INFO_NAMES, infer_metric

__all__ = ["ArchResult", "TransNASBenchAPI"]


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
        >>> api = TransNASBenchAPI(table, verbose=False)
        >>> api.get_single_metric("64-2311-basic", "room_layout", "valid_loss", mode="best")
        1.0
        >>> api.get_best_archs("room_layout", "valid_loss", "macro", topk=1)
        [(0.5, '64-1234-basic')]
    """

    def __init__(self, database_path: str | os.PathLike[str] | Table, verbose: bool = True) -> None:
        self.table = database_path if isinstance(database_path, Table) else load_table(database_path)
        self.verbose = verbose
        self.metrics_dict = {task: list(self.table.metrics(task)) for task in self.table.tasks}
        known = {name for log in self.table.logs.values() for name in log.info}
        self.info_names = [name for name in INFO_NAMES if name in known]
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
            IndexError: If there is no such position.
        """
        if not -len(self) <= index < len(self):
            raise IndexError(f"expected an index from {-len(self)} to {len(self) - 1}, got {index}")
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
        return self.all_arch_dict[choice(search_space, self.search_spaces, "search space")]

    def get_arch_result(self, arch: str) -> ArchResult:
        """Everything recorded about an architecture."""
        return ArchResult(self.arch2index(arch), arch, self.table)

    def get_total_epochs(self, arch: str, task: str) -> int:
        """Epochs recorded for an architecture on a task."""
        return int(self.table.logs[choice(task, self.task_list, "task")].lengths[self.table.row(arch)])

    def get_model_info(self, arch: str, task: str, info: str) -> float:
        """A model fact of an architecture on a task, such as ``"model_params"``.

        Raises:
            UnknownNameError: If the table lacks the task or the fact.
        """
        log = self.table.logs[choice(task, self.task_list, "task")]
        return log.info[choice(info, log.info, f"model info of {task}")][self.table.row(arch)].item()  # type: ignore[no-any-return]

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
        """
        if mode != "list":
            return self.table.value(arch, task, metric, mode)
        log = self.table.logs[choice(task, self.task_list, "task")]
        name = choice(metric, log.metrics, f"metric of {task}")
        row = self.table.row(arch)
        return log.metrics[name][row, : log.lengths[row]].tolist()  # type: ignore[no-any-return]

    def get_epoch_status(self, arch: str, task: str, epoch: int, xseed: int | None = None) -> dict[str, float]:
        """Every metric at one epoch, and the ``"epoch"`` itself (from 0).

        Args:
            arch: Architecture string.
            task: One of `task_list`.
            epoch: From 0, or backwards from the last if negative.
            xseed: Accepted for compatibility; the benchmark was trained with one seed.

        Raises:
            TableError: If the architecture was not trained for so many epochs.
        """
        total = self.get_total_epochs(arch, task)
        if not total:
            raise TableError(f"{arch} was not trained on {task}")
        number = check_epoch(epoch, [total])
        if isinstance(number, str):
            raise TableError(f"expected an epoch number, got epoch={number!r}")
        values = {name: self.table.value(arch, task, name, number) for name in self.metrics_dict[task]}
        return {"epoch": number % total, **values}

    def get_best_epoch_status(self, arch: str, task: str, metric: str) -> dict[str, float]:
        """`get_epoch_status` at the best epoch of a metric, by its direction (early stopping)."""
        log = self.table.logs[choice(task, self.task_list, "task")]
        name = choice(metric, log.metrics, f"metric of {task}")
        row = self.table.row(arch)
        best = int(log.best_epochs(name, slice(row, row + 1))[0])
        if best < 0:
            raise TableError(f"{metric} of {arch} was not measured on {task}")
        return self.get_epoch_status(arch, task, best)

    def get_best_archs(self, task: str, metric: str, search_space: str, topk: int = 1) -> list[tuple[float, str]]:
        """The architectures with the best value over all epochs, best first, as (value, architecture).

        Architectures that were not measured are left out; among ties, the larger string comes first.
        """
        log = self.table.logs[choice(task, self.task_list, "task")]
        name = choice(metric, log.metrics, f"metric of {task}")
        sign = infer_metric(name).sign
        wanted = set(self.get_arch_list(search_space))
        values = zip(log.select(name, "best").tolist(), self.table.archs, strict=True)
        ranked = sorted(
            ((value, arch) for value, arch in values if arch in wanted and value == value),
            key=lambda pair: (sign * pair[0], pair[1]),
            reverse=True,
        )
        return ranked[:topk]


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
        results: Mapping[str, Any] = self.all_results[choice(task, self.all_results, "task")]
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
