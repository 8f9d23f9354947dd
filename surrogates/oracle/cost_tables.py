"""Tables of costs: measured latencies, energies and sizes, whose names say which way is better."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.errors import TableError
from benchmarks.formats.csv import csv_header
from benchmarks.formats.load import load_table
from benchmarks.formats.parquet import parquet_header
from benchmarks.quantities import is_bookkeeping, is_cost, lower_is_better
from benchmarks.table import Table
from benchmarks.tasks import find_task, list_tasks
from surrogates.oracle.join import JoinedSurrogate
from surrogates.oracle.predictors import Predictor, predict_matrix
from surrogates.oracle.tabulated import TabulatedSurrogate

__all__ = ["costs_in", "load_costs", "tabulated_costs"]

_SHOWN = 10


def load_costs(path: str | Path, columns: Sequence[str] = (), space: str | None = None) -> Table:
    r"""Load the costs of a table: those whose names say so (`benchmarks.quantities.is_cost`), or given columns.

    Lower is better, unless a name says otherwise (``throughput``); no direction has to be stated.

    Args:
        path: A file that `load_table` reads.
        columns: Names of the costs, ``task/metric`` of other metrics or facts (``jigsaw/inference_time``).
        space: Of a table of several spaces, the rows of this one.

    Raises:
        TableError: If the table cannot be read, has no cost, or is of several spaces and none is given.
        UnknownNameError: If there is no such column; names the nearest one.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "costs.csv"
        >>> _ = path.write_text("arch,latency_ms,accuracy\n64-2311-basic,5,90\n")
        >>> load_costs(path).tasks
        ('latency_ms',)
    """
    known = list_tasks()
    file = Path(path)
    header = parquet_header(file) if file.is_dir() or file.suffix.casefold() == ".parquet" else csv_header(file)
    own = [name for name in header if "/" not in name and name not in known and not is_bookkeeping(name)]
    table = load_table(path, space=space, minimize=[name for name in own if lower_is_better(name)])
    if len(table.spaces) > 1:
        raise TableError(f"{path!s:.200} holds the spaces {', '.join(table.spaces)}; expected costs of one space")
    found = list(columns) or costs_in(table)
    if not found:
        facts = [f"{task}/{fact}" for task, log in table.logs.items() for fact in log.info if is_cost(fact)]
        told = facts or list(table.results)
        shown = ", ".join(told[:_SHOWN]) + " ..." * (len(told) > _SHOWN)
        raise TableError(
            f"{path!s:.200}: no column is named after a cost; name one after a colon, as FILE:COLUMN, of {shown}"
        )
    return table.where(tasks=found)


def costs_in(table: Table) -> list[str]:
    """The results of a table that are named after a cost.

    Example:
        >>> values = {"latency_ms": {"valid_cost": [5.0]}, "jigsaw": {"valid_top1": [90.0]}}
        >>> costs_in(Table.from_logs(["64-2311-basic"], values))
        ['latency_ms']
    """
    return [name for name in table.results if is_cost(name)]


def tabulated_costs(table: Table, otherwise: Predictor | None = None) -> TabulatedSurrogate:
    """Measured costs as a predictor, which searches and bounds can use beside another table.

    Args:
        table: Costs of published architectures of one space.
        otherwise: Predicts the same costs, among others, where they were not measured; NaN without it.

    Example:
        >>> table = Table.from_logs(["64-2311-basic"], {"latency_ms": {"valid_cost": [5.0]}})
        >>> tabulated_costs(table).predict(["64-2311-basic"]).tolist()
        [[5.0]]
    """
    space, tasks = table.space, table.results
    mean, std = np.full((len(space), len(tasks)), np.nan), np.zeros((len(space), len(tasks)))
    if otherwise is not None:
        otherwise = JoinedSurrogate([(otherwise, tasks)])  # in the order of the table
        mean, std = predict_matrix(otherwise, space.archs)
    rows = [row for row, arch in enumerate(table.archs) if arch in space]
    places = [space.index(table.archs[row]) for row in rows]
    for column, task in enumerate(tasks):
        values = table.column(task)[rows]
        mean[places, column] = np.where(np.isnan(values), mean[places, column], values)
        std[places, column] = np.where(np.isnan(values), std[places, column], 0.0)
    minimize = [
        name for name in tasks if not table.task(name).metric.higher_is_better and find_task(name).benchmark == "user"
    ]
    everyone = np.arange(len(space), dtype=np.int32)
    return TabulatedSurrogate(
        space.name, tasks, everyone, mean, std, otherwise, minimize=minimize, equivalence="string"
    )
