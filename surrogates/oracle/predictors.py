"""Predictor interface of the oracle, and two wrappers: loaded lazily, and cached.

What a predictor says of itself beyond the interface (`About`) is read in one place, `about`, and every wrapper says the
same as what it wraps.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.forks import ForkSafeLock, without_forks
from benchmarks.spaces.registry import get_space
from surrogates.equivalence import Equivalence

__all__ = [
    "SINGLE_QUESTIONS",
    "About",
    "CachedSurrogate",
    "LazySurrogate",
    "Predictor",
    "about",
    "error_correlation_of",
    "novelty_of",
    "predict_matrix",
    "prediction_keys",
    "unfamiliar_in",
]

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


def error_correlation_of(predictor: Predictor, archs: Sequence[str]) -> NDArray[np.float64]:
    """Correlations of the errors of n predictions (`CalibratedSurrogate.error_correlation`), of shape (T, n, n).

    NaN beside the diagonal if the predictor does not know.
    """
    known = getattr(predictor, "error_correlation", None)
    if known is None:
        unknown = np.where(np.eye(len(archs), dtype=bool), 1.0, np.nan)
        return np.tile(unknown, (len(predictor.tasks_), 1, 1))
    return np.asarray(known(archs), dtype=np.float64)


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

    def error_correlation(self, archs: Sequence[str]) -> NDArray[np.float64]:
        """Correlations of the errors of n predictions, of shape (T, n, n)."""
        return error_correlation_of(self.surrogate, archs)

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

    def error_correlation(self, archs: Sequence[str]) -> NDArray[np.float64]:
        """Correlations of the errors of n predictions, of shape (T, n, n); not cached."""
        with self._lock:
            return error_correlation_of(self.predictor, archs)

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
