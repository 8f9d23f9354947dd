"""`surrogates fit --sources` without labels, and commands that use what it stores."""

import json
from pathlib import Path

import pytest

from benchmarks import Table, save_table
from surrogates import load_surrogate
from tests.surrogates.cli.helpers import run


@pytest.fixture
def sources(macro_table: Table, tmp_path: Path) -> Path:
    path = tmp_path / "sources.csv"
    save_table(macro_table, path)
    return path


def test_fitted_looked_up_and_searched(sources: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    result = run("fit", "--sources", sources, "--task", "normal", "--out", model)
    assert result.exit_code == 0, result.stderr
    assert "normal: without labels, and without two sources of the same metric" in result.stderr
    assert result.stdout.splitlines()[-1] == f"Wrote {model}: transfer without labels, of transnas101-macro."
    assert load_surrogate(model).tasks_ == ("normal/valid_normal_score",)
    found = json.loads(run("lookup", "64-2311-basic", "--model", model, "--json").stdout)
    assert [record["task"] for record in found] == ["normal/valid_normal_score"]
    assert found[0]["higher_is_better"]
    assert run("search", "--model", model, "--task", "normal", "--method", "random", "--budget", "5").exit_code == 0


def test_an_empty_csv_names_the_tasks(sources: Path, tmp_path: Path) -> None:
    empty = tmp_path / "few.csv"
    empty.write_text("# nothing yet\narch,normal,autoencoder\n")
    assert run("fit", empty, "--sources", sources, "--out", tmp_path / "both").exit_code == 0
    expected = ("normal/valid_normal_score", "autoencoder/valid_normal_score")
    assert load_surrogate(tmp_path / "both").tasks_ == expected
    wrong = run("fit", empty, "--sources", sources, "--task", "normall", "--out", tmp_path / "wrong")
    assert wrong.exit_code != 0
    assert "did you mean 'normal'" in wrong.stderr
    alone = run("fit", empty, "--out", tmp_path / "alone")
    assert alone.exit_code != 0
    assert "expected at least one row, got none" in alone.stderr


def test_neither_table_nor_sources(tmp_path: Path) -> None:
    result = run("fit", "--out", tmp_path / "model")
    assert result.exit_code == 2
    assert "expected a TABLE, or --sources to fit without labels" in result.stderr
