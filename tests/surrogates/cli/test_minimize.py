"""``--minimize``: every command that reads a table takes the direction of a task of the user's own."""

import json
from pathlib import Path

import pytest
import typer

from benchmarks import get_space
from surrogates.cli.app import app
from tests.surrogates.cli.helpers import run

ARCHS = get_space("transnas101-macro").sample(60, rng=0)
VALUES = {arch: float(int(arch[3]) + len(arch)) for arch in ARCHS}
DOWN = ("--minimize", "test_error")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text("arch,test_error\n" + "".join(f"{arch},{value}\n" for arch, value in VALUES.items()))
    return path


def test_every_command_that_reads_a_table_has_the_option() -> None:
    lacking = []

    def visit(name: str, command: object) -> None:
        for child, sub in getattr(command, "commands", {}).items():
            visit(f"{name} {child}".strip(), sub)
        options = {option.name for option in getattr(command, "params", ())}
        if "table" in options and "minimize" not in options:
            lacking.append(name)

    visit("", typer.main.get_command(app))
    assert lacking == []


@pytest.mark.parametrize(
    "command",
    [
        ("table", "info"),
        ("evaluate", "--train-sizes", "20", "--seeds", "0"),
        ("leaderboard", "--train-sizes", "20", "--seeds", "0", "--models", "linear"),
        ("fit", "--out", "OUT", "--model", "boosted"),
    ],
)
def test_the_direction_is_asked_for_and_taken(command: tuple[str, ...], table: Path, tmp_path: Path) -> None:
    words = [word.replace("OUT", str(tmp_path / "out")) for word in command]
    split = 2 if command[0] == "table" else 1
    words[split:split] = [str(table)]
    refused = run(*words)
    assert refused.exit_code == 2
    assert "'test_error': the name says that lower is better" in refused.stderr
    assert "--minimize" in refused.stderr
    assert run(*words, *DOWN).exit_code == 0


def test_searches_and_look_ups_find_the_smallest(table: Path, tmp_path: Path) -> None:
    budget = ("--budget", "60", "--method", "random", "--json")
    found = json.loads(run("search", "--table", str(table), *DOWN, "-t", "test_error", *budget).stdout)
    assert found["best"][0]["tasks"]["test_error"]["value"] == min(VALUES.values())
    best = json.loads(run("best", "test_error", "--table", str(table), *DOWN, "--json").stdout)
    assert best[0]["value"] == min(VALUES.values())
    assert run("table", "convert", str(table), "--out", str(tmp_path / "kept.csv"), *DOWN).exit_code == 0
    assert (tmp_path / "kept.csv").read_text().startswith("arch,test_error/valid_cost\n")
    kept = run("best", "test_error", "--table", str(tmp_path / "kept.csv"), "--json")  # the file states the direction
    assert json.loads(kept.stdout) == best
