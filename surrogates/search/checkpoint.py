"""The history of a running search, stored in a folder so that the search can be resumed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import ArtefactError
from benchmarks.run_directory import RunDirectory
from surrogates.search.history import History, SearchError
from surrogates.search.limits import SearchLimits
from surrogates.search.objective import Objective

__all__ = ["FILE", "SearchCheckpoint"]

FILE = "history.json"
_CODE = "code"
_LIMIT = "max_seconds"  # stored with a search, not compared: a search may be resumed with other limits
_SAVE_EVERY = 2.0  # seconds


class SearchCheckpoint:
    """The queries of a search so far, and the file that stores them.

    Args:
        objective: The objective that is searched.
        search: Description of the search (`describe_search`); a folder that holds another search is refused.
        limits: When the search ends.
        folder: Folder of the stored history, None to store nothing; a search found there is resumed.

    Attributes:
        archs: The m architectures queried so far, including those of an earlier run.
        values: The T values of each, of shape (T,), in the metrics' own units.
        asked: Those of these architectures that the searcher of this run has asked for.
        ended: Whether the next query would be beyond the limits.

    Raises:
        ArtefactError: If the folder holds another search, or is damaged.
        SearchError: If not even the first of its queries is within the limits.
    """

    def __init__(
        self, objective: Objective, search: dict[str, Any], limits: SearchLimits, folder: str | Path | None
    ) -> None:
        self.objective, self.search, self.limits = objective, search, limits
        self.directory = None if folder is None else RunDirectory(folder, "search", FILE)
        self.archs: list[str] = []
        self.values: list[NDArray[np.float64]] = []
        self.asked: set[str] = set()
        self.ended = False
        self._spent, self._length = 0.0, 0  # seconds of the queries in `asked`; queries of the ended search
        self._saved, self._saved_at = 0, time.monotonic()
        self.signs = self._history(0).signs
        if self.directory is not None:
            self.directory.make()
            self._resume(self.directory)

    @property
    def replayed(self) -> int:
        """Number of the queries that the searcher of this run has made."""
        return len(self.asked)

    def take(self, batch: list[str]) -> int:
        """Take the next queries of the searcher, as many as the limits allow.

        Args:
            batch: Architectures that were not asked for before.

        Returns:
            Number of all queries up to the last one taken; those of an earlier run have values already.

        Raises:
            ArtefactError: If the searcher does not repeat the stored queries.
            SearchError: If not even the first query is within the limits.
        """
        start = self.replayed
        for step, (before, now) in enumerate(zip(self.archs[start:], batch, strict=False), start + 1):
            if before != now:
                raise ArtefactError(
                    f"{self._where()} holds a search that asked for {before!r} as query {step}, where this searcher "
                    f"asks for {now!r}: another version made it; choose another folder"
                )
        seconds = self._seconds(batch)
        stop = start + self.limits.count(seconds, start, self._spent)
        if not stop:
            raise self._too_long(batch[0], seconds[0])
        self.asked.update(batch[: stop - start])
        self._spent += float(seconds[: stop - start].sum())
        if stop < start + len(batch) or stop == self.limits.budget:
            self.ended, self._length = True, stop
        return stop

    def add(self, archs: list[str], values: NDArray[np.float64]) -> None:
        """Append n queries and their values, of shape (n, T)."""
        self.archs += archs
        self.values += list(values)

    def found(self) -> History:
        """The queries of the ended search; the folder may hold more, of an earlier run with other limits."""
        return self._history(self._length)

    def share(self) -> float:
        """How much of the limits is used, from 0 to 1, for a progress bar."""
        if self.limits.max_seconds is None:
            return self.replayed / self.limits.budget
        return max(self.replayed / self.limits.budget, self._spent / self.limits.max_seconds, float(self.ended))

    def failed(self, what: str, place: str = "") -> SearchError:
        """The error that ends the search, with its place in the user's code; its `history` holds the queries so far."""
        kept = "the error's history" if self.directory is None else f"the error's history and in {self._where()}"
        most = "" if self.limits.max_seconds is not None else f" of {self.limits.budget:,}"
        where = f" ({place})" if place else ""
        count = len(self.archs)
        before = "the query before is" if count == 1 else f"the {count:,} queries before are"
        return SearchError(f"{what}, at query {count + 1:,}{most}; {before} in {kept}{where}", self._history(count))

    def _too_long(self, arch: str, seconds: float) -> SearchError:
        """The error of a search whose first query is beyond the limits."""
        return self.failed(f"training {arch!r} takes {seconds:,.1f} s, more than max_seconds={self.limits.max_seconds}")

    def save_if_due(self) -> None:
        """Save if the last save is more than two seconds ago."""
        if time.monotonic() - self._saved_at > _SAVE_EVERY:
            self.save()

    def save(self) -> None:
        """Write the file if there are new queries."""
        if self.directory is not None:
            path = self.directory.file(FILE)
            if len(self.archs) > self._saved or not path.exists():
                self._history(len(self.archs)).save(path)
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
        directory.check(_about(self._history(0)), found=_about(found))
        if self.objective.remembers:
            self._check_answers(found)
        seconds = self._seconds(found.archs)
        self._length = self.limits.count(seconds)
        if found.archs and not self._length:
            raise self._too_long(found.archs[0], seconds[0])
        self.add(found.archs, found.values)
        self._saved = len(self.archs)
        self.ended = self._length == self.limits.budget or self._length < len(self.archs)

    def _history(self, n: int) -> History:
        """The first n queries."""
        archs, objective = self.archs[:n], self.objective
        values = np.array(self.values[:n], dtype=np.float64).reshape(len(archs), len(objective.tasks))
        search = {**self.search, _LIMIT: self.limits.max_seconds}
        seconds = objective.seconds(archs)
        return History(objective.space.name, objective.tasks, archs, values, seconds, search, objective.minimize)

    def _seconds(self, archs: list[str]) -> NDArray[np.float64]:
        """Simulated seconds of n queries, of shape (n,); zeros if they do not matter."""
        return np.zeros(len(archs)) if self.limits.max_seconds is None else self.objective.seconds(archs)

    def _where(self) -> str:
        """The folder, quoted for messages."""
        assert self.directory is not None
        return repr(str(self.directory.path))


def _about(history: History) -> dict[str, Any]:
    """What must be the same when a search is resumed."""
    lowered = {"minimize": list(history.minimize)} if history.minimize else {}
    search = {name: value for name, value in history.search.items() if name not in (_LIMIT, _CODE)}
    code = {_CODE: history.search.get(_CODE)}  # none, if all of it is this package's
    return {"space": history.space, "tasks": list(history.tasks), **lowered, **search, **code}
