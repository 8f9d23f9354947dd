"""Predictor interface of the oracle, and three wrappers: loaded lazily, cached, and tabulated.

What a predictor says of itself beyond the interface (`About`) is read in one place, `about`, and every wrapper says the
same as what it wraps.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, get_args, overload

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import ArchitectureError, choice
from benchmarks.forks import ForkSafeLock, without_forks
from benchmarks.spaces.registry import get_space, own_space, register_again, same_space
from surrogates.equivalence import Equivalence
from surrogates.store.artefact import parsing, read_files, read_metadata, write_artefact
from surrogates.store.npz import npz_arrays, npz_bytes
from surrogates.store.own_spaces import check_space_of, describe_space
from surrogates.store.provenance import describe_tasks, library_versions, lowered_tasks

__all__ = [
    "SINGLE_QUESTIONS",
    "About",
    "CachedSurrogate",
    "LazySurrogate",
    "Predictor",
    "TabulatedSurrogate",
    "about",
    "novelty_of",
    "predict_matrix",
    "prediction_keys",
    "unfamiliar_in",
]

KIND = "answers"
_ARRAYS = "answers.npz"
SINGLE_QUESTIONS = 8
"""New architectures asked one by one before all published ones are predicted (`CachedSurrogate`)."""
_CHEAP_SECONDS = 2.0
_TRIALS = ((8, 1000), (64, 100))
"""Sizes of batches, and how many single questions the whole space may cost by each: the small one is less exact."""


class Predictor(Protocol):
    """A fitted surrogate, or a wrapper around one; it may also have the attributes of `About`.

    Attributes:
        space_: Name of the space.
        tasks_: Names of the T tasks.

    Example:
        >>> from surrogates import load_pretrained
        >>> predictor: Predictor = load_pretrained("transnas101-micro")
        >>> predictor.space_
        'transnas101-micro'
    """

    @property
    def space_(self) -> str:
        """Name of the space."""

    @property
    def tasks_(self) -> tuple[str, ...]:
        """Names of the T tasks."""

    def predict(
        self, archs: Sequence[str], return_std: Literal[True]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and std of n architectures, each of shape (n, T), or (n,) for one task, in the metrics' own units."""


class About(NamedTuple):
    """What a predictor says of its predictions, in attributes that a predictor of the user's own may lack.

    Attributes:
        equivalence: ``equivalence_``: whether predictions are those of a ``"function"``, the default, or ``"string"``.
        minimize: ``minimize_``: the user's own tasks that are better when lower; None if it does not say.
        trainings: ``trainings_``: for tasks of which it is known how the trainings differ from the published ones.
        novelty: ``novelty``: method that gives the novelty of n architectures, of shape (n,)
            (`CalibratedSurrogate.novelty`); None if it has none.
    """

    equivalence: Equivalence
    minimize: tuple[str, ...] | None
    trainings: Mapping[str, Any]
    novelty: Callable[[Sequence[str]], NDArray[np.float64]] | None = None


def about(predictor: Predictor) -> About:
    """What a predictor says of its predictions.

    Example:
        >>> from surrogates import load_pretrained
        >>> about(load_pretrained("transnas101-micro"))[:2]
        ('function', ())
    """
    lowered = getattr(predictor, "minimize_", None)
    return About(
        getattr(predictor, "equivalence_", "function"),
        None if lowered is None else tuple(lowered),
        getattr(predictor, "trainings_", None) or {},
        getattr(predictor, "novelty", None),
    )


def novelty_of(predictor: Predictor, archs: Sequence[str]) -> NDArray[np.float64]:
    """Novelty of n architectures, of shape (n,); NaN if the predictor does not know."""
    known = about(predictor).novelty
    return np.full(len(archs), np.nan) if known is None else known(archs)


def unfamiliar_in(predictor: Predictor, arch: str) -> str:
    """What is unlike all training rows about an architecture (`CalibratedSurrogate.unfamiliar`); empty if not known."""
    said = getattr(predictor, "unfamiliar", None)
    return "" if said is None else str(said(arch))


def prediction_keys(predictor: Predictor, archs: Sequence[str]) -> list[str]:
    """For each architecture the string that stands for all with the same prediction.

    The canonical form, or the string itself if the predictor tells apart architectures of one function
    (``equivalence_ == "string"``).
    """
    space = get_space(predictor.space_)
    if about(predictor).equivalence == "string":
        return [space.validate(arch) for arch in archs]
    return space.canonicals(archs)


