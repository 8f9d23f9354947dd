"""``surrogates refine``: train what a surrogate is least sure of, or what a searcher asks for; add it to the table."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surrogates.cli.arguments import ALONE, AsJson, SpaceName, TableFile, TaskNames, table_of_one_space
from surrogates.cli.campaign import RetryFailed, Workers, count_of_workers, failures, show_progress
from surrogates.cli.help import examples
from surrogates.cli.output import counted, print_json, print_table, score
from surrogates.cli.train import Device, Threads, check_out

if TYPE_CHECKING:
    from benchmarks.table import Table
    from benchmarks.training.campaign import Plan
    from surrogates.refinement import Round

__all__ = ["EXAMPLES", "refine"]

EXAMPLES = examples(
    "surrogates refine results.parquet --plan plan.json --budget 8 --out refined.parquet",
    "surrogates refine results.csv --space transnas101-micro --task jigsaw --preset mini --by predictor --out new.csv",
)


def refine(
    table: TableFile,
    out: Annotated[Path, typer.Option("--out", "-o", help="Table to write, ending in .parquet, .csv or .pth.")],
    budget: Annotated[int, typer.Option(min=1, help="Architectures to train in a round.")] = 16,
    rounds: Annotated[int, typer.Option(min=1, help="How often to choose, train and fit.")] = 1,
    model: Annotated[str, typer.Option(help="Which surrogate is fitted.")] = "boosted",
    by: Annotated[
        str, typer.Option(help="What chooses: uncertainty of the surrogate, or a searcher. " + ALONE)
    ] = "uncertainty",
    seed: Annotated[int, typer.Option(min=0, help="Of the searcher.")] = 0,
    task: TaskNames = None,
    space: SpaceName = None,
    plan: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Train as this campaign does: its recipe, images and seeds."),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help="Recipe, without --plan: paper (as published), quick or mini; by default quick.", show_default=False
        ),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Where records are kept; by default OUT without its ending.", show_default=False)
    ] = None,
    workers: Workers = "1",
    device: Device = "auto",
    threads: Threads = 1,
    retry_failed: RetryFailed = False,
    as_json: AsJson = False,
) -> None:
    """Fit a surrogate to a table, train the architectures it is least sure of, add them, fit again.

    With --by SEARCHER those are trained that the searcher, told the table, asks for next.

    TABLE must hold results of the same recipe and images as --plan or --preset say; a parquet written by 'campaign
    table' says so itself and is checked. The new table holds the last epoch. An interrupted command, given again, goes
    on.

    What fails is recorded with its reason and left out; --retry-failed trains it again.

    Shown for every round and task: the predicted standard deviation (mean over the space) and tau in cross-validation,
    each before and after; and tau between what was predicted and what was then measured.
    """
    from benchmarks.errors import TableError, choice
    from benchmarks.formats import table_suffix
    from benchmarks.training.campaign import CampaignError, ImageTrainer, campaign_table, run_campaign
    from benchmarks.training.device import device_options
    from surrogates.refinement import refine as refinement
    from surrogates.refinement.loop import CHOICES, UNCERTAINTY
    from surrogates.registry import make_model
    from surrogates.search import make_searcher

    if plan is not None and preset is not None:
        raise typer.BadParameter("expected one of --plan and --preset, got both")
    table_suffix(out)
    _check_out(out, table)
    surrogate, begin = make_model(model), table_of_one_space(table, space, task or [])
    template = _template(plan, preset or "quick", begin)
    _check_made_alike(table, template)
    device_options(device)
    place = out.with_suffix("") if folder is None else folder
    trainer, count = ImageTrainer(device, threads), count_of_workers(workers)

    def measure(archs: list[str]) -> Table:
        part = replace(template, archs=tuple(archs))
        with closing(run_campaign(part, place / "runs", trainer, count, retry_failed)) as steps:
            show_progress(steps)
        try:
            return campaign_table(part, place / "runs")
        except TableError as error:  # nothing wrong with what was given: all trainings failed
            raise CampaignError(str(error)) from error

    found: list[Round] = []
    chooser = by if choice(by, CHOICES, "way to choose") == UNCERTAINTY else make_searcher(by, seed)
    for turn in refinement(begin, measure, surrogate, budget, rounds, place, chooser):
        found.append(turn)
        if not as_json:
            typer.echo(
                f"round {turn.number}: trained {len(turn.archs)}, {counted(len(turn.table), 'architecture')} known"
            )
            _show(turn)
    last = found[-1].table if found else begin
    _write(last, out, table, begin, template, found, place)
    for line in _failures(template, found, place):
        typer.echo(line, err=True)
    if as_json:
        print_json([_plain(turn) for turn in found])
    else:
        typer.echo(f"Wrote {out}: {counted(len(last), 'architecture')}, {len(last) - len(begin)} of them new.")


def _check_out(out: Path, table: Path) -> None:
    """Raise if the new table cannot be written, or would take the place of the one that is refined."""
    check_out(out)
    if out.exists() and out.samefile(table):
        raise typer.BadParameter(f"expected another file than the table to refine, got {out}", param_hint="--out")


def _template(plan: Path | None, preset: str, begin: Table) -> Plan:
    """How to train; which architectures comes later."""
    from benchmarks.training.campaign import Plan, load_plan

    if plan is None:
        return Plan((begin.archs[0],), begin.tasks, preset=preset)
    return replace(load_plan(plan), archs=(begin.archs[0],), tasks=begin.tasks)


def _check_made_alike(table: Path, template: Plan) -> None:
    """Raise `ValueError` if the table says that it was made with another recipe or other images."""
    from benchmarks.files import differences
    from benchmarks.formats import table_provenance

    made = table_provenance(table)
    if "recipes" not in made:
        typer.echo(f"note: {table} does not say how it was made; make sure that it was by this recipe", err=True)
        return
    for task in template.tasks:
        version = made.get("version", {}).get(task, 1)  # tables did not tell before the second
        before = {"recipe": made["recipes"].get(task), "images": made["images"].get(task), "version": version}
        if found := differences(before, template.settings(task), json.dumps):
            raise ValueError(
                f"{table}: {task} was trained otherwise: {'; '.join(found)}; expected the same recipe and images "
                "(--plan takes them from the plan of a campaign)"
            )


def _failures(template: Plan, found: list[Round], place: Path) -> list[str]:
    """What of all rounds failed, in lines."""
    from benchmarks.training.campaign import campaign_status

    archs = tuple(arch for turn in found for arch in turn.archs)
    if not archs:
        return []
    return failures(campaign_status(replace(template, archs=archs), place / "runs"))


def _write(last: Table, out: Path, source: Path, begin: Table, template: Plan, found: list[Round], place: Path) -> None:
    from benchmarks.formats import save_table, table_provenance
    from benchmarks.training.campaign import provenance

    made: dict[str, Any] = table_provenance(source)
    new = [arch for turn in found for arch in turn.archs]
    added = provenance(replace(template, archs=tuple(new)), place / "runs") if new else {}
    keys = ("recipes", "images", "version", "deviations", "settings")
    note = {key: made[key] for key in keys if key in made}  # of unknown origin the whole stays of unknown origin
    refined = {"table": begin.hash, "made": made, "added": added}
    save_table(replace(last, provenance={**note, "refined": refined}), out)


def _show(turn: Round) -> None:
    rows = [
        [
            str(row["task"]),
            str(row["measured"]),
            f"{row['std_before']:.3g}",
            f"{row['std_after']:.3g}",
            *(score(row[name]) for name in ("cv_tau_before", "cv_tau_after", "tau")),
        ]
        for row in turn.summary.reset_index().to_dict(orient="records")
    ]
    print_table(["task", "measured", "std before", "after", "cv tau before", "after", "tau of these"], rows)


def _plain(turn: Round) -> dict[str, Any]:
    return {
        "round": turn.number,
        "archs": list(turn.archs),
        "known": len(turn.table),
        "tasks": turn.summary.reset_index().to_dict(orient="records"),
    }
