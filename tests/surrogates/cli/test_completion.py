"""TAB completes commands, tasks, spaces, architectures, models, tables and searchers, in a real shell and at once."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

import benchmarks
from benchmarks import get_space, list_spaces
from surrogates import list_pretrained
from surrogates.cli.app import app
from surrogates.cli.completion import architectures
from surrogates.search import list_searchers

ROOT = Path(benchmarks.__file__).parents[1]
PROGRAM = """#!{python}
import sys
sys.argv[0] = "surrogates"
from surrogates.cli import main
try:
    main()
finally:
    heavy = {{"pandas", "xgboost", "torch", "sklearn", "scipy", "pyarrow"}} & set(sys.modules)
    if heavy and "_SURROGATES_COMPLETE" in __import__("os").environ:
        print(f"imports {{heavy}}")
"""
"""What pip writes as the command ``surrogates``; it also tells which large libraries were imported."""


LINES = [
    ("surrogates lo", ["lookup"]),
    ("surrogates lookup --task seg", ["segmentsemantic"]),
    ("surrogates best ima", []),
    ("surrogates best Ima", ["ImageNet16-120"]),
    ("surrogates search --space ", list(list_spaces())),
    ("surrogates search --method p", [name for name in list_searchers() if name.startswith("p")]),
    ("surrogates predict ", list(list_pretrained())),
    ("surrogates train 64-2311-basic --preset m", ["mini"]),
    ("surrogates train 64-2311-ba", ["64-2311-basic"]),
    ("surrogates evaluate rooms-mini --model b", ["boosted"]),
    ("surrogates fit rooms-mini --model f", []),
    ("surrogates evaluate rooms-mini --model f", ["forest"]),
    ("surrogates table info rooms-mini-", ["rooms-mini-again"]),
    ("surrogates campaign p", ["pack"]),
]
"""What is typed, and what TAB offers."""
ANSWERING = """
import contextlib, io, json, os, sys
from surrogates.cli import main
said = []
for line in json.load(sys.stdin):
    words = line.split(" ")
    os.environ |= {"COMP_WORDS": "\\n".join(words), "COMP_CWORD": str(len(words) - 1)}
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
        main()
    heavy = {"pandas", "xgboost", "torch", "sklearn", "scipy", "pyarrow"} & set(sys.modules)
    said.append([out.getvalue().split(), sorted(heavy)])
