"""``surrogates campaign`` with a fake trainer, and one test with real trainings."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import benchmarks.training.campaign as package
from benchmarks import load_table
from benchmarks.training.campaign import Progress, record_path
from benchmarks.training.campaign.plan import Trial
from surrogates.cli.campaign import failures
from tests.benchmarks.training.campaign.campaign_fakes import ARCHS, Fake
from tests.surrogates.cli.helpers import run

WHY = "1 training failed: loss is nan in epoch 2\nuse --retry-failed to run them again\n"


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"architectures": ARCHS[:2], "tasks": ["jigsaw", "class_scene"]}))
    return path


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Replace the trainer by a fast one; returns the arguments that trainers were created with."""
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
    assert result.exit_code == 1
    assert result.stdout == f"{tmp_path / 'plan'}: 3 done, 1 failed.\n"
    assert "failed: 64-2311-basic, jigsaw, seed 666: loss is nan in epoch 2\n" in result.stderr
    assert result.stderr.endswith(WHY)
    assert made == [("cpu", 2, True)]
    lines = [line.split() for line in run("campaign", "status", plan).stdout.splitlines()]
    assert lines[0] == ["task", "done", "failed", "unusable", "running", "left", "per", "training", "time", "left"]
    assert [line[:6] for line in lines[1:]] == [
        ["jigsaw", "1", "1", "0", "0", "0"],
        ["class_scene", "2", "0", "0", "0", "0"],
        ["all", "3", "1", "0", "0", "0"],
        ["1", "training", "failed:", "loss", "is", "nan"],
        ["use", "--retry-failed", "to", "run", "them", "again"],
    ]
    found = json.loads(run("campaign", "status", plan, "--json").stdout)
    assert [row["task"] for row in found] == ["jigsaw", "class_scene", "all"]
    assert [row["reasons"] for row in found] == [{"loss is nan in epoch 2": 1}, {}, {"loss is nan in epoch 2": 1}]
    out = tmp_path / "results.parquet"
    result = run("campaign", "table", plan, "--out", out)
    assert result.stdout == f"Wrote {out}: 2 architectures, 2 tasks, 1 value missing.\n"
    assert load_table(out).archs == ARCHS[:2]


def test_a_folder_of_choice_and_json(plan: Path, tmp_path: Path, made: list[tuple[Any, ...]]) -> None:
    result = run("campaign", "run", plan, "--folder", tmp_path / "elsewhere", "--json")
    assert (result.exit_code, json.loads(result.stdout)[-1]["done"]) == (1, 3)
    assert not (tmp_path / "plan").exists()
    again = run("campaign", "run", plan, "--folder", tmp_path / "elsewhere", "--retry-failed", "--json")
    assert json.loads(again.stdout)[-1]["failed"] == 1
    assert len(Fake(tmp_path / "diary").trained()) == 5
    result = run(
        "campaign", "table", plan, "--out", tmp_path / "a.csv", "--folder", tmp_path / "elsewhere", "--seed", "1"
    )
    assert result.exit_code == 2
    assert "expected a seed of the plan (666), got 1" in result.stderr


def test_bad_input_is_one_clear_message(plan: Path, tmp_path: Path, made: list[tuple[Any, ...]]) -> None:
    assert run("campaign", "run", tmp_path / "no.json").exit_code == 2
    result = run("campaign", "table", plan, "--out", tmp_path / "a.parquet")
    assert result.exit_code == 2
    assert "no training of the plan is done" in result.stderr
    result = run("campaign", "table", plan, "--out", tmp_path / "a.txt")
    assert "unknown file ending '.txt'" in result.stderr
    run("campaign", "run", plan)
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
    result = run("campaign", "table", plan, "--out", tmp_path / "a.parquet")
    assert result.exit_code == 1
    assert "is damaged" in result.stderr
    assert "'campaign run' trains it again" in result.stderr


