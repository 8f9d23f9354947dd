"""``--cost``: what commands show, bound or minimise beside performance, whether exact, measured or predicted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.spaces.space import Space
    from benchmarks.table import Table
    from benchmarks.tasks import Task
    from surrogates.base import Surrogate
    from surrogates.oracle.answers import Answer
    from surrogates.oracle.oracle import Oracle
    from surrogates.oracle.predictors import Predictor

__all__ = [
    "CostFiles",
    "CostNames",
    "CostSource",
    "compare_costs",
    "cost_answers",
    "cost_files",
    "costs_to_fit",
    "hash_of_costs",
    "naming_costs",
    "open_costs",
    "with_costs",
]

CostNames = Annotated[
    list[str] | None,
    typer.Option(
        "--cost",
        metavar="COST",
        help="Cost to show: params, multiply_adds, FILE or FILE:COLUMN of a table, DIR of a surrogate, or one in TABLE "
        "or MODEL; repeatable.",
    ),
]
CostFiles = Annotated[
    list[str] | None,
    typer.Option(
        "--cost",
        metavar="FILE",
        help="Table of costs (FILE, FILE:COLUMN) or stored surrogate of costs (DIR), which bounds and objectives may "
        "name; repeatable.",
    ),
]


class CostSource(NamedTuple):
    """Costs of one space that come from files.

    Attributes:
        said: The option as given.
        file: The file or directory in it.
        names: Names of the costs.
        table: Measured costs, if it is a table.
        surrogate: What predicts them, if it is a stored surrogate.
    """

    said: str
    file: Path
    names: tuple[str, ...]
    table: Table | None
    surrogate: Surrogate | None

    @property
    def space(self) -> Space:
        """The space of the costs."""
        from benchmarks.spaces.registry import get_space

        if self.table is not None:
            return self.table.space
        assert self.surrogate is not None
        return get_space(self.surrogate.space_)


def open_costs(given: Sequence[str] | None, space: str | None = None) -> tuple[list[str], list[CostSource]]:
    """The plain names of costs among the options ``--cost``, and those that are files.

    Args:
        given: The options.
        space: Of tables of several spaces, the rows of this one.

    Raises:
        TableError: If a table cannot be read or has no cost.
        ArtefactError: If a directory is no stored surrogate.
        typer.BadParameter: If a stored surrogate predicts no cost.

    Example:
        >>> open_costs(["params"])
        (['params'], [])
    """
    from surrogates.store.artefact import holds_artefact

    names, sources = [], []
    for said in dict.fromkeys(given or ()):
        file, columns = _file_and_column(said)
        if file is None:
            names.append(said)
        elif holds_artefact(file):
            sources.append(_of_model(said, file, columns))
        else:
            from surrogates.oracle.cost_tables import load_costs

            table = load_costs(file, columns, space)
            sources.append(CostSource(said, file, table.results, table, None))
    return names, sources


def cost_files(given: Sequence[str] | None, space: str | None = None) -> list[CostSource]:
    """As `open_costs`, where only files are expected.

    Raises:
        typer.BadParameter: If an option is no file.

    Example:
        >>> cost_files(None)
        []
    """
    names, sources = open_costs(given, space)
    if names:
        raise typer.BadParameter(
            f"expected the file of a table of costs, or a stored surrogate, got {names[0]!r:.200} (params, "
            "multiply_adds and tasks need no --cost)",
            param_hint="--cost",
        )
    return sources


def costs_to_fit(said: str, space: str | None, tasks: Sequence[str]) -> Table:
    """The costs of one option ``--cost`` that a surrogate is fitted to.

    Raises:
        TableError: If the table cannot be read or has no cost.
        typer.BadParameter: If it is no table.
    """
    (source,) = cost_files([said], space)
    if source.table is None:
        raise typer.BadParameter(f"expected a table of costs, got a stored surrogate, {said:.200}", param_hint="--cost")
    return source.table.where(tasks=tasks) if tasks else source.table


@contextmanager
def naming_costs(asked: Sequence[str], sources: Sequence[CostSource]) -> Iterator[None]:
    """Say in the message about an unknown name which costs there are in files, or how to give some.

    Args:
        asked: Names that were asked for.
        sources: Costs of files.

    Raises:
        UnknownNameError: If the block does.

    Example:
        >>> from benchmarks.errors import UnknownNameError
        >>> with naming_costs(["latency"], []):
        ...     raise UnknownNameError("unknown task 'latency'.")
        Traceback (most recent call last):
        ...
        benchmarks.errors.UnknownNameError: unknown task 'latency'. A cost in a file is given with --cost FILE
    """
    from benchmarks.errors import UnknownNameError, did_you_mean

    try:
        yield
    except UnknownNameError as error:
        unknown = next((name for name in asked if f"{name!r:.200}" in str(error)), None)
        if unknown is None:
            raise
        names = [name for source in sources for name in source.names]
        has = f"--cost has {', '.join(names):.200}{did_you_mean(unknown, names)}"
        said = has if names else "A cost in a file is given with --cost FILE"
        raise UnknownNameError(f"{error} {said}" if str(error).endswith(".") else f"{error}. {said}") from error


def hash_of_costs(sources: Sequence[CostSource]) -> str:
    """What a study records of costs from files.

    Example:
        >>> hash_of_costs([])
        ''
    """
    from surrogates.cli.models import model_hash

    return " ".join(model_hash(str(source.file)) if source.table is None else source.table.hash for source in sources)


def cost_answers(
    oracle: Oracle, arch: str, names: Sequence[str], sources: Sequence[CostSource], shown: Sequence[str] = ()
) -> list[tuple[Task, Answer]]:
    """The costs of one architecture with their ranks and units: of the backbone and the oracle, then of files.

    What a table and a stored surrogate both have is measured where the table has it, else predicted. Costs that are
    `shown` as tasks are left out.

    Raises:
        UnknownNameError: If a name is no cost; the message names the nearest one, and where costs come from.
        TableError: If a cost was not measured, and no surrogate of it is given.
        typer.BadParameter: If a cost of a file is shown as a task of a model.

    Example:
        >>> from surrogates import Oracle
        >>> oracle = Oracle.from_pretrained("nasbench201")
        >>> [(answer.task, answer.source) for _, answer in cost_answers(oracle, oracle.space[0], ["params"], [])]
        [('params', 'exact')]
    """
    from benchmarks.errors import UnknownNameError
    from surrogates.oracle.exact_costs import exact_cost_task

    try:
        own = oracle.answers([arch], (), costs=names, rank=True)
    except UnknownNameError as error:
        raise UnknownNameError(f"--cost: {error} (or the file of a table of costs, or a stored surrogate)") from error
    found = [
        (exact_cost_task(cost.task) if cost.source == "exact" else oracle.task(cost.task), cost)
        for cost in own
        if cost.task not in shown
    ]
    pairs = _beside(oracle, sources, (*shown, *(cost.task for _, cost in found)))
    return found + [pair.answer(arch) for pair in pairs]


def compare_costs(
    oracle: Oracle, archs: Sequence[str], found: pd.DataFrame, sources: Sequence[CostSource]
) -> pd.DataFrame:
    """A comparison of architectures (`Oracle.compare`) with the costs of files after the tasks of each pair.

    Costs that are compared as tasks are left out.

    Raises:
        TableError: If a cost was not measured, and no surrogate of it is given.
        typer.BadParameter: If costs are of another space, or compared as a task of a model.

    Example:
        >>> from surrogates import Oracle
        >>> oracle = Oracle.from_pretrained("nasbench201")
        >>> found = oracle.compare(*oracle.space.archs[:2], tasks="cifar10")
        >>> len(compare_costs(oracle, oracle.space.archs[:2], found, []))
        1
    """
    import pandas as pd

    _check_space(oracle, sources)
    pairs = len(archs) * (len(archs) - 1) // 2
    parts = [found, *(pair.compare(archs) for pair in _beside(oracle, sources, tuple(found["task"])))]
    ordered = [part.assign(_pair=[row * pairs // len(part) for row in range(len(part))]) for part in parts]
    return (
        pd.concat(ordered, ignore_index=True)
        .sort_values("_pair", kind="stable", ignore_index=True)
        .drop(columns="_pair")
    )


def with_costs(oracle: Oracle, sources: Sequence[CostSource]) -> Oracle:
    """An oracle that has the costs of files as tasks, to be bounded and minimised.

    What a table and a stored surrogate both have is measured where the table has it, else predicted.

    Raises:
        ValueError: If a cost has the name of a task of the oracle.
        typer.BadParameter: If a cost is of another space, or given twice by tables or by stored surrogates.

    Example:
        >>> from surrogates import Oracle
        >>> oracle = Oracle.from_pretrained("nasbench201")
        >>> with_costs(oracle, []) is oracle
        True
    """
    from surrogates.oracle.cost_tables import tabulated_costs
    from surrogates.oracle.join import JoinedSurrogate

    _check_space(oracle, sources)
    parts: list[Predictor] = []
    for group in _groups(sources):
        if group.table is not None:
            parts.append(tabulated_costs(group.table, group.surrogate))
        elif group.surrogate is not None:
            parts.append(JoinedSurrogate([(group.surrogate, group.names)]))
    return oracle.join(*parts) if parts else oracle


def _check_space(oracle: Oracle, sources: Sequence[CostSource]) -> None:
    for source in sources:
        if source.space != oracle.space:
            raise typer.BadParameter(
                f"expected costs of {oracle.space}, got those of {source.space} in {source.said:.200}",
                param_hint="--cost",
            )


class _Pair(NamedTuple):
    """A cost of files, and what has it."""

    said: str
    name: str
    oracle: Oracle

    def answer(self, arch: str) -> tuple[Task, Answer]:
        """The cost of an architecture, with its rank."""
        with self._advising():
            (found,) = self.oracle.answers([arch], self.name, rank=True)
        return self.oracle.task(self.name), found

    def compare(self, archs: Sequence[str]) -> pd.DataFrame:
        """The cost of architectures side by side."""
        with self._advising():
            return self.oracle.compare(*archs, tasks=self.name)

    @contextmanager
    def _advising(self) -> Iterator[None]:
        """Say what to do about a cost that was not measured."""
        from benchmarks.errors import TableError

        try:
            yield
        except TableError as error:
            raise TableError(
                f"{error}: fit one (surrogates fit --cost {self.said} --out DIR) and give it as well (--cost DIR)"
            ) from error


class _Group(NamedTuple):
    """Costs that the same table and the same stored surrogate have; one of both may be missing."""

    said: str
    names: tuple[str, ...]
    table: Table | None
    surrogate: Surrogate | None


def _groups(sources: Sequence[CostSource]) -> list[_Group]:
    """The costs of files by what has them, in the order in which they are given.

    Raises:
        typer.BadParameter: If two tables, or two stored surrogates, have a cost.
    """
    tables: dict[str, CostSource] = {}
    models: dict[str, CostSource] = {}
    for source in sources:
        known = tables if source.surrogate is None else models
        if twice := known.keys() & set(source.names):
            raise typer.BadParameter(
                f"expected each cost once, got {min(twice)!r:.200} again in {source.said:.200}", param_hint="--cost"
            )
        known |= dict.fromkeys(source.names, source)
    groups: dict[tuple[int, int], list[str]] = {}
    for name in dict.fromkeys(name for source in sources for name in source.names):
        groups.setdefault((id(tables.get(name)), id(models.get(name))), []).append(name)
    found = []
    for names in groups.values():
        table, model = tables.get(names[0]), models.get(names[0])
        said = (model or table or sources[0]).said
        measured = None if table is None or table.table is None else table.table.where(tasks=names)
        found.append(_Group(said, tuple(names), measured, None if model is None else model.surrogate))
    return found


def _beside(oracle: Oracle, sources: Sequence[CostSource], shown: Sequence[str]) -> list[_Pair]:
    """The costs of files of the space of an oracle, without those of its table that are shown already.

    Raises:
        typer.BadParameter: If a cost is shown already, but not from a table: a measured value would be left out.
    """
    found = []
    for pair in _in_pairs(tuple(source for source in sources if source.space == oracle.space)):
        if pair.name not in shown:
            found.append(pair)
        elif oracle.table is None or pair.name not in oracle.table.results:
            raise typer.BadParameter(
                f"expected costs beside the tasks, got {pair.name!r:.200} of {pair.said:.200}, which is shown already; "
                "give measured values of a model's task with --table",
                param_hint="--cost",
            )
    return found


@lru_cache(maxsize=8)  # many architectures are looked up in the same files
def _in_pairs(sources: tuple[CostSource, ...]) -> list[_Pair]:
    """The costs of files, each measured where a table has it, else predicted by the stored surrogate that has it."""
    from surrogates.oracle.oracle import Oracle

    found: dict[str, _Pair] = {}
    for said, names, table, surrogate in _groups(sources):
        oracle = Oracle(surrogate, table)
        found |= {name: _Pair(said, name, oracle) for name in names}
    return [found[name] for name in dict.fromkeys(name for source in sources for name in source.names)]


def _of_model(said: str, file: Path, columns: tuple[str, ...]) -> CostSource:
    from benchmarks.errors import choice
    from benchmarks.quantities import is_cost
    from surrogates.store.load import load_surrogate

    surrogate = load_surrogate(file)
    costs = [name for name in surrogate.tasks_ if is_cost(name) or name in surrogate.minimize_]
    names = tuple(choice(name, surrogate.tasks_, "task") for name in columns) or tuple(costs)
    if not names:
        raise typer.BadParameter(
            f"expected a surrogate of costs, got one of {', '.join(surrogate.tasks_):.200} in {said:.200}",
            param_hint="--cost",
        )
    return CostSource(said, file, names, None, surrogate)


def _file_and_column(said: str) -> tuple[Path | None, tuple[str, ...]]:
    """The file or directory of an option and the column after its colon; no file if it is a plain name."""
    from surrogates.search.space_arrays import COSTS

    if said in COSTS:
        return None, ()
    if _is_source(said):
        return Path(said), ()
    before, colon, column = said.rpartition(":")
    named = before if _is_table_name(before) else said
    while colon and not _is_source(before):
        before, colon, rest = before.rpartition(":")
        named = before if _is_table_name(before) else named
        column = f"{rest}:{column}"
    if colon and before:
        return Path(before), (column,)
    if _is_table_name(named):
        raise typer.BadParameter(f"no such file: {named:.200}", param_hint="--cost")
    return None, ()


def _is_table_name(name: str) -> bool:
    return Path(name).suffix in (".csv", ".parquet", ".pth", ".tsv", ".gz")


def _is_source(name: str) -> bool:
    """Whether a file or folder of this name is meant; a bare name may be a cost, whatever else has it."""
    from benchmarks.files import kind_of_file
    from surrogates.store.artefact import holds_artefact

    path = Path(name)
    kind = kind_of_file(path)
    if kind == "nothing" or not name:
        return False
    if path.suffix or path.name != name:
        return True
    return holds_artefact(path) or any(file for pattern in ("*.parquet", "*=*") for file in path.glob(pattern))
