"""Helpers that run the command line in tests."""

import csv
import functools
import io
from inspect import signature
from pathlib import Path

import typer.main
import typer.testing
from typer.testing import CliRunner, Result

from surrogates.cli.app import app

CELL = "64-41414-3_33_333"
OUTSIDE = "32-4141-3_33_333"
QUICK = {"n_members": 2, "n_rounds": 5}
# every call would build all commands again, a tenth of a second
typer.testing._get_command = functools.cache(typer.main.get_command)  # type: ignore[attr-defined]
# click below 8.2 mixes stderr into stdout unless told not to, later ones cannot be told
RUNNER = CliRunner(**{"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {})


def run(*arguments: str | Path, stdin: str | None = None) -> Result:
    return RUNNER.invoke(app, [str(argument) for argument in arguments], input=stdin)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))
