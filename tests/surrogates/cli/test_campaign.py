"""``surrogates campaign`` with a fake trainer, and once with real ones."""

import json
from pathlib import Path
from typing import Any

import pytest

import benchmarks.training.campaign as package
from benchmarks import load_table
from benchmarks.training.campaign import record_path
from benchmarks.training.campaign.plan import Trial
from tests.benchmarks.training.campaign_fakes import ARCHS, Fake
from tests.surrogates.cli.helpers import run


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"architectures": ARCHS[:2], "tasks": ["jigsaw", "class_scene"]}))
    return path


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Makes training quick; the arguments with which trainers were made."""
    asked: list[tuple[Any, ...]] = []

    def fake(*arguments: Any) -> Fake:
        asked.append(arguments)
        return Fake(tmp_path / "diary", broken={(ARCHS[0], "jigsaw"): "nan"})

    monkeypatch.setattr(package, "ImageTrainer", fake)
    return asked


def test_run_status_table(plan: Path, tmp_path: Path, made: list[tuple[Any, ...]]) -> None:
    result = run("campaign", "status", plan)
    assert result.stdout.splitlines()[-1].split() == ["all", "0", "0", "0", "0", "4", "-", "-"]
    result = run("campaign", "run", plan, "--workers", "2", "--device", "cpu", "--threads", "2", "--checkpoints")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == f"{tmp_path / 'plan'}: 3 done, 1 failed.\n"
    assert "failed: 64-2311-basic, jigsaw, seed 666: loss is nan in epoch 2\n" in result.stderr
    assert made == [("cpu", 2, True)]
    lines = [line.split() for line in run("campaign", "status", plan).stdout.splitlines()]
    assert lines[0] == ["task", "done", "failed", "unusable", "running", "left", "a", "training", "time", "left"]
    assert [line[:6] for line in lines[1:]] == [
        ["jigsaw", "1", "1", "0", "0", "0"],
        ["class_scene", "2", "0", "0", "0", "0"],
        ["all", "3", "1", "0", "0", "0"],
    ]
    found = json.loads(run("campaign", "status", plan, "--json").stdout)
    assert [row["task"] for row in found] == ["jigsaw", "class_scene", "all"]
    out = tmp_path / "results.parquet"
    result = run("campaign", "table", plan, out)
    assert result.stdout == f"Wrote {out}: 2 architectures, 2 tasks, 1 values missing.\n"
    assert load_table(out).archs == ARCHS[:2]


def test_a_folder_of_choice_and_json(plan: Path, tmp_path: Path, made: list[tuple[Any, ...]]) -> None:
    result = run("campaign", "run", plan, "--folder", tmp_path / "elsewhere", "--json")
    assert json.loads(result.stdout)[-1]["done"] == 3
    assert not (tmp_path / "plan").exists()
    again = run("campaign", "run", plan, "--folder", tmp_path / "elsewhere", "--retry-failed", "--json")
    assert json.loads(again.stdout)[-1]["failed"] == 1
    assert len(Fake(tmp_path / "diary").trained()) == 5
    result = run("campaign", "table", plan, tmp_path / "a.csv", "--folder", tmp_path / "elsewhere", "--seed", "1")
    assert result.exit_code == 2
    assert "expected a seed of the plan (666), got 1" in result.stderr


def test_bad_input_is_one_clear_message(plan: Path, tmp_path: Path, made: list[tuple[Any, ...]]) -> None:
    assert run("campaign", "run", tmp_path / "no.json").exit_code == 2
    result = run("campaign", "table", plan, tmp_path / "a.parquet")
    assert result.exit_code == 2
    assert "no training of the plan is done" in result.stderr
    result = run("campaign", "table", plan, tmp_path / "a.txt")
    assert "unknown file ending '.txt'" in result.stderr
    assert run("campaign", "run", plan).exit_code == 0
    content = json.loads(plan.read_text())
    plan.write_text(json.dumps({**content, "recipe": {"epochs": 77}}))
    result = run("campaign", "run", plan)
    assert result.exit_code == 1
    assert "recipe: epochs was 5 and is now 77" in result.stderr
    plan.write_text(json.dumps({**content, "presett": "quick"}))
    result = run("campaign", "status", plan)
    assert result.exit_code == 2
    assert "did you mean 'preset'" in result.stderr
    plan.write_text(json.dumps(content))
    record_path(tmp_path / "plan", Trial(ARCHS[1], "jigsaw")).write_text("")
    result = run("campaign", "table", plan, tmp_path / "a.parquet")
    assert result.exit_code == 1
    assert "is damaged" in result.stderr
    assert "'campaign run' trains it again" in result.stderr


def test_without_torch_it_says_what_to_install(plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "lightning", None)
    result = run("campaign", "run", plan)
    assert result.exit_code == 1
    assert "needs 'lightning', which is not installed: pip install 'transnas-surrogates[training]'" in result.stderr


@pytest.mark.parametrize("command", ["run", "status", "table"])
def test_help_has_examples(command: str) -> None:
    result = run("campaign", command, "--help")
    assert f"\n    surrogates campaign {command}" in result.stdout.split("Examples:")[1]


def test_real_trainings_in_worker_processes(tmp_path: Path) -> None:
    pytest.importorskip("lightning")
    tiny = {"epochs": 1, "batch_size": 4, "input_size": 32, "n_train": 4, "n_valid": 2, "n_test": 2}
    plan = tmp_path / "plan.json"
    entries = {"architectures": ["64-2311-basic"], "tasks": ["class_scene"], "preset": "mini", "recipe": tiny}
    plan.write_text(json.dumps(entries))
    result = run("campaign", "run", plan, "--device", "cpu")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == f"{tmp_path / 'plan'}: 1 done, 0 failed.\n"
    assert run("campaign", "table", plan, tmp_path / "a.pth").exit_code == 0
    assert load_table(tmp_path / "a.pth").frame().notna().all(axis=None)
