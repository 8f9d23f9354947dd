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
from benchmarks.forks import one_thread_if_forked
from benchmarks.optional import needs_extra
from benchmarks.run_directory import differences
from benchmarks.spaces.registry import get_space
from benchmarks.tasks import metric_column
from benchmarks.training.recipe import CONTRAST, VERSION
from benchmarks.training.supernet.folder import SupernetFolder
from benchmarks.training.supernet.layouts import Layout, layout_of
from benchmarks.training.supernet.names import Statistics, loss_name
from benchmarks.training.weight_sharing.folder import ROOMS
from encoders.base import as_strings

if TYPE_CHECKING:
    from benchmarks.training.data.images import ImageSource
    from benchmarks.training.supernet.scores import PathScorer

__all__ = ["SupernetEstimates"]

Metric = Literal["loss", "primary"]
Sources = Callable[[Any], "Mapping[str, ImageSource]"]

_STORED_EVERY = 50  # architectures
_CONSTANT = "constant"  # stored beside architectures: the best answer that is the same for all images


class SupernetEstimates(BaseEstimator):  # type: ignore[misc]
    """Validation metrics of architectures with the weights of trained supernets; no labels, no training.

    A supernet of the pretext task ``"contrast"`` gives estimates without any label (``"contrast/valid_loss"``: how well
    two views of an image are told from those of other images), `train_probe` makes supernets of the seven tasks of it.

    It is a predictor: the oracle and searches take it as it is. Estimates are those of a network that shares its
    weights: they rank architectures, and are worse than the values of networks trained alone. Several supernets of a
    task, trained with different seeds, are averaged. Estimates are stored in the folders of the supernets, so each
    architecture is scored once.

    Args:
        folders: Folders of `train_supernet`, of one space; those of one task are averaged, and differ only in seed.
        metric: ``"loss"``, which ranks better, or the ``"primary"`` metric of the task.
        statistics: As in `PathScorer`: of each ``"batch"``, or ``"recalibrated"`` for each architecture.
        sources: Function from a recipe to the images by split that the supernets were trained on; Rooms by default,
            which is refused for supernets of other images. With a function of your own, estimates cannot be stored
            with a surrogate, and those of other images are kept apart.
        progress: Called after each scored architecture with the number of those done and of all.

    Attributes:
        space_: Name of the space.
        tasks_: Names of the T tasks, in the order of the folders, e.g. ``"jigsaw/valid_loss"``, or ``"jigsaw"`` for the
            primary metric.

    Raises:
        ArtefactError: If a folder holds no finished supernet.
        SpaceError: If the supernets are of different spaces.
        ValueError: If there is no folder, one is given twice, or supernets of a task differ in more than their seed.

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

    def constant(self) -> NDArray[np.float64]:
        """Estimates of the best answer that is the same for all images, of shape (T,): what a network should beat."""
        return np.asarray(self._means_and_errors([_CONSTANT])[0][0], dtype=np.float64)

    @overload
    def predict(self, archs: Sequence[str], return_std: Literal[False] = False) -> NDArray[np.float64]: ...
    @overload
    def predict(
        self, archs: Sequence[str], return_std: Literal[True]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...

    @one_thread_if_forked()
    def predict(
        self, archs: Sequence[str], return_std: bool = False
    ) -> NDArray[np.float64] | tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Estimates of n architectures, each of shape (n, T), in the metrics' own units.

        The std is the standard error of the estimate: over validation batches, or over images if there is a single
        batch, and, with several supernets of a task, of the mean over supernets. It says how well the estimate is
        known, not how far a network trained alone is from it. A dead cell is estimated as the best answer that is the
        same for all images.

        Raises:
            ArchitectureError: If an architecture is of another space, or of a skeleton or width that the supernets were
                not trained for; names the nearest one of theirs.
            MissingExtraError: If architectures must be scored and the extra ``[training]`` is not installed.
            ValueError: If supernets were trained on images of their own, and `sources` are not given.
        """
        strings = as_strings(archs)
        paths = _paths(self._layout(), strings)
        distinct = list(dict.fromkeys(paths))
        row = {path: index for index, path in enumerate(distinct)}
        mean, std = self._means_and_errors(distinct)
        rows = [row[path] for path in paths]
        return (mean[rows], std[rows]) if return_std else mean[rows]

    def _means_and_errors(self, paths: list[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Means over the supernets of each task and their standard errors, each of shape (m, T)."""
        tasks = self._by_task()
        mean, std = np.zeros((2, len(paths), len(tasks)))
        for column, folders in enumerate(tasks.values()):
            n = len(folders)
            found = np.array([self._estimated(folder, paths) for folder in folders]).reshape(n, -1, 2)
            mean[:, column] = found[:, :, 0].mean(axis=0)
            between = found[:, :, 0].var(axis=0, ddof=1) if n > 1 else 0.0
            std[:, column] = np.sqrt((between + (found[:, :, 1] ** 2).mean(axis=0)) / n)
        return mean, std

    def fingerprints(self) -> list[str]:
        """SHA-256 of the weights of each supernet, in the order of the folders."""
        return [SupernetFolder(folder).fingerprint() for folder in self.folders]

    def params_to_store(self) -> dict[str, Any]:
        """Constructor parameters to store with a surrogate: without the progress, and absolute paths as strings."""
        params: dict[str, Any] = self.get_params(deep=False)
        return {**params, "folders": [str(Path(folder).resolve()) for folder in self.folders], "progress": None}

    def _by_task(self) -> dict[str, list[SupernetFolder]]:
        """Name of a task and its metric -> its supernets."""
        choice(self.metric, get_args(Metric), "metric")
        found: dict[str, list[SupernetFolder]] = {}
        for folder in self._supernets():
            task = folder.about()["recipe"]["task"]
            plain = self.metric == "primary" and task != CONTRAST
            name = task if plain else f"{task}/{_column(task, self.metric)}"
            found.setdefault(name, []).append(folder)
        for folders in found.values():
            if len(folders) > 1:
                _check_seeds(folders)
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
        found = {str(folder.path): folder for folder in map(SupernetFolder, self.folders)}
        if len(found) < len(self.folders):
            raise ValueError(f"expected folders of different supernets, got {self.folders!r}, one of them twice")
        return list(found.values())

    def _estimated(self, folder: SupernetFolder, paths: list[str]) -> list[tuple[float, float]]:
        """Value and standard error of each path, from what is stored, else measured and stored."""
        choice(self.statistics, get_args(Statistics), "statistics")
        about = folder.about()
        if self.sources is None and about["images"] != ROOMS:
            raise ValueError(
                f"expected `sources` for the supernet in {str(folder.path)!r}, which was not trained on Rooms, got None"
            )
        name = _column(about["recipe"]["task"], self.metric).partition("_")[2]
        scorer = None if self.sources is None else self._scorer(folder)
        stored = _Stored(folder, self.statistics, "" if scorer is None else scorer.fingerprint())
        if any(path not in stored.known for path in paths):
            scorer = scorer or self._scorer(folder)
            stored.keep_those_of(scorer.fingerprint())
            self._score(scorer, [path for path in paths if path not in stored.known], stored)
        return [(stored.known[path][name][0], stored.known[path][name][1]) for path in paths]

    def _score(self, scorer: PathScorer, paths: list[str], stored: _Stored) -> None:
        """Score paths and store them, also those before an interruption."""
        try:
            for done, path in enumerate(paths, start=1):
                if path == _CONSTANT:
                    stored.known[path] = {metric: [value, 0.0] for metric, value in scorer.constant().items()}
                else:
                    stored.known[path] = {metric: list(pair) for metric, pair in scorer.with_errors(path).items()}
                if done % _STORED_EVERY == 0:
                    stored.write()
                if self.progress is not None:
                    self.progress(done, len(paths))
        finally:
            stored.write()

    def _scorer(self, folder: SupernetFolder) -> PathScorer:
        """The scorer of a supernet, kept for the next question while its weights are the same."""
        with needs_extra("Scores of a supernet", "training", "torch", "lightning", "pillow"):
            from benchmarks.training.supernet.scores import PathScorer
            from benchmarks.training.supernet.train import load_supernet
            from benchmarks.training.weight_sharing.images import rooms_of
        kept: dict[str, tuple[object, PathScorer]] = self.__dict__.setdefault("_scorers", {})
        key = folder.fingerprint(), self.statistics, self.sources
        known, scorer = kept.get(str(folder.path), (None, None))
        if scorer is None or known != key:
            supernet = load_supernet(folder.path)
            scorer = PathScorer(supernet, (self.sources or rooms_of)(supernet.recipe), self.statistics)
            kept[str(folder.path)] = key, scorer
        return scorer

    def __getstate__(self) -> dict[str, Any]:
        """Without the scorers, which hold supernets and images."""
        state: dict[str, Any] = dict(super().__getstate__())
        state.pop("_scorers", None)
        return state


class _Stored:
    """Estimates that are kept in the folder of a supernet, of one way of batch norm and one set of images.

    Args:
        folder: The folder.
        statistics: As in `SupernetEstimates`.
        images: Fingerprint of the images; empty for Rooms, which the recipe determines, so that reading needs no torch.
    """

    def __init__(self, folder: SupernetFolder, statistics: str, images: str) -> None:
        own = f"-{images[:16]}" if images else ""
        self._path = folder.path / f"estimates-{statistics}{own}.json"
        self._key = {"weights": folder.fingerprint(), "version": VERSION}
        self._images = images
        self.known: dict[str, dict[str, list[float]]] = {}
        if found := self._read():
            self._images, self.known = found["images"], found["estimates"]

    def keep_those_of(self, images: str) -> None:
        """Forget estimates of other images than these."""
        if self._images != images:
            self._images, self.known = images, {}

    def write(self) -> None:
        """Write the estimates, with those that another process wrote meanwhile."""
        found = self._read()
        if found and found["images"] == self._images:
            self.known = {**found["estimates"], **self.known}
        with write_beside(self._path) as beside:
            content = {**self._key, "images": self._images, "estimates": self.known}
            beside.write_text(json.dumps(content) + "\n", encoding="utf-8")

    def _read(self) -> dict[str, Any] | None:
        """What is stored for these weights and this version of the code and, but for Rooms, these images."""
        if not self._path.exists():
            return None
        try:
            found: dict[str, Any] = json.loads(self._path.read_bytes())
            same = all(found[name] == value for name, value in self._key.items())
            found["images"], found["estimates"] = str(found["images"]), dict(found["estimates"])
        except (ValueError, KeyError, TypeError) as error:
            raise ArtefactError(f"{str(self._path)!r} is damaged ({error}); delete it") from error
        return found if same and self._images in ("", found["images"]) else None


def _check_seeds(folders: list[SupernetFolder]) -> None:
    """Check that supernets of a task differ in their seeds, and in nothing else."""
    first, *others = [
        {**_without_seed_of_backbone(folder.about()), "weights": folder.fingerprint()} for folder in folders
    ]
    for index, other in enumerate(others, start=1):
        pair = f"{str(folders[0].path)!r} and {str(folders[index].path)!r}"
        if any(other["weights"] == before["weights"] for before in (first, *others[: index - 1])):
            raise ValueError(f"expected different supernets, got the same weights twice in {pair}")
        of_seed = dict.fromkeys(("seed", "weights"))
        if changed := differences({**first, **of_seed}, {**other, **of_seed}):
            raise ValueError(
                f"expected supernets of a task that differ in their seed only, got {pair}: {'; '.join(changed[:3])}"
            )


def _without_seed_of_backbone(about: dict[str, Any]) -> dict[str, Any]:
    """The description of a supernet; if it is a probe, without seed and weights of the supernet below it."""
    if "backbone" in about:
        return {**about, "backbone": {**about["backbone"], **dict.fromkeys(("seed", "weights"))}}
    return about


def _paths(layout: Layout, archs: Sequence[str]) -> list[str]:
    """Simplest forms, also of dead cells."""
    for arch in archs:
        layout.check(arch)
    return layout.space.simplify(archs)


def _column(task: str, metric: str) -> str:
    """Column of a task's loss or primary metric, e.g. ``"valid_top1"``; that of the pretext task is its accuracy."""
    if metric == "loss":
        return f"valid_{loss_name(task)}"
    return "valid_top1" if task == CONTRAST else metric_column(task)
