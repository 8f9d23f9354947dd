"""``surrogates`` alone names the command for every goal, and each of them is a complete line."""

import shlex
from typing import Any

import pytest
import typer.main

from surrogates.cli.app import app
from surrogates.cli.chooser import CHOICES
from tests.surrogates.cli.helpers import run


def test_alone_it_shows_the_goals() -> None:
    result = run()
    assert result.exit_code == 0
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 120
    assert len(lines) <= 15
    for goal, command in CHOICES.items():
        assert any(line.startswith(goal) and line.endswith(command) for line in lines)


def test_an_option_without_a_command_is_an_error() -> None:
    result = run("--spaces", "graphs.jsonl")
    assert result.exit_code == 2
    assert "Missing command." in result.stderr


@pytest.mark.parametrize("line", CHOICES.values())
def test_a_choice_is_a_complete_command(line: str) -> None:
    """What typer would refuse, an unknown option or one that is missing, is refused here."""
    _, *words = shlex.split(line)
    if words[0] == "--spaces":
        words = words[2:]
    commands: Any = typer.main.get_command(app)
    command = commands.commands[words[0]]
    given = {word for word in words if word.startswith("-")}
    assert given <= {name for option in command.params for name in option.opts}
    assert all(given & set(option.opts) for option in command.params if option.required and option.opts[0][0] == "-")


def test_the_options_for_completion_are_named_in_an_example_only() -> None:
    text = run("--help").stdout
    assert text.count("--install-completion") == 1
    assert "--show-completion" not in text
