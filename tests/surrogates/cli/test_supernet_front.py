"""``surrogates supernet front`` and the options of attentive training, on tiny images."""

import csv
import json
from contextlib import contextmanager

import pytest

pytest.importorskip("lightning")
pytest.importorskip("PIL")

from benchmarks import get_space
from benchmarks.costs import graph_costs
from benchmarks.training import presets
from tests.surrogates.cli.helpers import run

TINY = {"epochs": 1, "input_size": 16, "base_channels": 2, "n_train": 16, "n_valid": 16, "n_test": None}
ARCHS = ["64-3334-basic", "64-222113-basic", "64-2311-basic", "64-1234-basic", "64-231114-basic"]
OF_BEST_UP = "best_up(candidates=3, sampled=2, bins=10, cost=multiply_adds, by=losses)"


@contextmanager
def tiny():
    """Makes the recipes of mini tiny."""
    small = {task: {**changes, **TINY} for task, changes in presets._PRESETS["mini"].items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(presets._PRESETS, "mini", small)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A sliced supernet that was trained on the command line."""
    own = tmp_path_factory.mktemp("trained") / "wide"
    with tiny():
        options = ("--sharing", "sliced", "--sampler", "best_up", "--objective", "distillation")
        asked = ("-t", "class_scene", "--space", "transnas101-macro", *options, "--device", "cpu", "--json")
        result = run("supernet", "train", own, *asked)
    assert result.exit_code == 0, result.stderr
    about = json.loads(result.stdout)
    assert (about["sharing"], about["objective"], about["sampler"]) == ("sliced", "distillation", OF_BEST_UP)
    return own


def asked(archs=ARCHS):
    return [argument for arch in archs for argument in ("--arch", arch)]


@pytest.mark.parametrize(("cost", "column"), [("multiply_adds", 1), ("params", 0)])
def test_the_front_is_what_nothing_dominates(folder, tmp_path, cost, column):
    found = json.loads(run("supernet", "front", folder, *asked(), "--cost", cost, "--json").stdout)
    ranked = json.loads(run("supernet", "rank", folder, *asked(), "--json").stdout)["ranking"]
    space = get_space("transnas101-macro")
    points = {row["arch"]: (graph_costs(space.network_graph(row["arch"]))[column], row["value"]) for row in ranked}
    front = [
        arch
        for arch, (paid, loss) in points.items()
        if not any(its <= paid and other <= loss and (its, other) != (paid, loss) for its, other in points.values())
    ]
    assert [row["arch"] for row in found["front"]] == sorted(front, key=points.__getitem__)
    assert [(row[cost], row["value"]) for row in found["front"]] == [points[row["arch"]] for row in found["front"]]
    assert (found["of"], found["cost"], found["task"]) == (5, cost, "class_scene/valid_loss")


def test_tables_files_and_figures(folder, tmp_path):
    pytest.importorskip("matplotlib")
    out, plot = tmp_path / "front.csv", tmp_path / "front.png"
    result = run("supernet", "front", folder, *asked(), "--out", out, "--plot", plot)
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["arch", "multiply_adds", "class_scene/valid_loss", "±", "std"]
    assert lines[1].split()[:2] == ["64-3334-basic", "301,727,744"]  # the cheapest is always on it
    assert lines[-1].endswith("of 5 architectures, with 1 supernet.")
    assert plot.stat().st_size > 1000
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert sorted(row["arch"] for row in rows) == sorted(ARCHS)
    assert [float(row["multiply_adds"]) for row in rows] == sorted(float(row["multiply_adds"]) for row in rows)
    kept = [row["arch"] for row in rows if row["on_front"] == "True"]
    assert kept == [line.split()[0] for line in lines[1 : 1 + len(kept)]]
    sampled = json.loads(run("supernet", "front", folder, "--sample", 4, "--json").stdout)
    assert sampled["of"] == 4


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--cost", "flops"], 2, "unknown cost 'flops'"),
        (["--arch", "32-2311-basic"], 2, "nearest: '64-2311-basic'"),
        (["--arch", "64-2311-basic", "--sample", "3"], 2, "expected one of --arch and --sample"),
        (["--metric", "los"], 2, "did you mean 'loss'"),
        (["--plot", "front.xyz"], 2, "expected a file with one of the suffixes"),
        (["--out", "nowhere/front.csv"], 2, "there is no folder 'nowhere'"),
    ],
)
def test_bad_input_is_refused(folder, arguments, code, message):
    result = run("supernet", "front", folder, *arguments)
    assert result.exit_code == code
    assert message in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sharing", "slice"], "did you mean 'sliced'"),
        (["--sharing", "sliced"], "expected transnas101-macro for the sharing 'sliced', got 'transnas101-micro'"),
        (["--sampler", "bestup"], "did you mean 'best_up'"),
        (["--objective", "distilation"], "did you mean 'distillation'"),
    ],
)
def test_bad_settings_of_a_training_are_refused(tmp_path, arguments, message):
    result = run("supernet", "train", tmp_path / "new", "-t", "class_scene", "--device", "cpu", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("sampler", ["uniform", "fair"])
def test_a_teacher_needs_a_sandwich(tmp_path, sampler):
    with tiny():
        options = ("-t", "class_scene", "--device", "cpu", "--objective", "distillation", "--sampler", sampler)
        result = run("supernet", "train", tmp_path / "new", *options)
    assert result.exit_code == 2
    assert f"such as 'sandwich', for the objective 'distillation', got '{sampler}'" in result.stderr
    assert not (tmp_path / "new").exists()


def test_the_folder_of_another_sharing_is_refused(folder):
    options = ("-t", "class_scene", "--space", "transnas101-macro", "--sampler", "best_up")
    with tiny():
        result = run("supernet", "train", folder, *options, "--objective", "distillation", "--device", "cpu")
    assert result.exit_code == 1
    assert "sharing was 'sliced' and is now 'separate'" in result.stderr
