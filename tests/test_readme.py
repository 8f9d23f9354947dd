"""README's Python runs in the order of the page; its commands are complete; CONTRIBUTING names files that exist."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

import benchmarks
from benchmarks.training.campaign import load_plan
from surrogates.cli.app import app

ROOT = Path(benchmarks.__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(
    {" ".join(text.split()) for text in re.findall(r"`(surrogates [a-z][a-z-]* [^`]+)`", README)}
    | set(re.findall(r"^\$? ?(surrogates [a-z][^#\n]+?) *(?:#.*)?$", README, flags=re.MULTILINE))
)


def test_the_python_blocks_run_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len(blocks) == 6
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    assert names["mean"].shape == names["std"].shape == (2, 7)
    assert len(names["history"]) == 100
    assert set(names["y"].index) <= set(names["table"].archs)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_names_all_that_is_required(command: str) -> None:
    words = [word for word in shlex.split(command)[1:] if word != "..."]
    found: Any = typer.main.get_command(app)
    while hasattr(found, "commands"):
        found = found.commands[words.pop(0)]
    given = {word.partition("=")[0] for word in words if word.startswith("-")}
    options = {name for option in found.params for name in option.opts}
    assert given <= options
    required = [option for option in found.params if option.required and option.param_type_name == "option"]
    assert all(given & set(option.opts) for option in required)


def test_the_readme_has_commands() -> None:
    assert len(COMMANDS) >= 7


def test_contributing_names_files_that_exist() -> None:
    rows = re.findall(r"^\| an? [^|]+\|([^|]+)\|([^|]+)\|", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.MULTILINE)
    named = [
        (Path(*folder), file)
        for where, model in rows
        if (folder := re.findall(r"`([a-z/]+)/`", where))
        for file in re.findall(r"`([a-z_]+\.py)`", model)
    ]
    assert len(named) >= 7
    assert [file for folder, file in named if not (ROOT / folder / file).exists()] == []


def test_the_plan_in_the_readme_is_one(tmp_path: Path) -> None:
    (entries,) = re.findall(r"a plan is `(\{.*?\})`", README)
    (tmp_path / "plan.json").write_text(entries)
    assert len(load_plan(tmp_path / "plan.json").trials()) == 2
