"""Estimates of every architecture by trained supernets: a predictor that needs no labels."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, overload

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from benchmarks.errors import ArtefactError, SpaceError, choice
from benchmarks.files import write_beside
from benchmarks.optional import needs_extra
from benchmarks.spaces.registry import get_space
from benchmarks.tasks import metric_column
from benchmarks.training.supernet.folder import SupernetFolder
from benchmarks.training.supernet.layouts import Layout, layout_of
from encoders.base import as_strings

if TYPE_CHECKING:
    from benchmarks.training.data.images import ImageSource
    from benchmarks.training.supernet.scores import PathScorer

__all__ = ["SupernetEstimates"]

Statistics = Literal["batch", "recalibrated"]
Metric = Literal["loss", "primary"]
Sources = Callable[[Any], "Mapping[str, ImageSource]"]

_STORED_EVERY = 50  # architectures


class SupernetEstimates(BaseEstimator):  # type: ignore[misc]
    """Validation metrics of architectures with the weights of trained supernets; no labels, no training.

    It is a predictor: the oracle and searches take it as it is. Estimates are those of a network that shares its
    weights: they rank architectures, and are worse than the values of networks trained alone. Several supernets of a
    task, trained with different seeds, are averaged. Estimates are stored in the folders of the supernets, so each
    architecture is scored once.

    Args:
        folders: Folders of `train_supernet`, of one space; those of one task are averaged.
        metric: ``"loss"``, which ranks better, or the ``"primary"`` metric of the task.
        statistics: As in `PathScorer`: of each ``"batch"``, or ``"recalibrated"`` for each architecture.
        sources: Function from a recipe to the images by split that the supernets were trained on; Rooms by default.
            With a function of your own, estimates cannot be stored with a surrogate.
        progress: Called after each scored architecture with the number of those done and of all.

    Attributes:
        space_: Name of the space.
        tasks_: Names of the T tasks, in the order of the folders, e.g. ``"jigsaw/valid_loss"``, or ``"jigsaw"`` for the
            primary metric.

    Raises:
        ArtefactError: If a folder holds no finished supernet.
        SpaceError: If the supernets are of different spaces.
        ValueError: If there is no folder.

    Example:
        >>> SupernetEstimates(["/no/such/folder"]).tasks_
        Traceback (most recent call last):
        ...
        benchmarks.errors.ArtefactError: expected a folder of `train_supernet`, got '/no/such/folder' without ...
    """

    def __init__(
        self,
        folders: Sequence[str | Path],
        *,
        metric: Metric = "loss",
        statistics: Statistics = "batch",
        sources: Sources | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.folders = folders
        self.metric = metric
        self.statistics = statistics
        self.sources = sources
        self.progress = progress

    @property
    def space_(self) -> str:
        """Name of the space."""
        return self._layout().space.name

    @property
    def tasks_(self) -> tuple[str, ...]:
        """Names of the T tasks."""
        return tuple(self._by_task())

    @overload
    def predict(self, archs: Sequence[str], return_std: Literal[False] = False) -> NDArray[np.float64]: ...
    @overload
    def predict(
        self, archs: Sequence[str], return_std: Literal[True]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...

    def predict(
        self, archs: Sequence[str], return_std: bool = False
    ) -> NDArray[np.float64] | tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Estimates of n architectures, each of shape (n, T), in the metrics' own units.

        The std is that over validation batches and, with several supernets of a task, over supernets. It says how well
        the estimate is known, not how far a network trained alone is from it. A dead cell is estimated as the best
        answer that is the same for all images.

        Raises:
            ArchitectureError: If an architecture is of another space, or of a skeleton or width that the supernets were
                not trained for; names the nearest one of theirs.
            MissingExtraError: If architectures must be scored and the extra ``[training]`` is not installed.
        """
        strings = as_strings(archs)
        paths = _paths(self._layout(), strings)
        distinct = list(dict.fromkeys(paths))
        row = {path: index for index, path in enumerate(distinct)}
        tasks = self._by_task()
        mean, std = np.zeros((2, len(distinct), len(tasks)))
        for column, folders in enumerate(tasks.values()):
            found = np.array([self._estimated(folder, distinct) for folder in folders]).reshape(len(folders), -1, 2)
            mean[:, column] = found[:, :, 0].mean(axis=0)
            between = found[:, :, 0].var(axis=0, ddof=1) if len(folders) > 1 else 0.0
            std[:, column] = np.sqrt((found[:, :, 1] ** 2).mean(axis=0) + between)
        rows = [row[path] for path in paths]
        return (mean[rows], std[rows]) if return_std else mean[rows]

    def fingerprints(self) -> list[str]:
        """SHA-256 of the weights of each supernet, in the order of the folders."""
        return [SupernetFolder(folder).fingerprint() for folder in self.folders]

    def params_to_store(self) -> dict[str, Any]:
        """Constructor parameters to store with a surrogate: without the progress, and paths as strings."""
        params: dict[str, Any] = self.get_params(deep=False)
        return {**params, "folders": [str(folder) for folder in self.folders], "progress": None}

    def _by_task(self) -> dict[str, list[SupernetFolder]]:
        """Name of a task and its metric -> its supernets."""
        choice(self.metric, get_args(Metric), "metric")
        found: dict[str, list[SupernetFolder]] = {}
        for folder in self._supernets():
            task = folder.about()["recipe"]["task"]
            name = task if self.metric == "primary" else f"{task}/{_column(task, 'loss')}"
            found.setdefault(name, []).append(folder)
        return found

    def _layout(self) -> Layout:
        spaces = {folder.about()["space"]: folder.path for folder in self._supernets()}
        if len(spaces) > 1:
            said = " and ".join(f"{name} ({str(path)!r})" for name, path in list(spaces.items())[:2])
            raise SpaceError(f"expected supernets of one space, got {said}")
        return layout_of(get_space(next(iter(spaces))))

    def _supernets(self) -> list[SupernetFolder]:
        if isinstance(self.folders, str) or not len(self.folders):
            raise ValueError(f"expected a list of at least one folder of a supernet, got {self.folders!r}")
        return [SupernetFolder(folder) for folder in self.folders]

    def _estimated(self, folder: SupernetFolder, paths: list[str]) -> list[tuple[float, float]]:
        """Value and standard error of each path, from what is stored, else measured and stored."""
        name = _column(folder.about()["recipe"]["task"], self.metric).partition("_")[2]
        stored = _Stored(folder, self.statistics)
        missing = [path for path in paths if path not in stored.known]
        scorer = self._scorer(folder) if missing else None
        for done, path in enumerate(missing, start=1):
            assert scorer is not None
            stored.known[path] = {metric: list(pair) for metric, pair in scorer.with_errors(path).items()}
            if done % _STORED_EVERY == 0 or done == len(missing):
                stored.write()
            if self.progress is not None:
                self.progress(done, len(missing))
        return [(stored.known[path][name][0], stored.known[path][name][1]) for path in paths]

    def _scorer(self, folder: SupernetFolder) -> PathScorer:
        with needs_extra("Scores of a supernet", "training", "torch", "lightning", "pillow"):
            from benchmarks.training.supernet.scores import PathScorer
            from benchmarks.training.supernet.train import load_supernet, rooms_of
        supernet = load_supernet(folder.path)
        return PathScorer(supernet, (self.sources or rooms_of)(supernet.recipe), self.statistics)


