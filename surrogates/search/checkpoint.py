"""The history of a running search, stored in a folder so that the search can be resumed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import ArtefactError
from benchmarks.files import RunDirectory
from surrogates.search.history import History, SearchError
from surrogates.search.objective import Objective

__all__ = ["FILE", "SearchCheckpoint"]

FILE = "history.json"
_SAVE_EVERY = 2.0  # seconds


class SearchCheckpoint:
    """The queries of a search so far, and the file that stores them.

    Args:
        objective: The objective that is searched.
        search: Description of the search (`describe_search`); a folder that holds another search is refused.
        folder: Folder of the stored history, None to store nothing; a search found there is resumed.

    Attributes:
        archs: The m architectures queried so far, including those of an earlier run.
        values: The T values of each, of shape (T,), in the metrics' own units.
        replayed: Number of these queries that the searcher of this run has made.

    Raises:
        ArtefactError: If the folder holds another search, or is damaged.
    """

    def __init__(self, objective: Objective, search: dict[str, Any], folder: str | Path | None) -> None:
        self.objective, self.search = objective, search
        self.directory = None if folder is None else RunDirectory(folder, "search", FILE)
        self.archs: list[str] = []
        self.values: list[NDArray[np.float64]] = []
        self.replayed = 0
        self._saved, self._saved_at = 0, time.monotonic()
        self.signs = self.history(0).signs
        if self.directory is not None:
            self.directory.make()
            self._resume(self.directory)

    def check(self, start: int, batch: list[str]) -> None:
        """Check that a searcher repeats the stored queries, from query `start` on.

        Raises:
            ArtefactError: If it does not.
        """
        for step, (before, now) in enumerate(zip(self.archs[start:], batch, strict=False), start + 1):
            if before != now:
                raise ArtefactError(
                    f"{self._where()} holds a search that asked for {before!r} as query {step}, where this searcher "
                    f"asks for {now!r}: another version made it; choose another folder"
                )

    def add(self, archs: list[str], values: NDArray[np.float64]) -> None:
        """Append n queries and their values, of shape (n, T)."""
        self.archs += archs
        self.values += list(values)

    def history(self, budget: int | None = None) -> History:
        """The first `budget` queries as a `History`, all by default."""
        archs = self.archs[:budget]
        values = np.array(self.values[:budget], dtype=np.float64).reshape(len(archs), len(self.objective.tasks))
        objective = self.objective
        seconds = objective.seconds(archs)
        return History(objective.space.name, objective.tasks, archs, values, seconds, self.search, objective.minimize)

    def failed(self, what: str, budget: int) -> SearchError:
        """The error that ends the search; its `history` holds the queries so far."""
        kept = "the error's history" if self.directory is None else f"the error's history and in {self._where()}"
        return SearchError(
            f"{what}, at query {len(self.archs) + 1} of {budget}; the {len(self.archs)} queries before are in {kept}",
            self.history(),
        )

    def save_if_due(self) -> None:
        """Save if the last save is more than two seconds ago."""
        if time.monotonic() - self._saved_at > _SAVE_EVERY:
            self.save()

    def save(self) -> None:
        """Write the file if there are new queries."""
        if self.directory is not None:
            path = self.directory.file(FILE)
            if len(self.archs) > self._saved or not path.exists():
                self.history().save(path)
                self._saved = len(self.archs)
        self._saved_at = time.monotonic()

    def _check_answers(self, found: History) -> None:
        """Check that the oracle still returns the stored values; a history must come from one oracle."""
        rows = [self.objective.space.index(arch) for arch in found.archs]
        same = self.objective.known[rows]
        if same.all() and rows:
            same = np.all(np.isclose(self.objective.measure(list(found.archs)), found.values, rtol=1e-6), axis=1)
        if not same.all():
            arch = found.archs[int(same.argmin())]
            raise ArtefactError(
                f"{self._where()} holds a search of another oracle, which returned other values for {arch!r}; choose "
                "another folder"
            )

    def _resume(self, directory: RunDirectory) -> None:
        """Read the history of an earlier run, if there is one, and check that it is the same search."""
        path = directory.file(FILE)
        if not path.exists():
            return
        found = History.load(path)
        mine = _about(self.history(0))
        directory.check(mine, found=_about(found))
        if self.objective.remembers:
            self._check_answers(found)
        self.add(found.archs, found.values)
        self._saved = len(self.archs)

    def _where(self) -> str:
        """The folder, quoted for messages."""
        assert self.directory is not None
        return repr(str(self.directory.path))


def _about(history: History) -> dict[str, Any]:
    """What must be the same when a search is resumed."""
    lowered = {"minimize": list(history.minimize)} if history.minimize else {}
    return {"space": history.space, "tasks": list(history.tasks), **lowered, **history.search}
