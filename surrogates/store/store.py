"""Fitted surrogates on disk: JSON, npz and native model files, never pickle.

A directory holds ``metadata.json`` (class, parameters, space, tasks with metric and unit, library versions, training
table, cross-validated scores), ``arrays.npz`` and the native files of the models, each gzipped.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.errors import ArtefactError
from benchmarks.provenance import unlike_published
from benchmarks.spaces.registry import list_spaces
from surrogates.store.artefact import read_files, read_metadata, write_artefact
from surrogates.store.npz import npz_arrays, npz_bytes
from surrogates.store.pack import Pack
from surrogates.store.provenance import describe_tasks, library_versions
from surrogates.store.storable import class_of, from_json, to_json

if TYPE_CHECKING:
    from benchmarks.table import Table
    from surrogates.base import Surrogate

__all__ = ["load_surrogate", "save_surrogate"]

KIND = "surrogate"
_ARRAYS = "arrays.npz"
_ZIPPED = ".gz"


def save_surrogate(surrogate: Surrogate, directory: str | Path, table: Table | None = None) -> Path:
    """Write a fitted surrogate; the same surrogate gives the same bytes.

    Args:
        surrogate: Fitted; its class and those of its nested estimators must be in `surrogates.store.storable.STORABLE`.
        directory: Where to; an artefact of this project that is there already is replaced.
        table: What it was fitted on, to keep its hash and how its trainings differ from the published ones: `Oracle`
            then refuses tables of other trainings.

    Returns:
        The directory.

    Raises:
        ArtefactError: If a part could only be stored with pickle, something else is in the way, or the directory cannot
            be written. Nothing half-written is left.
        sklearn.exceptions.NotFittedError: Before `fit`.

    Example:
        >>> import tempfile
        >>> from surrogates import BoostedSurrogate
        >>> archs = ["64-2311-basic", "64-1234-basic", "64-3114-basic", "64-4111-basic"]
        >>> fitted = BoostedSurrogate().fit(archs, [1.0, 2.0, 3.0, 4.0])
        >>> again = load_surrogate(save_surrogate(fitted, Path(tempfile.mkdtemp()) / "model"))
        >>> bool((again.predict(archs) == fitted.predict(archs)).all())
        True
    """
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(surrogate, "space_")
    made_of = to_json(surrogate, "the surrogate")
    pack = surrogate.pack()
    trainings = getattr(surrogate, "trainings_", None)
    if table is not None:
        trainings = {task: unlike_published(table, [task]) for task in surrogate.tasks_}
    content = {
        **made_of,
        "space": surrogate.space_,
        "tasks": describe_tasks(surrogate.tasks_),
        "one_task": surrogate.one_task_,
        "n_archs": surrogate.n_archs_,
        "table_hash": getattr(surrogate, "table_hash_", None) if table is None else table.hash,
        "trainings": trainings,
        "cv_scores": to_json(surrogate.cv_scores_, "cv_scores_"),
        "settings": to_json(pack.settings, "settings"),
        "libraries": library_versions(),
    }
    models = {f"{name}{_ZIPPED}": gzip.compress(data, mtime=0) for name, data in pack.models.items()}
    return write_artefact(directory, KIND, content, {_ARRAYS: npz_bytes(pack.arrays), **models})


def load_surrogate(directory: str | Path) -> Surrogate:
    """Read a surrogate written by `save_surrogate`; everything is checked before a model is parsed.

    Raises:
        ArtefactError: If it is not a directory of ours, was written by a newer version, holds an unknown class, or a
            file is missing, truncated or damaged; the name of a bundled surrogate is pointed to `load_pretrained`.

    Example:
        >>> load_surrogate("/no/such/folder")
        Traceback (most recent call last):
        ...
        benchmarks.errors.ArtefactError: '/no/such/folder': expected a directory with a stored surrogate, got nothing
    """
    if not Path(directory).exists() and str(directory) in list_spaces():
        raise ArtefactError(
            f"{str(directory)!r}: expected a directory with a stored {KIND}, got the name of a space; "
            f"load_pretrained({str(directory)!r}) opens the bundled one"
        )
    metadata = read_metadata(directory, KIND)
    try:
        class_of(metadata.get("class"))
    except ArtefactError as error:
        raise ArtefactError(f"{str(directory)!r}: {error}") from None
    files = read_files(directory, metadata)
    try:
        return _restore(metadata, files)
    except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:  # XGBoostError is a ValueError
        raise ArtefactError(
            f"{str(directory)!r}: the content does not fit this version of {metadata['class']}: {error}"
        ) from error


def _restore(metadata: dict[str, Any], files: dict[str, bytes]) -> Surrogate:
    from surrogates.base import Surrogate

    surrogate = from_json({"class": metadata["class"], "params": metadata["params"]})
    if not isinstance(surrogate, Surrogate):
        raise ArtefactError(f"a {metadata['class']} is no surrogate")
    if metadata["space"] not in list_spaces():
        raise ArtefactError(f"unknown space {metadata['space']!r}; this version knows {', '.join(list_spaces())}")
    surrogate.space_ = metadata["space"]
    surrogate.tasks_ = tuple(task["name"] for task in metadata["tasks"])
    surrogate.one_task_ = metadata["one_task"]
    surrogate.n_archs_ = metadata["n_archs"]
    surrogate.cv_scores_ = from_json(metadata["cv_scores"])
    surrogate.table_hash_ = metadata["table_hash"]
    surrogate.trainings_ = metadata.get("trainings")  # artefacts of the first version do not say
    arrays = npz_arrays(files.pop(_ARRAYS))
    models = {name.removesuffix(_ZIPPED): gzip.decompress(data) for name, data in files.items()}
    surrogate.unpack(Pack(from_json(metadata["settings"]), arrays, models))
    return surrogate
