"""Rebuilds the bundled surrogates: ``NAS_DATA=<folder> python -m surrogates.pretrained.build [FOLDER]``.

Fits ``EnsembleSurrogate(random_state=0)`` on all rows of the published tables, and writes it with its answers and its
cross-validation results. The same values and library versions give the same bytes on one kind of CPU.
"""

from __future__ import annotations

import copy
import os
import sys
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from benchmarks.errors import SurrogatesError, TableError
from benchmarks.formats.load import load_table
from benchmarks.spaces.registry import get_space
from surrogates.calibration.base import CalibratedSurrogate
from surrogates.evaluation.agreement import Agreement
from surrogates.models.boosted import BoostedSurrogate
from surrogates.models.ensemble import EnsembleSurrogate
from surrogates.oracle.predictors import prediction_keys
from surrogates.oracle.tabulated import TabulatedSurrogate
from surrogates.pretrained.load import AGREEMENT, ANSWERS, FOLDER, SOURCES, SURROGATE
from surrogates.store.save import save_surrogate

__all__ = ["build", "main", "one_by_one"]


def build(space: str, data: Path, folder: Path = FOLDER) -> None:
    """Fit and write surrogate, answers and agreement of one space.

    Args:
        space: A key of `SOURCES`.
        data: Folder with the published values.
        folder: Parent of the folders of the spaces.

    Raises:
        TableError: If the published values are missing.
    """
    table = load_table(data / SOURCES[space], space=space)
    surrogate = EnsembleSurrogate(random_state=0)
    surrogate.fit(list(table.archs), table.to_frame())
    save_surrogate(surrogate, folder / space / SURROGATE, table)
    answers = TabulatedSurrogate.from_predictor(surrogate)
    asked = list(dict.fromkeys(prediction_keys(surrogate, get_space(space).archs)))
    mean, std = one_by_one(surrogate, asked)
    np.testing.assert_allclose(answers.predict(asked), mean)  # each answer is in the row of its own architecture
    answers.mean, answers.std = mean, std
    answers.save(folder / space / ANSWERS)
    Agreement.from_surrogate(surrogate, table.to_frame()).save(folder / space / AGREEMENT)


def one_by_one(surrogate: EnsembleSurrogate, archs: list[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and std of n architectures, each of shape (n, T), to the last digit as if each had been asked alone.

    The last digits of linear algebra depend on how many are asked at once; trees do not, and are asked once.
    """
    alone, forms = copy.copy(surrogate), list(dict.fromkeys(get_space(surrogate.space_).simplify(archs)))
    alone.members_ = [
        cast(CalibratedSurrogate, _Remembered(member, forms)) if isinstance(member, BoostedSurrogate) else member
        for member in surrogate.members_
    ]
    found = [alone.predict([arch], return_std=True) for arch in archs]
    mean, std = (np.concatenate(part) for part in zip(*found, strict=True))
    return mean, std


class _Remembered:
    """The scores of a member."""

    def __init__(self, member: CalibratedSurrogate, archs: list[str]) -> None:
        self._scores = dict(zip(archs, member.scores(archs), strict=True))

    def scores(self, archs: list[str]) -> NDArray[np.float64]:
        return np.stack([self._scores[arch] for arch in archs])


def main() -> int:
    """Build all spaces and return the exit code."""
    console = Console(stderr=True)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    try:
        if "NAS_DATA" not in os.environ:
            raise TableError("expected the folder of the published values in $NAS_DATA, got no such variable")
        for space in SOURCES:
            with console.status(f"fitting {space}"):
                build(space, Path(os.environ["NAS_DATA"]), folder)
            console.print(f"wrote {folder / space}", highlight=False)
    except SurrogatesError as error:
        console.print(f"error: {error}", style="red", markup=False, highlight=False)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
