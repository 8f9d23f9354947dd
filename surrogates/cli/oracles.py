"""The oracle that a command asks: a table, stored surrogates, the bundled surrogate, or several of them together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surrogates.cli.arguments import table_of_one_space

if TYPE_CHECKING:
    from benchmarks.table import Table
    from surrogates.oracle.oracle import AnswerSource, Oracle
    from surrogates.oracle.predictors import Predictor
    from surrogates.search.constraints import Constraint

__all__ = ["Constraints", "ModelOption", "oracle_of_sources", "oracles_of_archs", "read_constraints", "sources_hash"]

ModelOption = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="Directory of a stored surrogate, or name of a bundled one (a space); repeatable, each has other tasks. "
        "Tasks that no MODEL has are predicted by the bundled surrogate.",
    ),
]
Constraints = Annotated[
    list[str] | None,
    typer.Option(
        "--constraint",
        metavar="BOUND",
        help="Bound that all architectures shown must meet, like 'params<=1e6', 'multiply_adds<500M' or "
        "'latency_ms<=5': a cost of the backbone or a task; repeatable.",
    ),
]


def read_constraints(given: Sequence[str] | None) -> Constraint | None:
    """The bounds of ``--constraint``.

    Raises:
        typer.BadParameter: If one is not readable.

    Example:
        >>> read_constraints(["params<=1e6"])
        Constraint('params<=1000000')
    """
    from surrogates.search.constraints import as_constraint

    try:
        return as_constraint(list(given or []))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--constraint") from None


def oracle_of_sources(
    space: str | None,
    table: Path | None,
    models: Sequence[str],
    asked: Iterable[str],
    minimize: Sequence[str] | None = None,
) -> Oracle:
    """Measured values of a table before predictions of stored surrogates; what both lack, the bundled one predicts.

    Args:
        space: Name of the space; that of the models or the table, or the only one that has the tasks, if not given.
        table: File of measured results.
        models: Directories of stored surrogates, or names of bundled ones.
        asked: Names of the tasks and costs that the command needs.
        minimize: Tasks of the table that are better when lower.

    Raises:
        UnknownNameError: If no bundled surrogate has such a task; names the nearest one.
        typer.BadParameter: If the space is not clear, or not that of the model.
        ValueError: If two models have the same task, or are of different spaces.
        TableError: If the table cannot be read, or the trainings of a table or model are unlike the published ones that
            the bundled surrogate would be asked for.

    Example:
        >>> oracle_of_sources(None, None, [], ["cifar10"]).space.name
        'nasbench201'
    """
    from benchmarks.spaces.registry import get_space
    from surrogates.cli.models import open_oracle
    from surrogates.oracle.oracle import Oracle
    from surrogates.pretrained.load import is_stored, list_pretrained
    from surrogates.search.space_arrays import COSTS

    asked = [name for name in asked if name not in COSTS]
    opened = [open_oracle(model) for model in models]
    if opened and space is None:
        space = opened[0].space.name
    if not opened and table is None:
        return Oracle.from_pretrained(get_space(_only_space(asked) if space is None else space))
    measured = None if table is None else table_of_one_space(table, space, minimize=minimize)
    if not opened:
        assert measured is not None
        oracle = Oracle.from_table(measured)
    else:
        oracle = opened[0].join(*opened[1:])
        if oracle.space != space:
            raise typer.BadParameter(
                f"expected {oracle.space}, the space of the model, got {space!s:.200}", param_hint="--space"
            )
        if not all(map(is_stored, models)):
            _check_trainings(None, measured, oracle.tasks)
        oracle = oracle if measured is None else Oracle(oracle.surrogate, measured)
    if all(_knows(oracle, name) for name in asked) or oracle.space.name not in list_pretrained():
        return oracle
    return _with_bundled(oracle, measured)


def oracles_of_archs(
    archs: Sequence[str],
    path: Path | None,
    model: str | None,
    source: AnswerSource,
    minimize: Sequence[str] | None = None,
) -> dict[str, Oracle]:
    """The oracle of each architecture: measured values, else predictions of a stored surrogate or the bundled one.

    Args:
        archs: Valid architectures of any spaces.
        path: File of measured results.
        model: Directory of a stored surrogate, or name of a bundled one.
        source: As that of `Oracle`.
        minimize: Tasks of the table that are better when lower.

    Raises:
        TableError: If the table cannot be read, or is of other spaces or trainings.
        ArchitectureError: If an architecture is not of the space of the model.

    Example:
        >>> oracles_of_archs(["64-2311-basic"], None, None, "auto")["64-2311-basic"].space.name
        'transnas101-macro'
    """
    from benchmarks.errors import ArchitectureError, TableError
    from benchmarks.spaces.registry import infer_space
    from surrogates.cli.models import open_oracle
    from surrogates.oracle.oracle import Oracle
    from surrogates.pretrained.load import list_pretrained

    spaces = [infer_space(arch) for arch in archs]
    table = None
    if path is not None:
        from benchmarks.formats.load import load_table

        table = load_table(path, minimize=minimize or ())
        asked = list(dict.fromkeys(space.name for space in spaces))
        if not set(asked) & set(table.spaces):
            raise TableError(
                f"expected architectures of {', '.join(table.spaces)}, the spaces of {path}, got {', '.join(asked)}"
            )
    oracles = {}
    if model is not None:
        oracle = open_oracle(model, table, source)
        for arch, space in zip(archs, spaces, strict=True):
            if space != oracle.space:
                raise ArchitectureError(
                    f"expected architectures of {oracle.space}, the space of the model {model}, got {arch!r:.200} of "
                    f"{space}"
                )
        oracles[oracle.space] = oracle
    for space in dict.fromkeys(spaces) if model is None else ():
        says = table is not None and (space.name in table.spaces or source == "table")
        if says and table is not None and space.name in table.spaces and space.name not in list_pretrained():
            oracles[space] = Oracle.from_table(table.where(space=space))
            continue
        oracles[space] = Oracle.from_pretrained(space, table, source) if says else Oracle.from_pretrained(space)
    return {arch: oracles[space] for arch, space in zip(archs, spaces, strict=True)}


def sources_hash(table: Table | None, models: Sequence[str]) -> str:
    """What a study records of the source of its values: hashes of a table and stored surrogates.

    Example:
        >>> sources_hash(None, [])
        'bundled'
    """
    from surrogates.cli.models import model_hash

    return " ".join([*([] if table is None else [table.hash]), *map(model_hash, models)]) or "bundled"


def _only_space(asked: Sequence[str]) -> str:
    """The only space whose bundled surrogate has all the tasks."""
    from benchmarks.spaces.registry import get_space
    from benchmarks.task_names import choose_task
    from surrogates.pretrained.load import list_pretrained

    spaces = list_pretrained()
    every = dict.fromkeys(task for space in spaces for task in get_space(space).tasks)
    wanted = {choose_task(name, every) for name in asked}
    having = [name for name in spaces if wanted and wanted <= set(get_space(name).tasks)]
    if len(having) == 1:
        return having[0]
    raise typer.BadParameter(
        f"expected --table or --space (one of {', '.join(having or spaces)}), or --model, got none of them"
    )


def _knows(oracle: Oracle, task: str) -> bool:
    """Whether an oracle has a task, under any of its names."""
    from benchmarks.errors import UnknownNameError

    try:
        oracle.task(task)
    except UnknownNameError:
        return False
    return True


def _with_bundled(oracle: Oracle, table: Table | None) -> Oracle:
    """An oracle whose missing tasks are predicted by the bundled surrogate."""
    from benchmarks.tasks import normal_score_task
    from surrogates.oracle.join import JoinedSurrogate
    from surrogates.oracle.oracle import Oracle
    from surrogates.pretrained.load import load_answers

    bundled = load_answers(oracle.space)
    missing = [task for task in bundled.tasks_ if not {task, normal_score_task(task)} & set(oracle.tasks)]
    if not missing:
        return oracle
    _check_trainings(oracle.surrogate, table, missing)
    own = [] if oracle.surrogate is None else [(oracle.surrogate, oracle.surrogate.tasks_)]
    return Oracle(JoinedSurrogate([*own, (bundled, missing)]), table)


def _check_trainings(predictor: Predictor | None, table: Table | None, tasks: Sequence[str]) -> None:
    """Refuse trainings unlike the published ones beside tasks of the bundled surrogate."""
    from benchmarks.errors import TableError
    from benchmarks.provenance import unlike_published

    trainings: dict[str, Any] = getattr(predictor, "trainings_", None) or {}
    how = next(filter(None, trainings.values()), "") or ("" if table is None else unlike_published(table))
    if how:
        raise TableError(
            f"expected trainings like the published ones beside {', '.join(tasks)} of the bundled surrogate, got "
            f"others: {how}"
        )
