"""``surrogates train`` and ``surrogates rooms`` on tiny images."""

import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("lightning")
pytest.importorskip("PIL")

from inspect import signature

from PIL import Image

from benchmarks.tasks import TRANSNAS_TASKS
from benchmarks.training import presets
from benchmarks.training.campaign import FolderImages
from benchmarks.training.presets import get_recipe
from benchmarks.training.recipe import Recipe
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
    result = run("rooms", "export", "--out", tmp_path / "rooms", *counts)
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
    result = run("rooms", "sheet", "--out", out, "--size", "32", "--columns", "2", "--rows", "1")
    assert result.stdout == f"Wrote {out}: 2 images of 32 x 32.\n"
    with Image.open(out) as picture:
        assert picture.width == 256
    assert "unknown file ending '.bmp'" in run("rooms", "sheet", "--out", tmp_path / "sheet.bmp").stderr


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
    assert result.exit_code == 2
    assert "nodir/x.json': there is no folder '" in result.stderr
    assert "expected a file, got the folder" in run(*arguments, "--out", tmp_path).stderr
    assert list(tmp_path.iterdir()) == []
    for device in ("cud", "cpu:1", "cuda:999"):
        result = run(*arguments, "--device", device)
        assert result.exit_code == 2
        assert "expected auto, cpu, cuda or cuda:N as the device" in result.stderr


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Ten pictures each of three classes whose names need care; 24 are for training, 6 for validation."""
    for number, name in enumerate(("b b", "Ä", "a")):
        (tmp_path / "my photos" / name).mkdir(parents=True)
        for place in range(10):
            ending = (".png", ".JPG")[place % 2]
            colour = tuple(250 if channel == number else 20 * place for channel in range(3))
            Image.new("RGB", (20 + place, 30), colour).save(tmp_path / "my photos" / name / f"{place}{ending}")
    return tmp_path / "my photos"


@pytest.mark.parametrize(("task", "classes"), [("jigsaw", ""), ("class_object", "; 3 classes: 'a', 'b b', 'Ä'")])
def test_own_images_are_told_and_recorded(photos: Path, tmp_path: Path, task: str, classes: str) -> None:
    out = tmp_path / "run.json"
    options = ["--preset", "mini", "--device", "cpu", "--images", photos, "--out", out, "--train-images", "16"]
    result = run("train", ARCH, "-t", task, *options)
    assert result.exit_code == 0, result.stderr
    content = FolderImages(str(photos)).folder.content
    told = (
        f"own images (content {content}): 16 of 24 train, 2 of 6 valid; valid: 20 %, by the hash of the names{classes}"
    )
    assert result.stderr.splitlines().count(told) == 1
    assert f"Note: {told}" not in result.stdout  # once is enough
    assert [line.split()[-1] for line in result.stdout.splitlines()[:4]] == ["test", "-", "-", "-"]
    written = Run.from_json(json.loads(out.read_text()))
    assert written.notes[0] == told
    assert not any(name.startswith("test_") for name in written.metrics)


def test_a_folder_of_test_images_is_scored(photos: Path) -> None:
    for split in ("train", "val", "test"):
        shutil.copytree(photos, photos.parent / "split" / split)
    options = ["--preset", "mini", "--device", "cpu", "--images", photos.parent / "split", "--json", "--epochs", "1"]
    result = run("train", ARCH, "-t", "class_scene", *options, "--train-images", "30", "--valid-images", "30")
    assert result.exit_code == 0, result.stderr
    assert "30 of 30 train, 30 of 30 valid, 2 of 30 test; split by the folders test, train, val" in result.stderr
    assert "30 valid images are copies of training images" in result.stderr
    assert len(json.loads(result.stdout)["metrics"]["test_top1"]) == 1


def test_numbers_of_images_count_for_rooms_too(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}

    def note(arch: str, task: str, recipe: Recipe, *_: object, **__: object) -> Run:
        asked.update(n_train=recipe.n_train, n_valid=recipe.n_valid)
        raise TrainingFailed("enough")

    monkeypatch.setattr("benchmarks.training.train.train_architecture", note)
    run("train", ARCH, "-t", "jigsaw", "--preset", "mini", "--train-images", "5", "--valid-images", "3")
    assert asked == {"n_train": 5, "n_valid": 3}


def test_what_a_folder_cannot_give_is_refused_in_one_line(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> Run:
        raise AssertionError

    monkeypatch.setattr("benchmarks.training.train.train_architecture", never)
    for arguments, message in (
        (["-t", "normal", "--images", photos], "normal needs a surface normal for every pixel"),
        (["-t", "jigsau", "--images", photos], "did you mean 'jigsaw'"),
        (["-t", "class_object", "--images", photos / "a"], "needs one sub-folder of images per class"),
        (["-t", "jigsaw", "--images", photos, "--train-images", "25"], "has 24 train images"),
        (["-t", "jigsaw", "--images", photos, "--valid-images", "7"], "has 6 valid images"),
        (["-t", "jigsaw", "--images", photos, "--data", photos], "expected one of --data"),
        (["-t", "jigsaw", "--images", photos / "none"], "nothing there"),
    ):
        result = run("train", ARCH, "--preset", "mini", *arguments)
        assert result.exit_code == 2, result.stderr
        assert message in result.stderr
        assert result.stderr.count("error: ") == 1
    assert (
        "any other folder of pictures is given as --images"
        in run("train", ARCH, "-t", "jigsaw", "--data", photos).stderr
    )


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
