import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

import pytest

from benchmarks.formats import WRITERS
from benchmarks.protocols import Protocol
from benchmarks.tasks import TRANSNAS_TASKS
from benchmarks.training.presets import list_presets
from surrogates import BoostedSurrogate, Oracle, __version__, cli
from surrogates.cli.app import app
from surrogates.diagnostics import examine
from surrogates.refinement.loop import CHOICES
from surrogates.registry import MODELS, STORABLE_MODELS
from surrogates.search.registry import INFORMED, list_searchers
from surrogates.search.space_arrays import COSTS
from tests.surrogates.cli.helpers import CELL, run


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["lookup", "64-41414-3_33_334"], 2, "got '3_33_334'; nearest: '3_33_333'"),
        (["lookup", "resnet50"], 2, "'resnet50' is not an architecture of any known space"),
        (["lookup", ""], 2, "'' is not an architecture"),
        (["lookup"], 2, "Missing argument"),
        (["lookup", CELL, "--task", "jigsau"], 2, "unknown task 'jigsau'; did you mean 'jigsaw'?"),
        (["lookup", CELL, "--json", "--csv"], 2, "expected one of --json and --csv, got both"),
        (["lookup", CELL, "--source", "table"], 2, "expected --table with --source table, got none"),
        (["lookup", CELL, "--source", "oracle"], 2, "'oracle' is not one of"),
        (["lookup", CELL, "--table", "/no/such.csv"], 2, "no such file"),
        (["lokup", CELL], 2, "No such command 'lokup'"),
        (["predict", "transnas101-micor", CELL], 2, "did you mean 'transnas101-micro'?"),
        (["predict", "{here}", CELL], 1, "no metadata.json"),
        (
            ["fit", "{table}", "--out", "{here}/a", "--model", "boost"],
            2,
            "unknown model 'boost'; did you mean 'boosted'?",
        ),
        (["fit", "{table}", "--out", "{table}/model"], 1, "cannot write"),
        (["fit", "{table}", "--out", "{here}/a", "--space", "nasbench201"], 2, "is empty"),
        (["fit", "{table}", "--out", "{here}/a", "--task", "normal"], 2, "unknown task 'normal'"),
        (["fit", "{broken}", "--out", "{here}/a"], 2, "arch"),
        (["evaluate", "{table}", "--train-sizes", "0"], 2, "expected comma-separated integers >= 1, got '0'"),
        (["evaluate", "{table}", "--train-sizes", "60"], 2, "expected training sizes from 1 to 59"),
        (["evaluate", "{table}", "--protocol", "some"], 2, "'some' is not one of"),
        (["table", "info", "{broken}"], 2, "arch"),
        (["table", "inof", "{table}"], 2, "No such command 'inof'"),
        (["table", "rooms-mini"], 2, "No such command 'rooms-mini'. Commands: info, "),
    ],
)
def test_bad_input_is_one_clear_message(
    arguments: list[str], code: int, message: str, table_file: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_text("name,jigsaw\nx,1\n")
    places = {"{here}": str(tmp_path), "{table}": str(table_file), "{broken}": str(broken)}
    for key, place in places.items():
        arguments = [argument.replace(key, place) for argument in arguments]
    result = run(*arguments)
    assert result.exit_code == code
    assert result.stdout == ""
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "a").exists()


def test_a_stored_surrogate_is_no_table(fitted: BoostedSurrogate, tmp_path: Path) -> None:
    model = str(fitted.save(tmp_path / "model"))
    for arguments in (["lookup", CELL, "--table", model], ["fit", model, "--out", str(tmp_path / "a")]):
        result = run(*arguments)
        assert result.exit_code in (1, 2)
        assert "got 'no suffix', a folder of a stored surrogate or another artefact" in result.stderr
    (tmp_path / "empty").mkdir()
    assert "a folder without parquet files" in run("table", "info", str(tmp_path / "empty")).stderr
    (broken,) = [found for found in examine([model]) if found.what == f"table {model}"]
    said = "expected a table, got a stored surrogate: surrogates doctor --artefact checks it"
    assert (broken.status, broken.detail) == ("broken", said)


