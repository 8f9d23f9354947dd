"""``surrogates refine`` with a fake trainer."""

import json
from pathlib import Path

import pytest

import benchmarks.training.campaign as package
from benchmarks import load_table
from benchmarks.formats.csv_parquet import read_provenance
from benchmarks.training.campaign import load_plan, write_campaign_table
from benchmarks.training.campaign.worker import Job, do
from tests.benchmarks.training.campaign_fakes import Fake
from tests.surrogates.cli.helpers import run
from tests.surrogates.small_models import small_defaults


@pytest.fixture(autouse=True)
def _quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_defaults(monkeypatch)
    monkeypatch.setattr(package, "ImageTrainer", lambda *_: Fake(tmp_path / "diary"))


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.json"
    draw = {"space": "transnas101-macro", "sample": 12}
    path.write_text(json.dumps({"architectures": draw, "tasks": ["jigsaw", "class_scene"], "recipe": {"epochs": 2}}))
    return path


@pytest.fixture
def table(plan: Path, tmp_path: Path) -> Path:
    whole, path = load_plan(plan), tmp_path / "table.parquet"
    for trial in whole.trials():
        do(Job(trial), whole, tmp_path / "plan", Fake(tmp_path / "first"))
    write_campaign_table(whole, tmp_path / "plan", path)
    return path


def test_two_rounds_are_trained_shown_and_added(table: Path, plan: Path, tmp_path: Path) -> None:
    out = tmp_path / "refined.parquet"
    arguments = ["refine", table, "--plan", plan, "--budget", "3", "--rounds", "2", "--out", out]
    result = run(*map(str, arguments))
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "round 1: trained 3, 15 architectures known"
    assert lines[1].split() == [
        "task",
        "measured",
        "std",
        "before",
        "after",
        "cv",
        "tau",
        "before",
        "after",
        "tau",
        "of",
        "these",
    ]
    assert [line.split()[:2] for line in lines[2:4]] == [["jigsaw", "3"], ["class_scene", "3"]]
    assert lines[4] == "round 2: trained 3, 18 architectures known"
    assert lines[-1] == f"Wrote {out}: 18 architectures, 6 of them new."
    assert load_table(out).archs[:12] == load_table(table).archs
    found = read_provenance(out)
    assert found["refined"]["table"] == load_table(table).hash
    assert found["refined"]["added"]["trainings"] == {"done": 12, "failed": 0}
    trained = Fake(tmp_path / "diary").trained()
    assert len(set(trained)) == len(trained) == 12
    again = run(*map(str, arguments))
    assert again.stdout == result.stdout
    assert Fake(tmp_path / "diary").trained() == trained


def test_a_table_of_another_recipe_is_refused(table: Path, tmp_path: Path) -> None:
    result = run("refine", table, "--out", tmp_path / "refined.csv")
    assert result.exit_code == 2
    assert "jigsaw was trained otherwise: recipe: epochs was 2 and is now 5" in result.stderr
    assert not (tmp_path / "diary").exists()


def test_a_table_that_does_not_say_is_taken_with_a_note(table: Path, tmp_path: Path) -> None:
    load_table(table).to_csv(tmp_path / "table.csv")
    out = tmp_path / "refined.csv"
    result = run("refine", tmp_path / "table.csv", "-t", "jigsaw", "--budget", "2", "--out", out, "--json")
    assert result.exit_code == 0, result.stderr
    assert "does not say how it was made" in result.stderr
    (turn,) = json.loads(result.stdout)
    assert [row["task"] for row in turn["tasks"]] == ["jigsaw"]
    assert len(load_table(out)) == 14


def test_help_has_examples() -> None:
    assert "\n    surrogates refine" in run("refine", "--help").stdout.split("Examples:")[1]