print(json.dumps(said))
"""
"""One process that is asked, line by line, what the script of a shell asks a process of its own."""


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """The environment of a shell that has the command ``surrogates``."""
    command = tmp_path / "surrogates"
    command.write_text(PROGRAM.format(python=sys.executable))
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "ZDOTDIR": str(tmp_path)}


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_bash_completes(shell: dict[str, str]) -> None:
    """What bash offers at the end of lines, by the script that the command prints for it."""
    typed = [LINES[1], LINES[2], LINES[4]]
    program = 'eval "$(_SURROGATES_COMPLETE=source_bash surrogates)"\n'
    for line, _ in typed:
        words = line.split(" ")
        program += (
            f"COMP_WORDS=({' '.join(map(repr, words))}); COMP_CWORD={len(words) - 1}\n"
            '_surrogates_completion surrogates; printf "%s " "${COMPREPLY[@]}"; echo\n'
        )
    run = subprocess.run(["bash", "-c", program], env=shell, capture_output=True, text=True, check=True)
    assert run.stderr == ""
    assert [line.split() for line in run.stdout.splitlines()] == [expected for _, expected in typed]


@pytest.fixture(scope="module")
def answers() -> dict[str, tuple[list[str], list[str]]]:
    """For each line what is offered, and which large libraries were imported for it."""
    lines = [line for line, _ in LINES]
    run = subprocess.run(
        [sys.executable, "-c", ANSWERING],
        env={**os.environ, "PYTHONPATH": str(ROOT), "_SURROGATES_COMPLETE": "complete_bash"},
        input=json.dumps(lines),
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stderr == ""
    return dict(zip(lines, map(tuple, json.loads(run.stdout)), strict=True))


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_lines_are_completed_without_large_libraries(
    line: str, expected: list[str], answers: dict[str, tuple[list[str], list[str]]]
) -> None:
    assert answers[line] == (expected, [])


@pytest.mark.skipif(not shutil.which("zsh"), reason="needs zsh")
def test_zsh_completes(shell: dict[str, str]) -> None:
    """``_arguments`` is a function of zsh's own completion; here it shows what it is asked to offer."""
    program = (
        '_arguments() { print -r -- "$@" }; compdef() { : }\n'
        'eval "$(_SURROGATES_COMPLETE=source_zsh surrogates)"\n'
        "words=(surrogates best r); CURRENT=3; _surrogates_completion"
    )
    run = subprocess.run(["zsh", "-fc", program], env=shell, capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == ('*: :(("room_layout"))\n', "")


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_the_script_is_installed_for_the_shell_that_asks(shell: dict[str, str], tmp_path: Path) -> None:
    """The shell is that of the parent process, which must outlive the command: a program of two lines."""
    run = subprocess.run(
        ["bash", "-c", "surrogates --install-completion\ntrue"], env=shell, capture_output=True, text=True, check=False
    )
    if "not supported" in run.stderr + run.stdout:
        pytest.skip("the shell of this process cannot be seen")
    assert run.returncode == 0
    assert "bash completion installed" in run.stdout
    assert "surrogates" in (tmp_path / ".bashrc").read_text()


def offered() -> dict[tuple[str, str], tuple[str, list[str]]]:
    """(command, option) -> its help, and all that TAB offers for it."""
    found: dict[tuple[str, str], tuple[str, list[str]]] = {}

    def walk(path: str, command: Any) -> None:
        for name, child in getattr(command, "commands", {}).items():
            walk(f"{path} {name}".strip(), child)
        for param in command.params:
            if param.param_type_name == "option" and not param.is_flag:
                items = [item.value for item in param.shell_complete(typer.Context(command), "")]
                found[path, param.opts[0]] = (param.help or "", items)

    walk("", typer.main.get_command(app))
    return found


def test_what_is_offered_is_what_the_command_takes() -> None:
    """The help of these options says what they are checked with."""
    found = offered()
    listed = {place: re.search(r"^Task: one of (.*?)[.;]", help) for place, (help, _) in found.items()}
    closed = {place: match[1].split(", ") for place, match in listed.items() if match}
    assert len(closed) == 5
    closed["supernet train", "--task"].append("contrast")
    for place, names in closed.items():
        assert found[place][1] == names, place
    for place in (("supernet derive", "--method"), ("dynamic search", "--method"), ("supernet derive", "--space")):
        names = found[place][1]
        assert names
        for name in names:
            assert re.search(rf"\b{name}\b", found[place][0]), (place, name)
    assert found["dynamic search", "--method"][1] == ["s2dnas", "enas4d"]
    assert found["supernet derive", "--method"][1] == ["entrannas", "entrannas-base", "darts", "ddpnas"]
    assert found["search", "--method"][1] == list(list_searchers())
    assert found["fit", "--minimize"][1] == [], "tasks of one's own"


def test_completions_of_an_architecture_lead_to_every_published_one() -> None:
    """From any beginning, each published architecture begins with one of at most 32 choices, which is longer."""
    micro, macro = list(get_space("transnas101-micro")), list(get_space("transnas101-macro"))
    for typed in ("", "6", "64-", "64-4", "64-41414-", "64-41414-3_", "64-2311", micro[77], "65"):
        offered = architectures(typed)
        assert len(offered) <= 32
        assert all(len(name) > len(typed) or name == typed for name in offered)
        for arch in (*micro[::97], *macro[::97]):
            assert arch.startswith(tuple(offered)) if offered and arch.startswith(typed) else True
    assert architectures("65") == []
    assert architectures("64-41414-3_33_333") == ["64-41414-3_33_333"]
