"""Saving of fitted surrogates as JSON, npz and native model files, without pickle.

A directory contains ``metadata.json`` (class, parameters, space, tasks with metric and unit, library versions, training
table, cross-validated scores), ``arrays.npz``, the native model files, each gzipped, and ``README.md``, the model card
that says the same to people and model hubs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.forks import one_thread_if_forked, without_forks
from benchmarks.provenance import unlike_published
from surrogates.store.artefact import write_artefact
from surrogates.store.card_text import card_text
from surrogates.store.nested import pack_state
from surrogates.store.own_spaces import describe_space
from surrogates.store.pack import Packable
from surrogates.store.provenance import describe_tasks, library_versions
from surrogates.store.storable import to_json

if TYPE_CHECKING:
    from benchmarks.table import Table

__all__ = ["KIND", "save_surrogate"]

KIND = "surrogate"
"""Kind of artefact."""


@without_forks()
@one_thread_if_forked()
def save_surrogate(surrogate: Packable, directory: str | Path, table: Table | None = None) -> Path:
    """Write a fitted surrogate with its model card; the same surrogate gives the same bytes.

    Args:
        surrogate: Fitted surrogate; its class and those of its nested estimators must be of this package, or registered
            (`surrogates.register_storable`).
        directory: Target; an existing artefact of this project is replaced, unless its model card was edited.
        table: Table it was fitted on. Its hash and the differences of its trainings from the published ones are stored,
            so `Oracle` can reject tables of other trainings.

    Returns:
        The directory.

    Raises:
        ArtefactError: If a part can be stored only with pickle, the directory contains other files, or it cannot be
            written. No partial artefact is left behind.
        sklearn.exceptions.NotFittedError: Before `fit`.

    Example:
        >>> import tempfile
        >>> from surrogates import BoostedSurrogate, load_surrogate
        >>> archs = ["64-2311-basic", "64-1234-basic", "64-3114-basic", "64-4111-basic"]
        >>> fitted = BoostedSurrogate().fit(archs, [1.0, 2.0, 3.0, 4.0])
        >>> again = load_surrogate(save_surrogate(fitted, Path(tempfile.mkdtemp()) / "model"))
        >>> bool((again.predict(archs) == fitted.predict(archs)).all())
        True
    """
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(surrogate, "space_")
    made_of = to_json(surrogate, "the surrogate")
    pack = pack_state(surrogate)
    trainings = getattr(surrogate, "trainings_", None)
    if table is not None:
        trainings = {task: unlike_published(table, [task]) for task in surrogate.tasks_}
    content = {
        **made_of,
        **describe_space(surrogate.space_),
        "tasks": describe_tasks(surrogate.tasks_, surrogate.minimize_),
        "one_task": surrogate.one_task_,
        "n_archs": surrogate.n_archs_,
        "equivalence": surrogate.equivalence_,
        "table_hash": getattr(surrogate, "table_hash_", None) if table is None else table.hash,
        "trainings": trainings,
        "cv_scores": to_json(surrogate.cv_scores_, "cv_scores_"),
        "settings": to_json(pack.settings, "settings"),
        "libraries": library_versions(),
    }
    return write_artefact(directory, KIND, content, pack.to_files(), card_text(content))
