"""Models named on the command line: those of this package, of your own, and stored ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from surrogates.cli.objects import load_object

if TYPE_CHECKING:
    from benchmarks.table import Table
    from surrogates.base import Surrogate
    from surrogates.models.transfer.source_values import TransferSource
    from surrogates.oracle.oracle import AnswerSource, Oracle
    from surrogates.oracle.predictors import Predictor

__all__ = [
    "OWN_MODEL",
    "StoredModel",
    "model_hash",
    "model_named",
    "open_model",
    "open_oracle",
    "open_predictor",
    "open_source",
    "unnamed_note",
]

OWN_MODEL = "or module:attribute, e.g. mine:MyRegressor, a scikit-learn regressor or pipeline, or a class of your own"
_MOST_LOOKED_AT = 1000
"""Entries of a folder that are looked at for a model that may be meant."""
StoredModel = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="Directory of a stored surrogate (surrogates fit --out DIR), or the name of a bundled one (a space).",
    ),
]


def model_named(name: str) -> object:
    """An unfitted model: one of this package by its name, or one of your own as ``module:attribute``.

    Modules of the working directory are found as well.

    Raises:
        UnknownNameError: If there is no such model; the message names the nearest one.
        ValueError: If the name has another form, the module cannot be imported, has no such attribute, or that is not a
            model.

    Example:
        >>> model_named("sklearn.linear_model:Ridge").__name__
        'Ridge'
    """
    from surrogates.evaluation.estimators import as_method
    from surrogates.registry import make_model

    if ":" not in name and not name.endswith(".py"):
        return make_model(name)
    found = load_object(name)
    try:
        as_method(found)
    except TypeError as error:
        raise ValueError(f"{name:.200}: {error}") from error
    return cast("object", found)


def open_model(model: str) -> Surrogate:
    """Load the surrogate in a directory, or the bundled one of a space, which gives way to a stored one of its name.

    Raises:
        UnknownNameError: If it is neither a directory nor the name of a bundled surrogate.
        ArtefactError: If the directory does not hold a surrogate, or is damaged.

    Example:
        >>> open_model("transnas101-macro").space_
        'transnas101-macro'
    """
    from surrogates.pretrained.load import is_stored, list_pretrained, load_pretrained
    from surrogates.store.load import load_surrogate

    if is_stored(model):
        surrogate = load_surrogate(model)
        if model in list_pretrained():
            typer.echo(
                f"note: {model} is the surrogate stored in the folder of that name; rename the folder to use the "
                "bundled one",
                err=True,
            )
        if note := unnamed_note(surrogate.tasks_):
            typer.echo(note, err=True)
        return surrogate
    return load_pretrained(_bundled(model))


def open_predictor(model: str) -> Predictor:
    """What predicts with a stored surrogate, or a bundled one, whose answers for published architectures are stored.

    Outside the published set a bundled surrogate of TransNAS-Bench-101 answers with cells and skeletons together.

    Raises:
        UnknownNameError: If it is neither a directory nor the name of a bundled surrogate.
        ArtefactError: If the directory does not hold a surrogate, or is damaged.

    Example:
        >>> open_predictor("transnas101-macro").tasks_[0]
        'class_scene'
    """
    from surrogates.pretrained.load import is_stored, load_answers

    return open_model(model) if is_stored(model) else load_answers(_bundled(model))


def open_oracle(model: str, table: Table | None = None, source: AnswerSource = "auto") -> Oracle:
    """The oracle of a stored or bundled surrogate; bundled answers are read without loading the surrogate.

    Args:
        model: Directory of a stored surrogate, or name of a bundled one.
        table: Measured values, preferred over predictions unless `source` says otherwise.
        source: As that of `Oracle`.

    Raises:
        UnknownNameError: If it is neither a directory nor the name of a bundled surrogate.
        ArtefactError: If the directory does not hold a surrogate, or is damaged.
        TableError: If the table is of another space, or of other trainings than the surrogate's.

    Example:
        >>> open_oracle("transnas101-macro").space.name
        'transnas101-macro'
    """
    from surrogates.oracle.oracle import Oracle
    from surrogates.pretrained.load import is_stored

    if is_stored(model):
        return Oracle(open_model(model), table, source)
    return Oracle.from_pretrained(_bundled(model), table, source)


def open_source(name: str) -> TransferSource:
    """Results of other tasks: a table or a fitted surrogate; tables and stored surrogates come before bundled ones.

    Raises:
        UnknownNameError: If there is none of that name; the message names the nearest one.
        TableError: If the table cannot be read.
        ArtefactError: If the directory does not hold a surrogate, or is damaged.

    Example:
        >>> len(open_source("rooms-mini"))
        64
    """
    from benchmarks.errors import UnknownNameError, did_you_mean
    from benchmarks.formats.bundled import list_tables
    from benchmarks.formats.load import load_table
    from surrogates.pretrained.load import is_stored, list_pretrained
    from surrogates.store.artefact import holds_artefact

    if holds_artefact(name) or name in list_pretrained():
        return open_model(name)
    if is_stored(name) or name in list_tables():
        return load_table(name)
    known = (*list_tables(), *list_pretrained())
    raise UnknownNameError(
        f"expected a table, the directory of a stored surrogate, or one of {', '.join(known)} as --sources, got "
        f"{name!r:.200}{did_you_mean(name, known)}"
    )


def model_hash(model: str) -> str:
    """What a study records of its model: the checksum of a stored surrogate, or that it is a bundled one.

    Example:
        >>> model_hash("transnas101-macro")
        'bundled'
    """
    from surrogates.pretrained.load import is_stored
    from surrogates.store.artefact import read_metadata
    from surrogates.store.save import KIND

    return str(read_metadata(model, KIND).get("checksum")) if is_stored(model) else "bundled"


def unnamed_note(tasks: Sequence[str]) -> str:
    """How to name the tasks of a surrogate that was fitted to an array; empty if they have names.

    Example:
        >>> unnamed_note(["jigsaw"]), unnamed_note(["y0"]).partition(":")[0]
        ('', 'note')
    """
    if not all(re.fullmatch("y[0-9]+", task) for task in tasks):
        return ""
    named = "pd.Series(y, name='jigsaw')" if len(tasks) == 1 else "pd.DataFrame(Y, columns=['jigsaw', ...])"
    return (
        f"note: the model was fitted to labels without a name, so its {'task is' if len(tasks) == 1 else 'tasks are'} "
        f"called {', '.join(tasks)}; fit(archs, {named}) names them"
    )


def _bundled(model: str) -> str:
    """The name of a bundled surrogate; of another name the error says which model, bundled or stored, is near."""
    from benchmarks.errors import UnknownNameError, did_you_mean
    from surrogates.pretrained import list_pretrained
    from surrogates.store.artefact import holds_artefact

    known = list_pretrained()
    if model in known:
        return model
    folder = Path(model).parent
    try:
        beside = sorted(path.name for path in islice(folder.iterdir(), _MOST_LOOKED_AT) if holds_artefact(path))
        stored = [str(Path(model).with_name(name)) for name in beside]
    except (OSError, ValueError):  # no such folder, or no name of a file
        stored = []
    raise UnknownNameError(
        f"expected the directory of a stored surrogate, or one of {', '.join(known)}, got {model!r:.200}"
        f"{did_you_mean(model, (*stored, *known))}"
    )