def test_what_failed_before_fails_the_command_until_it_is_tried_again(
    plan: Path, tmp_path: Path, made: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("campaign", "run", plan)
    again = run("campaign", "run", plan)
    assert (again.exit_code, again.stderr) == (1, WHY)
    assert len(Fake(tmp_path / "diary").trained()) == 4
    monkeypatch.setattr(package, "ImageTrainer", lambda *_: Fake(tmp_path / "diary"))
    healed = run("campaign", "run", plan, "--retry-failed")
    assert (healed.exit_code, healed.stderr) == (0, "")
    assert healed.stdout == f"{tmp_path / 'plan'}: 4 done, 0 failed.\n"


def test_when_all_failed_the_table_says_why(plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = {(arch, task): "bug" for arch in ARCHS for task in ("jigsaw", "class_scene")} | {
        (ARCHS[0], "jigsaw"): "nan"
    }
    monkeypatch.setattr(package, "ImageTrainer", lambda *_: Fake(tmp_path / "diary", broken=broken))
    result = run("campaign", "run", plan)
    expected = "3 trainings failed: TypeError: not a number\n1 training failed: loss is nan in epoch 2\n"
    assert result.stderr.endswith(f"\n{expected}use --retry-failed to run them again\n")
    result = run("campaign", "table", plan, "--out", tmp_path / "a.csv")
    assert "is done; 3 failed: TypeError: not a number; 1 failed: loss is nan in epoch 2 (--retry" in result.stderr


def test_of_many_reasons_the_most_frequent_are_shown() -> None:
    reasons = {f"reason {n}": 9 - n for n in range(7)}
    lines = failures(pd.DataFrame({"reasons": {"all": reasons}}))
    assert lines[0] == "9 trainings failed: reason 0"
    assert lines[4:] == ["5 trainings failed: reason 4", "and 2 other reasons", "use --retry-failed to run them again"]


def test_a_device_that_is_not_there_leaves_no_records(plan: Path, tmp_path: Path) -> None:
    pytest.importorskip("lightning")
    result = run("campaign", "run", plan, "--device", "cud")
    assert result.exit_code == 2
    assert "expected auto, cpu, cuda or cuda:N as the device, where torch finds" in result.stderr
    assert run("campaign", "status", plan).stdout.splitlines()[-1].split()[:6] == ["all", "0", "0", "0", "0", "4"]


def test_interrupted_it_says_how_far_it_is(
    plan: Path, made: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> Generator[Progress, None, None]:
        yield Progress(total=4, finished=0)
        yield Progress(total=4, finished=1)
        raise KeyboardInterrupt

    monkeypatch.setattr(package, "run_campaign", interrupted)
    result = run("campaign", "run", plan)
    assert result.exit_code == 130
    assert result.stderr == "1 of 4 trainings finished; run the same command again to resume\nerror: interrupted\n"


def test_without_torch_it_says_what_to_install(plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "lightning", None)
    result = run("campaign", "run", plan)
    assert result.exit_code == 1
    assert "needs 'lightning', which is not installed: pip install " in result.stderr


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
    assert run("campaign", "table", plan, "--out", tmp_path / "a.pth").exit_code == 0
    assert load_table(tmp_path / "a.pth").to_frame().notna().all(axis=None)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--ray", "auto", "--slurm", "timeout_min=1"), 2, "expected one of --ray and --slurm, got both"),
        (("--gpus-per-worker", "0.5"), 2, "expected --ray with --gpus-per-worker, got none"),
        (("--ray", "auto", "--gpus-per-worker", "1.5"), 2, "expected a share of a GPU from 0 to 1"),
        (("--slurm", "timeout_min"), 2, "expected NAME=VALUE, got 'timeout_min'"),
        (("--slurm", "partitoin=gpu"), 2, "did you mean 'partition'"),
        (("--slurm", "timeout_min=1", "--workers", "auto"), 2, "expected a number of workers with Slurm, got auto"),
    ],
)
def test_launchers_that_cannot_be_are_told(
    arguments: tuple[str, ...], code: int, message: str, plan: Path, made: list[tuple[Any, ...]]
) -> None:
    found = run("campaign", "run", plan, *arguments)
    assert found.exit_code == code
    assert message in " ".join(found.stderr.split())


def test_a_ray_address_that_nobody_answers_at_is_told(plan: Path, made: list[tuple[Any, ...]]) -> None:
    pytest.importorskip("ray")
    found = run("campaign", "run", plan, "--ray", "127.0.0.1:1")
    assert found.exit_code == 1
    assert found.stderr.startswith("error: nobody answers at the Ray address '127.0.0.1:1'")
