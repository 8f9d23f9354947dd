"""A user's file passes strict type checking against the installed packages, and does what it says."""

import subprocess
import sys
from pathlib import Path

import pytest

import surrogates
from tests.typing import user_program

ROOT = Path(surrogates.__file__).parents[1]


def test_it_type_checks() -> None:
    pytest.importorskip("mypy")
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        user_program.__file__,
    ]
    found = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(user_program.main().to_frame()) == 10
