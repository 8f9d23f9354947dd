"""Run directories: a folder belongs to one run, which can be resumed in it; runs that differ are told how."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.errors import ArtefactError
from benchmarks.files import is_litter, write_beside

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["RunDirectory", "differences"]

_AT_MOST = 3  # differences listed in one message


class RunDirectory:
    """The folder of one run: the run can be resumed in it, and results of different runs are never mixed.

    A JSON file in the folder describes the run.

    Args:
        path: The folder.
        kind: Kind of run for messages, e.g. ``"study"``.
        file: Name of the file with the description; ``<kind>.json`` by default.
        remedy: Advice for messages about a folder that belongs to another run.

    Attributes:
        path: The folder.
        kind, remedy: As above.
        description: Path of the file with the description.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp()) / "mine"
        >>> RunDirectory(folder, "study").claim({"seed": 0}).about()
        {'seed': 0}
        >>> RunDirectory(folder, "study").claim({"seed": 1})
        Traceback (most recent call last):
        ...
        benchmarks.errors.ArtefactError: ... holds another study: seed was 0 and is now 1; choose another folder, or ...
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        kind: str,
        file: str | None = None,
        remedy: str = "choose another folder, or delete that one to start again",
    ) -> None:
        self.path, self.kind, self.remedy = Path(path), kind, remedy
        self.description = self.path / (file or f"{kind}.json")

    def __repr__(self) -> str:
        return f"RunDirectory({str(self.path)!r}, {self.kind!r})"

    def claim(
        self,
        about: Mapping[str, Any],
        results: Callable[[str], bool] = lambda name: True,
        say: Callable[[Any], str] = repr,
        beside: Mapping[str, Any] | None = None,
    ) -> Self:
        """Create the folder of a run, or check that an existing folder belongs to it.

        If several processes do so at the same time, one creates it and the others check.

        Args:
            about: Settings that must not change, as JSON values.
            results: Tells which file names must not exist in a folder without a description; all by default. Files of
                the operating system (`is_litter`) are allowed.
            say: Formats a value of `about` for a message.
            beside: Further entries of a new description, which may differ: those of the first process are kept.

        Returns:
            The directory itself.

        Raises:
            ArtefactError: If it belongs to another run, holds other results, or its description is damaged.
            OSError: If it cannot be written.
        """
        if not self.description.exists():
            self.make()
            foreign = sorted(entry.name for entry in self.path.iterdir() if self._is_foreign(entry.name))
            strange = next(filter(results, foreign), None)
            if strange and not self.description.exists():
                raise ArtefactError(
                    f"{str(self.path)!r} holds {strange!r} but no {self.description.name}; choose a new or empty folder"
                )
            self.describe({**about, **(beside or {})})
        self.check(about, say=say)
        return self

    def make(self) -> Path:
        """Create the folder if it does not exist, and return its path.

        Raises:
            ArtefactError: If there is a file of this name.
            OSError: If it cannot be created.
        """
        if self.path.exists() and not self.path.is_dir():
            raise ArtefactError(f"expected a folder or nothing at {str(self.path)!r}, got a file")
        self.path.mkdir(parents=True, exist_ok=True)
        return self.path

    def describe(self, about: Mapping[str, Any]) -> None:
        """Write the description unless there is one; the first of several processes wins.

        Args:
            about: JSON values.

        Raises:
            OSError: If it cannot be written, or the folder does not exist.
        """
        with write_beside(self.description, replace=False) as beside:
            beside.write_text(json.dumps(_as_json(about), indent=2) + "\n", encoding="utf-8")

    def file(self, name: str) -> Path:
        """Path of a file in the folder."""
        return self.path / name

    def about(self) -> dict[str, Any]:
        """Content of the description.

        Raises:
            FileNotFoundError: If there is none.
            ArtefactError: If it is damaged.
        """
        try:
            found = json.loads(self.description.read_bytes())
        except ValueError as error:
            raise ArtefactError(f"{str(self.description)!r} is damaged: {error}") from error
        if not isinstance(found, dict):
            raise ArtefactError(
                f"{str(self.description)!r} is damaged: expected a JSON object, got {type(found).__name__}"
            )
        return found

    def check(
        self, about: Mapping[str, Any], found: Mapping[str, Any] | None = None, say: Callable[[Any], str] = repr
    ) -> None:
        """Check that the folder belongs to a run.

        Args:
            about: Settings that must not change; other entries of the description are ignored.
            found: Settings of the folder; the content of its description by default.
            say: Formats a value for a message.

        Raises:
            ArtefactError: If it belongs to another run; names the settings that differ.
        """
        before, now = self.about() if found is None else found, _as_json(about)
        if changed := differences({name: before.get(name) for name in now}, now, say):
            raise ArtefactError(
                f"{str(self.path)!r} holds another {self.kind}: {'; '.join(changed[:_AT_MOST])}; {self.remedy}"
            )

    def _is_foreign(self, name: str) -> bool:
        """Whether a file is neither the operating system's nor a description that another process is writing."""
        return not (is_litter(name) or (name.startswith(".") and name.endswith(f"-{self.description.name}")))


def differences(
    before: Mapping[str, Any], now: Mapping[str, Any], say: Callable[[Any], str] = repr, where: str = ""
) -> list[str]:
    """Differences between two descriptions as text, one string per difference.

    Args:
        before: JSON values by name; nested mappings are compared entry by entry.
        now: The same; a name that is missing in one of them counts as None.
        say: Formats a value.
        where: Prefix of every string.

    Example:
        >>> differences({"seed": 0, "of": {"k": 1, "n": 2}}, {"seed": 1, "of": {"k": 1, "n": 3}})
        ['seed was 0 and is now 1', 'of: n was 2 and is now 3']
    """
    found = []
    for name in dict.fromkeys((*before, *now)):
        old, new = before.get(name), now.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += differences(old, new, say, f"{where}{name}: ")
        elif old != new:
            found.append(f"{where}{name} was {say(old)} and is now {say(new)}")
    return found


def _as_json(about: Mapping[str, Any]) -> dict[str, Any]:
    """The values after a round trip through JSON: tuples become lists."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(about)))
    return plain