def predict_matrix(predictor: Predictor, archs: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and std of n architectures, each of shape (n, T), also for a single task."""
    shape = (len(archs), len(predictor.tasks_))
    mean, std = predictor.predict(archs, return_std=True)
    return mean.reshape(shape), std.reshape(shape)


class LazySurrogate:
    """A stored surrogate that is loaded on first use; a subclass may `load` another predictor.

    Args:
        directory: Folder written by `save_surrogate`.

    Example:
        >>> LazySurrogate("/no/such/folder").directory.name  # not loaded yet
        'folder'
    """

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)
        self._lock = ForkSafeLock()
        self._loaded: Predictor | None = None

    def load(self) -> Predictor:
        """Load the surrogate.

        Raises:
            ArtefactError: If the directory cannot be read.
        """
        with without_forks():
            from surrogates.store.load import load_surrogate

        return load_surrogate(self.directory)

    @property
    def surrogate(self) -> Predictor:
        """The loaded surrogate.

        Raises:
            ArtefactError: If the directory cannot be read.
        """
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = self.load()
        return self._loaded

    @property
    def space_(self) -> str:
        """Name of the space."""
        return self.surrogate.space_

    @property
    def tasks_(self) -> tuple[str, ...]:
        """Names of the T tasks."""
        return self.surrogate.tasks_

    @property
    def equivalence_(self) -> Equivalence:
        """Whether predictions are those of a function or of a string."""
        return about(self.surrogate).equivalence

    @property
    def minimize_(self) -> tuple[str, ...]:
        """The user's own tasks that are better when lower."""
        return about(self.surrogate).minimize or ()

    @property
    def trainings_(self) -> Mapping[str, Any]:
        """How the trainings of a task differ from the published ones, as far as known."""
        return about(self.surrogate).trainings

    def predict(
        self, archs: Sequence[str], return_std: Literal[True]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and std of n architectures, as predicted by the surrogate."""
        return self.surrogate.predict(archs, return_std=return_std)

    def novelty(self, archs: Sequence[str]) -> NDArray[np.float64]:
        """Novelty of n architectures, of shape (n,)."""
        return novelty_of(self.surrogate, archs)

    def unfamiliar(self, arch: str) -> str:
        """What is unlike all training rows about an architecture."""
        return unfamiliar_in(self.surrogate, arch)

    def __getstate__(self) -> dict[str, Any]:
        return {"directory": self.directory}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]


class CachedSurrogate:
    """Wraps a predictor with a bounded cache of classes (`prediction_keys`); the oldest entries are evicted first.

    After `SINGLE_QUESTIONS` new architectures, asked one by one, all published ones are predicted at once and cached,
    if the cache holds them and this takes no longer than about a hundred further questions (two small batches are timed
    to tell; if they were slow, again after four times as many questions). The values are those of single questions up
    to rounding: the same bits for trees, a relative 1e-12 for Gaussian processes, whose sums depend on the size of a
    batch.

    Thread-safe (one thread predicts at a time); picklable (without the cache).

    Args:
        predictor: Predictor of architectures that are not cached.
        size: Maximum number of cached classes of architectures.

    Example:
        >>> from surrogates import load_pretrained
        >>> cached = CachedSurrogate(load_pretrained("transnas101-macro"), size=2)
        >>> mean, std = cached.predict(["64-2311-basic", "64-1234-basic", "64-2311-basic"], return_std=True)
        >>> mean.shape, len(cached)
        ((3, 7), 2)
    """

    def __init__(self, predictor: Predictor, size: int) -> None:
        if size < 1:
            raise ValueError(f"expected a cache size of at least 1, got {size}")
        self.predictor = predictor
        self.size = size
        self._rows: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
        self._novelties: dict[str, float] = {}
        self._singles, self._due, self._fastest = 0, SINGLE_QUESTIONS, math.inf  # questions; seconds of the fastest
        self._lock = ForkSafeLock()

    @property
    def space_(self) -> str:
        """Name of the space."""
        return self.predictor.space_

    @property
    def tasks_(self) -> tuple[str, ...]:
        """Names of the T tasks."""
        return self.predictor.tasks_

    @property
    def equivalence_(self) -> Equivalence:
        """Whether predictions are those of a function or of a string."""
        return about(self.predictor).equivalence

    @property
    def minimize_(self) -> tuple[str, ...]:
        """The user's own tasks that are better when lower; no such attribute if the predictor has none."""
        lowered = about(self.predictor).minimize
        if lowered is None:
            raise AttributeError(f"{type(self.predictor).__name__} does not say which tasks are better when lower")
        return lowered

    @property
    def trainings_(self) -> Mapping[str, Any]:
        """How the trainings of a task differ from the published ones, as far as known."""
        return about(self.predictor).trainings

    def predict(
        self, archs: Sequence[str], return_std: Literal[True]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and std of n architectures, each of shape (n, T), in the metrics' own units.

        Raises:
            ArchitectureError: If a string is not an architecture of the space.
        """
        keys = prediction_keys(self.predictor, archs)
        distinct = dict.fromkeys(keys)
        with self._lock:
            known = {arch: self._rows[arch] for arch in distinct if arch in self._rows}
            new = [arch for arch in distinct if arch not in known]
            if new:
                begun = time.perf_counter()
                self._predict(new)
                known |= {arch: self._rows[arch] for arch in new}
                if len(new) == 1:
                    self._singles += 1
                    self._fastest = min(self._fastest, time.perf_counter() - begun)
                    if self._singles == self._due:
                        self._due *= 4
                        self._fill()
                self._evict(self._rows)
        found = np.array([known[key] for key in keys]).reshape(len(archs), 2, len(self.tasks_))
        return found[:, 0], found[:, 1]

    def novelty(self, archs: Sequence[str]) -> NDArray[np.float64]:
        """Novelty of n architectures, of shape (n,); cached as predictions are, when it was asked for.

        Raises:
            ArchitectureError: If a string is not an architecture of the space.
        """
        keys = prediction_keys(self.predictor, archs)
        with self._lock:
            known = {key: self._novelties[key] for key in keys if key in self._novelties}
            if new := [key for key in dict.fromkeys(keys) if key not in known]:
                found = dict(zip(new, novelty_of(self.predictor, new).tolist(), strict=True))
                known |= found
                self._novelties |= found
                self._evict(self._novelties)
        return np.array([known[key] for key in keys], dtype=np.float64)

    def unfamiliar(self, arch: str) -> str:
        """What is unlike all training rows about an architecture."""
        with self._lock:
            return unfamiliar_in(self.predictor, arch)

    def __len__(self) -> int:
        return len(self._rows)

    def _evict(self, cache: dict[str, Any]) -> None:
        """Drop the oldest entries of a cache beyond its size."""
        for oldest in list(cache)[: max(len(cache) - self.size, 0)]:
            del cache[oldest]

    def _fill(self) -> None:
        """Cache all published architectures, if that is cheap by the time of a single question."""
        space = get_space(self.space_)
        if len(space) > self.size:
            return
        left = [arch for arch in dict.fromkeys(prediction_keys(self.predictor, space.archs)) if arch not in self._rows]
        for n, limit in _TRIALS:
            if len(left) < n:
                break
            begun = time.perf_counter()
            self._predict(left[:n])
            another = (time.perf_counter() - begun - self._fastest) / (n - 1)
            left = left[n:]
            if another * len(left) > max(_CHEAP_SECONDS, limit * self._fastest):
                return
        if left:
            self._predict(left)

    def _predict(self, archs: list[str]) -> None:
        for arch, mean, std in zip(archs, *predict_matrix(self.predictor, archs), strict=True):
            self._rows[arch] = (mean, std)

    def __getstate__(self) -> dict[str, Any]:
        return {"predictor": self.predictor, "size": self.size}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]


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

    def unfamiliar(self, arch: str) -> str:
        """What is unlike all training rows about an architecture."""
        return "" if self.beyond is None else unfamiliar_in(self.beyond, arch)

    def _rows(self, archs: Sequence[str]) -> NDArray[np.int64]:
        """Row of each of n architectures, -1 outside the published set, of shape (n,)."""
        space = get_space(self.space_) if self._own is None else same_space(self._own)
        return np.array([self.classes[space.index(arch)] if arch in space else -1 for arch in archs], dtype=np.int64)

    def __setstate__(self, state: dict[str, Any]) -> None:
        own = state.get("_own")
        self.__dict__.update(state, _own=None if own is None else register_again(own))

    def save(self, directory: str | Path) -> Path:
        """Write the arrays as float32 (relative rounding error 6e-8), without the predictor.

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
        arrays = {
            "classes": self.classes.astype(np.int32),
            "mean": self.mean.astype(np.float32),
            "std": self.std.astype(np.float32),
        }
        arrays |= {} if np.isnan(self.novelties).all() else {"novelty": self.novelties.astype(np.float32)}
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