@pytest.mark.parametrize(
    "arguments",
    [
        ["design", "transnas101-macro", "--plan", "{out}.json"],
        ["train", "64-2311-basic", "--task", "jigsaw", "--out", "{out}.json"],
        ["refine", "{table}", "--out", "{out}.csv"],
        ["leaderboard", "{table}", "--out", "{out}.csv"],
        ["search", "--task", "jigsaw", "--plot", "{out}.png"],
        ["table", "convert", "{table}", "--out", "{out}.csv"],
        ["campaign", "table", "{table}", "--out", "{out}.csv"],
        ["campaign", "pack", "{table}", "--out", "{out}.jsonl.gz"],
        ["rooms", "sheet", "--out", "{out}.png"],
    ],
    ids=" ".join,
)
def test_a_file_in_a_missing_folder_is_refused_by_its_option(
    arguments: list[str], table_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(table_file.parent)
    result = run(*(argument.format(out="missing/file", table=table_file) for argument in arguments))
    said = " ".join(result.stderr.replace("│", " ").split())
    assert result.exit_code == 2
    option = next(argument for argument in arguments[1:] if argument in ("--plan", "--out", "--plot"))
    assert re.search(rf"{option}.*: cannot write 'missing/file\.\w+(\.gz)?': there is no folder 'missing'", said)
    assert "Errno" not in said


def test_a_failure_of_the_system_has_no_number(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = run("search", "--task", "cifar10", "--method", "random", "--budget", "2", "--out", tmp_path / "file" / "a")
    assert result.exit_code == 1
    assert result.stderr == f"error: Not a directory: '{tmp_path / 'file' / 'a'}'\n"


@pytest.mark.parametrize(
    ("command", "choices"),
    [
        ("fit", (*STORABLE_MODELS, "transfer")),
        ("refine", (*STORABLE_MODELS, *CHOICES, *list_presets())),
        ("evaluate", MODELS),
        ("leaderboard", (*MODELS, *get_args(Protocol))),
        ("search-benchmark", (*MODELS, *list_searchers())),
        ("search", (*list_searchers(), *COSTS)),
        ("unnas", [name for name in list_searchers() if name != INFORMED]),
        ("train", (*TRANSNAS_TASKS, *list_presets())),
        ("table convert", WRITERS),
        ("campaign table", WRITERS),
    ],
)
def test_help_names_every_choice(command: str, choices: Iterable[str]) -> None:
    said = run(*command.split(), "--help").stdout
    words = {word.strip(".,;:()") for word in said.split()}
    assert {name.strip(".") for name in choices} <= words


def test_an_unexpected_error_is_one_line_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Oracle, "answers", lambda *_, **__: 1 // 0)
    result = run("lookup", CELL)
    assert result.exit_code == 1
    assert (
        result.stderr == "error: unexpected ZeroDivisionError: integer division or modulo by zero; please report it\n"
    )


@pytest.mark.filterwarnings("default")
def test_a_warning_is_one_line_without_our_code(tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("arch,my_score,seed\n64-2311-basic,1,0\n64-1234-basic,2,0\n")
    before = warnings.showwarning
    result = run("table", "info", str(table))
    assert result.exit_code == 0
    (line,) = result.stderr.splitlines()
    assert line.startswith("warning: left out 'seed': columns that hold no results of a task")
    assert line.endswith("is written 'seed/valid_value')")
    assert warnings.showwarning is before


@pytest.mark.parametrize(
    "command", ["lookup", "predict", "fit", "evaluate", "doctor", "table info", "table convert", ""]
)
def test_help_has_examples(command: str) -> None:
    result = run(*command.split(), "--help")
    assert result.exit_code == 0
    assert f"\n    surrogates {command}" in result.stdout.split("Examples:")[1]


def test_help_lists_every_command_under_a_heading() -> None:
    text = run("--help").stdout.split("Options:")[1].split("Examples:")[0]
    groups: dict[str, list[str]] = {}
    for line in text.splitlines()[4:]:
        if line and not line.startswith(" "):
            groups[line] = []
        elif line.strip():
            groups[list(groups)[-1]].append(line.split()[0])
    assert list(groups) == ["Look up:", "Fit and compare:", "Transfer:", "Search:", "Train:"]
    assert groups["Transfer:"] == ["transfer", "pretrain"]
    names = [name for group in groups.values() for name in group]
    assert sorted(names) == sorted(app_commands()), "each command has its own line"


def app_commands() -> list[str]:
    """Names of all commands, from the lists of the typer app."""
    commands = [command.name or command.callback.__name__.replace("_", "-") for command in app.registered_commands]
    return commands + [str(group.name) for group in app.registered_groups]


def test_version() -> None:
    assert run("--version").stdout == f"transnas-surrogates {__version__}\n"


def test_everything_public_is_exported() -> None:
    assert cli.__all__ == ["main"]
