"""The history of a running search, and the folder that keeps it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import ArtefactError
from surrogates.search.errors import SearchError
from surrogates.search.history import History
from surrogates.search.objective import Objective

__all__ = ["FILE", "SearchCheckpoint"]

FILE = "history.json"
_SAVE_EVERY = 2.0  # seconds


class SearchCheckpoint:
    """What was asked and answered so far, and the file it is kept in.

    Args:
        source: What is asked.
        search: What is run; a folder that holds another search is refused.
        folder: Where the history is kept, if anywhere; what is there is taken up.

    Attributes:
        archs: The m architectures asked so far, those an earlier run asked included.
        values: What came back for each, of shape (T,), in the metrics' own units.
        replayed: How many of them the searcher of this run has asked for.

    Raises:
        ArtefactError: If the folder holds another search, or is damaged.
    """

    def __init__(self, source: Objective, search: dict[str, Any], folder: Path | None) -> None:
        self.source, self.search, self.folder = source, search, folder
        self.archs: list[str] = []
        self.values: list[NDArray[np.float64]] = []
        self.replayed = 0
        self._saved, self._saved_at = 0, time.monotonic()
        self.signs = self.history(0).signs
        if folder is not None:
            if folder.exists() and not folder.is_dir():
                raise ArtefactError(f"expected a folder or nothing at {self.where}, got a file")
            folder.mkdir(parents=True, exist_ok=True)
            self._take_up(folder / FILE)

    @property
    def where(self) -> str:
        """The folder, as it reads in a message."""
        return repr(str(self.folder))

    def check(self, start: int, batch: list[str]) -> None:
        """Whether a searcher asks, from query `start` on, for what was asked before.

        Raises:
            ArtefactError: If not.
        """
        for step, (before, now) in enumerate(zip(self.archs[start:], batch, strict=False), start + 1):
            if before != now:
                raise ArtefactError(
                    f"{self.where} holds a search that asked for {before!r} as query {step}, where this searcher asks "
                    f"for {now!r}: another version made it; choose another folder"
                )

    def add(self, archs: list[str], values: NDArray[np.float64]) -> None:
        """Keep n answers; `values` is of shape (n, T)."""
        self.archs += archs
        self.values += list(values)

    def history(self, budget: int | None = None) -> History:
        """The first `budget` queries, all by default."""
        archs = self.archs[:budget]
        values = np.array(self.values[:budget], dtype=np.float64).reshape(len(archs), len(self.source.tasks))
        return History(
            self.source.space.name, self.source.tasks, archs, values, self.source.seconds(archs), self.search
        )

    def failed(self, what: str, budget: int) -> SearchError:
        """The error that ends the search; it carries the history."""
        kept = "its history" if self.folder is None else f"its history and in {self.where}"
        return SearchError(
            f"{what}, at query {len(self.archs) + 1} of {budget}; the {len(self.archs)} before are in {kept}",
            self.history(),
        )

    def save_if_due(self) -> None:
        """Save if the last time is two seconds ago: often enough for slow oracles, seldom enough for fast ones."""
        if time.monotonic() - self._saved_at > _SAVE_EVERY:
            self.save()

    def save(self) -> None:
        """Write the file if there is something new."""
        if self.folder is not None and (len(self.archs) > self._saved or not (self.folder / FILE).exists()):
            self.history().save(self.folder / FILE)
            self._saved = len(self.archs)
        self._saved_at = time.monotonic()

    def _check_answers(self, found: History) -> None:
        """Whether the oracle still says what the folder holds: answers of two oracles are no history."""
        rows = [self.source.space.index(arch) for arch in found.archs]
        same = self.source.known[rows]
        if same.all() and rows:
            same = np.all(np.isclose(self.source.measure(list(found.archs)), found.values, rtol=1e-6), axis=1)
        if not same.all():
            arch = found.archs[int(same.argmin())]
            raise ArtefactError(
                f"{self.where} holds a search of another oracle, which answered otherwise for {arch!r}; choose another "
                "folder"
            )

    def _take_up(self, path: Path) -> None:
        """Read what an earlier run left, if it is the same search."""
        if not path.exists():
            return
        found = History.load(path)
        mine = {"space": self.source.space.name, "tasks": list(self.source.tasks), **self.search}
        theirs = {"space": found.space, "tasks": list(found.tasks), **found.search}
        for key in mine:
            if theirs.get(key) != mine[key]:
                raise ArtefactError(
                    f"{self.where} holds another search: {key} was {theirs.get(key)!r} and is now {mine[key]!r}; "
                    "choose another folder, or delete that one to start again"
                )
        if self.source.remembers:
            self._check_answers(found)
        self.add(found.archs, found.values)
        self._saved = len(self.archs)
