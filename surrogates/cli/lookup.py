"""``surrogates lookup``: predicted or measured values of architectures."""

from __future__ import annotations

import math
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surrogates.cli.arch_lists import ArchNames, numbered_archs, validated
from surrogates.cli.arguments import AsJson, Minimize, TableOption, TaskNames
from surrogates.cli.help import examples
from surrogates.cli.models import StoredModel, open_oracle
from surrogates.cli.output import measurement, print_csv, print_json, print_table

if TYPE_CHECKING:
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
) -> None:
    """Show the predicted performance of architectures, from the bundled surrogates; works offline.

    With --model, the predictions are those of your own surrogate. With --table, measured values of the table are
    preferred over predictions for architectures of its spaces.

    Architectures may be of any space. Values are in the unit of the metric. Predictions have a standard deviation
    (± 1.645 standard deviations cover 90 %), measured values have none. Ranks are among all published
    architectures of the space, 1 is best; one that is not published has the rank that it would have among them (in
    JSON and CSV, "of" counts it as well).

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
    records = [_record(oracle, answer) for oracle, answers in found for answer in answers]
    if as_json:
        print_json(records)
    elif as_csv:
        print_csv(list(records[0]), [list(record.values()) for record in records])
    else:
        for position, (oracle, answers) in enumerate(found):
            typer.echo("\n" * (position > 0), nl=False)
            _show(oracle, list(answers))


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
    from benchmarks.errors import ArchitectureError, TableError
    from benchmarks.spaces.registry import infer_space
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
    return [
        (oracles[space], oracles[space].answers([arch], tasks or None, rank=True))
        for arch, space in zip(archs, spaces, strict=True)
    ]


def _record(oracle: Oracle, answer: Answer) -> dict[str, Any]:
    metric = oracle.task(answer.task).metric
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


def _show(oracle: Oracle, answers: list[Answer]) -> None:
    """Print the table of one architecture."""
    space = oracle.space
    typer.secho(answers[0].arch, bold=True, nl=False)
    typer.echo(f"  ({space.name})")
    published = answers[0].in_domain
    sizes = {len(oracle.ranking(answer.task)) for answer in answers}
    among = "of" if published else "among"
    of = f" {among} {sizes.pop():,}" if len(sizes) == 1 else ""
    rows = [_row(oracle, answer, "" if of else f" {among} {len(oracle.ranking(answer.task)):,}") for answer in answers]
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


def _row(oracle: Oracle, answer: Answer, size: str) -> list[str]:
    assert answer.rank is not None
    assert answer.of is not None
    task = oracle.task(answer.task)
    value, std = measurement(answer.value, answer.std, task.metric.unit)
    share = 100 * answer.rank / answer.of
    top = f"{share:.0f} %" if share >= 10 else f"{share:.2g} %"
    return [answer.task, task.column, value, std, f"{answer.rank:,}{size} ({top})", answer.source]
