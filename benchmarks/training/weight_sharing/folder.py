"""The folder of a training, and that of a trained network; reading what it says of itself needs no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.errors import ArtefactError
from benchmarks.files import sha256_of, write_beside
from benchmarks.run_directory import RunDirectory
from benchmarks.training.recipe import VERSION

__all__ = ["OTHER_IMAGES", "ROOMS", "NetworkFolder", "TrainingFolder"]

ROOMS, OTHER_IMAGES = "rooms", "other"
"""Images of a training: Rooms as the recipe asks for them, or sources of the caller's own."""


class TrainingFolder:
    """The folder of one training: what it is of, and a result, without which it is not finished.

    A subclass says of which kind it is.

    Args:
        path: The folder.

    Attributes:
        path: The folder, as an absolute path.
        kind: What is trained, for messages.
        file: Name of the file with its description.
        result: Name of the file with its result.

    Example:
        >>> import tempfile
        >>> class Search(TrainingFolder):
        ...     kind, file, result = "search", "search.json", "result.json"
        >>> folder = Search(tempfile.mkdtemp())
        >>> _ = folder.claim({"seed": 0})
        >>> folder.is_claimed, folder.is_finished
        (True, False)
        >>> folder.finish({"arch": "64-2311-basic"})
        >>> folder.is_finished
        True
    """

    kind: ClassVar[str]
    file: ClassVar[str]
    result: ClassVar[str]

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).resolve()
        self._run = RunDirectory(self.path, self.kind, self.file)
        self._result = self.path / self.result

    def stated(self, about: Mapping[str, Any]) -> dict[str, Any]:
        """A description, with what is not written because it is the usual."""
        return dict(about)

    @property
    def is_claimed(self) -> bool:
        """Whether the folder is that of a training."""
        return self._run.description.exists()

    @property
    def is_finished(self) -> bool:
        """Whether the training is finished."""
        return self._result.exists()

    def claim(self, identity: Mapping[str, Any]) -> Path:
        """Create the folder of a training, or check that it is this training's, and return its path.

        Args:
            identity: What the training is of, as JSON values.

        Raises:
            ArtefactError: If it is another training's; says what differs.
        """
        if not self.is_claimed:
            self._run.claim(identity)
        self._run.check(self.stated(identity), self.stated(self._run.about()))
        return self.path

    def finish(self, result: Mapping[str, Any]) -> None:
        """Write the result, as JSON values; everything else that belongs to it must be there already."""
        with write_beside(self._result) as beside:
            beside.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


class NetworkFolder(TrainingFolder):
    """The folder of a trained network: description, weights, and metrics as the result.

    Args:
        path: The folder.

    Attributes:
        path, kind, file, result: As in `TrainingFolder`.
        weights: File of the weights.
        trained_by: Name of the function that trains it, for messages.
        entries: What its description must say.
    """

    result = "metrics.json"
    trained_by: ClassVar[str]
    entries: ClassVar[tuple[str, ...]]

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        self.weights = self.path / "weights.pt"

    def about(self) -> dict[str, Any]:
        """Everything in `entries` of the finished training.

        Raises:
            ArtefactError: If there is none, its description is damaged, or another version of the code trained it.
        """
        if not self.is_claimed:
            raise ArtefactError(
                f"expected a folder of `{self.trained_by}`, got {str(self.path)!r} without {self._run.description.name}"
            )
        if not self.is_finished:
            raise ArtefactError(
                f"the training of the {self.kind} in {str(self.path)!r} is not finished; run it again to resume it"
            )
        written = self._run.about()
        found = self.stated(written)
        if (
            not set(self.entries) <= set(found)
            or not isinstance(found["recipe"], dict)
            or "task" not in found["recipe"]
        ):
            raise ArtefactError(
                f"{str(self._run.description)!r} is damaged: expected {', '.join(self.entries)}, got "
                f"{', '.join(written) or 'nothing'}"
            )
        if found["version"] != VERSION:
            raise ArtefactError(
                f"expected a {self.kind} of version {VERSION} of the training code in {str(self.path)!r}, got one of "
                f"version {found['version']}; train it again"
            )
        return found

    def metrics(self) -> dict[str, list[float]]:
        """Metrics of the finished training: ``{split}_{metric}`` -> one value per epoch.

        Raises:
            ArtefactError: If there is none.
        """
        self.about()
        found: dict[str, list[float]] = json.loads(self._result.read_bytes())
        return found

    def fingerprint(self) -> str:
        """SHA-256 of the weights.

        Raises:
            ArtefactError: If the training is not finished.
        """
        self.about()
        return sha256_of(self.weights)
