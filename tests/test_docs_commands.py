"""What the README and the pages of docs/ tell to type: commands are complete, short ones print what the page shows.

Python that trains for minutes (```py blocks) is not run: its imports are, and its calls must fit the signatures.
"""

import ast
import importlib
import inspect
import re
import shlex
import struct
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import benchmarks
from surrogates.cli.app import app

ROOT = Path(benchmarks.__file__).parents[1]
PAGES = {
    path.name: path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
}
BLOCK = re.compile(r"^ *```(\w*)[^\n]*\n(.*?)^ *```$", flags=re.DOTALL | re.MULTILINE)


def blocks(page: str, *languages: str) -> list[str]:
    return [code for language, code in BLOCK.findall(PAGES[page]) if language in languages]


def typed(page: str) -> list[str]:
    """The command lines of `surrogates` in the blocks of a page, without prompts, comments and other programs."""
    text = "\n".join(blocks(page, "bash", "console")).replace("\\\n", " ")
    parts = [part for line in text.splitlines() for part in re.split(r"&& |; ", re.sub(r"\s#.*| &$", "", line))]
    return [part.strip().removeprefix("$ ") for part in parts if re.match(r"\s*(\$ )?surrogates ", part)]


COMMANDS = sorted({command for page in PAGES for command in typed(page)})


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_complete(command: str) -> None:
    words = shlex.split(command)[1:]
    found: Any = typer.main.get_command(app)
    while hasattr(found, "commands"):
        options = {name: option for option in found.params for name in option.opts}
        while words and words[0] in options:  # those before the name of a command
            words = words[1 if options[words[0]].is_flag else 2 :]
        if not words:
            return
        assert words[0] in found.commands, f"no command {words[0]!r}"
        found = found.commands[words.pop(0)]
    options = {name: option for option in found.params for name in (*option.opts, *option.secondary_opts)}
    given, values = set(), 0
    while words:
        word = words.pop(0)
        if not re.match(r"--?[a-zA-Z]", word):
            values += 1
            continue
        name, equals, _ = word.partition("=")
        assert name in options, f"{command}: no option {name}"
        given.add(name)
        if not equals and not options[name].is_flag:
            assert words, f"{command}: no value for {name}"
            words.pop(0)
    for option in found.params:
        if option.param_type_name == "option" and option.required:
            assert given & set(option.opts), f"{command}: no {option.opts[0]}"
    arguments = [option for option in found.params if option.param_type_name == "argument"]
    assert values >= sum(option.required for option in arguments), f"{command}: an argument is missing"
    if all(option.nargs == 1 for option in arguments):
        assert values <= len(arguments), f"{command}: too many arguments"


def test_pages_have_commands() -> None:
    assert len(COMMANDS) > 50


SHOWN = {  # page -> numbers of its console blocks that need nothing but the package, and print the same each time
    "README.md": [0],
    "quickstart.md": [0, 1],
    "compare.md": [0],
}


@pytest.mark.parametrize(("page", "number"), [(page, number) for page, numbers in SHOWN.items() for number in numbers])
def test_a_short_command_prints_what_the_page_shows(
    page: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command, _, shown = blocks(page, "console")[number].partition("\n")
    ran = CliRunner().invoke(app, shlex.split(command.rpartition("surrogates ")[2]))
    assert ran.exit_code == 0, ran.stderr
    assert [line.rstrip() for line in ran.output.splitlines()] == [line.rstrip() for line in shown.splitlines()]


UNRUN = [(page, number) for page in PAGES for number in range(len(blocks(page, "py")))]


@pytest.mark.parametrize(("page", "number"), UNRUN)
def test_python_that_is_not_run_fits_the_code(page: str, number: int) -> None:
    tree = ast.parse(blocks(page, "py")[number])
    names: dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            try:
                module = importlib.import_module(str(node.module))
            except ModuleNotFoundError as error:
                if error.name in ("torch", "lightning"):
                    pytest.skip(f"needs {error.name}")  # the extra is not installed
                raise
            names |= {alias.asname or alias.name: getattr(module, alias.name) for alias in node.names}
    calls = [
        (names[node.func.id], node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
    ]
    assert calls
    for called, node in calls:
        keywords = {str(keyword.arg): None for keyword in node.keywords}
        inspect.signature(called).bind(*[None] * len(node.args), **keywords)


def test_the_picture_of_calibration_is_drawn_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    (code,) = [code for code in blocks("concepts.md", "python") if "agreement.png" in code]
    exec(compile(code, "concepts.md", "exec"), {})
    drawn, shown = ((folder / "agreement.png").read_bytes() for folder in (tmp_path, ROOT / "docs"))
    assert drawn[:8] == shown[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">2I", drawn[16:24]) == struct.unpack(">2I", shown[16:24])
