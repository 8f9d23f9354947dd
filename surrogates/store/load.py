"""Loading of stored surrogates; all files are verified before a model is parsed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.errors import ArtefactError
from benchmarks.forks import one_thread_if_forked, without_forks
from benchmarks.spaces.registry import list_benchmarks, own_space
from surrogates.base import Surrogate
from surrogates.store.artefact import holds_artefact, parsing, read_files, read_metadata
from surrogates.store.nested import unpack_state
from surrogates.store.own_spaces import check_space_of
from surrogates.store.pack import Pack
from surrogates.store.provenance import lowered_tasks
from surrogates.store.save import KIND
from surrogates.store.storable import class_of, from_json

__all__ = ["load_surrogate"]


@without_forks()
@one_thread_if_forked()
def load_surrogate(directory: str | Path) -> Surrogate:
    """Read a surrogate written by `save_surrogate`; all files are verified before a model is parsed.

    Args:
        directory: Folder of the stored surrogate.

    Raises:
        ArtefactError: If it is not a stored surrogate, was written by a newer version, contains an unknown class, a
            file is missing, truncated or damaged, or its space is one of the user's own that is not registered in this
            process, or not the same. For the name of a space the message refers to `load_pretrained`.

    Example:
        >>> load_surrogate("/no/such/folder")
        Traceback (most recent call last):
        ...
        benchmarks.errors.ArtefactError: '/no/such/folder': expected a directory with a stored surrogate, got nothing
    """
    if str(directory) in list_benchmarks() and not holds_artefact(directory):
        raise ArtefactError(
            f"{str(directory)!r}: expected a directory with a stored {KIND}, got the name of a space; "
            f"load_pretrained({str(directory)!r}) loads the bundled surrogate"
        )
    metadata = read_metadata(directory, KIND)
    try:
        class_of(metadata.get("class"))
    except ArtefactError as error:
        raise ArtefactError(f"{str(directory)!r}: {error}") from None
    files = read_files(directory, metadata)
    with parsing(directory, f"this version of {metadata['class']}"):
        return _restore(directory, metadata, files)


def _restore(directory: str | Path, metadata: dict[str, Any], files: dict[str, bytes]) -> Surrogate:
    surrogate = from_json({"class": metadata["class"], "params": metadata["params"]})
    if not isinstance(surrogate, Surrogate):
        raise ArtefactError(f"expected a surrogate, got a {metadata['class']}")
    surrogate.space_ = check_space_of(metadata, directory)
    if (own := own_space(surrogate.space_)) is not None:
        surrogate.own_space_ = own
    surrogate.tasks_ = tuple(task["name"] for task in metadata["tasks"])
    surrogate.minimize_ = lowered_tasks(metadata["tasks"])
    surrogate.one_task_ = metadata["one_task"]
    surrogate.n_archs_ = metadata["n_archs"]
    surrogate.equivalence_ = metadata.get("equivalence", "function")  # missing in artefacts of earlier versions
    surrogate.cv_scores_ = from_json(metadata["cv_scores"])
    surrogate.table_hash_ = metadata["table_hash"]
    surrogate.trainings_ = metadata.get("trainings")  # missing in artefacts of the first version
    unpack_state(surrogate, Pack.from_files(from_json(metadata["settings"]), files))
    return surrogate
