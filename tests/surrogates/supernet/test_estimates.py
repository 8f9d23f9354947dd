import json
import pickle
import shutil

import numpy as np
import pytest

pytest.importorskip("lightning")
pytest.importorskip("PIL")

from sklearn.base import clone

from benchmarks.errors import ArchitectureError, ArtefactError, SpaceError
from benchmarks.spaces.registry import get_space
from benchmarks.training.supernet import PathScorer, load_supernet, rooms_of
from benchmarks.training.supernet import train as train_module
from surrogates import Oracle, SupernetEstimates
from surrogates.oracle.predictors import predict_matrix
from surrogates.search import run_search
from tests.surrogates.supernet.small_supernets import SPACE, trained

ARCHS = ["64-41414-3_01_003", "64-41414-3_00_100", "64-41414-0_00_100", "64-41414-3_00_000", "64-41414-2_13_302"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRANSNAS_CACHE_DIR", str(tmp_path_factory.mktemp("images")))
        root = tmp_path_factory.mktemp("supernets")
        return [
            trained(root / "one", "room_layout"),
            trained(root / "two", "room_layout", seed=1),
            trained(root / "object", "class_object"),
        ]


def scorer(folder):
    supernet = load_supernet(folder)
    return PathScorer(supernet, rooms_of(supernet.recipe))


def metrics(folder, arch):
    return scorer(folder).metrics(arch)


def other_rooms(recipe):
    """Rooms, of which the validation images are those of training."""
    found = rooms_of(recipe)
    return {**found, "valid": found["train"]}


def test_estimates_are_scores_of_the_supernets_averaged_over_seeds(folders):
    estimates = SupernetEstimates(folders)
    assert estimates.space_ == SPACE
    assert estimates.tasks_ == ("room_layout/valid_loss", "class_object/valid_loss")
    mean, std = estimates.predict(ARCHS, return_std=True)
    assert mean.shape == std.shape == (5, 2)
    one, two, other = (metrics(folder, ARCHS[0])["loss"] for folder in folders)
    assert mean[0] == pytest.approx([(one + two) / 2, other])
    errors = [scorer(folder).with_errors(ARCHS[0])["loss"][1] for folder in folders]
    assert std[0] == pytest.approx(
        [(np.var([one, two], ddof=1) / 2 + (errors[0] ** 2 + errors[1] ** 2) / 2 / 2) ** 0.5, errors[2]]
    )
    assert (std > 0).all()
    assert np.array_equal(mean[1], mean[2]), "equal functions"
    assert np.array_equal(mean[::-1], estimates.predict(ARCHS[::-1]))
    assert np.array_equal(mean, clone(estimates).predict(ARCHS))


def test_the_primary_metric_has_the_name_of_the_task(folders):
    estimates = SupernetEstimates(folders[2:], metric="primary")
    assert estimates.tasks_ == ("class_object",)
    assert estimates.predict(ARCHS[:1])[0, 0] == pytest.approx(metrics(folders[2], ARCHS[0])["top1"])


def test_a_dead_cell_is_the_best_constant_answer(folders):
    supernet = load_supernet(folders[0])
    constant = PathScorer(supernet, rooms_of(supernet.recipe)).constant()["loss"]
    assert SupernetEstimates(folders[:1]).predict([ARCHS[3]])[0, 0] == pytest.approx(constant)


def test_what_was_scored_is_read_from_the_folder(folders, monkeypatch):
    calls = []
    estimates = SupernetEstimates(folders[:1], progress=lambda done, of: calls.append((done, of)))
    first = estimates.predict(["64-41414-1_23_123", "64-41414-1_23_321"])
    assert calls == [(1, 2), (2, 2)]
    monkeypatch.setattr(PathScorer, "with_errors", None)
    assert np.array_equal(first, SupernetEstimates(folders[:1]).predict(["64-41414-1_23_123", "64-41414-1_23_321"]))
    stored = folders[0] / "estimates-batch.json"
    whole = stored.read_bytes()
    stored.write_text(json.dumps({**json.loads(whole), "weights": "others"}))
    with pytest.raises(TypeError):  # scored again
        SupernetEstimates(folders[:1]).predict(["64-41414-1_23_123"])
    stored.write_bytes(b"{")
    with pytest.raises(ArtefactError, match=r"estimates-batch.json' is damaged"):
        SupernetEstimates(folders[:1]).predict(["64-41414-1_23_123"])
    stored.write_bytes(whole)


def test_estimates_of_other_images_are_kept_apart(folders):
    arch = "64-41414-1_20_321"
    own, rooms = SupernetEstimates(folders[:1], sources=other_rooms), SupernetEstimates(folders[:1])
    supernet = load_supernet(folders[0])
    expected = PathScorer(supernet, other_rooms(supernet.recipe)).metrics(arch)["loss"]
    for _ in range(2):
        assert rooms.predict([arch])[0, 0] == pytest.approx(metrics(folders[0], arch)["loss"])
        assert own.predict([arch])[0, 0] == pytest.approx(expected)
    assert expected != pytest.approx(metrics(folders[0], arch)["loss"], rel=1e-6)


def test_supernets_of_images_of_ones_own_are_not_scored_on_rooms(folders, tmp_path):
    copied = shutil.copytree(folders[0], tmp_path / "copy", ignore=shutil.ignore_patterns("estimates-*"))
    about = json.loads((copied / "supernet.json").read_text())
    (copied / "supernet.json").write_text(json.dumps({**about, "images": "other"}))
    with pytest.raises(ValueError, match=r"expected `sources` for the supernet in .*copy', which was not trained on"):
        SupernetEstimates([copied]).predict(ARCHS[:1])
    own = SupernetEstimates([copied], sources=rooms_of).predict(ARCHS[:1])
    assert own == pytest.approx(SupernetEstimates(folders[:1]).predict(ARCHS[:1]))


def test_supernets_of_a_task_differ_in_their_seed_only(folders, tmp_path):
    with pytest.raises(ValueError, match=r"of different supernets, got .*one of them twice"):
        SupernetEstimates([folders[0], folders[0].parent / "two" / ".." / "one"]).predict(ARCHS)
    copied = shutil.copytree(folders[0], tmp_path / "copy")
    with pytest.raises(ValueError, match=r"got the same weights twice in .*one' and .*copy'"):
        SupernetEstimates([folders[0], copied]).predict(ARCHS)
    changed = shutil.copytree(folders[1], tmp_path / "changed")
    about = json.loads((changed / "supernet.json").read_text())
    (changed / "supernet.json").write_text(json.dumps({**about, "sampler": "fair"}))
    with pytest.raises(ValueError, match=r"differ in their seed only, got .*: sampler was 'uniform' and is now 'fair'"):
        SupernetEstimates([folders[0], changed]).predict(ARCHS)


def test_what_was_scored_before_an_interruption_is_stored_beside_what_others_stored(folders, tmp_path):
    copied = shutil.copytree(folders[0], tmp_path / "copy", ignore=shutil.ignore_patterns("estimates-*"))
    archs = ["64-41414-1_23_123", "64-41414-1_23_321", "64-41414-2_13_302"]

    def another_then_stop(done, of):
        if done == 1:
            SupernetEstimates([copied]).predict(archs[2:])
        else:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        SupernetEstimates([copied], progress=another_then_stop).predict(archs[:2])
    stored = json.loads((copied / "estimates-batch.json").read_text())
    assert set(stored["estimates"]) == set(get_space(SPACE).simplify(archs))


def test_the_constant_answer_is_that_of_the_scorer(folders):
    found = SupernetEstimates(folders[1:]).constant()
    assert found == pytest.approx([scorer(folder).constant()["loss"] for folder in folders[1:]])


@pytest.mark.parametrize(
    ("arch", "match"),
    [
        ("32-41414-3_33_333", "nearest: '64-41414-3_33_333'"),
        ("64-4141-3_33_333", "got '64-4141'; nearest: '64-41414-3_33_333'"),
        ("64-4141-0_00_000", "got '64-4141'"),
        ("64-2311-basic", "expected an architecture of transnas101-micro"),
    ],
)
def test_what_the_supernet_was_not_trained_for_is_refused(folders, arch, match):
    with pytest.raises(ArchitectureError, match=match):
        SupernetEstimates(folders).predict([arch])


def test_supernets_of_two_spaces_are_refused(folders, tmp_path):
    macro = trained(tmp_path / "macro", "room_layout", space="transnas101-macro")
    with pytest.raises(SpaceError, match=r"supernets of one space, got transnas101-micro .* and transnas101-macro"):
        SupernetEstimates([folders[0], macro]).predict(ARCHS)
    with pytest.raises(ArchitectureError, match="nearest: '64-2311-basic'"):
        SupernetEstimates([macro]).predict(["32-2311-basic"])
    with pytest.raises(ValueError, match="at least one folder"):
        SupernetEstimates([]).predict(ARCHS)


def test_an_oracle_and_a_search_take_the_estimates(folders):
    estimates = SupernetEstimates(folders[2:], metric="primary")
    expected, _ = predict_matrix(estimates, ARCHS[:1])
    assert Oracle(estimates)(ARCHS[0], "class_object") == pytest.approx(expected[0, 0])
    found = run_search("random", lambda archs: estimates.predict(archs)[:, 0], "class_object", 5, space=SPACE)
    assert np.array_equal(found.values, estimates.predict(found.archs))


def test_a_supernet_is_loaded_once_and_again_if_its_weights_change(folders, tmp_path, monkeypatch):
    folder = shutil.copytree(folders[0], tmp_path / "one", ignore=shutil.ignore_patterns("estimates-*"))
    loads = []
    load = train_module.load_supernet
    monkeypatch.setattr(train_module, "load_supernet", lambda path: loads.append(path) or load(path))
    estimates = SupernetEstimates([folder])
    for arch in ARCHS[:3]:
        estimates.predict([arch])
    assert len(loads) == 1
    other = pickle.loads(pickle.dumps(estimates))
    assert "_scorers" not in vars(other)
    assert len(pickle.dumps(estimates)) < 2_000
    shutil.copy(folders[1] / "weights.pt", folder / "weights.pt")
    np.testing.assert_allclose(estimates.predict(ARCHS[:1])[0, 0], metrics(folders[1], ARCHS[0])["loss"], rtol=1e-6)
    assert len(loads) >= 2
