"""Bundled surrogates: one folder per space, fitted on all published results.

A folder contains ``answers/`` (predictions of every published architecture, each to the last digit as if asked alone on
the kind of CPU that wrote them, to about 1e-12 on others; sufficient for look-ups), ``surrogate/`` (for architectures
outside the published set, if the surrogate needs only the core libraries), and ``agreement/`` (predictions of the same
surrogate against measured values on held-out architectures). Outside the published sets the two spaces of
TransNAS-Bench-101 are answered by both surrogates together (`surrogates.models.transnas`).
``python -m surrogates.pretrained.build`` rebuilds them.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from benchmarks.errors import ArtefactError
from benchmarks.files import kind_of_file
from benchmarks.formats.bundled import check_unpacked
from benchmarks.spaces.registry import get_space, list_benchmarks, list_spaces, own_space
from surrogates.oracle.predictors import LazySurrogate
from surrogates.oracle.tabulated import TabulatedSurrogate
from surrogates.store.artefact import holds_artefact

if TYPE_CHECKING:
    from benchmarks.spaces.space import Space
    from surrogates.base import Surrogate
    from surrogates.evaluation.agreement import Agreement
    from surrogates.models.transnas import TransNASSurrogate
    from surrogates.oracle.predictors import Predictor

__all__ = [
    "AGREEMENT",
    "ANSWERS",
    "FOLDER",
    "SOURCES",
    "SURROGATE",
    "TransNASPart",
    "list_pretrained",
    "is_stored",
    "load_agreement",
    "load_answers",
    "load_pretrained",
    "names_folder",
]

FOLDER = Path(__file__).parent
ANSWERS, SURROGATE, AGREEMENT = "answers", "surrogate", "agreement"
SOURCES = {
    "transnas101-micro": "transnas101/micro_final.csv",
    "transnas101-macro": "transnas101/macro_final.csv",
    "nasbench201": "nasbench201/final.csv",
}
"""Space -> file in the folder of published values ($NAS_DATA) that its surrogate is fitted on."""
_TOGETHER = ("transnas101-micro", "transnas101-macro")
"""Cells and skeletons that are predicted together outside their published sets."""


class TransNASPart(LazySurrogate):
    """The bundled surrogates of both spaces of TransNAS-Bench-101 for architectures of one, loaded on first use.

    Args:
        directory: Folder of the surrogate of the one space.

    Example:
        >>> part = TransNASPart(FOLDER / "transnas101-macro" / SURROGATE)
        >>> part.predict(["32-2311-basic"], return_std=True)[0].shape
        (1, 7)
    """

    def load(self) -> TransNASSurrogate:
        from surrogates.models.transnas import TransNASSurrogate

        folders = [self.directory.parent.with_name(space) for space in _TOGETHER]
        cells, skeletons = (
            TabulatedSurrogate.load(folder / ANSWERS, beyond=LazySurrogate(folder / SURROGATE)) for folder in folders
        )
        return TransNASSurrogate(cells, skeletons, self.directory.parent.name)


def list_pretrained() -> tuple[str, ...]:
    """Names of the spaces with a bundled surrogate.

    Example:
        >>> list_pretrained()
        ('transnas101-micro', 'transnas101-macro', 'nasbench201')
    """
    return tuple(name for name in list_benchmarks() if (FOLDER / name / ANSWERS).is_dir())


def is_stored(model: str) -> bool:
    """Whether a name means what is at a path of that name, and not a bundled surrogate.

    A bundled surrogate gives way to a stored one in a folder of its name, but to nothing else.

    Example:
        >>> is_stored("transnas101-micro")
        False
    """
    return holds_artefact(model) if model in list_pretrained() else kind_of_file(model) != "nothing"


def names_folder(space: str | Space) -> TypeGuard[str]:
    """Whether Python code that names a space means the folder of a stored surrogate.

    The name of a space with a bundled surrogate is that space, so that code does not depend on where it runs.

    Warns:
        UserWarning: If a folder of that name holds a stored surrogate, which is not meant.

    Example:
        >>> names_folder("transnas101-micro"), names_folder("/")
        (False, True)
    """
    if not isinstance(space, str):
        return False
    if space not in list_pretrained():
        return holds_artefact(space) if space in list_spaces() else kind_of_file(space) == "a folder"
    if holds_artefact(space):
        warnings.warn(
            f"{space!r} is the bundled surrogate; './{space}' is the one stored in the folder of that name",
            UserWarning,
            stacklevel=3,
        )
    return False


def load_pretrained(space: str | Space) -> Surrogate:
    """Load the bundled surrogate of a space.

    Raises:
        UnknownNameError: If there is no such space.
        ArtefactError: If there is no bundled surrogate for it, or its files are damaged.

    Example:
        >>> surrogate = load_pretrained("transnas101-micro")
        >>> surrogate.predict(["64-41414-3_33_333"]).shape
        (1, 7)
    """
    from surrogates.store.load import load_surrogate

    return load_surrogate(_part(space, SURROGATE))


def load_answers(space: str | Space) -> TabulatedSurrogate:
    """Load the bundled answers of a space; what predicts others is loaded when an architecture is not among them.

    It is the surrogate of the space, or of both spaces of TransNAS-Bench-101 (`TransNASSurrogate`).

    Raises:
        UnknownNameError: If there is no such space.
        ArtefactError: If there are no bundled answers for it, or their file is damaged.

    Example:
        >>> load_answers("transnas101-micro").mean.shape
        (1948, 7)
    """
    answers = _part(space, ANSWERS)
    return TabulatedSurrogate.load(answers, beyond=_beyond(answers.with_name(SURROGATE)))


def load_agreement(space: str | Space) -> Agreement:
    """Load the agreement of a space's bundled surrogate with the published values on held-out architectures.

    Raises:
        UnknownNameError: If there is no such space.
        ArtefactError: If there is no bundled agreement for it, or its file is damaged.

    Example:
        >>> load_agreement("transnas101-macro").tasks[:2]
        ('class_scene', 'class_object')
    """
    from surrogates.evaluation.agreement import Agreement

    return Agreement.load(_part(space, AGREEMENT))


def _beyond(directory: Path) -> Predictor | None:
    """What predicts the architectures outside the published set, given the folder of the space's surrogate."""
    folders = [directory.parent.with_name(space) / part for space in _TOGETHER for part in (ANSWERS, SURROGATE)]
    if directory.parent.name in _TOGETHER and all(folder.is_dir() for folder in folders):
        return TransNASPart(directory)
    return LazySurrogate(directory) if directory.is_dir() else None


def _part(space: str | Space, part: str) -> Path:
    name = get_space(space).name
    directory = FOLDER / name / part
    check_unpacked(FOLDER)
    if not directory.is_dir() and own_space(name) is not None:
        raise ArtefactError(
            f"no bundled {part} for {name}, a space of your own: fit a surrogate to your results (surrogates fit TABLE "
            "--out DIR) and name it (--model DIR), or a table of them (--table FILE)"
        )
    if not directory.is_dir():
        raise ArtefactError(
            f"no bundled {part} for {name}; spaces with bundled answers: {', '.join(list_pretrained()) or 'none'}. "
            "To build them: NAS_DATA=<folder> python -m surrogates.pretrained.build"
        )
    return directory
