"""Two thousand malformed command lines: each ends with an exit code and a short message, none with a traceback."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from surrogates import diagnostics
from surrogates.cli.app import app
from tests.surrogates.cli.helpers import CELL, RUNNER

LINES = 2000
PARTS = 8  # the lines are spread over as many tests, for machines with several cores
LONGEST = 3000
STDIN = ["", "64-2311-basic\n", "\0\n", "x" * 10_000, f"64-2311-basic\n{CELL}\n", "\ufeff\n\n"]
LONG_RUNNING = {
    "train",
    "supernet train",
    "dynamic train",
    "campaign run",
    "rooms export",
    "rooms sheet",
    "pretrain",
    "refine",
    "unnas",
    "search-benchmark",
    "transfer",
    "leaderboard",
    "evaluate",
}
"""Commands that a line could start in earnest by chance; it gets an argument that cannot be right."""


def commands() -> dict[str, Any]:
    """Name with that of its group -> command, read from the app."""
    found: dict[str, Any] = {}

    def walk(group: Any, name: str) -> None:
        for child, command in group.commands.items():
            full = f"{name} {child}".strip()
            if hasattr(command, "commands"):
                walk(command, full)
            else:
                found[full] = command

    walk(typer.main.get_command(app), "")
    return found


COMMANDS = commands()


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory, table_file: Path, model: Path) -> list[str]:
    """What is put for any argument: files of all kinds, numbers, names and noise."""
    folder = tmp_path_factory.mktemp("malformed")
    files = {
        "empty.csv": b"",
        "noise.csv": bytes(random.Random(0).randrange(256) for _ in range(500)),
        "noise.pth": bytes(random.Random(1).randrange(256) for _ in range(500)),
        "noise.parquet": b"PAR1" + bytes(500),
        "zip.pth": b"PK\x05\x06" + bytes(18),
        "noise.json": b"{" * 5000,
        "list.json": b"[1, 2]",
        "wrong.json": b'{"archs": "x", "tasks": 1, "seeds": null, "sources": [{"table": 3}]}',
        "twice.csv": b"arch,jigsaw\n64-2311-basic,1\n64-2311-basic,2\n",
        "mixed.csv": f"arch,jigsaw\n64-2311-basic,1\n{CELL},2\n".encode(),
        "one.csv": b"arch,jigsaw\n64-2311-basic,nan\n",
        "text.csv": b"arch,jigsaw\n64-2311-basic,high\n",
        "ragged.csv": b"arch,jigsaw\n64-2311-basic\n1,2,3,4\n",
        "null.csv": b"arch,jigsaw\n64-2311-basic\0,1\n",
        "utf16.csv": "arch,jigsaw\n64-2311-basic,1\n".encode("utf-16"),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "folder.csv").mkdir()
    (folder / "model").mkdir()
    (folder / "model" / "metadata.json").write_text("[]")
    return [
        *(str(folder / name) for name in files),
        *(str(folder / name) for name in ("folder.csv", "model", "none", "a\nb")),
        str(table_file),
        str(model),
        str(model / "metadata.json"),
        "/dev/null",
        "/",
        ".",
        "~",
        "file://x",
        "http://x/y",
        "",
        " ",
        "-",
        "--",
        "-1",
        "0",
        "1",
        "-0",
        "007",
        "2",
        "3.5",
        "nan",
        "inf",
        "-inf",
        "1e400",
        "1" * 400,
        "9" * 30,
        "0x10",
        "1_000",
        "٣",
        "½",
        "True",
        "none",
        "null",
        "1,2,,3",
        ",",
        "1,nan",
        "5-3",
        "a=b",
        "params<=",
        "params<=nan",
        "params<=1e6",
        "x" * 5000,
        "é" * 3000,
        "\U0001f600",
        "\u202e",
        "\x1b[31m",
        "a\tb",
        "%s%n",
        "{0}",
        "$HOME",
        "`id`",
        "../" * 50,
        "\udcff",
        CELL,
        "64-2311-basic",
        "32-2311-basic",
        "64-41414-3_33_334",
        "64-",
        "-64-2311-basic",
        "|nor_conv_3x3~0|+|skip_connect~0|none~1|+|none~0|none~1|none~2|",
        "|nor_conv_3x3~0|",
        "64-2311-basic,64-1234-basic",
        "jigsaw",
        "Jigsaw",
        "jigsaw/valid_top1",
        "jigsaw/",
        "/",
        "cifar10",
        "room_layout",
        "all",
        "auto",
        "boosted",
        "gp",
        "transnas101-macro",
        "transnas101-micro",
        "nasbench201",
        "rooms-mini",
        "local",
        "random",
        "nsga2",
        "cuda:99",
        "cpu",
        "mini",
        "os:system",
        "json:loads",
        "module:Class",
        ":",
        "a:b:c",
    ]


def line(draws: random.Random, values: list[str]) -> Iterator[str]:
    """Words of one line: a command, or nearly, with its own options or others, and any values."""
    name = draws.choice(list(COMMANDS))
    words = name.split()
    if draws.random() < 0.05:
        words[-1] = draws.choice([words[-1][:-1], words[-1].upper(), draws.choice(values), ""])
    yield from words
    options = [option for parameter in COMMANDS[name].params for option in parameter.opts if option.startswith("-")]
    for _ in range(draws.choice([0, 1, 1, 2, 2, 3, 5])):
        yield draws.choice(values)
    for _ in range(draws.choice([0, 1, 1, 2, 3])):
        option = draws.choice([*options, "--nonsense", "-x"])
        if option == "--help":
            continue
        if draws.random() < 0.1:
            yield f"{option}={draws.choice(values)}"
        else:
            yield option
            if draws.random() < 0.85:
                yield draws.choice(values)
    if name in LONG_RUNNING:
        yield draws.choice(["--nonsense", "--seed=x", "--seeds=-1"])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("small_boosted")
@pytest.mark.parametrize("part", range(PARTS))
def test_a_malformed_line_is_told_in_short(
    part: int, values: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(diagnostics, "_import_errors", lambda _: {})  # every library, whatever the line of `doctor`
    draws = random.Random(part)
    for _ in range(LINES // PARTS):
        words = list(line(draws, values))
        given = draws.choice(
            ["", "64-2311-basic\n", "\0\n", "x" * 10_000, "64-2311-basic\n" + CELL + "\n", "\ufeff\n\n"]
        )
        result = RUNNER.invoke(app, words, input=given)
        said = result.stderr
        told = f"{[word[:60] for word in words]}: exit {result.exit_code}, {said[:600]}, {result.exception!r:.300}"
        assert result.exit_code in (0, 1, 2, 130), told
        assert result.exception is None or isinstance(result.exception, SystemExit), told
        assert "Traceback" not in said, told
        assert "please report it" not in said, told
        assert len(said) <= LONGEST, told
