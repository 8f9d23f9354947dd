"""A surrogate's answers for a whole space, computed once: afterwards a prediction is an array read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import ArchitectureError, ArtefactError
from benchmarks.registry import get_space
from surrogates.oracle.predictor import Predictor, predict_matrix
from surrogates.store.artefact import read_files, read_metadata, write_artefact
from surrogates.store.npz import npz_arrays, npz_bytes
from surrogates.store.provenance import describe_tasks, library_versions

__all__ = ["BakedSurrogate"]

KIND = "answers"
_ARRAYS = "answers.npz"


class BakedSurrogate:
    """Wraps a predictor: published architectures are read from arrays, all others passed on.

    Args:
        space: Name of an enumerable space of N architectures.
        tasks: Names of the T tasks.
        classes: Row of each published architecture in `mean` and `std`, of shape (N,), in the order of the space.
            Equivalent architectures share one of C rows.
        mean: Expected performance in the metrics' own units, of shape (C, T).
        std: Its standard deviation, of shape (C, T).
        beyond: Asked about architectures outside the published set; without it they are an error.

    Example:
        >>> baked = BakedSurrogate("transnas101-macro", ["jigsaw"], np.arange(3256), *np.ones((2, 3256, 1)))
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
    ) -> None:
        self.space_ = get_space(space).name
        self.tasks_ = tuple(tasks)
        self.classes, self.mean, self.std, self.beyond = classes, mean, std, beyond
        published = len(get_space(space))
        if classes.shape != (published,) or not 0 <= classes.min() <= classes.max() < len(mean):
            raise ValueError(f"expected a row of {len(mean)} for each of {published:,} architectures of {space}")
        if not mean.shape == std.shape == (len(mean), len(self.tasks_)):
            raise ValueError(
                f"expected mean and std of shape (C, {len(self.tasks_)}), got {mean.shape} and {std.shape}"
            )

    @classmethod
    def of(cls, predictor: Predictor) -> BakedSurrogate:
        """Ask a predictor about one architecture of each canonical class of its space."""
        if isinstance(predictor, cls):
            return predictor
        space = get_space(predictor.space_)
        canonical = space.canonicals(space.archs)
        rows = {arch: row for row, arch in enumerate(dict.fromkeys(canonical))}
        classes = np.array([rows[arch] for arch in canonical], dtype=np.int32)
        return cls(space.name, predictor.tasks_, classes, *predict_matrix(predictor, list(rows)), beyond=predictor)

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
            ArchitectureError: If a string is no architecture of the space, or is outside the published set and there is
                no predictor to ask.
        """
        space = get_space(self.space_)
        rows = np.array([self.classes[space.index(arch)] if arch in space else -1 for arch in archs], dtype=np.int64)
        mean, std = self.mean[rows].astype(np.float64), self.std[rows].astype(np.float64)  # (n, T)
        outside = np.flatnonzero(rows < 0).tolist()
        if outside:
            if self.beyond is None:
                raise ArchitectureError(
                    f"{space.validate(archs[outside[0]])!r} is outside the {len(space):,} published architectures of "
                    f"{space.name}, and there is no surrogate here to predict it"
                )
            mean[outside], std[outside] = predict_matrix(self.beyond, [archs[i] for i in outside])
        return (mean, std) if return_std else mean

    def save(self, directory: str | Path) -> Path:
        """Write the answers, as float32 (relative rounding 6e-8), without the predictor behind them.

        Raises:
            ArtefactError: If something else is in the way, or the directory cannot be written.
        """
        content = {
            "space": self.space_,
            "tasks": describe_tasks(self.tasks_),
            "libraries": library_versions(),
        }
        arrays = {
            "classes": self.classes.astype(np.int32),
            "mean": self.mean.astype(np.float32),
            "std": self.std.astype(np.float32),
        }
        return write_artefact(directory, KIND, content, {_ARRAYS: npz_bytes(arrays)})

    @classmethod
    def load(cls, directory: str | Path, beyond: Predictor | None = None) -> BakedSurrogate:
        """Read what `save` wrote; imports no machine learning library.

        Raises:
            ArtefactError: If it is not a directory of answers, or damaged, truncated or newer than this version.
        """
        metadata = read_metadata(directory, KIND)
        files = read_files(directory, metadata)
        try:
            arrays = npz_arrays(files[_ARRAYS])
            tasks = [task["name"] for task in metadata["tasks"]]
            return cls(metadata["space"], tasks, arrays["classes"], arrays["mean"], arrays["std"], beyond)
        except (KeyError, TypeError, ValueError) as error:
            raise ArtefactError(f"{str(directory)!r}: the content does not fit this version: {error}") from error
