"""``surrogates design``: which architectures of a space to train first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from surrogates.cli.arch_lists import read_archs
from surrogates.cli.arguments import AsJson, Sources
from surrogates.cli.help import examples
from surrogates.cli.models import open_source
from surrogates.cli.out_files import writable
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
            help="Architectures that were measured already: a table of results, or a text file with one a line.",
        ),
    ] = None,
    allowed: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Choose only from these architectures: a text file with one a line, or a table of results.",
        ),
    ] = None,
    sources: Sources = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Random seed: another one gives another design.")] = 0,
    plan: Annotated[
        Path | None,
        typer.Option(
            metavar="PLAN",
            callback=writable,
            help="Also write a plan file (JSON) for 'campaign run', which trains them in this order.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Choose the architectures to train first, whose results will tell most about all others; one a line.

    The first lines of a longer design are a shorter one with the same seed, so stop wherever the budget ends. All
    compute different functions, and none a function of --have, which the design complements. Name the --sources that
    'fit --sources' will use.
    """
    from surrogates.design import initial_design

    if plan is not None:
        _check_plan(plan)
    try:
        measured = [] if have is None else read_archs(have, space)
    except FileNotFoundError as error:
        raise typer.BadParameter(str(error), param_hint="--have") from error
    choice_of = None if allowed is None else read_archs(allowed, space)
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


def _check_plan(path: Path) -> None:
    if path.suffix.casefold() != ".json":
        raise typer.BadParameter(f"expected a file ending in .json, got {path}", param_hint="--plan")
    if path.exists():
        raise typer.BadParameter(f"expected a new file, but {path} exists", param_hint="--plan")


def _write_plan(path: Path, archs: list[str]) -> None:
    from benchmarks.files import write_beside

    with write_beside(path) as beside:
        beside.write_text(json.dumps({"architectures": archs}, indent=2) + "\n", encoding="utf-8")
