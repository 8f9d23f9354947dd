"""Predictions of all published architectures in arrays, with a predictor for others; stored without pickle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, overload

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import ArchitectureError, choice
from benchmarks.spaces.registry import get_space, own_space, register_again, same_space
from surrogates.equivalence import Equivalence
from surrogates.oracle.predictors import (
    about,
    error_correlation_of,
    novelty_of,
    predict_matrix,
    prediction_keys,
    unfamiliar_in,
)
from surrogates.store.artefact import parsing, read_files, read_metadata, write_artefact
from surrogates.store.npz import npz_arrays, npz_bytes
from surrogates.store.own_spaces import check_space_of, describe_space
from surrogates.store.provenance import describe_tasks, library_versions, lowered_tasks

if TYPE_CHECKING:
    from surrogates.oracle.predictors import Predictor

__all__ = ["TabulatedSurrogate"]

KIND = "answers"
_ARRAYS = "answers.npz"


class TabulatedSurrogate:
    """Wraps a predictor: published architectures are read from arrays, others are passed to the predictor.

    Args:
        space: Name of an enumerable space of N architectures.
        tasks: Names of the T tasks.
        classes: Row of each published architecture in `mean` and `std`, of shape (N,), in the order of the space.
            Equivalent architectures share one of C rows.
        mean: Expected performance in the metrics' own units, of shape (C, T).
        std: Standard deviations of these values, of shape (C, T).
        beyond: Predictor of architectures outside the published set; without it they are an error.
        minimize: The user's own tasks that are better when lower.
        equivalence: ``"string"`` if architectures of one function may have different values.
        trainings: How the trainings of a task differ from the published ones, as far as known.
        novelties: Novelty of each row of `mean`, of shape (C,); NaN if not given.

    Example:
        >>> baked = TabulatedSurrogate("transnas101-macro", ["jigsaw"], np.arange(3256), *np.ones((2, 3256, 1)))
        >>> baked.predict(["64-2311-basic"]).tolist()
        [[1.0]]
    """

    def __init__(
        self,
        space: str,
        tasks: Sequence[str],
        classes: NDArray[Any],
        mean: NDArray[Any],
        std: NDArray[Any],
        beyond: Predictor | None = None,
        minimize: Sequence[str] = (),
        equivalence: Equivalence = "function",
        trainings: Mapping[str, Any] | None = None,
        novelties: NDArray[Any] | None = None,
    ) -> None:
        self.space_ = get_space(space).name
        self._own = own_space(self.space_)
        self.tasks_ = tuple(tasks)
        self.minimize_ = tuple(minimize)
        self.equivalence_ = choice(equivalence, get_args(Equivalence), "equivalence")
        self.trainings_ = dict(trainings or {})
        self.classes, self.mean, self.std, self.beyond = classes, mean, std, beyond
        self.novelties = np.full(len(mean), np.nan) if novelties is None else novelties
        published = len(get_space(space))
        if classes.shape != (published,) or not 0 <= classes.min() <= classes.max() < len(mean):
            raise ValueError(
                f"expected classes of shape ({published},), each a row from 0 to {len(mean) - 1}, for {space}, got "
                f"shape {classes.shape}"
            )
        if not mean.shape == std.shape == (len(mean), len(self.tasks_)):
            raise ValueError(
                f"expected mean and std of shape (C, {len(self.tasks_)}), got {mean.shape} and {std.shape}"
            )
        if self.novelties.shape != (len(mean),):
            raise ValueError(f"expected novelties of shape ({len(mean)},), got {self.novelties.shape}")

    @classmethod
    def from_predictor(cls, predictor: Predictor) -> TabulatedSurrogate:
        """Tabulate one prediction per class of architectures that share it (see `prediction_keys`)."""
        if isinstance(predictor, cls):
            return predictor
        space = get_space(predictor.space_)
        keys = prediction_keys(predictor, space.archs)
        rows = {key: row for row, key in enumerate(dict.fromkeys(keys))}
        classes = np.array([rows[key] for key in keys], dtype=np.int32)
        mean, std = predict_matrix(predictor, list(rows))
        said = about(predictor)
        return cls(
            space.name,
            predictor.tasks_,
            classes,
            mean,
            std,
            beyond=predictor,
            minimize=said.minimize or (),
            equivalence=said.equivalence,
            trainings=said.trainings,
            novelties=novelty_of(predictor, list(rows)),
        )

    @overload
    def predict(self, archs: Sequence[str], return_std: Literal[False] = False) -> NDArray[np.float64]: ...
    @overload
    def predict(
        self, archs: Sequence[str], return_std: Literal[True]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...

    def predict(
        self, archs: Sequence[str], return_std: bool = False
    ) -> NDArray[np.float64] | tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean of n architectures, of shape (n, T), in the metrics' own units; with `return_std` also the std.

        Raises:
            ArchitectureError: If a string is not an architecture of the space, or is outside the published set and
                there is no predictor for it.
        """
        rows = self._rows(archs)
        mean, std = self.mean[rows].astype(np.float64), self.std[rows].astype(np.float64)  # (n, T)
        outside = np.flatnonzero(rows < 0).tolist()
        if outside:
            if self.beyond is None:
                space = get_space(self.space_)
                raise ArchitectureError(
                    f"{space.validate(archs[outside[0]])!r} is outside the {len(space):,} published architectures of "
                    f"{space.name}, and there is no surrogate to predict it"
                )
            mean[outside], std[outside] = predict_matrix(self.beyond, [archs[i] for i in outside])
        return (mean, std) if return_std else mean

    def novelty(self, archs: Sequence[str]) -> NDArray[np.float64]:
        """Novelty of n architectures, of shape (n,): of published ones from the arrays, of others as predicted."""
        rows = self._rows(archs)
        found = self.novelties[rows].astype(np.float64)
        outside = np.flatnonzero(rows < 0).tolist()
        if outside:
            others = [archs[i] for i in outside]
            found[outside] = np.nan if self.beyond is None else novelty_of(self.beyond, others)
        return found

    def error_correlation(self, archs: Sequence[str]) -> NDArray[np.float64]:
        """Correlations of the errors of n predictions, of shape (T, n, n); not known without a predictor.

        Raises:
            ArchitectureError: If a string is not an architecture of the space.
        """
        if self.beyond is not None:
            return error_correlation_of(self.beyond, archs)
        rows = self._rows(archs)
        same = np.equal.outer(rows, rows) & (rows >= 0) | np.eye(len(rows), dtype=bool)
        return np.tile(np.where(same, 1.0, np.nan), (len(self.tasks_), 1, 1))

    def unfamiliar(self, arch: str) -> str:
        """What is unlike all training rows about an architecture."""
        return "" if self.beyond is None else unfamiliar_in(self.beyond, arch)

    def _rows(self, archs: Sequence[str]) -> NDArray[np.int64]:
        """Row of each of n architectures, -1 outside the published set, of shape (n,)."""
        space = get_space(self.space_) if self._own is None else same_space(self._own)
        places = np.array([space.index(arch) if arch in space else -1 for arch in archs], dtype=np.int64)
        return np.where(places < 0, -1, self.classes[places])

    def __setstate__(self, state: dict[str, Any]) -> None:
        own = state.get("_own")
        self.__dict__.update(state, _own=None if own is None else register_again(own))

    def save(self, directory: str | Path) -> Path:
        """Write the arrays, every digit of them, without the predictor.

        Raises:
            ArtefactError: If the directory contains other files, or cannot be written.
        """
        content: dict[str, Any] = {
            **describe_space(self.space_),
            "tasks": describe_tasks(self.tasks_, self.minimize_),
            "libraries": library_versions(),
        }
        content |= {"equivalence": self.equivalence_} if self.equivalence_ != "function" else {}
        content |= {"trainings": self.trainings_} if self.trainings_ else {}
        arrays: dict[str, NDArray[Any]] = {
            "classes": self.classes.astype(np.int32),
            "mean": self.mean.astype(np.float64),
            "std": self.std.astype(np.float64),
        }
        arrays |= {} if np.isnan(self.novelties).all() else {"novelty": self.novelties.astype(np.float64)}
        return write_artefact(directory, KIND, content, {_ARRAYS: npz_bytes(arrays)})

    @classmethod
    def load(cls, directory: str | Path, beyond: Predictor | None = None) -> TabulatedSurrogate:
        """Read a folder written by `save`; imports no machine learning library.

        Raises:
            ArtefactError: If it is not a folder of answers, or damaged, truncated or newer than this version.
        """
        metadata = read_metadata(directory, KIND)
        files = read_files(directory, metadata)
        with parsing(directory):
            arrays = npz_arrays(files[_ARRAYS])
            tasks = [task["name"] for task in metadata["tasks"]]
            return cls(
                check_space_of(metadata, directory),
                tasks,
                arrays["classes"],
                arrays["mean"],
                arrays["std"],
                beyond,
                minimize=lowered_tasks(metadata["tasks"]),
                equivalence=metadata.get("equivalence", "function"),
                trainings=metadata.get("trainings"),
                novelties=arrays.get("novelty"),
            )