class _Stored:
    """Estimates that are kept in the folder of a supernet."""

    def __init__(self, folder: SupernetFolder, statistics: str) -> None:
        choice(statistics, get_args(Statistics), "statistics")
        self._path = folder.path / f"estimates-{statistics}.json"
        self._weights = folder.fingerprint()
        self.known: dict[str, dict[str, list[float]]] = {}
        if self._path.exists():
            try:
                found = json.loads(self._path.read_bytes())
                if found["weights"] == self._weights:
                    self.known = dict(found["estimates"])
            except (ValueError, KeyError, TypeError) as error:
                raise ArtefactError(f"{str(self._path)!r} is damaged ({error}); delete it") from error

    def write(self) -> None:
        with write_beside(self._path) as beside:
            beside.write_text(json.dumps({"weights": self._weights, "estimates": self.known}) + "\n", encoding="utf-8")


def _paths(layout: Layout, archs: Sequence[str]) -> list[str]:
    """Simplest forms, also of dead cells."""
    for arch in archs:
        layout.check(arch)
    return layout.space.simplify(archs)


def _column(task: str, metric: str) -> str:
    """Column of a task's loss or primary metric, e.g. ``"valid_top1"``."""
    if metric == "primary":
        return metric_column(task)
    return "valid_l1_loss" if task in ("normal", "autoencoder") else "valid_loss"
