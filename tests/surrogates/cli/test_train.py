"""``surrogates train`` and ``surrogates rooms`` on tiny images."""

import json
from pathlib import Path

import pytest

pytest.importorskip("lightning")
pytest.importorskip("PIL")

from inspect import signature

from benchmarks.tasks import TRANSNAS_TASKS
from benchmarks.training import presets
from benchmarks.training.presets import get_recipe
from benchmarks.training.run import Run, TrainingFailed
from surrogates.cli import rooms
from tests.surrogates.cli.helpers import run

ARCH = "64-41414-1_01_001"
TINY = {"epochs": 2, "batch_size": 4, "input_size": 32, "n_train": 4, "n_valid": 2, "n_test": 2}


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the preset 'mini' even smaller."""
    small = {task: {**changes, **TINY} for task, changes in presets._PRESETS["mini"].items()}
    monkeypatch.setitem(presets._PRESETS, "mini", small)


def test_the_last_epoch_is_shown_and_all_are_written(tmp_path: Path) -> None:
    out = tmp_path / "run.json"
    result = run("train", ARCH, "-t", "class_scene", "--preset", "mini", "--device", "cpu", "--out", out)
    assert result.exit_code == 0, result.stderr
    written = Run.from_json(json.loads(out.read_text()))
    assert len(written.metrics["valid_top1"]) == 2
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0] == ["metric", "train", "valid", "test"]
    shown = {line[0]: line[1:] for line in lines[1:4]}
    assert set(shown) == {"top1", "top5", "loss"}
    assert shown["loss"] == [f"{written.metrics[f'{split}_loss'][-1]:.4g}" for split in ("train", "valid", "test")]
    assert f"{ARCH} on class_scene, seed 666: " in result.stdout
    assert f"Wrote {out}." in result.stdout


def test_exported_rooms_are_read_back_to_the_same_training(tmp_path: Path) -> None:
    counts = ["--train", "4", "--valid", "2", "--test", "2", "--size", "32"]
    result = run("rooms", "export", tmp_path / "rooms", *counts)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == f"Wrote {tmp_path / 'rooms'}: 8 images of 32 x 32.\n"
    options = [ARCH, "--task", "segmentsemantic", "--preset", "mini", "--epochs", "1", "--device", "cpu", "--json"]
    read = run("train", *options, "--data", tmp_path / "rooms")
    rendered = run("train", *options)
    assert read.exit_code == rendered.exit_code == 0, read.stderr
    found, expected = (json.loads(result.stdout)["metrics"] for result in (read, rendered))
    assert found["valid_loss"] == pytest.approx(expected["valid_loss"], rel=1e-5)


def test_a_sheet_is_a_picture(tmp_path: Path) -> None:
    from PIL import Image

    out = tmp_path / "sheet.png"
    result = run("rooms", "sheet", out, "--size", "32", "--columns", "2", "--rows", "1")
    assert result.stdout == f"Wrote {out}: 2 images of 32 x 32.\n"
    with Image.open(out) as picture:
        assert picture.width == 256
    assert "unknown file ending '.bmp'" in run("rooms", "sheet", tmp_path / "sheet.bmp").stderr


def test_failures_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Run:
        raise TrainingFailed("loss is nan in epoch 2")

    monkeypatch.setattr("benchmarks.training.train.train_architecture", fail)
    result = run("train", ARCH, "-t", "jigsaw", "--preset", "mini")
    assert (result.exit_code, result.stderr) == (1, "error: loss is nan in epoch 2\n")
    for arguments, message in (
        ([ARCH, "-t", "jigsau"], "did you mean 'jigsaw'"),
        ([ARCH, "-t", "jigsaw", "--preset", "tiny"], "unknown preset 'tiny'"),
        (["resnet", "-t", "jigsaw"], "'resnet' is not an architecture"),
        ([ARCH, "-t", "jigsaw", "--data", str(tmp_path / "none")], "no folder"),
    ):
        result = run("train", *arguments)
        assert result.exit_code in (1, 2)
        assert message in result.stderr
        assert "unexpected" not in result.stderr


def test_what_cannot_work_is_refused_before_the_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> Run:
        raise AssertionError

    monkeypatch.setattr("benchmarks.training.train.train_architecture", never)
    arguments = ["train", ARCH, "-t", "jigsaw", "--preset", "mini"]
    result = run(*arguments, "--out", tmp_path / "nodir" / "x.json")
    assert result.exit_code == 1
    assert "cannot write: No such file or directory" in result.stderr
    assert "nodir/x.json" in result.stderr
    assert "Is a directory" in run(*arguments, "--out", tmp_path).stderr
    assert list(tmp_path.iterdir()) == []
    for device in ("cud", "cpu:1", "cuda:999"):
        result = run(*arguments, "--device", device)
        assert result.exit_code == 2
        assert "expected auto, cpu, cuda or cuda:N as the device" in result.stderr


@pytest.mark.parametrize("command", ["train", "rooms sheet", "rooms export"])
def test_help_has_examples(command: str) -> None:
    result = run(*command.split(), "--help")
    assert f"\n    surrogates {command}" in result.stdout.split("Examples:")[1]


def test_the_default_export_suffices_for_the_quick_recipes():
    arguments = signature(rooms.export).parameters
    for task in TRANSNAS_TASKS:
        recipe = get_recipe(task, "quick")
        for split in ("train", "valid", "test"):
            assert arguments[split].default >= getattr(recipe, f"n_{split}")
