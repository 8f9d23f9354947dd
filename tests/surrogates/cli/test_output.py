"""Tables at every width: no value is cut, and nothing else is wider than the terminal unless it has to be."""

import os
import pty
import random
import subprocess
import sys

import pytest

from surrogates.cli.output import print_table
from tests.surrogates.cli.helpers import CELL

WIDTHS = (*range(20, 61), 70, 79, 80, 81, 100, 120, 200)


def a_table(rng: random.Random) -> tuple[list[str], list[list[str]], int]:
    """Headings, rows and left columns: names on the left, numbers of 1 to 18 characters on the right."""
    left, right = rng.randint(1, 3), rng.randint(0, 9)

    def number() -> str:
        value = rng.uniform(-1, 1) * 10 ** rng.randint(0, 9)
        return rng.choice([f"{value:.2f} %", f"± {abs(value):.4f}", f"{int(value):,}", "-", f"{value:.3e}"])

    def name() -> str:
        return "".join(rng.choice("abcdefgh_") for _ in range(rng.randint(1, 14)))

    columns = [name() for _ in range(left + right)]
    rows = [[name() for _ in range(left)] + [number() for _ in range(right)] for _ in range(rng.randint(1, 5))]
    return columns, rows, left


def printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int, terminal: bool, *arguments: object
) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    print_table(*arguments)  # type: ignore[arg-type]
    text = capsys.readouterr().out
    return text.replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("seed", range(12))
def test_every_value_is_whole_at_every_width(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, seed: int, terminal: bool
) -> None:
    columns, rows, left = a_table(random.Random(seed))
    for width in WIDTHS:
        lines = printed(capsys, monkeypatch, width, terminal, columns, rows, left)
        text = " ".join(lines)
        for cell in (cell for row in rows for cell in row):
            assert cell in text, (width, cell)
        if terminal and lines[1].startswith("─"):  # not a list
            assert max(map(len, lines)) <= width


def test_columns_that_may_go_do_so_with_a_word(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = ["task", "metric", "value", "source"], [["jigsaw", "valid_top1", "94.25 %", "surrogate"]], 2
    wide, narrower, narrow = (
        printed(capsys, monkeypatch, width, True, *table, ("metric", "source")) for width in (80, 30, 20)
    )
    assert [line.split() for line in (wide[0], narrower[0], narrow[0])] == [
        ["task", "metric", "value", "source"],
        ["task", "value", "source"],
        ["task", "value"],
    ]
    assert wide[-1].split() == ["jigsaw", "valid_top1", "94.25", "%", "surrogate"]
    assert narrower[-1] == "(not shown at this width: metric)"
    assert narrow[-1] == "(not shown at this width: metric, source)"


def test_many_columns_are_shown_in_blocks_and_few_wide_ones_in_a_list(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    columns, rows = ["model", "tau", "coverage", "class_scene"], [["forest", "0.718", "0.902", "0.655"]]
    assert printed(capsys, monkeypatch, 24, True, columns, rows) == [
        "model     tau  coverage",
        "───────────────────────",
        "forest  0.718     0.902",
        "model   class_scene",
        "───────────────────",
        "forest        0.655",
    ]
    assert printed(capsys, monkeypatch, 16, True, columns, rows) == [
        "forest",
        "  tau  0.718",
        "  coverage  0.902",
        "  class_scene  0.655",
    ]


def test_text_is_folded_between_words(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    row = ["ok", "bundle", "9 files, 123,456.7 MB, hashes match"]
    lines = printed(capsys, monkeypatch, 36, True, ["", "what", "detail"], [row], 3)
    assert [line.strip() for line in lines[2:]] == ["ok  bundle  9 files, 123,456.7 MB,", "hashes match"]


def test_wide_characters_are_aligned(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    lines = printed(capsys, monkeypatch, 80, True, ["task", "value"], [["分割", "1.5"], ["b", "22.5"]])
    assert lines[2:] == ["分割    1.5", "b      22.5"]


@pytest.mark.parametrize("width", ["20", "50", "80"])
@pytest.mark.parametrize("terminal", [True, False])
def test_a_real_terminal_and_a_pipe_show_whole_numbers(width: str, terminal: bool) -> None:
    command = [sys.executable, "-m", "surrogates", "lookup", CELL, "--task", "class_scene"]
    environment = {**os.environ, "COLUMNS": width, "TERM": "xterm"}
    if not terminal:
        shown = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    else:
        ours, theirs = pty.openpty()
        with subprocess.Popen(command, stdout=theirs, env=environment):
            os.close(theirs)
            parts = []
            try:
                while part := os.read(ours, 4096):
                    parts.append(part)
            except OSError:  # the other end is closed
                pass
        os.close(ours)
        shown = b"".join(parts).decode()
    for number in ("53.36 %", "± 0.38", "1,002 (24 %)"):
        assert number in shown
