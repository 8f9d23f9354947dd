import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

from tests.surrogates.cli.helpers import CELL

HEAVY = ("pandas", "sklearn", "xgboost", "scipy", "torch", "pyarrow", "lightning")


def test_lookup_waits_for_no_heavy_library() -> None:
    code = (
        "import sys; from surrogates.cli.app import app\n"
        "for options in [], ['--json'], ['--csv']:\n"
        f"    app(['lookup', {CELL!r}, *options], standalone_mode=False)\n"
        f"    print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
        "    print('-' * 9)"
    )
    result = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert [CELL in shown for shown in result.stdout.split("-" * 9 + "\n")] == [True, True, True, False]
    assert result.stderr == "[]\n" * 3


def test_ctrl_c_in_a_stream_ends_it_with_130(model: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "surrogates", "predict", str(model), "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("arch,jigsaw")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert errors == "error: interrupted\n"


def test_a_reader_that_goes_away_is_no_failure_to_report(model: Path) -> None:
    command = f"yes 64-2311-basic | head -50000 | {sys.executable} -m surrogates predict {model} - | head -1"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert result.stdout.startswith("arch,jigsaw")
    assert result.stderr == ""


def read_some(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other end is closed
        return b""


def test_a_terminal_gets_colour_and_whole_columns() -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm"}
    command = [sys.executable, "-m", "surrogates", "lookup", CELL]
    process = subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE, env=environment)
    os.close(theirs)
    shown = b"".join(iter(lambda: read_some(ours), b""))
    process.communicate(timeout=20)
    os.close(ours)
    text = shown.decode()
    assert process.returncode == 0
    assert "\x1b[1m" in text
    assert "─" in text
    assert "segmentsemantic" in text
    assert text.count("surrogate\r\n") == 7
