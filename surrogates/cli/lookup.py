"""``surrogates lookup``: predicted or measured values of architectures."""

from __future__ import annotations

import math
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surrogates.cli.arch_lists import ArchNames, numbered_archs, validated
from surrogates.cli.arguments import AsJson, Minimize, TableOption, TaskNames
from surrogates.cli.costs import CostNames, CostSource, cost_answers, open_costs
from surrogates.cli.help import examples
from surrogates.cli.models import StoredModel
from surrogates.cli.oracles import oracles_of_archs
from surrogates.cli.output import measurement, print_csv, print_json, print_table

if TYPE_CHECKING:
    from benchmarks.tasks import Task
    from surrogates.oracle.answers import Answer, Answers
    from surrogates.oracle.oracle import Oracle

__all__ = ["EXAMPLES", "lookup"]


class _Source(str, Enum):
    auto = "auto"
    table = "table"
    surrogate = "surrogate"


EXAMPLES = examples(
    "surrogates lookup 64-41414-3_33_333",
    "surrogates lookup 64-2311-basic 64-41414-0_31_023 --task jigsaw --csv",
    "cat archs.txt | surrogates lookup - --task jigsaw --csv",
    "surrogates lookup 64-41414-3_33_333 --model my-model",
    "surrogates lookup 64-41414-3_33_333 --cost params --cost costs.csv:latency_ms --cost my-latency-model",
    "surrogates lookup 64-41414-3_33_333 --table transnas-bench_v10141024.pth --json",
)


def lookup(
    archs: ArchNames,
    task: TaskNames = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the results as CSV.")] = False,
    source: Annotated[
        _Source,
        typer.Option(
            help="Source of the values: table (measured only), surrogate (predicted only), or auto (measured values "
            "where TABLE has them, else predictions)."
        ),
    ] = _Source.auto,
    table: TableOption = None,
    minimize: Minimize = None,
    model: StoredModel = None,
    cost: CostNames = None,
) -> None:
    """Show the predicted performance of architectures, from the bundled surrogates; works offline.

    With --model, the predictions are those of your own surrogate. With --table, measured values of the table are
    preferred over predictions for architectures of its spaces.

    Architectures may be of any space. Values are in the unit of the metric. Predictions have a standard deviation
    (± 1.645 standard deviations cover 90 %), measured values have none. Ranks are among all published
    architectures of the space, 1 is best; one that is not published has the rank that it would have among them (in
    JSON and CSV, "of" counts it as well).

    With --cost, costs come after the tasks, lower is better: parameters and multiply-adds of the backbone are exact,
    others measured in a table of costs or predicted by a surrogate of costs.

    How architectures are written:

    64-41414-a_bc_def (TransNAS-Bench-101, micro): 64 channels in the stem; 41414 is a digit a module (1 same shape, 2
    doubles the channels, 3 halves the resolution, 4 both); then the operation on each edge of the cell: a leads to node
    1, b and c to node 2, d, e and f to node 3, from nodes 0, 1, 2 (0 none, 1 skip, 2 conv 1x1, 3 conv 3x3).

    64-2311-basic (macro): the same without a cell; a module is two residual blocks.

    |op~0|+|op~0|op~1|+|op~0|op~1|op~2| (NAS-Bench-201): the operations that lead to nodes 1, 2 and 3; ~i: from node i.
    """
    if as_json and as_csv:
        raise typer.BadParameter("expected one of --json and --csv, got both")
    if source is _Source.table and table is None:
        raise typer.BadParameter("expected --table with --source table, got none")
    found = _answers(_valid(archs), list(dict.fromkeys(task or [])), source.value, table, model, minimize)
    names, files = open_costs(cost)
    _check_spaces(files, [oracle for oracle, _ in found])
    known: list[list[tuple[Task, Answer]]] = [
        [(oracle.task(answer.task), answer) for answer in answers]
        + (cost_answers(oracle, answers.archs[0], names, files, answers.tasks) if cost else [])
        for oracle, answers in found
    ]
    records = [
        _record(oracle, task, answer) for (oracle, _), own in zip(found, known, strict=True) for task, answer in own
    ]
    if as_json:
        print_json(records)
    elif as_csv:
        print_csv(list(records[0]), [list(record.values()) for record in records])
    else:
        for position, ((oracle, _), own) in enumerate(zip(found, known, strict=True)):
            typer.echo("\n" * (position > 0), nl=False)
            _show(oracle, own)


