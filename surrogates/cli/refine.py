"""``surrogates refine``: active learning; train the architectures that a surrogate or a searcher selects."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surrogates.cli.arguments import ALONE, AsJson, Minimize, SpaceName, TableFile, TaskNames, table_of_one_space
from surrogates.cli.campaign import RetryFailed, Workers, count_of_workers, failures, show_progress
from surrogates.cli.help import examples
from surrogates.cli.out_files import TableOut
from surrogates.cli.output import counted, print_json, print_table, score
from surrogates.cli.trainings import Device, Threads
from surrogates.registry import STORABLE_MODELS, make_model

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
    out: TableOut,
    budget: Annotated[int, typer.Option(metavar="N", min=1, help="Number of architectures to train per round.")] = 16,
    rounds: Annotated[
        int, typer.Option(metavar="N", min=1, help="Number of rounds of selecting, training and fitting.")
    ] = 1,
    model: Annotated[str, typer.Option(help=f"Surrogate: one of {', '.join(STORABLE_MODELS)}.")] = "boosted",
    by: Annotated[
        str,
        typer.Option(
            help="Selection: uncertainty (highest predicted standard deviation), design (complements the "
            "measured ones, see 'surrogates design'), or a searcher: " + ALONE
        ),
    ] = "uncertainty",
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Random seed of the design or searcher.")] = 0,
    task: TaskNames = None,
    space: SpaceName = None,
    minimize: Minimize = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            metavar="PLAN",
            exists=True,
            dir_okay=False,
            help="Plan file (JSON) whose recipe, images and seeds are used.",
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help="Training recipe without --plan: paper (as published), quick or mini. Default: quick.",
            show_default=False,
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the training records. Default: the path of OUT without its suffix.", show_default=False
        ),
    ] = None,
    workers: Workers = "1",
    device: Device = "auto",
    threads: Threads = 1,
    retry_failed: RetryFailed = False,
    as_json: AsJson = False,
) -> None:
    """Active learning: fit a surrogate to a table, train the most uncertain architectures, add them and refit.

    With --by SEARCHER, the searcher is told the values of the table and selects the architectures instead.

    TABLE must hold results of the recipe and images given by --plan or --preset; a Parquet file of 'campaign table'
    records them and is checked. The new table holds the last epoch. An interrupted command resumes when it is run
    again.

    Failed trainings are recorded with their reason and left out; --retry-failed runs them again.

    Shows per round and task: the predicted standard deviation (mean over the space) and the cross-validated Kendall's
    tau, each before and after the round, and tau between the predicted and then measured values of the new
    architectures.
    """
    from benchmarks.errors import TableError, choice
    from benchmarks.formats import table_suffix
    from benchmarks.training.campaign import CampaignError, ImageTrainer, campaign_table, run_campaign
    from benchmarks.training.device import device_options
    from surrogates.refinement import refine as refinement
    from surrogates.refinement.loop import CHOICES

    if plan is not None and preset is not None:
        raise typer.BadParameter("expected one of --plan and --preset, got both")
    table_suffix(out)
    if out.exists() and out.samefile(table):
        raise typer.BadParameter(f"expected a file other than TABLE, got {out}", param_hint="--out")
    surrogate, begin = make_model(model), table_of_one_space(table, space, task or [], minimize)
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
        except TableError as error:  # all trainings failed; the input is valid
            raise CampaignError(str(error)) from error

    found: list[Round] = []
    choice(by, CHOICES, "selection method")
    for turn in refinement(begin, measure, surrogate, budget, rounds, place, by, seed):
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


def _template(plan: Path | None, preset: str, begin: Table) -> Plan:
    """A plan with the recipe, images, seeds and tasks; its architectures are replaced in every round."""
    from benchmarks.training.campaign import Plan, load_plan

    if plan is None:
        return Plan((begin.archs[0],), begin.tasks, preset=preset)
    return replace(load_plan(plan), archs=(begin.archs[0],), tasks=begin.tasks)


def _check_made_alike(table: Path, template: Plan) -> None:
    """Raise `ValueError` if the provenance of the table names another recipe or other images."""
    from benchmarks.formats import table_provenance
    from benchmarks.run_directory import differences

    made = table_provenance(table)
    if "recipes" not in made:
        typer.echo(f"note: {table} does not record how it was made; make sure that this recipe was used", err=True)
        return
    for task in template.tasks:
        version = made.get("version", {}).get(task, 1)  # tables did not tell before the second
        before = {"recipe": made["recipes"].get(task), "images": made["images"].get(task), "version": version}
        if found := differences(before, template.settings(task), json.dumps):
            raise ValueError(
                f"expected the same recipe and images as in {table}, got others for {task}: {'; '.join(found)} "
                "(--plan takes them from the plan of a campaign)"
            )


def _failures(template: Plan, found: list[Round], place: Path) -> list[str]:
    """Message lines about failed trainings of all rounds."""
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
    note = {key: made[key] for key in keys if key in made}  # empty if the origin of the source table is unknown
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
    print_table(["task", "measured", "std before", "after", "cv tau before", "after", "tau of new"], rows)


def _plain(turn: Round) -> dict[str, Any]:
    return {
        "round": turn.number,
        "archs": list(turn.archs),
        "known": len(turn.table),
        "tasks": turn.summary.reset_index().to_dict(orient="records"),
    }
