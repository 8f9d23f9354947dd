"""Progress off a terminal: lines on stderr that count, none for short work, and one at the end."""

import re
import time
from pathlib import Path

import pytest

from surrogates.cli import logged_progress
from surrogates.cli.output import progress_bar, working
from tests.surrogates.cli.helpers import rows_of, run


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines after 20 ms and then every 40 ms."""
    monkeypatch.setattr(logged_progress, "QUIET_SECONDS", 0.02)
    monkeypatch.setattr(logged_progress, "LINE_SECONDS", 0.04)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line at the end of any work, however short."""
    monkeypatch.setattr(logged_progress, "QUIET_SECONDS", 0.0)


def test_short_work_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as progress:
        progress.update(progress.add_task("fitting", total=1), advance=1)
    with working("fitting"):
        pass
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("impatient")
def test_a_long_step_is_reported_while_it_runs_and_the_end_once(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as progress:
        bar = progress.add_task("searching", total=4)
        progress.update(bar, advance=1, description="seed 3")
        time.sleep(0.5)
        progress.update(bar, advance=3)
    out, err = capsys.readouterr()
    *lines, last = err.splitlines()
    assert out == ""
    assert len(lines) >= 2
    for line in lines:
        assert re.fullmatch(r"seed 3: 1 of 4, \d\.\d s so far, about \d\.\d s left", line)
    assert re.fullmatch(r"4 of 4, done in \d\.\d s", last)


@pytest.mark.usefixtures("impatient")
def test_the_time_left_comes_from_what_was_done_since_the_work_was_resumed(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as progress:
        bar = progress.add_task("training", total=1000, completed=900, before=900)
        time.sleep(0.2)
        progress.update(bar, completed=901)
        time.sleep(0.2)
    first, *_, late, _ = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"training: 900 of 1,000, \d\.\d s so far", first)
    assert re.fullmatch(r"training: 901 of 1,000, \d\.\d s so far, about \d{2,}(\.\d)? s left", late)


@pytest.mark.usefixtures("impatient")
def test_what_fails_is_not_called_done(capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> None:
        with progress_bar() as progress:
            progress.add_task("fitting", total=2)
            time.sleep(0.1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert re.fullmatch(r"0 of 2, stopped after \d\.\d s", capsys.readouterr().err.splitlines()[-1])


@pytest.mark.usefixtures("impatient")
def test_work_of_unknown_length_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with working("fitting 3 architectures"):
        time.sleep(0.2)
    first, *_, last = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"fitting 3 architectures: \d\.\d s so far", first)
    assert re.fullmatch(r"fitting 3 architectures: done in \d\.\d s", last)


@pytest.mark.usefixtures("impatient")
def test_a_stream_without_input_is_not_reported_again(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as progress:
        progress.add_task("predicting", total=None, completed=7)
        time.sleep(0.4)
    assert [line.partition(", ")[0] for line in capsys.readouterr().err.splitlines()] == ["predicting: 7", "7"]


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("form", ["arguments", "stdin"])
def test_predict_counts_its_rows_and_keeps_stdout_clean(model: Path, form: str) -> None:
    archs = ["64-2311-basic", "64-1234-basic"] * 1000
    if form == "stdin":
        result = run("predict", model, "-", stdin="\n".join(archs))
        counted = "2,000, done in"
    else:
        result = run("predict", model, *archs)
        counted = "2,000 of 2,000, done in"
    assert counted in result.stderr
    assert [row["arch"] for row in rows_of(result.stdout)] == archs


@pytest.mark.usefixtures("at_once", "small_boosted")
@pytest.mark.parametrize(
    "command",
    [
        ["fit", "{table}", "--model", "boosted", "--out", "{here}/m"],
        ["evaluate", "{table}", "--model", "boosted", "--train-sizes", "20", "--seeds", "0"],
        ["leaderboard", "{table}", "--models", "boosted", "--train-sizes", "20", "--seeds", "0"],
        ["search", "--table", "{table}", "--task", "jigsaw", "--method", "bananas", "--budget", "15"],
        ["unnas", "{table}", "--method", "local", "--budget", "15", "--out", "{here}/u"],
    ],
    ids=lambda command: command[0],
)
def test_commands_say_how_far_they_are(table_file: Path, tmp_path: Path, command: list[str]) -> None:
    arguments = [part.format(table=table_file, here=tmp_path) for part in command]
    result = run(*arguments)
    assert result.exit_code == 0, result.stderr
    assert re.search(r"^(\d+ of \d+, |fitting .*: )done in ", result.stderr, re.MULTILINE)
    assert "done in" not in result.stdout
