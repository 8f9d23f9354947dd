"""What was measured of a choice, and its file; needs no torch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import ArtefactError
from benchmarks.files import write_beside
from benchmarks.short_repr import ShortRepr
from benchmarks.training.dynamic.exits import ExitCurve, ExitLogits, share_grid

__all__ = ["ExitMeasurement", "read_measurement", "write_measurement"]


@dataclass(frozen=True, eq=False, repr=False)
class ExitMeasurement(ShortRepr):
    """Logits of one choice on validation images and, if there are any, on test images.

    Attributes:
        choice: Text of the choice.
        multiply_adds: For one image up to each exit, of shape (S,).
        valid: Logits and targets of the validation images.
        test: Those of the test images, or None.
        temperatures: Temperature of each stage, from the validation images, of shape (S,).
    """

    choice: str
    multiply_adds: NDArray[np.int64]
    valid: ExitLogits
    test: ExitLogits | None
    temperatures: NDArray[np.float64]

    def valid_curve(self) -> ExitCurve:
        """The curve on the validation images, from which the thresholds are."""
        grid = share_grid(len(self.multiply_adds))
        return ExitCurve.of_shares(self.valid, grid, self.multiply_adds, self.temperatures)

    def test_curve(self) -> ExitCurve:
        """The curve on the test images, at the thresholds of `valid_curve`, point by point.

        Raises:
            ValueError: If there are no test images.
        """
        if self.test is None:
            raise ValueError("expected test images for a curve of them, got none")
        return ExitCurve.at(self.test, self.valid_curve().thresholds, self.multiply_adds, self.temperatures)


def write_measurement(folder: str | Path, about: str, found: ExitMeasurement) -> Path:
    """Keep a measurement in a folder, and return its file.

    Args:
        folder: The folder, such as that of the network.
        about: What tells it from others: its choice, network and images.
        found: The measurement.
    """
    path = _file(folder, about)
    path.parent.mkdir(exist_ok=True)
    arrays: dict[str, Any] = {"multiply_adds": found.multiply_adds, "temperatures": found.temperatures}
    for name, images in (("valid", found.valid), ("test", found.test)):
        if images is not None:
            arrays |= {f"{name}_logits": images.logits, f"{name}_targets": images.targets}
    with write_beside(path) as beside, beside.open("wb") as file:
        np.savez_compressed(file, about=np.array(about), choice=np.array(found.choice), **arrays)
    return path


def read_measurement(folder: str | Path, about: str) -> ExitMeasurement | None:
    """The measurement that was kept, None if there is none; arguments as in `write_measurement`.

    Raises:
        ArtefactError: If its file is damaged.

    Example:
        >>> import tempfile
        >>> folder = tempfile.mkdtemp()
        >>> logits = ExitLogits(np.zeros((1, 2, 3)), np.array([0, 1]))
        >>> _ = write_measurement(folder, "mine", ExitMeasurement("1-1", np.array([5]), logits, None, np.ones(1)))
        >>> read_measurement(folder, "mine").choice, read_measurement(folder, "another") is None
        ('1-1', True)
    """
    path = _file(folder, about)
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as archive:
            if str(archive["about"]) != about:
                raise ValueError(f"it is about {str(archive['about'])!r:.200}")
            images = {
                name: ExitLogits(archive[f"{name}_logits"], archive[f"{name}_targets"])
                for name in ("valid", "test")
                if f"{name}_logits" in archive
            }
            costs, temperatures, choice = archive["multiply_adds"], archive["temperatures"], str(archive["choice"])
        return ExitMeasurement(choice, costs, images["valid"], images.get("test"), temperatures)
    except Exception as error:
        raise ArtefactError(f"{str(path)!r} is damaged ({error}); delete it") from error


def _file(folder: str | Path, about: str) -> Path:
    return Path(folder) / "measured" / f"{hashlib.sha256(about.encode()).hexdigest()[:16]}.npz"
