"""What a table says about its trainings, held against the published ones."""

from dataclasses import replace

import pytest

from benchmarks import Table
from benchmarks.provenance import unlike_published
from benchmarks.training import get_recipe
from benchmarks.training.presets import changed_settings

TABLE = Table.from_logs(["64-2311-basic"], {"jigsaw": {"valid_top1": [90.0]}, "normal": {"valid_ssim": [0.5]}})
TASKONOMY = {task: {"taskonomy": {"train": "0123"}} for task in TABLE.tasks}
ROOMS = {task: {"rooms": {"seed": 0}} for task in TABLE.tasks}


def made(**provenance: object) -> Table:
    return replace(TABLE, provenance=provenance)


@pytest.mark.parametrize(
    "table",
    [
        TABLE,
        made(commit="1a2b3c"),
        made(images=None, deviations=None),
        made(images=TASKONOMY, deviations={task: changed_settings(get_recipe(task)) for task in TABLE.tasks}),
    ],
)
def test_a_table_that_says_nothing_else_is_like_the_published_one(table: Table) -> None:
    assert unlike_published(table) == ""


def test_images_and_the_first_task_that_differs_are_named() -> None:
    many = [f"lr: {n} instead of 0" for n in range(1, 6)]
    found = made(images=ROOMS, deviations={"jigsaw": [], "normal": many})
    recipe = "normal: lr: 1 instead of 0, lr: 2 instead of 0, lr: 3 instead of 0 and 2 more"
    assert unlike_published(found) == f"images of rooms instead of taskonomy; {recipe}"
    assert unlike_published(made(images=TASKONOMY, deviations={"normal": many[:1]})) == "normal: lr: 1 instead of 0"


def test_only_the_tasks_asked_about_count() -> None:
    found = made(images=TASKONOMY, deviations={"normal": ["epochs: 3 instead of 30"]})
    assert unlike_published(found, ["jigsaw"]) == unlike_published(found.where(tasks=["jigsaw"])) == ""
    assert unlike_published(found, ["jigsaw", "normal"]) == unlike_published(found) != ""
    assert unlike_published(made(images=ROOMS), ["cifar10"]) == ""
    mixed = made(images={**TASKONOMY, "normal": ROOMS["normal"]})
    assert unlike_published(mixed, ["jigsaw"]) == ""
    assert unlike_published(mixed) == "images of rooms instead of taskonomy"


def test_two_folders_of_own_images_are_not_alike() -> None:
    def trained_on(content: str) -> str:
        return unlike_published(made(images={"jigsaw": {"folder": {"content": content, "train": 8}}}))

    assert trained_on("ab12") == "images of an own folder (content ab12) instead of taskonomy"
    assert trained_on("ab12") != trained_on("cd34")