def _check_spaces(files: list[CostSource], oracles: list[Oracle]) -> None:
    """Refuse costs of a space that no architecture is of."""
    spaces = dict.fromkeys(oracle.space for oracle in oracles)
    for source in files:
        if source.space not in spaces:
            raise typer.BadParameter(
                f"expected architectures of {source.space}, the space of {source.said:.200}, got "
                f"{', '.join(space.name for space in spaces)}",
                param_hint="--cost",
            )


def _valid(archs: list[str]) -> list[str]:
    """The architectures, from the command line or stdin; an error names the line."""
    from benchmarks.errors import ArchitectureError

    found = []
    for where, arch in numbered_archs(archs):
        validated(arch, where)
        found.append(arch)
    if not found:
        raise ArchitectureError("expected at least one architecture on stdin, got none")
    return found


def _answers(
    archs: list[str],
    tasks: list[str],
    source: Any,
    path: Path | None,
    model: str | None,
    minimize: list[str] | None,
) -> list[tuple[Oracle, Answers]]:
    """The oracle and the answers of each architecture, in the given order."""
    oracles = oracles_of_archs(archs, path, model, source, minimize)
    return [(oracles[arch], oracles[arch].answers([arch], tasks or None, rank=True)) for arch in archs]


def _record(oracle: Oracle, task: Task, answer: Answer) -> dict[str, Any]:
    metric = task.metric
    return {
        "arch": answer.arch,
        "space": oracle.space.name,
        "task": answer.task,
        "value": answer.value,
        "std": answer.std,
        "unit": metric.unit,
        "higher_is_better": metric.higher_is_better,
        "rank": answer.rank,
        "of": answer.of,
        "source": answer.source,
        "in_domain": answer.in_domain,
        "novelty": None if math.isnan(answer.novelty) else answer.novelty,
    }


def _show(oracle: Oracle, known: list[tuple[Task, Answer]]) -> None:
    """Print the table of one architecture."""
    space, answers = oracle.space, [answer for _, answer in known]
    typer.secho(answers[0].arch, bold=True, nl=False)
    typer.echo(f"  ({space.name})")
    published = answers[0].in_domain
    sizes = {_published(answer) for answer in answers}
    among = "of" if published else "among"
    of = f" {among} {sizes.pop():,}" if len(sizes) == 1 else ""
    rows = [_row(task, answer, "" if of else f" {among} {_published(answer):,}") for task, answer in known]
    print_table(
        ["task", "metric", "value", "± std", f"rank{of}", "source"], rows, left=2, optional=("metric", "source")
    )
    these = f"the {len(space):,} published architectures of {space.name}"
    if published:
        typer.echo(f"In domain: one of {these}.")
    else:
        typer.echo(f"Out of domain: not one of {these}; ranks are those that it would have among them.")
    novelty = max((answer.novelty for answer in answers if not math.isnan(answer.novelty)), default=0.0)
    if novelty > 1:
        typer.echo(f"Unfamiliar, novelty {novelty:.1f} (of most training rows, left out, below 1)", nl=False)
        reason = oracle.unfamiliar(answers[0].arch)
        typer.echo(f": {reason}." if reason else ".")


def _published(answer: Answer) -> int:
    """Number of published architectures that an answer is ranked among."""
    assert answer.of is not None
    return answer.of - (not answer.in_domain)


def _row(task: Task, answer: Answer, size: str) -> list[str]:
    assert answer.rank is not None
    assert answer.of is not None
    value, std = measurement(answer.value, answer.std, task.metric.unit)
    metric = task.column
    if task.metric.name == "cost":
        metric = "cost"
        value = f"{answer.value:,.0f}" if answer.source == "exact" else value
    share = 100 * answer.rank / answer.of
    top = f"{share:.0f} %" if share >= 10 else f"{share:.2g} %"
    return [answer.task, metric, value, std, f"{answer.rank:,}{size} ({top})", answer.source]
