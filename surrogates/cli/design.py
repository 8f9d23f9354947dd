"""``surrogates design``: which architectures of a space to train first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from surrogates.cli.arguments import AsJson
from surrogates.cli.help import examples
from surrogates.cli.models import open_source
from surrogates.cli.output import counted, print_json, working

__all__ = ["EXAMPLES", "design"]

EXAMPLES = examples(
    "surrogates design transnas101-micro -n 32 --plan plan.json",
    "surrogates design transnas101-macro -n 16 --have results.csv",
    "surrogates design nasbench201 -n 64 --allowed small.txt --seed 1 > archs.txt",
)


def design(
    space: Annotated[str, typer.Argument(metavar="SPACE", help="The space, such as transnas101-micro.")],
    n: Annotated[int, typer.Option("-n", "--n", metavar="N", min=1, help="Number of architectures.")] = 32,
    have: Annotated[
        Path | None,
        typer.Option(
            metavar="TABLE",
            help="Architectures that were measured already: a table of results, or a text file (.txt) with one a line.",
        ),
    ] = None,
    allowed: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Choose only from these architectures: a text file with one a line.",
        ),
    ] = None,
    sources: Annotated[
        list[str] | None,
        typer.Option(
            "--sources",
            metavar="SOURCE",
            help="Results of other tasks that 'fit --sources' will use: a table, the directory of a stored surrogate, "
            "or the name of a bundled one; repeatable.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Random seed: another one gives another design.")] = 0,
    plan: Annotated[
        Path | None,
        typer.Option(
            metavar="PLAN",
            dir_okay=False,
            help="Also write a plan file (JSON) for 'campaign run', which trains them in this order.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Choose the architectures to train first, whose results will tell most about all others; one a line.

    The first lines of a longer design are a shorter one with the same seed, so stop wherever the budget ends. All
    compute different functions, and none a function of --have, which the design complements.
    """
    from surrogates.design import initial_design

    if plan is not None:
        _check_plan(plan)
    try:
        measured = [] if have is None else _measured(have, space)
    except FileNotFoundError as error:
        raise typer.BadParameter(str(error), param_hint="--have") from error
    choice_of = None if allowed is None else _lines(allowed)
    others = [open_source(source) for source in sources or []] or None
    with working(f"choosing {counted(n, 'architecture')}"):
        archs = initial_design(space, n, have=measured, allowed=choice_of, sources=others, random_state=seed)
    if plan is not None:
        from benchmarks.training.campaign.plan import Plan

        Plan(tuple(archs))  # refuses what cannot be trained, such as graphs of names of operations
        _write_plan(plan, archs)
    if as_json:
        print_json(archs)
    else:
        for arch in archs:
            typer.echo(arch)
    if plan is not None:
        typer.echo(f"Wrote {plan}: train them with 'surrogates campaign run {plan}'.", err=True)


def _measured(path: Path, space: str) -> list[str]:
    """The architectures of a table, of the wanted space if it holds several, or of a text file."""
    if path.suffix.casefold() == ".txt":
        return _lines(path)
    from benchmarks.formats.load import load_table
    from benchmarks.spaces.registry import get_space

    table, wanted = load_table(path), get_space(space)
    rows = zip(table.archs, table.row_spaces, strict=True)
    return [arch for arch, name in rows if name == wanted or wanted.name not in table.spaces]


def _lines(path: Path) -> list[str]:
    """The lines of a text file that are not blank, validated so that an error names the line."""
    from benchmarks import limits
    from benchmarks.errors import ArchitectureError
    from benchmarks.files import read_file
    from benchmarks.spaces.registry import infer_space

    found: list[str] = []
    text = read_file(path, limits.METADATA_BYTES).decode("utf-8-sig", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        if arch := line.strip():
            try:
                found.append(infer_space(arch).validate(arch))
            except ArchitectureError as error:
                raise ArchitectureError(f"{path}, line {number}: {error}") from error
    if not found:
        raise ValueError(f"expected architectures in {path}, one a line, got none")
    return found


def _check_plan(path: Path) -> None:
    if path.suffix.casefold() != ".json":
        raise typer.BadParameter(f"expected a file ending in .json, got {path}", param_hint="--plan")
    if path.exists():
        raise typer.BadParameter(f"expected a new file, but {path} exists", param_hint="--plan")


def _write_plan(path: Path, archs: list[str]) -> None:
    from benchmarks.files import write_beside

    with write_beside(path) as beside:
        beside.write_text(json.dumps({"architectures": archs}, indent=2) + "\n", encoding="utf-8")
