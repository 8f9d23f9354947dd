"""``surrogates supernet derive`` on tiny images."""

import json

import pytest

pytest.importorskip("lightning")
pytest.importorskip("PIL")

from benchmarks.training import presets
from tests.surrogates.cli.helpers import run

TINY = {"epochs": 2, "input_size": 16, "base_channels": 4, "n_train": 16, "n_valid": 8, "n_test": None}


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    small = {task: {**changes, **TINY} for task, changes in presets._PRESETS["mini"].items()}
    monkeypatch.setitem(presets._PRESETS, "mini", small)


def test_a_cell_is_derived_once(tmp_path):
    asked = ["supernet", "derive", tmp_path / "cell", "-t", "room_layout", "--device", "cpu"]
    result = run(*asked)
    assert result.exit_code == 0, result.stderr
    assert "Derived 64-41414-" in result.stdout
    assert "with entrannas." in result.stdout
    assert "Derivation gap: " in result.stdout
    found = json.loads(run(*asked, "--json").stdout)
    assert found["method"] == "entrannas"
    assert found["arch"] in result.stdout
    assert found["next"] == f"surrogates train '{found['simplest']}' --task room_layout --preset mini"
    assert found["next"] in result.stdout
    other = run(*asked, "--method", "darts")
    assert other.exit_code == 1
    assert "method was 'entrannas' and is now 'darts'" in other.stderr


def test_ddpnas_prints_what_is_left(tmp_path):
    asked = ["supernet", "derive", tmp_path / "cell", "-t", "room_layout", "--device", "cpu", "--method", "ddpnas"]
    result = run(*asked, "--rounds", 1, "--train-images", 8)
    assert result.exit_code == 0, result.stderr
    assert "9 architectures were trained for an epoch each; the last one reached a neg_loss of " in result.stdout
    found = json.loads(run(*asked, "--rounds", 1, "--train-images", 8, "--json").stdout)
    assert len(found["values"]) == 9


def test_shared_features_are_a_warning(tmp_path):
    asked = ["supernet", "derive", tmp_path / "cell", "-t", "room_layout", "--device", "cpu", "--epochs", 1]
    result = run(*asked, "--share-features")
    assert result.exit_code == 0, result.stderr
    assert "warning: features were shared: the derived network has one set of weights" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["-t", "jigsw"], 2, "did you mean 'jigsaw'"),
        (["-t", "jigsaw", "--method", "entranas"], 2, "did you mean 'entrannas'"),
        (["-t", "jigsaw", "--method", "ddpnas", "--epochs", 3], 2, "its number of epochs follows from the operations"),
        (["-t", "jigsaw", "--method", "ddpnas", "--share-features"], 2, "expected no --share-features with --method"),
        (["-t", "jigsaw", "--rounds", 3], 2, "expected no --rounds with --method entrannas"),
        (["-t", "jigsaw", "--space", "transnas101-macro", "--device", "cpu"], 2, "expected a space of cells"),
        (["-t", "jigsaw", "--train-images", 2], 2, "greater than or equal to 4"),
    ],
)
def test_bad_input_is_refused(arguments, code, message, tmp_path):
    result = run("supernet", "derive", tmp_path / "out", *arguments)
    assert result.exit_code == code
    assert message in result.stderr
    assert not (tmp_path / "out").exists()
