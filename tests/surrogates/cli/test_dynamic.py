"""``surrogates dynamic`` on tiny images."""

import json
import math

import pytest

pytest.importorskip("lightning")
pytest.importorskip("PIL")

from benchmarks.training import presets
from benchmarks.training.dynamic import ExitScorer
from surrogates.cli import dynamic
from tests.surrogates.cli.helpers import run

TINY = {"epochs": 1, "input_size": 32, "base_channels": 4, "n_train": 16, "n_valid": 16, "n_test": None}
ARCH = "64-41414-3_01_003"
TRAIN = ["--arch", ARCH, "-t", "class_scene", "--device", "cpu"]
HALVES = "1:1-1:1-1:1-1:1-1:1"


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    small = {task: {**changes, **TINY} for task, changes in presets._PRESETS["mini"].items()}
    monkeypatch.setitem(presets._PRESETS, "mini", small)


def test_a_network_is_trained_once_for_all_searched_and_shown(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    folder = tmp_path / "scene"
    result = run("dynamic", "train", folder, *TRAIN, "--plot", tmp_path / "train.png")
    assert result.exit_code == 0, result.stderr
    assert "on class_scene, seed 0: 1 epoch in " in result.stdout
    assert (tmp_path / "train.png").stat().st_size > 1000
    again = json.loads(run("dynamic", "train", folder, *TRAIN, "--json").stdout)
    assert again["objective"] == "distilled"
    assert len(again["metrics"]["valid_top1"]) == 1
    asked = ["dynamic", "search", folder, "--evaluations", 4, "--budget", 0.6]
    found = json.loads(run(*asked, "--json", "--plot", tmp_path / "search.png").stdout)
    assert found["evaluations"] == len(found["found"]) == 4
    assert found["of"] == 243
    assert found["budget"] == pytest.approx(0.6 * found["whole"])
    rewards = [row["reward"] for row in found["found"]]
    assert rewards == sorted(rewards, reverse=True)
    for row in found["found"]:
        over = max(math.log(row["multiply_adds"] / found["budget"]), 0)
        assert row["reward"] == pytest.approx(row["top1"] - 100 * over)
    with monkeypatch.context() as patch:  # a finished search needs no images
        patch.setattr(ExitScorer, "__init__", lambda *_: pytest.fail("images are not needed"))
        assert json.loads(run(*asked, "--json").stdout) == found
        shown = run(*asked).stdout
    assert shown.splitlines()[0].split() == ["choice", "reward", "top1", "multiply_adds"]
    assert f"Highest reward at a budget of {found['budget']:,.0f}, of 4 measured among 243" in shown
    wrong = run(*asked, "--evaluations", 5, "--device", "cuda:99")
    assert wrong.exit_code == 2
    assert "expected auto, cpu, cuda or cuda:N as the device" in wrong.stderr
    more = json.loads(run(*asked[:-3], 6, "--budget", 0.6, "--json").stdout)
    assert {row["choice"] for row in found["found"]} < {row["choice"] for row in more["found"]}
    best = found["found"][0]["choice"]
    shown = ["dynamic", "curve", folder, "--choice", best, "--test-images", 16]
    curve = json.loads(run(*shown, "--json", "--plot", tmp_path / "curve.png").stdout)
    assert curve["choice"] == best
    assert curve["curve"][0]["multiply_adds"] == curve["exits"][0]
    assert curve["curve"][-1]["multiply_adds"] == curve["exits"][1]
    assert curve["curve"][-1]["threshold"] == [None]
    assert (tmp_path / "curve.png").exists()
    table = run(*shown).stdout.splitlines()
    assert table[0].split()[:2] == ["threshold", "first"]
    assert (
        table[-1]
        == f"{best}: up to its exits {curve['exits'][0]:,} and {curve['exits'][1]:,} multiply-adds for one image."
    )
    missing = run("dynamic", "curve", folder)
    assert missing.exit_code == 2
    assert "a choice of a network that was trained once for all" in missing.stderr
    wrong = run("dynamic", "curve", folder, "--choice", "1:1-1:1")
    assert wrong.exit_code == 2
    assert "expected a split of the 5 modules" in wrong.stderr


def test_depths_kernels_and_sides_are_searched_for_accuracy_and_cost(tmp_path):
    pytest.importorskip("pymoo")
    folder = tmp_path / "elastic"
    assert run("dynamic", "train", folder, *TRAIN, "--elastic").exit_code == 0
    found = json.loads(run("dynamic", "search", folder, "--method", "enas4d", "--evaluations", 6, "--json").stdout)
    assert found["of"] == 93312
    costs = [row["multiply_adds"] for row in found["found"]]
    assert costs == sorted(costs)
    assert all("/d" in row["choice"] and "/k" in row["choice"] and "/r" in row["choice"] for row in found["found"])


@pytest.mark.parametrize("side", [32, 64, 72, 100, 256])
def test_smaller_images_have_sides_that_jigsaw_can_cut(side):
    half, most, whole = dynamic._grid(5, side, elastic=True).sides
    assert half % 4 == most % 4 == 0
    assert side / 2 - 4 < half <= side / 2
    assert side * 3 / 4 - 4 < most <= side * 3 / 4
    assert whole == side


def test_one_split_is_trained_alone_and_shown(tmp_path):
    folder = tmp_path / "one"
    assert run("dynamic", "train", folder, *TRAIN, "--split", HALVES).exit_code == 0
    curve = json.loads(run("dynamic", "curve", folder, "--test-images", 8, "--json").stdout)
    assert curve["choice"] == HALVES
    other = run("dynamic", "train", folder, *TRAIN)
    assert other.exit_code == 1
    assert f"sampler was '{HALVES}' and is now 'sandwich" in other.stderr
    search = run("dynamic", "search", folder)
    assert search.exit_code == 2
    assert "trained once for all splits (train without --split)" in search.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["train", "out", "--arch", ARCH, "-t", "room_layout"], 2, "whose answers have a confidence"),
        (["train", "out", "--arch", ARCH, "-t", "class_scne"], 2, "did you mean 'class_scene'"),
        (["train", "out", "--arch", "64-41414-0_00_000", "-t", "jigsaw", "--device", "cpu"], 2, "nearest"),
        (["train", "out", *TRAIN, "--split", "1:1"], 2, "expected a split of the 5 modules"),
        (["train", "out", *TRAIN, "--split", HALVES, "--elastic"], 2, "expected one of --split and --elastic"),
        (["train", "out", *TRAIN, "--objective", "lables"], 2, "did you mean 'labels'"),
        (["search", "nothing-here"], 1, "expected a folder of `train_multi_stage`"),
        (["search", "nothing-here", "--method", "s2dna"], 2, "did you mean 's2dnas'"),
        (["search", "nothing-here", "--budget", "1.5"], 2, "a share above 0 and at most 1, got 1.5"),
        (["search", "nothing-here", "--method", "enas4d", "--budget", "0.5"], 2, "--budget is for the method s2dnas"),
        (["curve", "nothing-here"], 1, "expected a folder of `train_multi_stage`"),
    ],
)
def test_bad_input_is_refused(arguments, code, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("dynamic", *arguments)
    assert result.exit_code == code
    assert message in " ".join(result.stderr.split())
