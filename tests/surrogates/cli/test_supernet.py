"""``surrogates supernet`` on tiny images."""

import json
import math

import pytest

pytest.importorskip("lightning")
pytest.importorskip("PIL")

from benchmarks.training import presets
from tests.surrogates.cli.helpers import run

TINY = {"epochs": 1, "input_size": 16, "base_channels": 2, "n_train": 16, "n_valid": 16, "n_test": None}
ARCHS = ["64-41414-3_33_333", "64-41414-0_00_100", "64-41414-3_00_000"]


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    small = {task: {**changes, **TINY} for task, changes in presets._PRESETS["mini"].items()}
    monkeypatch.setitem(presets._PRESETS, "mini", small)


def test_a_supernet_is_trained_once_and_ranks_architectures(tmp_path):
    folder = tmp_path / "supernet"
    result = run("supernet", "train", folder, "-t", "room_layout", "--device", "cpu")
    assert result.exit_code == 0, result.stderr
    assert "Supernet of transnas101-micro on room_layout, seed 0: 1 epoch in " in result.stdout
    again = json.loads(run("supernet", "train", folder, "-t", "room_layout", "--device", "cpu", "--json").stdout)
    assert again["sampler"] == "uniform"
    assert len(again["metrics"]["valid_loss"]) == 1
    asked = [argument for arch in ARCHS for argument in ("--arch", arch)]
    found = json.loads(run("supernet", "rank", folder, *asked, "--json").stdout)
    assert found["task"] == "room_layout/valid_loss"
    assert sorted(row["arch"] for row in found["ranking"]) == sorted(ARCHS)
    dead = next(row["value"] for row in found["ranking"] if row["arch"] == ARCHS[2])
    assert found["constant"] == pytest.approx(dead)
    values = [row["value"] for row in found["ranking"]]
    assert values == sorted(values)
    table = run("supernet", "rank", folder, *asked, "-n", 2, "--metric", "primary").stdout
    assert table.splitlines()[1].split()[:2] == ["1", found["ranking"][0]["arch"]]
    assert "The best answer that is the same for all images has " in table
    hopeless = run("supernet", "rank", folder, "--arch", ARCHS[2])
    assert "warning: the median architecture" in hopeless.stderr
    assert "2 of 3 architectures, with 1 supernet." in table
    sampled = json.loads(run("supernet", "rank", folder, "--sample", 5, "--json").stdout)
    assert sampled["of"] == len(sampled["ranking"]) == 5
    other = run("supernet", "train", folder, "-t", "room_layout", "--device", "cpu", "--sampler", "fair")
    assert other.exit_code == 1
    assert "sampler was 'uniform' and is now 'fair'" in other.stderr
    outside = run("supernet", "rank", folder, "--arch", "32-41414-3_33_333")
    assert outside.exit_code == 2
    assert "nearest: '64-41414-3_33_333'" in outside.stderr


def test_a_supernet_without_labels_ranks_and_serves_a_task(tmp_path, monkeypatch):
    whole_batch = {task: {**changes, "n_train": 64} for task, changes in presets._PRESETS["mini"].items()}
    monkeypatch.setitem(presets._PRESETS, "mini", whole_batch)
    folder, probe = tmp_path / "unlabelled", tmp_path / "probe"
    one_epoch = ["--device", "cpu", "--epochs", 1, "--json"]
    found = json.loads(run("supernet", "train", folder, "-t", "contrast", *one_epoch).stdout)
    assert (found["sampler"], found["objective"]) == ("disjoint", "contrast")
    assert found["recipe"]["contrast"]["queue"] == 512
    asked = [argument for arch in ARCHS for argument in ("--arch", arch)]
    ranked = json.loads(run("supernet", "rank", folder, *asked, "--json").stdout)
    assert ranked["task"] == "contrast/valid_loss"
    assert ranked["constant"] == pytest.approx(math.log(16))
    by_accuracy = json.loads(run("supernet", "rank", folder, *asked, "--metric", "primary", "--json").stdout)
    assert (by_accuracy["task"], by_accuracy["unit"]) == ("contrast/valid_top1", "%")
    result = run("supernet", "probe", folder, probe, "-t", "room_layout", "--device", "cpu")
    assert result.exit_code == 0, result.stderr
    assert f"Probe of {folder} on room_layout, seed 0: 1 epoch in " in result.stdout
    again = json.loads(run("supernet", "probe", folder, probe, "-t", "room_layout", "--device", "cpu", "--json").stdout)
    assert again["backbone"]["objective"] == "contrast"
    ranked = json.loads(run("supernet", "rank", probe, *asked, "--json").stdout)
    assert ranked["task"] == "room_layout/valid_loss"
    for arguments, code, message in [
        (
            ["train", folder, "-t", "contrast", "--sampler", "uniform", "--epochs", 1],
            2,
            "the sampler 'disjoint' draws them",
        ),
        (["train", folder, "-t", "contrast", "--seed", 1, "--epochs", 1], 1, "seed was 0 and is now 1"),
        (
            ["train", tmp_path / "new", "-t", "contrast", "--objective", "supervised"],
            2,
            "expected the objective 'contr",
        ),
        (["train", tmp_path / "new", "-t", "jigsaw", "--objective", "contrast"], 2, "a recipe of the task 'contrast'"),
        (["train", tmp_path / "new", "-t", "contrast", "--space", "transnas101-macro"], 2, "expected a space of cells"),
        (["probe", folder, tmp_path / "new", "-t", "contrast"], 2, "unknown task 'contrast'"),
        (["probe", tmp_path, tmp_path / "new", "-t", "jigsaw"], 1, "expected a folder of `train_supernet`"),
    ]:
        refused = run("supernet", *arguments, "--device", "cpu")
        assert refused.exit_code == code, refused.stderr
        assert message in refused.stderr
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["train", "out", "-t", "jigsw"], 2, "did you mean 'jigsaw'"),
        (["train", "out", "-t", "jigsaw", "--space", "nasbench202"], 2, "did you mean 'nasbench201'"),
        (["train", "out", "-t", "jigsaw", "--sampler", "unifrm", "--device", "cpu"], 2, "did you mean 'uniform'"),
        (["rank", "nothing-here"], 1, "expected a folder of `train_supernet`"),
    ],
)
def test_bad_input_is_refused(arguments, code, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("supernet", *arguments)
    assert result.exit_code == code
    assert message in result.stderr
