"""What the explorer shows, as plain arrays: gathered from a table, a predictor, searches and a transfer matrix."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import TableError, shown
from benchmarks.short_repr import ShortRepr
from benchmarks.spaces.registry import get_space
from benchmarks.spaces.space import Space
from benchmarks.table import Table
from benchmarks.task_names import choose_task
from surrogates.oracle.predictors import Predictor
from surrogates.oracle.table_lookup import Measured
from surrogates.report.columns import ReportColumn, cost_columns, measured_columns, predicted_columns
from surrogates.report.comparison import compare
from surrogates.report.structure import Structure, structure_of

if TYPE_CHECKING:
    from surrogates.evaluation.agreement import Agreement
    from surrogates.evaluation.transfer_matrix import TransferMatrix
    from surrogates.search.history import History

__all__ = ["ReportData", "collect_report"]

_KEPT_BEST = 100
_MOST_STEPS = 500


@dataclass(frozen=True, eq=False, repr=False)
class ReportData(ShortRepr):
    """Content of a page.

    Attributes:
        space: The space.
        archs: The n architectures that are shown.
        total: Number of architectures before some were left out (`thinned`).
        columns: Quantities, of n architectures each.
        published: Which architectures are published ones, of shape (n,).
        form: For each architecture the position in `forms` of the simplest one of the same function, of shape (n,).
        forms: Those simplest architectures.
        twins: Number of other architectures of the same function, among all, of shape (n,).
        comparisons: Predicted against measured values, from all architectures.
        agreement: Held-out agreement of a bundled surrogate, as JSON has it.
        transfer: Matrices of transfer between tasks, as JSON has it.
        searches: Search curves, as JSON has it.
        notes: What readers should know, a sentence each.
    """

    space: Space
    archs: tuple[str, ...]
    total: int
    columns: tuple[ReportColumn, ...]
    published: NDArray[np.bool_]
    form: NDArray[np.int32]
    forms: tuple[str, ...]
    twins: NDArray[np.int32]
    comparisons: list[dict[str, Any]] = field(default_factory=list)
    agreement: list[dict[str, Any]] = field(default_factory=list)
    transfer: dict[str, Any] | None = None
    searches: list[dict[str, Any]] = field(default_factory=list)
    notes: tuple[str, ...] = ()

    def structure(self) -> Structure:
        """Operations of the n architectures."""
        return structure_of(self.space, self.archs)

    def thinned(self, most: int) -> ReportData:
        """At most about that many architectures: the best 100 of each quantity, and others at equal distances.

        Ranks, numbers of twins and comparisons stay those of all architectures.

        Example:
            >>> from surrogates.pretrained import load_answers
            >>> data = collect_report("transnas101-macro", load_answers("transnas101-macro"), tasks=["jigsaw"])
            >>> small = data.thinned(1000)
            >>> len(data.archs), len(small.archs) <= 1000, small.total
            (3256, True, 3256)
        """
        n = len(self.archs)
        if n <= most:
            return self
        each = min(_KEPT_BEST, most // (2 * len(self.columns) + 2))
        kept = np.zeros(n, dtype=bool)
        for column in self.columns:
            worse = np.where(np.isnan(column.values), np.inf, -(column.better or 1) * column.values)
            kept[np.argsort(worse, kind="stable")[:each]] = True
        others = np.flatnonzero(~kept)
        wanted = most - int(kept.sum())
        kept[others[np.linspace(0, len(others) - 1, wanted).astype(np.int64)]] = True
        rows = np.flatnonzero(kept)
        old, form = np.unique(self.form[rows], return_inverse=True)
        return replace(
            self,
            archs=tuple(self.archs[row] for row in rows.tolist()),
            columns=tuple(column.take(rows) for column in self.columns),
            published=self.published[rows],
            form=form.astype(np.int32),
            forms=tuple(self.forms[row] for row in old.tolist()),
            twins=self.twins[rows],
        )


def collect_report(
    space: str | Space,
    predictor: Predictor | None = None,
    table: Table | None = None,
    *,
    tasks: Sequence[str] | str = (),
    agreement: Agreement | None = None,
    transfer: TransferMatrix | None = None,
    searches: Sequence[History] = (),
    step: Callable[[int, int], None] | None = None,
) -> ReportData:
    """Gather what a page shows: all published architectures of a space, and those that only a table has.

    Args:
        space: Name of the space.
        predictor: A fitted surrogate of it, or what answers for one (`Oracle.surrogate`).
        table: Measured results; of several spaces, the rows of this one are used.
        tasks: The tasks to show, or one; all by default.
        agreement: Agreement of the predictor with published values on held-out architectures.
        transfer: Transfer matrix of tasks.
        searches: Searches of this space.
        step: Called with the number of predicted architectures, and of all that will be.

    Raises:
        UnknownNameError: If there is no such space or task; names the nearest one.
        ValueError: If there is neither predictor nor table, or a predictor or search is of another space.
        TableError: If the table has no architecture of the space.
        TypeError: If the predictor is none, such as an oracle.

    Example:
        >>> from surrogates.pretrained import load_answers
        >>> data = collect_report("transnas101-macro", load_answers("transnas101-macro"), tasks=["jigsaw"])
        >>> [column.key for column in data.columns]
        ['jigsaw_predicted', 'params', 'multiply_adds', 'novelty']
    """
    space = get_space(space)
    _check_given(space, predictor, table, searches)
    table = table if table is None or table.spaces == (space.name,) else table.where(space=space)
    archs, published = _architectures(space, table)
    wanted = [tasks] if isinstance(tasks, str) else tasks
    columns, notes = _columns(space, predictor, table, wanted, archs, published, step)
    different = _differences(predictor, table)
    if different:
        notes.append(
            f"The trainings of the table differ from those that the model predicts ({different}): compare ranks, not "
            "values."
        )
    simplest = space.simplify(archs)
    place = {form: row for row, form in enumerate(dict.fromkeys(simplest))}
    form = np.array([place[arch] for arch in simplest], dtype=np.int32)
    return ReportData(
        space=space,
        archs=archs,
        total=len(archs),
        columns=tuple(columns),
        published=published,
        form=form,
        forms=tuple(place),
        twins=(np.bincount(form)[form] - 1).astype(np.int32),
        comparisons=compare(columns, published, intervals=not different),
        agreement=[] if agreement is None else _agreement(agreement, {column.name for column in columns}),
        transfer=None if transfer is None else _matrices(transfer),
        searches=_curves(searches),
        notes=tuple(notes),
    )


def _check_given(space: Space, predictor: Predictor | None, table: Table | None, searches: Sequence[History]) -> None:
    """Refuse what cannot be shown together, as `collect_report` says."""
    if predictor is None and table is None:
        raise ValueError("expected a predictor, a table or both to show, got neither")
    if predictor is not None and not hasattr(predictor, "space_"):
        raise TypeError(
            f"expected a fitted surrogate as predictor, got {shown(predictor)}; of an oracle: oracle.surrogate"
        )
    if predictor is not None and predictor.space_ != space.name:
        raise ValueError(f"expected a predictor of {space.name}, got one of {predictor.space_}")
    for history in searches:
        if history.space != space.name:
            raise ValueError(f"expected searches of {space.name}, got one of {history.space}")
    if table is not None and space.name not in table.spaces:
        raise TableError(f"expected a table of {space.name}, got one of {', '.join(table.spaces)}")


def _architectures(space: Space, table: Table | None) -> tuple[tuple[str, ...], NDArray[np.bool_]]:
    more = [] if table is None else [arch for arch in table.archs if arch not in space]
    archs = (*space.archs, *more)
    return archs, np.arange(len(archs)) < len(space)


def _columns(
    space: Space,
    predictor: Predictor | None,
    table: Table | None,
    tasks: Sequence[str],
    archs: Sequence[str],
    published: NDArray[np.bool_],
    step: Callable[[int, int], None] | None,
) -> tuple[list[ReportColumn], list[str]]:
    """All columns, those of a task side by side, and notes about what is missing."""
    predicted = () if predictor is None else predictor.tasks_
    measured = () if table is None else Measured(table).tasks
    every = tuple(dict.fromkeys((*predicted, *measured)))
    shown = list(dict.fromkeys(choose_task(name, every) for name in tasks)) or list(every)
    found: list[ReportColumn] = []
    if table is not None:
        found += measured_columns(table, [name for name in shown if name in measured], archs, published)
    if predictor is not None:
        found += predicted_columns(predictor, [name for name in shown if name in predicted], archs, published, step)
    novelty = [column for column in found if column.kind == "novelty"]
    of_tasks = [column for column in found if column.kind != "novelty"]
    of_tasks.sort(key=lambda column: shown.index(column.name))  # stable: measured before predicted
    costs = cost_columns(space, archs)
    notes = [] if costs else [f"Architectures of {space.name} have no networks, and so no parameters or multiply-adds."]
    if predictor is None:
        notes.append("Measured values only: there is no model of this space. --model DIR adds predictions.")
    return [*of_tasks, *costs, *novelty], notes


def _differences(predictor: Predictor | None, table: Table | None) -> str:
    """How the trainings of a table differ from the published ones, which a predictor without other news predicts."""
    from benchmarks.provenance import unlike_published

    if predictor is None or table is None or getattr(predictor, "trainings_", None):
        return ""
    return unlike_published(table, predictor.tasks_)


def _agreement(agreement: Agreement, shown: set[str]) -> list[dict[str, Any]]:
    grids = [
        (task, float(tau), *agreement.grid(task)) for task, tau in zip(agreement.tasks, agreement.tau, strict=True)
    ]
    return [
        {
            "task": task,
            "tau": tau,
            "low": float(edges[0]),
            "high": float(edges[-1]),
            "bins": len(counts),
            "counts": counts.ravel().tolist(),
        }
        for task, tau, edges, counts in grids
        if task in shown
    ]


def _matrices(transfer: TransferMatrix) -> dict[str, Any]:
    """Matrices of each value and number of labels; the correlation does not depend on labels."""
    ks = sorted(transfer.runs["k"].unique().tolist())
    found = []
    titles = {"gain": "gain in tau", "tau": "tau, transferred", "correlation": "tau of measured values"}
    for value, title in titles.items():
        for k in ks if value != "correlation" else ks[:1]:
            matrix = transfer.matrix(value, k)
            rows = [[None if np.isnan(entry) else float(entry) for entry in row] for row in matrix.to_numpy()]
            name = title if value == "correlation" else f"{title}, {k} labels"
            found.append({"name": name, "targets": list(matrix.columns), "sources": list(matrix.index), "rows": rows})
    return {"matrices": found}


def _curves(searches: Sequence[History]) -> list[dict[str, Any]]:
    """For each search the steps at which its best value changed, of each task."""
    found = []
    for history in searches:
        curves = []
        for column, task in enumerate(history.tasks):
            best = history.best[:, column]
            changed = np.flatnonzero(np.append(True, best[1:] != best[:-1])) if len(best) else np.zeros(0, dtype=int)
            changed = changed[-_MOST_STEPS:]
            curves.append({"task": task, "step": (changed + 1).tolist(), "best": best[changed].tolist()})
        about = {"searcher": str(history.search.get("searcher", "search")), "seed": history.search.get("seed")}
        found.append({**about, "queries": len(history), "curves": curves})
    return found
