"""Plans: what may be in the file, what must not change."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import DagSpace, get_space, infer_space, register_space
from benchmarks.errors import ArchitectureError, SpaceError, UnknownNameError
from benchmarks.tasks import TRANSNAS_TASKS
from benchmarks.training.campaign import (
    Plan,
    RoomsImages,
    TaskonomyImages,
    Trial,
    load_plan,
    read_record,
    record_path,
    run_campaign,
)
from benchmarks.training.campaign.plan_file import sampled
from benchmarks.training.data.taskonomy import SPLIT_FILES
from tests.benchmarks.test_register_space import Widths
from tests.own_spaces import random_graphs

MACRO = "64-2311-basic"


class Counter:
    """A trainer that only counts the nodes of the network."""

    def prepare(self, plan: Plan) -> "Counter":
        return self

    def train(self, plan: Plan, trial: Trial, scratch: Path) -> Any:
        nodes = float(len(infer_space(trial.arch).network_graph(trial.arch).kind))
        return SimpleNamespace(metrics={"valid_top1": [50.0]}, info={"nodes": nodes}, epochs=1, notes=[])


def plan_file(folder: Path, **entries: Any) -> Path:
    path = folder / "plan.json"
    path.write_text(json.dumps({"architectures": [MACRO], **entries}))
    return path


def test_the_defaults_are_all_tasks_the_published_seed_and_rooms(tmp_path: Path) -> None:
    plan = load_plan(plan_file(tmp_path))
    assert plan.trials() == [Trial(MACRO, task, 666) for task in TRANSNAS_TASKS]
    assert plan.images == RoomsImages(0)
    assert plan.preset == "quick"


def test_every_entry_is_read(tmp_path: Path) -> None:
    draw = {"space": "transnas101-micro", "sample": 3, "rng": 5}
    plan = load_plan(
        plan_file(
            tmp_path,
            architectures=[MACRO, draw, MACRO],
            tasks=["normal", "jigsaw"],
            seeds=[1, 2],
            preset="mini",
            recipe={"epochs": 3, "optimiser": {"lr": 1}},
            recipe_of={"jigsaw": {"epochs": 4, "mean": [0, 0.5, 1]}},
            images={"rooms": {"seed": 9}},
        )
    )
    assert plan.archs == (MACRO, *sampled("transnas101-micro", 3, 5))
    assert len(plan.trials()) == 4 * 2 * 2
    assert plan.trials()[:3] == [
        Trial(MACRO, "normal", 1),
        Trial(MACRO, "jigsaw", 1),
        Trial(plan.archs[1], "normal", 1),
    ]
    assert (plan.recipe_for("normal").epochs, plan.recipe_for("jigsaw").epochs) == (3, 4)
    assert plan.recipe_for("jigsaw").mean == (0.0, 0.5, 1.0)
    assert plan.recipe_for("normal").optimiser.lr == 1.0
    assert plan.images == RoomsImages(9)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"archs": []}, "unknown entry of the plan: 'archs'"),
        ({"architectures": []}, "architectures: expected a list"),
        ({"architectures": ["resnet"]}, "'resnet' is not an architecture"),
        ({"architectures": [{"space": "transnas101-micro"}]}, "expected 'space' and 'sample', got space"),
        ({"architectures": {"space": "transnas101-macro", "sample": 4000}}, "expected from 1 to 3,256"),
        ({"architectures": {"space": "transnas101-marco", "sample": 4}}, "did you mean 'transnas101-macro'"),
        ({"architectures": {"space": "transnas101-macro", "sample": "4"}}, "sample: expected integers from 1"),
        ({"tasks": ["jigsau"]}, "unknown task 'jigsau'; did you mean 'jigsaw'"),
        ({"tasks": ["cifar10"]}, "unknown task 'cifar10'"),
        ({"tasks": "jigsaw"}, "tasks: expected a list"),
        ({"seeds": [-1]}, "seeds: expected integers from 0, got -1"),
        ({"seeds": []}, "seeds: expected a list"),
        ({"preset": "quik"}, "did you mean 'quick'"),
        ({"recipe": {"epoch": 3}}, "did you mean 'epochs'"),
        ({"recipe": {"task": "normal"}}, "unknown entry of recipe: 'task'"),
        ({"recipe": {"epochs": 0}}, "expected a positive integer as epochs, got 0"),
        ({"recipe": {"loss": 3}}, "recipe: loss: expected a value like 'soft_cross_entropy', got 3"),
        ({"recipe": {"optimiser": {"lr": "fast"}}}, "recipe: optimiser: lr: expected a value like 0.1, got 'fast'"),
        ({"recipe": {"optimiser": {"lr": -1}}}, "expected a positive number as lr, got -1"),
        ({"recipe": {"optimiser": {"lr": None}}}, "lr"),
        ({"recipe": {"precision": "bf16"}}, "unknown precision 'bf16'; did you mean 'bf16-true'"),
        ({"tasks": ["normal"], "recipe_of": {"jigsaw": {"epoch": 3}}}, "did you mean 'epochs'"),
        ({"seeds": [2**63]}, "expected seeds from 0 to 9223372036854775807, got 9223372036854775808"),
        ({"recipe": {"mean": [0.5]}}, "recipe: mean: expected a value like"),
        ({"recipe": 3}, "recipe: expected named entries, got 3"),
        ({"recipe_of": {"jigsau": {}}}, "did you mean 'jigsaw'"),
        ({"preset": "paper"}, "expected a number of images as n_train"),
        ({"images": {}}, "images: expected one of 'rooms', 'taskonomy' and 'folder', got none"),
        ({"images": {"rooms": {"seed": "a"}}}, "images: rooms: seed: expected integers"),
        ({"images": {"taskonomy": {"train": "a.json"}}}, "expected the path 'root'"),
        ({"images": {"taskonomy": "$NO_SUCH_PLACE/x"}}, "the environment variable NO_SUCH_PLACE is not set"),
    ],
)
def test_a_wrong_entry_is_named_with_the_file(tmp_path: Path, entries: dict[str, Any], message: str) -> None:
    path = plan_file(tmp_path, **entries)
    with pytest.raises(ValueError, match=r"plan\.json: ") as error:
        load_plan(path)
    assert message in str(error.value)


def test_a_missing_image_folder_is_found_before_any_training(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"plan\.json: there is no folder .*nowhere: expected Taskonomy"):
        load_plan(plan_file(tmp_path, images={"taskonomy": "nowhere"}))


def test_what_is_no_json_says_so(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("{")
    with pytest.raises(ValueError, match="expected JSON"):
        load_plan(tmp_path / "plan.json")
    with pytest.raises(ValueError, match=r"ending in \.json, got '.toml'"):
        load_plan(tmp_path / "plan.toml")


def test_a_larger_sample_begins_with_the_smaller_one() -> None:
    assert sampled("transnas101-micro", 50, rng=3)[:20] == sampled("transnas101-micro", 20, rng=3)
    assert sampled("transnas101-micro", 5, rng=3) != sampled("transnas101-micro", 5, rng=4)


def test_distinct_samples_are_distinct_functions() -> None:
    space = get_space("transnas101-micro")
    archs = sampled("transnas101-micro", 300, distinct=True)
    assert len(set(space.simplify(archs))) == 300
    assert len(set(space.simplify(sampled("transnas101-micro", 300)))) < 300
    assert archs[:50] == sampled("transnas101-micro", 50, distinct=True)


def test_taskonomy_is_known_by_its_lists_and_masks_wherever_it_lies(tmp_path: Path) -> None:
    def settings(place: str, images: int = 2, mask: bytes = b"1", **changed: str) -> dict[str, Any]:
        folder = tmp_path / place
        folder.mkdir()
        for split in ("train", "valid", "test"):
            (folder / SPLIT_FILES[split]).write_text('{"filename_list": ["house.json"]}')
        (folder / "house.json").write_text(json.dumps([f"house/{{domain}}/point_{i}" for i in range(images)]))
        (folder / "class_object_final5k.npy").write_bytes(mask)
        for name, content in changed.items():
            (folder / f"{name}.json").write_text(content)
        plan = load_plan(plan_file(tmp_path, images={"taskonomy": place}))
        assert isinstance(plan.images, TaskonomyImages)
        return plan.settings("jigsaw")

    one = settings("a")
    assert one == settings("b")
    others = [settings("c", images=3), settings("d", mask=b"2"), settings("e", rooms='{"seed": 1}')]
    assert all(other != one for other in others)
    assert load_plan(plan_file(tmp_path, images={"taskonomy": "a"}, preset="paper")).preset == "paper"


def test_the_hash_is_the_same_in_a_new_process_and_follows_the_content() -> None:
    plan = Plan((MACRO,), ("jigsaw",))
    code = f"from benchmarks.training.campaign import Plan; print(Plan(({MACRO!r},), ('jigsaw',)).hash)"
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    fresh = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert fresh.stdout.strip() == plan.hash
    others = [Plan((MACRO,), ("jigsaw",), seeds=(1,)), Plan((MACRO,), ("jigsaw",), recipe={"epochs": 9})]
    assert len({plan.hash, *(other.hash for other in others)}) == 3


def test_bad_plans_are_refused_in_python_too() -> None:
    with pytest.raises(ArchitectureError, match="row 0"):
        Plan(("64-99-basic",))
    with pytest.raises(UnknownNameError, match="unknown task 'jig'"):
        Plan((MACRO,), ("jig",))
    with pytest.raises(ValueError, match="at least one of seeds"):
        Plan((MACRO,), seeds=())


def test_a_new_renderer_makes_other_images() -> None:
    pytest.importorskip("torch")
    from benchmarks.training.campaign import images
    from benchmarks.training.rooms import render

    assert images.RENDERER == render.RENDERER


def test_only_tasks_whose_labels_a_renderer_changed_are_trained_again() -> None:
    images = RoomsImages()
    assert images.describe("segmentsemantic") == {"rooms": {"seed": 0, "renderer": 2}}
    assert images.describe("class_scene") == {"rooms": {"seed": 0, "renderer": 1}}


def test_graphs_without_networks_are_refused_before_anything_is_trained() -> None:
    register_space(DagSpace("graphs", random_graphs(8)))
    with pytest.raises(SpaceError, match="expected an architecture with a network"):
        Plan(("64-2311-basic", "net_1"))


def test_a_plan_names_the_own_spaces_that_workers_must_know() -> None:
    widths = register_space(Widths())
    assert Plan(("64-2311-basic", "w:11", "w:12")).own_spaces() == [widths]
    assert Plan(("64-2311-basic",)).own_spaces() == []


def test_workers_know_a_space_of_ones_own(tmp_path: Path) -> None:
    register_space(Widths())
    plan = Plan(("w:11",), ("jigsaw",))
    assert [step.finished for step in run_campaign(plan, tmp_path / "runs", Counter(), workers=1)][-1] == 1
    record = read_record(record_path(tmp_path / "runs", plan.trials()[0]))
    assert record.failure is None
    assert record.info["nodes"] == len(Widths().network_graph("w:11").kind)
