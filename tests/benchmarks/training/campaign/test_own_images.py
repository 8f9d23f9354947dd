"""Campaigns on a user's own folder: the recipe fits the folder, and the results never pass for published ones."""

import os
import pickle
import shutil
import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lightning")
pytest.importorskip("PIL")

from PIL import Image

from benchmarks import load_table, save_table
from benchmarks.errors import ArtefactError, TableError
from benchmarks.provenance import unlike_published
from benchmarks.training.campaign import (
    FolderImages,
    ImageTrainer,
    Plan,
    Trial,
    campaign_table,
    load_plan,
    provenance,
    read_record,
    record_path,
)
from benchmarks.training.campaign.records import check_settings, keep_settings
from benchmarks.training.campaign.worker import Job, do
from benchmarks.training.data.image_folder import ImageFolder, ImageFolderError, read_image_folder
from benchmarks.training.presets import get_recipe
from surrogates import Oracle
from tests.benchmarks.training.campaign.test_plan import plan_file

CELL = "64-41414-1_01_001"
SMALL = {"epochs": 1, "batch_size": 4, "input_size": 32, "base_channels": 8}


@pytest.fixture
def photos(tmp_path: Path, rng: np.random.Generator) -> Path:
    """Ten pictures each of three classes: 24 for training, 6 for validation."""
    for name in ("ant", "bee", "cat"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(10):
            pixels = rng.integers(0, 256, (20, 24, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.png")
    return tmp_path / "photos"


def own(photos: Path, *tasks: str, **recipe: Any) -> Plan:
    return Plan((CELL,), tasks or ("jigsaw",), (0,), "mini", {**SMALL, **recipe}, images=FolderImages(str(photos)))


def test_a_plan_names_a_folder_relative_to_itself(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOS", "photos")
    for place in ("photos", "$PHOTOS", str(photos)):
        plan = load_plan(plan_file(photos.parent, tasks=["jigsaw", "class_scene"], images={"folder": place}))
        assert plan.images == FolderImages(str(photos))


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"images": {"folder": "nowhere"}}, "expected a folder of images, got"),
        ({"images": {"folder": 3}}, "images: folder: expected the path of a folder, got 3"),
        ({"images": {"folder": "$NO_SUCH_PLACE"}}, "images: folder: the environment variable NO_SUCH_PLACE is not set"),
        ({"images": {"folder": "photos"}}, "room_layout needs the nine .* list the tasks"),  # all seven tasks
        ({"images": {"fodler": "photos"}}, "did you mean 'folder'"),
        ({"images": {"folder": "photos"}, "tasks": ["jigsaw"], "recipe": {"n_train": 25}}, "has 24 train images"),
        ({"images": {"folder": "photos"}, "tasks": ["jigsaw"], "recipe": {"n_test": 2}}, "has 0 test images"),
        (
            {"images": {"folder": "photos"}, "tasks": ["class_scene"], "recipe": {"num_classes": 47}},
            "expected 3 as num_classes, the number of class folders of .*, got 47",
        ),
    ],
)
def test_a_plan_that_does_not_fit_the_folder_is_refused(photos: Path, entries: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=rf"plan\.json: .*{message}"):
        load_plan(plan_file(photos.parent, **entries))


def test_the_recipe_has_the_numbers_of_the_folder(photos: Path) -> None:
    plan = own(photos, "class_scene", "jigsaw")
    for task, classes in (("class_scene", 3), ("jigsaw", get_recipe("jigsaw", "mini").num_classes)):
        recipe = plan.recipe_for(task)
        assert (recipe.n_train, recipe.n_valid, recipe.n_test, recipe.num_classes) == (24, 6, None, classes)
    fewer = own(photos, "class_scene", n_train=12, n_valid=3).recipe_for("class_scene")
    assert (fewer.n_train, fewer.n_valid) == (12, 3)
    paper = replace(plan, preset="paper", recipe={}).recipe_for("jigsaw")
    assert paper == replace(get_recipe("jigsaw"), n_train=24, n_valid=6)


def test_workers_receive_what_was_read(photos: Path) -> None:
    plan = own(photos)
    settings = plan.settings("jigsaw")
    sent = pickle.loads(pickle.dumps(plan))
    shutil.rmtree(photos)
    assert sent == plan
    assert sent.images.folder == plan.images.folder  # type: ignore[union-attr]
    assert sent.settings("jigsaw") == settings
    with pytest.raises(ImageFolderError, match="nothing there"):
        own(photos)


@pytest.mark.filterwarnings("ignore::UserWarning:lightning")
def test_a_campaign_on_own_images_makes_a_table_that_says_so(photos: Path, tmp_path: Path) -> None:
    plan = own(photos, "class_object", "jigsaw")
    for trial in plan.trials():
        report = do(Job(trial), plan, tmp_path / "runs", ImageTrainer("cpu"))
        assert report.record is not None
        assert report.record.failure is None
    record = read_record(record_path(tmp_path / "runs", Trial(CELL, "class_object", 0)))
    assert {name.partition("_")[0] for name in record.metrics} == {"train", "valid", "time"}  # no test images

    content = FolderImages(str(photos)).folder.content
    about = provenance(plan, tmp_path / "runs")
    assert about["images"]["jigsaw"] == {"folder": {"content": content, "train": 24, "valid": 6, "reader": 1}}
    assert f"images: own ones (content {content}) instead of Taskonomy's" in about["deviations"]["jigsaw"]
    assert "num classes: 3 instead of 75" in about["deviations"]["class_object"]
    assert "n train: 24 instead of as published" in about["deviations"]["jigsaw"]

    table = campaign_table(plan, tmp_path / "runs")
    save_table(table, tmp_path / "own.parquet")
    save_table(table, tmp_path / "own.pth")
    assert load_table(tmp_path / "own.pth").value(CELL, "jigsaw") == table.value(CELL, "jigsaw")
    read = load_table(tmp_path / "own.parquet")
    assert unlike_published(read).startswith(f"images of an own folder (content {content}) instead of taskonomy; ")
    with pytest.raises(TableError, match=f"different trainings: images of an own folder .content {content}"):
        Oracle.from_pretrained("transnas101-micro", table=read)


def test_the_folder_of_a_campaign_keeps_to_its_images(photos: Path, tmp_path: Path) -> None:
    keep_settings(tmp_path / "runs", own(photos))
    shutil.move(photos, tmp_path / "elsewhere")
    check_settings(tmp_path / "runs", own(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere" / "ant" / "3.png").unlink()
    with pytest.raises(ArtefactError, match=r"images: folder: content was .* and is now .*train was 24 and is now 23"):
        check_settings(tmp_path / "runs", own(tmp_path / "elsewhere"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform cannot fork")
@pytest.mark.filterwarnings("default")  # of Python 3.12, about forks beside threads
def test_a_worker_forked_while_the_folder_is_read_can_read_it(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before Python 3.12 a cached property has a lock, which the child would find held by a thread that it lacks."""
    found, reading, release = read_image_folder(photos), threading.Event(), threading.Event()

    def slow(root: str) -> ImageFolder:
        reading.set()
        release.wait()
        return found

    monkeypatch.setattr("benchmarks.training.campaign.images.read_image_folder", slow)
    thread = threading.Thread(target=lambda: FolderImages(str(photos)).folder)
    thread.start()
    reading.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # ends a child that waits for the lock
        release.set()
        os._exit(0 if FolderImages(str(photos)).folder is found else 1)
    try:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        release.set()
        thread.join()
