"""Errors inside the user's own models and searchers: the message says whose code failed, how, and where."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.surrogates.cli.helpers import run

MODELS = """
import numpy as np
from surrogates.search import Searcher


class Model:
    def fit(self, archs, y):
        return self

    def predict(self, archs):
        return np.zeros(len(archs))


class Fits(Model):
    def fit(self, archs, y):
        return {}["oh"]


class Predicts(Model):
    def predict(self, archs):
        return np.zeros(3) + np.zeros(4)


class Opens(Model):
    def fit(self, archs, y):
        open("/no/such/file")


class Imports(Model):
    def fit(self, archs, y):
        import no_such_library


class Made(Model):
    def __init__(self):
        raise RuntimeError("not today")


class Nothing(Model):
    def predict(self, archs):
        return None


class Alone(Model):
    def predict(self, archs, return_std=False):
        return np.zeros(len(archs))


class Climber(Searcher):
    def propose(self, n):
        return [1 // 0]
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "mine_that_fails.py").write_text(MODELS.lstrip())
    (tmp_path / "mine_broken.py").write_text("import math\nx = math.sqrt('2')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in ("mine_that_fails", "mine_broken"):
        sys.modules.pop(name, None)


def line_of(text: str) -> int:
    return next(number for number, line in enumerate(MODELS.lstrip().splitlines(), start=1) if text in line)


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("name", "message", "text", "function"),
    [
        ("Fits", "your code failed: KeyError: 'oh'", '["oh"]', "fit"),
        ("Predicts", "your code failed: ValueError: operands could not be broadcast", "zeros(3)", "predict"),
        ("Opens", "your code failed: FileNotFoundError: ", "/no/such/file", "fit"),
        (
            "Imports",
            "your code failed: ModuleNotFoundError: No module named 'no_such_library'",
            "import no_such",
            "fit",
        ),
        ("Made", "got Made: RuntimeError: not today", "not today", "__init__"),
    ],
)
@pytest.mark.parametrize("command", ["evaluate", "leaderboard"])
def test_an_error_in_a_model_of_ones_own_is_told_as_that(
    command: str, name: str, message: str, text: str, function: str, table_file: Path
) -> None:
    model = "--model" if command == "evaluate" else "--models"
    result = run(command, table_file, model, f"mine_that_fails:{name}", "--train-sizes", "20", "--seeds", "0")
    assert result.exit_code == (2 if name == "Made" else 1)
    (said,) = result.stderr.splitlines()[-1:]
    assert message in said
    assert f"(mine_that_fails.py, line {line_of(text)}, in " in said
    assert said.endswith(f"{function})")
    assert "report" not in said
    assert "Traceback" not in result.stderr


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Nothing", "Nothing, jigsaw: expected 40 predictions, got an array of shape ()"),
        ("Alone", "Alone, jigsaw: expected a pair of means and standard deviations, got array(["),
    ],
)
def test_what_a_model_of_ones_own_returns_is_checked(name: str, message: str, table_file: Path) -> None:
    options = ("--task", "jigsaw", "--train-sizes", "20", "--seeds", "0")
    result = run("evaluate", table_file, "--model", f"mine_that_fails:{name}", *options)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.usefixtures("own")
def test_a_searcher_and_a_module_of_ones_own_name_the_line() -> None:
    options = ("--space", "transnas101-macro", "--task", "jigsaw", "--budget", "5")
    result = run("search", *options, "--method", "mine_that_fails:Climber")
    assert result.exit_code == 1
    where = f"(mine_that_fails.py, line {line_of('1 // 0')}, in "
    assert (
        "the searcher raised ZeroDivisionError when it was asked: integer division or modulo by zero" in result.stderr
    )
    assert where in result.stderr
    result = run("evaluate", "rooms-mini", "--space", "transnas101-macro", "--model", "mine_broken:x")
    assert result.exit_code == 2
    assert (
        "cannot import 'mine_broken': TypeError: must be real number, not str (mine_broken.py, line 2" in result.stderr
    )


@pytest.mark.usefixtures("own")
def test_after_a_command_with_own_code_our_own_errors_are_ours(
    monkeypatch: pytest.MonkeyPatch, table_file: Path
) -> None:
    run("evaluate", table_file, "--model", "mine_that_fails:Fits", "--train-sizes", "20", "--seeds", "0")
    monkeypatch.setattr("surrogates.evaluation.held_out.split", lambda *_: 1 // 0)
    result = run("evaluate", table_file, "--model", "linear", "--train-sizes", "20", "--seeds", "0")
    assert "unexpected ZeroDivisionError: integer division or modulo by zero; please report it" in result.stderr
