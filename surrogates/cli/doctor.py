"""``surrogates doctor``: check the installation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from surrogates.cli.arguments import AsJson
from surrogates.cli.failures import FAILED
from surrogates.cli.help import examples
from surrogates.cli.output import print_json, print_table

__all__ = ["EXAMPLES", "doctor"]


EXAMPLES = examples(
    "surrogates doctor", "NAS_DATA=/data surrogates doctor results.csv", "surrogates doctor --artefact model"
)


def doctor(
    tables: Annotated[
        list[Path] | None,
        typer.Argument(metavar="TABLE", help="Tables to check, in addition to those in the folder $NAS_DATA."),
    ] = None,
    artefacts: Annotated[
        list[Path] | None,
        typer.Option(
            "--artefact",
            metavar="DIR",
            help="Check only this stored surrogate: load it and predict with it in a child process; repeatable.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check versions, extras, shadowed package names, and the integrity of bundled surrogates and tables.

    With --artefact, stored surrogates are checked instead: a model that was made to harm can end the process that
    loads it, so it is loaded in a child.

    The exit code is 1 if a check fails. Extras that are not installed are reported, but do not count as failures.
    """
    from surrogates.diagnostics import Finding, examine

    if artefacts:
        if tables:
            raise typer.BadParameter("expected tables or --artefact, got both")
        from surrogates.store.trial import try_artefact

        trials = [(path, try_artefact(path)) for path in artefacts]
        findings = [Finding("ok" if trial.ok else "broken", f"artefact {path}", trial.detail) for path, trial in trials]
    else:
        findings = list(examine(tables or []))
    if as_json:
        print_json([finding._asdict() for finding in findings])
    else:
        rows = [[finding.status, finding.what, finding.detail] for finding in findings]
        print_table(["", "what", "detail"], rows, left=3)
    broken = sum(finding.status == "broken" for finding in findings)
    if broken:
        typer.secho(f"error: {broken} of {len(findings)} checks failed", fg=typer.colors.RED, err=True)
        raise typer.Exit(FAILED)
