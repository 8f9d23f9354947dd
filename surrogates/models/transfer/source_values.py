"""Source tasks of a transfer as one matrix: a normal score per architecture and source task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.directions import declare, declared
from benchmarks.errors import ArchitectureError, UnknownNameError, shown
from benchmarks.interchange import as_frame
from benchmarks.numbers import check_magnitude
from benchmarks.quantities import is_cost
from benchmarks.short_repr import ShortRepr
from benchmarks.spaces.registry import get_space, infer_space
from benchmarks.table import Table
from benchmarks.task_names import name_tasks
from benchmarks.tasks import find_task
from surrogates.base import Surrogate
from surrogates.calibration.normal_scores import NormalScores
from surrogates.cross_space import can_translate, translate
from surrogates.models.transfer.consensus import SourceKinds
from surrogates.models.transfer.source_process import SourceProcess
from surrogates.models.transfer.without_labels import LEVEL_SCORES
from surrogates.store.nested import add_part, pack_surrogate, take_part, unpack_surrogate
from surrogates.store.pack import Pack

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FittedSource", "SourceValues", "TransferSource", "source_spaces"]

Float = NDArray[np.float64]
_REFERENCE = 1500


@dataclass(frozen=True, repr=False)
class FittedSource(ShortRepr):
    """A fitted surrogate as a source: its predictions as normal scores.

    Example:
        >>> from surrogates.models.boosted import BoostedSurrogate
        >>> fitted = BoostedSurrogate(n_jobs=1).fit(["64-2311-basic", "64-1234-basic"], [1.0, 2.0])
        >>> FittedSource.from_surrogate(fitted).predict(["64-3114-basic"]).shape
        (1, 1)

    Attributes:
        surrogate: The fitted surrogate.
        values: For each task, predictions on architectures of its space, ascending.
        scores: For each task, the normal scores of `values`.
    """

    surrogate: Surrogate
    values: tuple[Float, ...]
    scores: tuple[Float, ...]

    @classmethod
    def from_surrogate(cls, surrogate: Surrogate) -> FittedSource:
        """Fit the transform to normal scores to predictions of up to 1,500 architectures of the surrogate's space."""
        space = get_space(surrogate.space_)
        predicted = surrogate.predict(space.sample(min(len(space), _REFERENCE), rng=0))
        transforms = [NormalScores(column) for column in predicted.reshape(-1, len(surrogate.tasks_)).T]
        return cls(surrogate, tuple(t.values for t in transforms), tuple(t.scores for t in transforms))

    @property
    def space(self) -> str:
        """Name of the surrogate's space."""
        return self.surrogate.space_

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the surrogate's tasks."""
        return self.surrogate.tasks_

    @property
    def signs(self) -> Float:
        """+1 for each task that is better when higher, else -1, of shape (S,)."""
        lowered = self.surrogate.minimize_
        return np.array([-1.0 if task in lowered else find_task(task).metric.sign for task in self.tasks])

    @property
    def levels(self) -> Float:
        """Values at the normal scores `LEVEL_SCORES`, both better when higher, of shape (S, g)."""
        rows = zip(self.signs.tolist(), self.values, self.scores, strict=True)
        return np.stack([sign * np.interp(sign * LEVEL_SCORES, scores, values) for sign, values, scores in rows])

    def predict(self, archs: Sequence[str]) -> Float:
        """Scores of shape (n, S) of n architectures."""
        predicted = self.surrogate.predict(archs).reshape(len(archs), -1)
        columns = zip(predicted.T, self.values, self.scores, strict=True)
        return np.stack([np.interp(column, values, scores) for column, values, scores in columns], axis=1)

    def pack(self) -> Pack:
        """The fitted state, for storage without pickle."""
        pack = pack_surrogate(self.surrogate)
        knots = {f"values{t}": values for t, values in enumerate(self.values)}
        knots |= {f"scores{t}": scores for t, scores in enumerate(self.scores)}
        own = {f"own_{name}": array for name, array in pack.arrays.items()}
        return Pack(pack.settings, own | knots, pack.models)

    @classmethod
    def unpack(cls, pack: Pack) -> FittedSource:
        """Inverse of `pack`."""
        own = {name.removeprefix("own_"): array for name, array in pack.arrays.items() if name.startswith("own_")}
        surrogate = unpack_surrogate(Pack(pack.settings, own, pack.models))
        values, scores = (
            tuple(pack.arrays[f"{kind}{t}"] for t in range(len(surrogate.tasks_))) for kind in ("values", "scores")
        )
        return cls(surrogate, values, scores)


