"""``surrogates lookup``: what is known about some architectures."""

from __future__ import annotations

import math
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from surrogates.cli.help import AsJson, TableOption, TaskNames, examples
from surrogates.cli.output import print_csv, print_json, print_table

if TYPE_CHECKING:
    from benchmarks.table import Table
    from surrogates.oracle.answers import Answer
    from surrogates.oracle.oracle import Oracle

__all__ = ["EXAMPLES", "lookup"]


class _Source(str, Enum):
    auto = "auto"
    table = "table"
    surrogate = "surrogate"


class _Place(NamedTuple):
    """An answer and its place among the published architectures."""

    space: str
    answer: Answer
    rank: int
    of: int


EXAMPLES = examples(
    "surrogates lookup 64-41414-3_33_333",
    "surrogates lookup 64-2311-basic 64-41414-0_31_023 --task jigsaw --csv",
    "surrogates lookup 64-41414-3_33_333 --table transnas-bench_v10141024.pth --json",
)


def lookup(
    archs: Annotated[list[str], typer.Argument(metavar="ARCH...", help="Architecture strings, of any space.")],
    task: TaskNames = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print csv.")] = False,
    source: Annotated[
        _Source, typer.Option(help="Whom to ask: the table, the surrogate, or first one, then the other.")
    ] = _Source.auto,
    table: TableOption = None,
) -> None:
    """Show the expected performance of architectures, from the bundled surrogates; works offline.

    What TABLE holds goes before predictions, where it is of an architecture's space.

    Values are in the metric's unit, with one standard deviation (1.645 of them on both sides cover 90 %); what was
    measured has none. Ranks are among all published architectures of the space, 1 is best.
    """
    if as_json and as_csv:
        raise typer.BadParameter("expected one of --json and --csv, got both")
    if source is _Source.table and table is None:
        raise typer.BadParameter("--source table needs measured results: --table PATH")
    found = _places(archs, list(dict.fromkeys(task or [])), source.value, table)
    records = [_record(place) for places in found for place in places]
    if as_json:
        print_json(records)
    elif as_csv:
        print_csv(list(records[0]), [list(record.values()) for record in records])
    else:
        for position, places in enumerate(found):
            typer.echo("\n" * (position > 0), nl=False)
            _show(places)


def _places(archs: list[str], tasks: list[str], source: Any, table: Path | None) -> list[list[_Place]]:
    """The answers of each architecture, in the order asked."""
    from benchmarks.spaces.registry import infer_space

    spaces = [infer_space(arch).name for arch in archs]
    results = None if table is None else _results(table, spaces)
    oracles = {space: _oracle(space, source, results, table) for space in dict.fromkeys(spaces)}
    if source == "table":
        for arch, space in zip(archs, spaces, strict=True):
            _check_measured(arch, oracles[space].table, tasks)
    return [
        [_place(space, answer, oracles[space]) for answer in oracles[space].answers([arch], tasks or None)]
        for arch, space in zip(archs, spaces, strict=True)
    ]


def _place(space: str, answer: Answer, oracle: Oracle) -> _Place:
    """An answer among those on all published architectures, and its own where it is none of them."""
    published = len(oracle.ranking(answer.task))
    return _Place(space, answer, oracle.rank(answer.arch, answer.task), published + (not answer.in_domain))


def _results(path: Path, spaces: list[str]) -> Table:
    """A table of at least one of some spaces."""
    from benchmarks.errors import TableError
    from benchmarks.formats.load import load_table

    table = load_table(path)
    asked = list(dict.fromkeys(spaces))
    if not set(asked) & set(table.spaces):
        raise TableError(f"{path} is of {', '.join(table.spaces)}, what is asked about of {', '.join(asked)}")
    return table


def _oracle(space: str, source: Any, table: Table | None, path: Path | None) -> Oracle:
    """Whom to ask about a space; a table of others has no say."""
    from benchmarks.errors import TableError
    from benchmarks.provenance import unlike_published
    from surrogates.oracle.oracle import Oracle
    from surrogates.pretrained.load import load_answers

    answers = load_answers(space)
    if table is None or space not in table.spaces:
        return Oracle(answers)
    if source == "auto" and (how := unlike_published(table, answers.tasks_)):
        raise TableError(
            f"{path}: its trainings were not like the published ones that the bundled surrogate predicts: {how}. Ask "
            "one alone (--source table or surrogate), or fit a surrogate to the table (surrogates fit) and use that "
            "(surrogates predict)"
        )
    return Oracle(answers, table, source)


def _check_measured(arch: str, table: Table | None, tasks: list[str]) -> None:
    """Raise `TableError` if a table lacks an architecture on one of some tasks, all by default."""
    from benchmarks.errors import TableError, choice
    from surrogates.oracle.table_lookup import Measured

    advice = "--source surrogate has it predicted"
    if table is None:
        raise TableError(f"{arch!r} was not measured: the table holds none of its space; {advice}")
    names = [choice(task, table.tasks, "task") for task in tasks or table.tasks]
    for task, value in zip(names, Measured(table).values([arch], names)[0], strict=True):
        if math.isnan(value):
            raise TableError(f"{arch!r} was not measured on {task}; {advice}")


def _record(place: _Place) -> dict[str, Any]:
    from benchmarks.tasks import find_task

    answer = place.answer
    metric = find_task(answer.task).metric
    return {
        "arch": answer.arch,
        "space": place.space,
        "task": answer.task,
        "value": answer.value,
        "std": answer.std,
        "unit": metric.unit,
        "higher_is_better": metric.higher_is_better,
        "rank": place.rank,
        "of": place.of,
        "source": answer.source,
        "in_domain": answer.in_domain,
    }


def _show(places: list[_Place]) -> None:
    """One architecture for people."""
    from benchmarks.spaces.registry import get_space

    space = get_space(places[0].space)
    answer = places[0].answer
    typer.secho(answer.arch, bold=True, nl=False)
    typer.echo(f"  ({space.name})")
    sizes = {place.of for place in places}
    of = f" of {sizes.pop():,}" if len(sizes) == 1 else ""
    print_table(["task", "metric", "value", "± std", f"rank{of}", "source"], [_row(p, not of) for p in places], left=2)
    published = f"one of the {len(space):,} published architectures of {space.name}"
    if answer.in_domain:
        typer.echo(f"In domain: {published}.")
    else:
        typer.echo(f"Out of domain: not {published}; treat the values and their std with care.")


def _row(place: _Place, with_size: bool) -> list[str]:
    from benchmarks.tasks import find_task

    answer, known = place.answer, find_task(place.answer.task)
    unit = "" if known.metric.unit == "-" else f" {known.metric.unit}"
    digits = _decimals(answer.std)
    value = f"{answer.value:.{digits}f}" if answer.std > 0 else f"{answer.value:.6g}"
    std = "-" if math.isnan(answer.std) else f"± {answer.std:.{digits}f}"
    share = 100 * place.rank / place.of
    top = f"{share:.0f} %" if share >= 10 else f"{share:.2g} %"
    size = f" of {place.of:,}" if with_size else ""
    return [answer.task, known.column, value + unit, std, f"{place.rank:,}{size} ({top})", answer.source]


def _decimals(std: float) -> int:
    """Decimals that show two significant digits of the standard deviation."""
    return min(max(1 - math.floor(math.log10(std)), 0), 6) if std > 0 else 6