_Part: TypeAlias = "SourceProcess | FittedSource"
TransferSource: TypeAlias = "Table | pd.DataFrame | Surrogate | SourceProcess"


@dataclass(frozen=True, repr=False)
class SourceValues(ShortRepr):
    """Scores of all source tasks at architectures of one target space.

    Attributes:
        space: Name of the target space.
        parts: The fitted sources.
        columns: Indices of the tasks of each part that are used.
    """

    space: str
    parts: tuple[_Part, ...]
    columns: tuple[tuple[int, ...], ...]

    @classmethod
    def from_sources(cls, sources: TransferSource | Sequence[TransferSource], space: str) -> SourceValues:
        """Fit tables and surrogates as sources for a target space.

        Args:
            sources: A `Table`, a DataFrame of shape (n, S) indexed by architecture (NaN where not measured), a fitted
                surrogate, a `SourceProcess` (a table fitted once for repeated use), or a list of these. Cells of
                another space are translated (`surrogates.cross_space`).
            space: Name of the space of the target.

        Raises:
            TypeError: If a source has another type.
            ValueError: If there is none, or its space has no counterparts in `space`.
            sklearn.exceptions.NotFittedError: If a surrogate is not fitted.

        Example:
            >>> import pandas as pd
            >>> known = pd.DataFrame({"jigsaw": [90.1, 94.2]}, index=["64-2311-basic", "64-1234-basic"])
            >>> sources = SourceValues.from_sources(known, "transnas101-macro")
            >>> sources.names, sources.predict(["64-3114-basic"]).shape
            (('jigsaw',), (1, 1))
        """
        listed = list(sources) if isinstance(sources, (list, tuple)) else [sources]
        parts = tuple(part for source in listed for part in _parts(source, space))
        if not parts:
            raise ValueError("expected at least one source task, got none")
        return cls(space, parts, tuple(tuple(range(len(part.tasks))) for part in parts))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the S source tasks; ``task@space`` for tasks of another space."""
        return tuple(
            part.tasks[i] if part.space == self.space else f"{part.tasks[i]}@{part.space}"
            for part, columns in zip(self.parts, self.columns, strict=True)
            for i in columns
        )

    @property
    def kinds(self) -> SourceKinds:
        """Directions of the source scores, and which tasks are costs by name."""
        signs = [
            (part.signs if isinstance(part, FittedSource) else np.ones(len(part.tasks)))[list(columns)]
            for part, columns in zip(self.parts, self.columns, strict=True)
        ]
        costs = [is_cost(task) for task in self._tasks()]
        return SourceKinds(np.concatenate(signs), np.array(costs, dtype=bool))

    def levels(self, metric: str | None = None) -> Float:
        """Values of the source tasks at the normal scores `LEVEL_SCORES`, better when higher.

        Args:
            metric: Column of a metric, such as ``"valid_top1"``; only sources that measured it. All if not given.

        Returns:
            Values of shape (m, g).
        """
        found = np.concatenate(
            [part.levels[list(columns)] for part, columns in zip(self.parts, self.columns, strict=True)]
        )
        same = np.array([metric in (None, find_task(task).column) for task in self._tasks()])
        return np.asarray(found[same & ~np.isnan(found).any(axis=1)])

    def _tasks(self) -> list[str]:
        """Names of the S source tasks, without a space."""
        return [part.tasks[i] for part, columns in zip(self.parts, self.columns, strict=True) for i in columns]

    def without(self, task: str) -> SourceValues:
        """The sources without the tasks of this name on the target's own space.

        Raises:
            ValueError: If no source task is left.
        """
        kept = [
            (part, tuple(i for i in columns if part.space != self.space or part.tasks[i] != task))
            for part, columns in zip(self.parts, self.columns, strict=True)
        ]
        kept = [(part, columns) for part, columns in kept if columns]
        if not kept:
            raise ValueError(f"expected a source task other than the target, got only {task!r}")
        return SourceValues(self.space, tuple(part for part, _ in kept), tuple(columns for _, columns in kept))

    def predict(self, archs: Sequence[str]) -> Float:
        """Normal scores of shape (n, S) of n architectures of the target space."""
        found = []
        for part, columns in zip(self.parts, self.columns, strict=True):
            there = get_space(part.space).simplify(translate(archs, part.space, self.space))
            found.append(part.predict(there)[:, columns])
        return np.concatenate(found, axis=1)

    def pack(self) -> Pack:
        """The fitted state, for storage without pickle."""
        pack = Pack(settings={"columns": [list(columns) for columns in self.columns]})
        pack.settings["parts"] = [add_part(pack, f"source{i}_", part.pack()) for i, part in enumerate(self.parts)]
        return pack

    @classmethod
    def unpack(cls, space: str, pack: Pack) -> SourceValues:
        """Inverse of `pack`."""
        listed = [take_part(pack, f"source{i}_", s) for i, s in enumerate(pack.settings["parts"])]
        parts = tuple((FittedSource if "made_of" in p.settings else SourceProcess).unpack(p) for p in listed)
        return cls(space, parts, tuple(tuple(columns) for columns in pack.settings["columns"]))


def source_spaces(sources: Any) -> list[str]:
    """Names of the spaces of one or several sources, in order of first appearance.

    Example:
        >>> import pandas as pd
        >>> source_spaces(pd.DataFrame({"jigsaw": [90.1]}, index=["64-2311-basic"]))
        ['transnas101-macro']
    """
    listed = list(sources) if isinstance(sources, (list, tuple)) else [sources]
    found: list[str] = []
    for source in listed:
        if isinstance(source, SourceProcess):
            found.append(source.space)
        elif isinstance(source, Surrogate):
            _check_fitted(source)
            found.append(source.space_)
        else:
            found.extend(_rows(source)[1])
    return list(dict.fromkeys(found))


def _parts(source: Any, space: str) -> list[_Part]:
    """Fit one source for a target space: one part per space of the source."""
    if isinstance(source, SourceProcess):
        _check_spaces([source.space], space)
        return [source]
    if isinstance(source, Surrogate):
        _check_fitted(source)
        _check_spaces([source.space_], space)
        return [FittedSource.from_surrogate(source)]
    frame, spaces = _rows(source)
    usable = _check_spaces(sorted(set(spaces)), space)
    parts: list[_Part] = []
    for name in usable:
        rows = frame[[row == name for row in spaces]].dropna(axis=1, how="all")
        if rows.shape[1]:
            parts.append(SourceProcess.fit(list(rows.index), rows))
    return parts


def _check_fitted(source: Surrogate) -> None:
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(source, "space_")


def _rows(source: Any) -> tuple[pd.DataFrame, list[str]]:
    """Values of a table, higher is better, and the space of each row."""
    if hasattr(source, "to_frame") and not isinstance(source, Table):  # a Series
        source = source.to_frame()
    if isinstance(source, Table):
        frame, spaces = source.oriented(), list(source.row_spaces)
    elif hasattr(source, "columns") and hasattr(source, "index"):
        source = as_frame(source)
        spaces = [_space_of(row, arch) for row, arch in enumerate(source.index)]
        frame = _oriented(source)
    else:
        advice = "; load_table reads a table, load_surrogate a directory" if isinstance(source, (str, PathLike)) else ""
        raise TypeError(
            "expected a Table, a DataFrame indexed by architecture, a fitted surrogate or a SourceProcess, got "
            f"{type(source).__name__}{advice}"
        )
    if not len(frame):
        raise ValueError("expected a source table with rows, got an empty one")
    for name, values in frame.items():
        check_magnitude(values.to_numpy(dtype=np.float64, na_value=np.nan), f"source {str(name)!r:.200}")
    return frame, spaces


def _oriented(frame: pd.DataFrame) -> pd.DataFrame:
    """The tasks of a DataFrame, higher is better, under their own names."""
    try:
        named = name_tasks(frame.columns, *declared(frame))
    except UnknownNameError as error:
        raise UnknownNameError(
            f"source {error}; a table has directions: sources=Table.from_frame(frame, minimize=[...])"
        ) from None
    kept = frame[[name for name in frame.columns if str(name) in named]]
    kept = kept * [task.metric.sign for task in named.values()]
    kept = kept.set_axis([task.name for task in named.values()], axis=1)
    declare(kept, named.values(), oriented=True)
    return kept


def _space_of(row: int, arch: object) -> str:
    if not isinstance(arch, str):
        raise ArchitectureError(f"expected a DataFrame indexed by architecture strings, got {shown(arch)} at row {row}")
    return infer_space([arch]).name


def _check_spaces(found: list[str], space: str) -> list[str]:
    """The spaces whose architectures have a counterpart in the target space; raises if there are none."""
    usable = [name for name in found if can_translate(space, name)]
    if not usable:
        raise ValueError(
            f"expected sources of {space}, or cells of another space if {space} is cell-based, got {', '.join(found)}"
        )
    return usable
